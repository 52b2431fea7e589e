"""What a run's manifest says agents choose is what their decisions are judged by."""

import json
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pytest

from results.conflicts import find_conflicts
from results.conflicts.declared import conflicts_of
from results.records import frame
from tests.histories import in_a_line


@dataclass(frozen=True)
class Frames:
    trials: pl.DataFrame
    steps: pl.DataFrame
    accesses: pl.DataFrame
    manifest: dict[str, Any] = field(default_factory=dict[str, Any])
    milestones: pl.DataFrame = field(default_factory=lambda: frame("milestones", []))
    reports: pl.DataFrame = field(default_factory=lambda: frame("reports", []))


def desks(manifest: dict[str, Any]) -> Frames:
    """Three trials, of as many task sets, in which two agents set a row to different places."""
    names = {"one": "shop", "two": "desk", "three": None}
    places = ({"to": "card", "n": 1}, {"to": "cash", "n": 1})
    calls = [
        {"trial_id": trial, "step": at, "kind": "tool", "tool": "set", "arguments": json.dumps(one)}
        for trial in names
        for at, one in enumerate(places)
    ]
    return Frames(
        frame("trials", [{"trial_id": t, "task_set": task_set} for t, task_set in names.items()]),
        frame("steps", calls),
        pl.concat([in_a_line("a.wx1 b.wx2", trial) for trial in names]),
        manifest,
    )


def divergent(found: pl.DataFrame) -> list[str]:
    return found.filter(pl.col("kind") == "divergent-decision").get_column("trial_id").to_list()


def test_each_task_set_is_searched_by_its_own_choices() -> None:
    run = desks({"choices": {"shop": {"set": "n"}, "desk": {"set": "to"}}})
    assert divergent(conflicts_of(run)) == ["three", "two"]
    assert divergent(conflicts_of(run, "two")) == ["two"]
    assert divergent(conflicts_of(run, "one")) == []


def test_a_run_that_declares_none_is_searched_as_if_nothing_were_known() -> None:
    run = desks({"name": "imported"})
    found = find_conflicts(run.accesses, run.steps)
    assert conflicts_of(run).select(found.columns).equals(found)
    assert divergent(conflicts_of(run)) == ["one", "three", "two"]


@pytest.mark.parametrize("choices", [["shop"], {"shop": "to"}])
def test_choices_that_are_none_are_refused(choices: Any) -> None:
    with pytest.raises(ValueError, match="must map task sets to tools to arguments"):
        conflicts_of(desks({"choices": choices}))
