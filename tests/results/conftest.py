"""Runs made to measure: trials frames whose true rates and costs are known."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import polars as pl
import pytest

from results.records import frame

OfTrial = Callable[[str, int, int], object]


class Make(Protocol):
    """The builder that the fixture `make_trials` hands to a test."""

    def __call__(
        self,
        outcomes: Mapping[str, Sequence[Sequence[bool | None]]],
        **fields: OfTrial | str | float | None,
    ) -> pl.DataFrame: ...


def made_trials(
    outcomes: Mapping[str, Sequence[Sequence[bool | None]]], **fields: OfTrial | str | float | None
) -> pl.DataFrame:
    """A trials frame from topology -> task -> outcome of each trial (None is a crash).

    `fields` sets any column for all trials; a function of (topology, task, trial) sets it for each.
    """
    rows: list[dict[str, object]] = []
    for topology, tasks in outcomes.items():
        for number, trials in enumerate(tasks):
            for trial, passed in enumerate(trials):
                row: dict[str, object] = {
                    "trial_id": f"{topology}-{number}-{trial}",
                    "sweep": "made",
                    "topology": topology,
                    "task_set": "orders",
                    "task": f"t{number}",
                    "block": f"t{number}",
                    "split": "dev",
                    "width": 4,
                    "coupling": 0.5,
                    "mode": "act",
                    "settings": "{}",
                    "solvable": True,
                    "model": "simulated:typical",
                    "simulated": True,
                    "trial": trial,
                    "seed": 1,
                    "ended": "crashed" if passed is None else "completed",
                    "crash": "the endpoint went away" if passed is None else None,
                    "passed": passed,
                    "score": None if passed is None else float(passed),
                    "status": "done",
                    "broken_invariants": [],
                    "agents": 1,
                    "model_calls": 5,
                    "tool_calls": 4,
                    "tool_errors": 0,
                    "prompt_tokens": 900,
                    "cached_tokens": 100,
                    "completion_tokens": 100,
                    "reasoning_tokens": 0,
                    "encoding": "fanout-bpe",
                    "dollars": 0.01,
                    "dollars_uncached": 0.02,
                    "seconds": 10.0,
                }
                for name, value in fields.items():
                    row[name] = value(topology, number, trial) if callable(value) else value
                rows.append(row)
    return frame("trials", rows)


@dataclass(frozen=True)
class MadeRun:
    """A run as charts and reports take it."""

    folder: Path
    manifest: dict[str, Any]
    trials: pl.DataFrame
    steps: pl.DataFrame
    accesses: pl.DataFrame
    milestones: pl.DataFrame
    reports: pl.DataFrame = field(default_factory=lambda: frame("reports", []))


def made_run(trials: pl.DataFrame, **manifest: Any) -> MadeRun:
    """A run of these trials; a team's tokens are one quarter the lead's, the rest a subagent's."""
    team = pl.col("topology") != "single_thread"
    lead = trials.with_columns(
        pl.when(team).then(pl.lit("lead")).otherwise(pl.lit("agent")).alias("role"),
        pl.when(team).then(0.25).otherwise(1.0).alias("share"),
    )
    subagent = trials.filter(team).with_columns(
        pl.lit("subagent").alias("role"), pl.lit(0.75).alias("share")
    )
    calls = pl.concat([lead, subagent]).select(
        "trial_id",
        "role",
        "encoding",
        pl.lit("model").alias("kind"),
        *(
            (pl.col(name) * pl.col("share")).cast(pl.Int64).alias(name)
            for name in ("prompt_tokens", "completion_tokens")
        ),
    )
    return MadeRun(
        folder=Path("made"),
        manifest={"name": "made", "question": "Which is better?", "trials": 8, **manifest},
        trials=trials,
        steps=frame("steps", calls.to_dicts()),
        accesses=frame("accesses", []),
        milestones=frame("milestones", []),
    )


@pytest.fixture
def small_run() -> MadeRun:
    """Two topologies, two modes, 6 tasks x 4 trials each; the team is worse and costs twice."""
    tasks = [[trial < passes for trial in range(4)] for passes in (4, 3, 4, 2, 4, 3)]
    worse = [[trial < passes for trial in range(4)] for passes in (2, 3, 1, 2, 2, 1)]
    trials = made_trials(
        {"single_thread": tasks * 2, "lead_subagents": worse * 2},
        mode=lambda _, task, __: "act" if task < 6 else "answer",
        block=lambda _, task, __: f"b{task % 6}",
        prompt_tokens=lambda topology, task, _: (900 if topology[0] == "s" else 1900) + task,
        seconds=lambda topology, _, trial: (20.0 if topology[0] == "s" else 8.0) + trial,
        broken_invariants=lambda topology, _, trial: (
            ["oversold"] if topology[0] == "l" and trial == 3 else []
        ),
    )
    return made_run(
        trials, hash="abc123", seed=7, limits={"model_calls": 40}, versions={"kit": "0.1"}
    )


@pytest.fixture
def make_trials() -> Make:
    """The builder `made_trials`."""
    return made_trials


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of inputs whose right values are known, which lies outside of the repository."""
    if not os.environ.get("FANOUT_SHARED"):
        pytest.skip("FANOUT_SHARED names no folder: recorded inputs are NOT tested")
    return Path(os.environ["FANOUT_SHARED"])


@pytest.fixture(scope="session")
def published() -> dict[str, Any]:
    """Published numbers that the estimators must reproduce, each with its source."""
    return json.loads(Path(__file__).with_name("published.json").read_text(encoding="utf-8"))
