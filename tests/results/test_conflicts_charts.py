"""The pictures of conflicts draw what was found."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import polars as pl
import pytest

from results.charts.conflicts import conflict_anatomy, conflicts_by_coupling
from results.conflicts import find_conflicts
from results.records import frame
from tests.histories import in_a_line

MakeTrials = Callable[..., pl.DataFrame]


@dataclass(frozen=True)
class Frames:
    trials: pl.DataFrame
    steps: pl.DataFrame
    accesses: pl.DataFrame
    manifest: dict[str, Any] = field(default_factory=dict[str, Any])
    milestones: pl.DataFrame = field(default_factory=lambda: frame("milestones", []))
    reports: pl.DataFrame = field(default_factory=lambda: frame("reports", []))


def drawn(chart: Any) -> bytes:
    file = BytesIO()
    chart.save(file, format="png")
    return file.getvalue()


@pytest.mark.parametrize(
    "line",
    [
        "a.rx0 b.wx1 a.wx2",
        "a.rP0 b.rP0 a.wP1 b.wP2",
        "a.rx0 b.wx1 c.wy1 a.ry1",
        "a.rx0 b.rx0",
        "a.rx0 a#1.wx1 a#1.wx2",
    ],
)
def test_every_finding_can_be_drawn_with_its_agents_and_its_sentence(line: str) -> None:
    for finding in find_conflicts(in_a_line(line)).iter_rows(named=True):
        chart = conflict_anatomy(finding, ", simulated")
        assert chart.to_dict()["title"]["text"] == f"{finding['kind']} in t, simulated"
        said = json.dumps(chart.to_dict())
        assert finding["kind"] in said
        assert all(f'\\"{agent}\\"' in said for agent in finding["agents"])
        assert drawn(chart).startswith(b"\x89PNG")


def test_conflicts_by_coupling_say_how_often_a_basis_was_stale(make_trials: MakeTrials) -> None:
    trials = make_trials({"lead_subagents": [[True, False]], "single_thread": [[True, True]]})
    accesses = pl.concat(
        [
            in_a_line("a.rx0 b.wx1 a.wx2", "lead_subagents-0-1"),
            in_a_line("a.rx0 a.wx1", "single_thread-0-0"),
        ]
    )
    run = Frames(trials=trials, steps=frame("steps", []), accesses=accesses)
    chart = conflicts_by_coupling(run)
    assert (
        "lead_subagents: a write on a stale basis in 50% of trials on orders at coupling 0.5"
        in json.dumps(chart.to_dict())
    )
    assert drawn(chart).startswith(b"\x89PNG")


def test_a_run_without_conflicts_draws_an_empty_picture(make_trials: MakeTrials) -> None:
    run = Frames(
        trials=make_trials({"single_thread": [[True]]}),
        steps=frame("steps", []),
        accesses=in_a_line("a.rx0 a.wx1", "single_thread-0-0"),
    )
    assert drawn(conflicts_by_coupling(run)).startswith(b"\x89PNG")
