"""Trajectories: what errors became of, what a pass hides and what a failure does not show."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from results.imports.tau_bench import import_tau_bench
from results.records import frame
from results.resilience.trajectory import trajectories, trajectory_scores

from .conftest import made_trials

Calls = list[tuple[str, bool]]


def told(calls: Calls, passed: bool = False, **fields: Any) -> dict[str, Any]:
    """The trajectory of one trial whose tool calls (tool, erred) come one a message."""
    fields = {"tool_calls": len(calls), "tool_errors": sum(erred for _, erred in calls)} | fields
    trials = made_trials({"single_thread": [[passed]]}, **fields)
    rows = [
        {"trial_id": "single_thread-0-0", "step": at, "kind": "tool", "agent": "agent"}
        | {"message": at + 1, "tool": tool, "error": "no" if erred else None}
        for at, (tool, erred) in enumerate(calls)
    ]
    return trajectories(trials, frame("steps", rows)).row(0, named=True)


def test_an_error_is_recovered_by_a_later_call_of_the_same_tool_alone() -> None:
    assert told([("look", True), ("look", False)])["recovery_rate"] == 1
    assert told([("look", False), ("look", True)])["recovery_rate"] == 0
    assert told([("look", True), ("write", False)])["recovery_rate"] == 0
    assert told([("look", True), ("look", True), ("look", False)])["recovered_errors"] == 2


def test_without_an_error_there_is_nothing_to_recover_from() -> None:
    row = told([("look", False)])
    assert row["recovery_rate"] is None
    assert row["error_rate"] == 0
    assert not row["masked_errors"]


def test_calls_of_one_message_do_not_answer_each_other() -> None:
    trials = made_trials({"single_thread": [[False]]}, tool_calls=2, tool_errors=1)
    rows = [
        {"trial_id": "single_thread-0-0", "step": at, "kind": "tool", "agent": "agent"}
        | {"message": 1, "tool": "look", "error": error}
        for at, error in enumerate(("no", None))
    ]
    assert trajectories(trials, frame("steps", rows))["recovery_rate"].to_list() == [0.0]


def test_a_pass_masks_its_errors_and_a_failure_without_any_is_silent() -> None:
    assert told([("look", True), ("look", False)], passed=True)["masked_errors"]
    assert told([("look", False)])["silent_failure"]
    assert not told([("look", False)], status="blocked")["silent_failure"]
    assert not told([("look", True)])["silent_failure"]


def test_success_is_fabricated_where_an_error_was_left_and_done_was_claimed() -> None:
    assert told([("write", True), ("look", False)])["fabricated"]
    assert not told([("write", True), ("write", False)])["fabricated"]
    assert not told([("write", True)], status="blocked")["fabricated"]
    assert not told([("write", True)], passed=True)["fabricated"]
    assert told([("write", True)], status=None)["fabricated"] is None


def test_a_hard_failure_ends_at_a_limit_or_on_an_error() -> None:
    assert told([("look", False)], ended="limit")["hard_failure"]
    assert told([("look", True), ("submit", False)])["hard_failure"]
    assert not told([("look", True), ("look", False), ("submit", False)])["hard_failure"]
    assert not told([("look", True)], passed=True)["hard_failure"]


def test_what_was_not_recorded_is_null() -> None:
    trials = made_trials({"single_thread": [[False]]}, tool_calls=2, tool_errors=1)
    row = trajectories(trials, frame("steps", [])).row(0, named=True)
    assert (row["error_rate"], row["recovery_rate"], row["hard_failure"]) == (0.5, None, None)
    none = trajectories(trials.with_columns(tool_errors=None), frame("steps", []))
    assert none["silent_failure"].to_list() == [None]


@given(st.floats(0.5, 0.999), st.integers(1, 60))
@settings(max_examples=20, deadline=None)
def test_the_implied_success_of_a_step_gives_back_the_success_of_the_whole(
    step: float, length: int
) -> None:
    whole = round(100 * step**length)
    tasks = [[25 * task + at < whole for at in range(25)] for task in range(4)]
    trials = made_trials({"a": tasks}, tool_calls=length)
    row = trajectory_scores(trials, frame("steps", [])).row(0, named=True)
    assert row["per_step"] ** length == pytest.approx(whole / 100)
    assert row["per_step_low"] <= row["per_step"] <= row["per_step_high"]


def test_most_failures_of_tau_bench_met_no_error(shared: Path) -> None:
    found = import_tau_bench(shared / "data" / "tau_bench_gpt4o_airline.json")
    own = trajectories(found["trials"], found["steps"])
    assert own.filter(~pl.col("passed")).height == 116
    assert own["silent_failure"].sum() == 89
    assert own["masked_errors"].sum() == 9
    (row,) = trajectory_scores(found["trials"], found["steps"], ["mode"]).filter(
        pl.col("mode") == "act"
    ).to_dicts()  # fmt: skip
    assert row["success"] == pytest.approx(0.225)
    assert 0 < row["recovery_rate"] < 1
