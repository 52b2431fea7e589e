"""What came of a finding: did it stand, was it noticed, and does it bear on what a trial missed."""

import json
from typing import Any

import polars as pl
import pytest

from results.conflicts import find_conflicts
from results.conflicts.consequences import outcome_counts, with_missed, with_outcome
from results.records import frame
from tests.histories import in_a_line

RACE = "a.rx0 b.rx0 a.wx1 b.wx2"
"""b loses a's update in its second call."""


def calls(accesses: pl.DataFrame, *more: dict[str, Any], refused: int = 3) -> pl.DataFrame:
    """A step a tool call for each access, one message each; call number `refused` has an error."""
    rows: list[dict[str, Any]] = [
        {
            "trial_id": row["trial_id"],
            "step": number,
            "kind": "tool",
            "agent": row["agent"],
            "message": number + 1,
            "tool": "set",
            "arguments": "{}",
            "error": "the row has changed" if number == refused else None,
        }
        for number, row in enumerate(accesses.iter_rows(named=True))
    ]
    base = rows[-1]
    return frame("steps", [*rows, *({**base, "error": None, **one} for one in more)])


def race(*more: dict[str, Any], refused: int = 3) -> tuple[pl.DataFrame, pl.DataFrame]:
    accesses = (
        in_a_line(RACE).with_row_index("n").with_columns(pl.col("n").cast(pl.Int64).alias("step"))
    )
    accesses = accesses.drop("n")
    steps = calls(accesses, *more, refused=refused)
    return accesses, steps


def came_to(*more: dict[str, Any], refused: int = 3) -> set[str | None]:
    accesses, steps = race(*more, refused=refused)
    found = with_outcome(find_conflicts(accesses, steps), steps, accesses)
    return set(found.filter(pl.col("kind") == "stale-basis").get_column("came_to"))


def test_a_write_that_was_not_refused_stood() -> None:
    assert came_to(refused=-1) == {"landed"}


@pytest.mark.parametrize(
    ("next_call", "outcome"),
    [
        ({"step": 4, "message": 5}, "noticed"),
        ({"step": 4, "message": 6}, "noticed"),
        ({"step": 4, "message": 7}, "overlooked"),
        ({"step": 4, "message": 5, "agent": "a"}, "overlooked"),
        ({"step": 4, "message": 5, "tool": "other"}, "overlooked"),
        ({"step": 4, "message": 4}, "overlooked"),
        (
            {"step": 4, "message": 5, "tool": "submit", "arguments": '{"status": "blocked"}'},
            "noticed",
        ),
        (
            {"step": 4, "message": 5, "tool": "submit", "arguments": '{"status": "done"}'},
            "overlooked",
        ),
    ],
)
def test_a_refusal_is_noticed_by_what_its_agent_does_in_its_next_two_messages(
    next_call: dict[str, Any], outcome: str
) -> None:
    assert came_to(next_call) == {outcome}


def test_without_steps_nothing_is_known_of_what_came() -> None:
    accesses, steps = race()
    found = with_outcome(find_conflicts(accesses, steps.clear()), steps.clear(), accesses)
    assert found.height
    assert found.get_column("came_to").null_count() == found.height


def missed(*about: str | None, reached: bool = False) -> pl.DataFrame:
    trial = in_a_line(RACE).get_column("trial_id")[0]
    rows = [
        {"trial_id": trial, "milestone": f"m{n}", "weight": 1.0, "reached": reached, "about": one}
        for n, one in enumerate([None if a is None else [a] for a in about])
    ]
    return frame("milestones", rows)


@pytest.mark.parametrize(
    ("milestones", "touches"),
    [
        (lambda table: missed(f"{table} x"), True),
        (lambda table: missed(table), True),
        (lambda table: missed("other x", f"{table} y"), False),
        (lambda table: missed("other x", f"{table} x"), True),
        (lambda _: missed("answer r1"), None),
        (lambda table: missed("answer r1", f"{table} x"), True),
        (lambda _: missed(None), None),
        (lambda table: missed(f"{table} x", reached=True), None),
    ],
)
def test_a_finding_bears_on_a_failure_only_where_it_touches_what_was_missed(
    milestones: Any, touches: bool | None
) -> None:
    accesses, steps = race()
    table = str(accesses.get_column("table")[0])
    found = with_missed(find_conflicts(accesses, steps), milestones(table))
    assert set(found.get_column("touches_missed")) == {touches}


def test_what_came_of_findings_is_counted_for_each_topology() -> None:
    accesses, steps = race()
    found = with_outcome(find_conflicts(accesses, steps), steps, accesses)
    trial = accesses.get_column("trial_id")[0]
    trials = frame("trials", [{"trial_id": trial, "topology": "team", "settings": json.dumps({})}])
    rows = outcome_counts(found, trials, []).filter(pl.col("kind") == "stale-basis").to_dicts()
    assert [(r["topology"], r["findings"], r["landed"], r["overlooked"]) for r in rows] == [
        ("team", 1, 0, 1)
    ]
