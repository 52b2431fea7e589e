"""The map: which cells are decided, and how a difference moves along a dial."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from results.questions.map.phase_map import (
    CONTRASTS,
    contrasts,
    corrected,
    dials_of,
    phase_map,
    slopes_within,
)
from results.records import frame
from results.reports.map_section import contrast_sentences, map_section
from results.view import view_of

Rate = Callable[[str, int, float], float]
TASKS, TRIALS = 14, 6


@dataclass(frozen=True)
class Recorded:
    """A run of trials alone."""

    trials: pl.DataFrame
    manifest: dict[str, Any] = field(default_factory=dict[str, Any])


def grid(rate: Rate, seed: int = 1) -> pl.DataFrame:
    """Two topologies x widths 4, 8 x couplings 0, .5, 1: passes drawn at rate(topology, w, c)."""
    chance = random.Random(seed)
    hardness = [chance.uniform(-0.1, 0.1) for _ in range(TASKS)]
    return frame(
        "trials",
        (
            {
                "trial_id": f"{topology}-{width}-{coupling}-{task}-{trial}",
                "topology": topology,
                "task_set": "orders",
                "task": f"t{task}?width={width}&coupling={coupling}",
                "block": f"t{task}",
                "width": width,
                "coupling": coupling,
                "mode": "act",
                "simulated": True,
                "ended": "completed",
                "passed": chance.random() < rate(topology, width, coupling) + hardness[task],
                "trial": trial,
            }
            for topology in ("single_thread", "team")
            for width in (4, 8)
            for coupling in (0.0, 0.5, 1.0)
            for task in range(TASKS)
            for trial in range(TRIALS)
        ),
    )


def falling(topology: str, width: int, coupling: float) -> float:
    """The team gains .3 without coupling and loses .4 at full coupling."""
    return 0.5 + (0.3 - 0.7 * coupling if topology == "team" else 0.0) + 0 * width


def level(topology: str, width: int, coupling: float) -> float:
    """No difference anywhere."""
    del topology, width, coupling
    return 0.5


def test_cells_that_differ_are_decided_and_the_contrast_finds_the_fall() -> None:
    trials = grid(falling)
    assert dials_of(trials) == ["width", "coupling"]
    cells = phase_map(trials)
    told = {(row["width"], row["coupling"]): row["conclusion"] for row in cells.to_dicts()}
    assert told[4, 0.0] == "better"
    assert told[8, 0.0] != "worse"
    assert [told[w, 1.0] for w in (4, 8)] == ["worse"] * 2
    found = {row["dial"]: row for row in contrasts(trials).to_dicts()}
    fall = found["coupling"]
    assert fall["low"] < -0.7 < fall["high"] < -0.4
    assert (fall["least"], fall["most"], fall["tasks"], fall["cells"]) == (0.0, 1.0, TASKS, 6)
    assert found["width"]["low"] < 0 < found["width"]["high"]


@pytest.mark.slow
def test_without_a_difference_cells_stay_undecided_in_nearly_every_map() -> None:
    decided = 0
    for seed in range(20):
        cells = phase_map(grid(level, seed))
        decided += (cells.get_column("conclusion") != "undecided").any()
    assert decided <= 4


def test_a_run_of_one_topology_or_one_cell_has_no_contrast() -> None:
    trials = grid(falling)
    assert contrasts(trials.filter(pl.col("topology") == "team")).is_empty()
    assert phase_map(trials.filter(pl.col("topology") == "single_thread")).is_empty()
    one = trials.filter(pl.col("width") == 4, pl.col("coupling") == 0)
    assert contrasts(one).is_empty()
    assert dials_of(one) == []


def deep(trials: pl.DataFrame, depths: dict[int, float]) -> pl.DataFrame:
    """The same trials as if each width had a depth of its own."""
    return trials.with_columns(pl.col("width").replace_strict(depths).alias("depth"))


def test_a_dial_that_never_moves_alone_is_said_to_be_tied_and_gets_no_change() -> None:
    trials = deep(grid(falling), {4: 5, 8: 1})
    found = {row["dial"]: row for row in contrasts(trials).to_dicts()}
    assert (found["width"]["tied"], found["depth"]["tied"]) == (["depth"], ["width"])
    assert found["width"]["change"] is None
    assert found["width"]["low"] is None
    assert found["coupling"]["tied"] == []
    alone = contrasts(grid(falling)).filter(pl.col("dial") == "coupling").row(0, named=True)
    assert found["coupling"]["change"] == pytest.approx(alone["change"])
    section = map_section(view_of(Recorded(trials)))
    assert section is not None
    assert "width never moves without depth in these cells" in " ".join(section.sentences)
    assert {"width", "depth"} <= set(phase_map(trials).columns)


def test_other_settings_are_held_equal_along_a_dial() -> None:
    trials = grid(falling)

    def easier_for_the_team(topology: str, width: int, coupling: float) -> float:
        return falling(topology, width, coupling) + 0.3 * (topology == "team")

    easier = grid(easier_for_the_team, 2)
    mixed = pl.concat(
        [
            trials.with_columns(pl.lit("atomic").alias("style")),
            easier.with_columns(pl.lit("crud").alias("style")).filter(pl.col("coupling") > 0),
        ]
    )
    fall = contrasts(mixed).filter(pl.col("dial") == "coupling").row(0, named=True)
    assert fall["tied"] == []
    assert fall["low"] < -0.7 < fall["high"]


def test_too_few_tasks_give_no_contrast_and_nothing_compared_gives_no_conclusion() -> None:
    trials = grid(falling).filter(pl.col("block").is_in(["t0", "t1"]))
    assert contrasts(trials).get_column("change").is_null().all()
    assert phase_map(trials, k=7).get_column("conclusion").is_null().all()


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(-1, 1), min_size=12, max_size=36))
def test_in_a_balanced_grid_the_contrast_is_the_t_test_over_tasks_of_their_own_slopes(
    values: list[float],
) -> None:
    clusters = len(values) // 4
    outcome = np.array(values[: clusters * 4]).reshape(clusters, 4)
    doses = np.array([0.0, 1.0, 2.0, 3.0])
    slopes = np.array([np.polyfit(doses, row, 1)[0] for row in outcome])
    units = np.repeat(np.arange(clusters), 4)
    found = slopes_within(np.tile(doses, clusters)[:, None], outcome.ravel(), units)
    assert found is not None
    ((estimate, low, high),) = found
    assert math.isclose(estimate, slopes.mean(), abs_tol=1e-9)
    half = stats.t.ppf(0.975, clusters - 1) * slopes.std(ddof=1) / math.sqrt(clusters)
    if low is not None and high is not None:
        assert (high - low) / 2 == pytest.approx(half, rel=1e-6)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.one_of(st.just(math.nan), st.floats(0, 1)), max_size=12))
def test_corrected_p_never_falls_below_p_and_keeps_its_order(ps: list[float]) -> None:
    raw = np.array(ps, dtype=np.float64)
    found = corrected(raw)
    assert np.array_equal(np.isnan(found), np.isnan(raw))
    known = ~np.isnan(raw)
    assert (found[known] >= raw[known] - 1e-12).all()
    order = np.argsort(raw[known])
    assert (np.diff(found[known][order]) >= -1e-12).all()


def test_a_grid_has_a_section_with_a_map_and_a_single_cell_has_none() -> None:
    trials = grid(falling)
    section = map_section(view_of(Recorded(trials, {"thresholds": {"k": 2}})))
    assert section is not None
    assert "changes by" in " ".join(section.sentences)
    drawn = section.charts["phase_map"].to_dict()
    assert drawn["title"]["text"] == "Difference in pass^2 to single_thread, in points, simulated"
    assert drawn["title"]["subtitle"][0].startswith("Of 6 cells 2 are better, 2 worse")
    flat = map_section(view_of(Recorded(trials.filter(pl.col("width") == 4))))
    assert flat is not None
    rows = flat.charts["phase_map"].to_dict()["spec"]["layer"][0]["encoding"]["y"]
    assert rows["field"] == "topology"
    one = trials.filter(pl.col("width") == 4, pl.col("coupling") == 0)
    assert map_section(view_of(Recorded(one))) is None


def test_a_change_is_told_by_the_interval_that_is_shown() -> None:
    clear = {"change": -0.3, "low": -0.5, "high": -0.1, "level": 0.975}
    opened = {"change": -0.1, "low": -0.3, "high": 0.1, "level": 0.975}
    told = {"task_set": "orders", "topology": "team", "reference": "one", "dial": "coupling"}
    told |= {"least": 0.0, "most": 1.0, "k": 4, "tasks": 12, "cells": 9}
    rows = pl.DataFrame([told | row for row in (clear, opened)], schema=CONTRASTS)
    first, second = contrast_sentences(rows, "Here")
    assert "changes by" in first
    assert "97.5% interval" in first
    assert "is not known to change" in second


def test_the_intervals_of_a_map_hold_together_or_are_those_of_the_verdicts() -> None:
    trials = grid(falling)
    cells = phase_map(trials)
    assert cells.get_column("level").unique().to_list() == [pytest.approx(1 - 0.05 / 6)]
    given = phase_map(trials, levels={"team": 0.9})
    assert given.get_column("level").unique().to_list() == [0.9]
    decided = (pl.col("low") > 0) | (pl.col("high") < 0)
    for found in (cells, given):
        told = found.select(decided, pl.col("conclusion") != "undecided")
        assert told.to_series(0).to_list() == told.to_series(1).to_list()
