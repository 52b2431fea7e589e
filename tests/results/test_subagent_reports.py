"""A subagent's report, true or false."""

from typing import Any

import polars as pl
import pytest

from results.records import frame
from results.statistics.subagent_reports import held, report_counts, with_lead
from tests.histories import in_a_line


@pytest.mark.parametrize(
    ("status", "covers", "reached", "solvable", "says"),
    [
        ("done", "ab", "ab", True, "true"),
        ("done", "ab", "abc", True, "true"),
        ("done", "ab", "a", True, "in part"),
        ("done", "ab", "", True, "false"),
        ("done", "ab", "c", True, "false"),
        ("done", "", "a", True, None),
        ("done", "a", None, True, None),
        ("done", "a", "a", False, "false"),
        ("blocked", "a", "", False, "blocked rightly"),
        ("blocked", "a", "", True, "blocked wrongly"),
        (None, "a", "a", True, None),
        ("maybe", "a", "a", True, None),
    ],
)
def test_what_a_report_claims_is_held_against_what_its_brief_is_about(
    status: str | None, covers: str, reached: str | None, solvable: bool, says: str | None
) -> None:
    there = None if reached is None else list(reached)
    assert held(status, list(covers), there, solvable) == says


@pytest.mark.parametrize(
    ("history", "lead"),
    [
        ("a.rx0 a.wx1 l.rx1", "read again"),
        ("a.rx0 a.wx1 l.rx1 l.wx2", "done again"),
        ("a.rx0 a.wx1 l.ry0", "passed on"),
        ("l.rx0 a.rx0 a.wx1", "passed on"),
        ("l.rx0 l.wx1", None),
    ],
)
def test_what_a_lead_makes_of_a_report_shows_in_what_it_touches_next(
    history: str, lead: str | None
) -> None:
    accesses = in_a_line(history)
    accesses = accesses.with_columns(pl.int_range(accesses.height).alias("step") * 2)
    trial = accesses.get_column("trial_id")[0]
    of_a = accesses.filter(pl.col("agent") == "a").get_column("step").max()
    row: dict[str, Any] = {"trial_id": trial, "report": 0, "agent": "a", "parent": "l"}
    reports = frame("reports", [{**row, "step": 1 if of_a is None else of_a + 1}])
    assert with_lead(reports, accesses).get_column("lead").to_list() == [lead]


def test_reports_are_counted_by_topology_and_those_that_claim_nothing_apart() -> None:
    trials = frame("trials", [{"trial_id": "t", "topology": "team", "task_set": "orders"}])
    verdicts = ["true", "true", "false", "in part", None, "blocked wrongly"]
    reports = frame(
        "reports",
        [
            {"trial_id": "t", "report": n, "held": v, "held_at_end": "true"}
            for n, v in enumerate(verdicts)
        ],
    )
    (row,) = report_counts(reports, trials, []).to_dicts()
    assert (row["reports"], row["true"], row["false"], row["in part"]) == (6, 2, 1, 1)
    assert (row["unjudged"], row["true_at_end"], row["true_share"]) == (1, 6, 2 / 5)
