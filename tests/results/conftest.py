"""Runs made to measure: trials frames whose true rates and costs are known."""

import json
from collections.abc import Callable, Mapping, Sequence
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


@pytest.fixture
def make_trials() -> Make:
    """The builder `made_trials`."""
    return made_trials


@pytest.fixture(scope="session")
def published() -> dict[str, Any]:
    """Published numbers that the estimators must reproduce, each with its source."""
    return json.loads(Path(__file__).with_name("published.json").read_text(encoding="utf-8"))
