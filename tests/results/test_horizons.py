"""Horizons of runs: the logistic as METR fits it, held to laws that are known."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from results.refused import Refused
from results.reports.horizon_words import growth_sentences, horizon_table, minutes
from results.resilience.horizons import curves_of, growth, horizons
from results.resilience.logistic import Tasks, family_weights, fitted, log_lengths
from results.statistics.horizon import logistic
from tests.bench.horizons import covered

from .conftest import made_trials

MINUTES = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 59.0, 120.0, 240.0, 480.0)


def tasks_of(log_minutes: Sequence[float], passed: Sequence[float]) -> Tasks:
    own = np.arange(len(passed))
    return Tasks(np.array(log_minutes), np.array(passed), np.ones(own.size), own)


def test_the_fit_gives_back_the_published_law_and_what_it_says_far_away(
    published: dict[str, Any],
) -> None:
    known = published["horizons"]["two_point"]
    law = logistic(known["p50_minutes"], known["p80_minutes"], 0.8)
    exact = tasks_of(np.log2(MINUTES).tolist(), [law.success(length) for length in MINUTES])
    intercept, slope = fitted(exact)
    assert slope[0] == pytest.approx(known["logistic_slope_per_log2"], abs=2e-3)
    assert intercept[0] == pytest.approx(known["logistic_intercept"], abs=2e-2)
    for success, length in ((0.5, 59), (0.8, 15), (0.99, known["logistic_p99"])):
        assert 2 ** log_lengths(intercept, slope, success)[0] == pytest.approx(length, rel=0.02)


@given(
    st.lists(st.tuples(st.floats(-2, 12), st.integers(0, 4)), min_size=4, max_size=30),
    st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_the_fit_is_where_the_likelihood_is_greatest(
    points: list[tuple[float, int]], seed: int
) -> None:
    tasks = tasks_of([at for at, _ in points], [count / 4 for _, count in points])
    assume(not tasks.one_sided and np.ptp(tasks.log_minutes) > 0.5)
    intercept, slope = fitted(tasks)
    assume(abs(slope[0]) < 10)

    def lost(a: float, b: float) -> float:
        chance = 1 / (1 + np.exp(-a - b * tasks.log_minutes))
        chance = np.clip(chance, 1e-12, 1 - 1e-12)
        told = tasks.passed * np.log(chance) + (1 - tasks.passed) * np.log(1 - chance)
        return -float(told.sum()) + 1e-4 * tasks.passed.size * b * b / 2

    best = lost(float(intercept[0]), float(slope[0]))
    for a, b in np.random.default_rng(seed).normal(0, 0.3, size=(8, 2)):
        assert lost(float(intercept[0]) + a, float(slope[0]) + b) >= best - 1e-6


def test_a_family_of_many_tasks_weighs_by_the_root_of_their_number() -> None:
    weights = family_weights(np.array(["a", "a", "a", "a", "b"]))
    assert weights.tolist() == [0.5, 0.5, 0.5, 0.5, 1.0]


@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_true_horizons_lie_within_their_intervals_in_about_95_of_100(spread: float) -> None:
    for success, share in covered(60, families=30, spread=spread, seed=2).items():
        assert share >= 0.86, (success, share)


def graded(half: float = 30.0, model: str = "m", day: str | None = None) -> pl.DataFrame:
    """20 tasks of 1 to 1,000 minutes, 8 trials each, by a logistic with this half."""
    rng = np.random.default_rng(5)
    lengths = np.geomspace(1, 1000, 20)
    chances = 1 / (1 + (lengths / half))
    passed = [[bool(x < chance) for x in rng.uniform(size=8)] for chance in chances]
    return made_trials(
        {"single_thread": passed},
        human_minutes=lambda _, task, __: float(lengths[task]),
        model=model,
        model_released=day,
        simulated=False,
    )


def test_the_horizon_of_a_run_is_told_with_its_interval() -> None:
    (row,) = horizons(curves_of(graded())).to_dicts()
    assert row["horizon_50_low"] < 30 < row["horizon_50_high"]
    assert row["horizon_80"] < row["horizon_50"]
    assert not row["horizon_50_extrapolated"]
    table = horizon_table(curves_of(graded()))
    assert "single_thread, m" in "\n".join(table.markdown())


def test_a_horizon_beyond_what_was_tried_is_flagged() -> None:
    (row,) = horizons(curves_of(graded(half=4000.0))).to_dicts()
    assert row["horizon_50_extrapolated"]


def test_a_horizon_that_doubles_every_half_year_is_found_to() -> None:
    days = ("2025-01-01", "2025-07-02", "2026-01-01")
    parts = [
        graded(half, model, day)
        for half, model, day in zip((10.0, 20.0, 40.0), ("a", "b", "c"), days, strict=True)
    ]
    curves = curves_of(pl.concat(parts))
    (row,) = growth(curves).to_dicts()
    assert row["models"] == 3
    assert row["days_low"] < 182.5 < row["days_high"]
    assert "doubles every" in " ".join(growth_sentences(curves))


def test_one_date_is_no_growth() -> None:
    curves = curves_of(graded(day="2025-01-01"))
    assert growth(curves).is_empty()
    assert "No doubling time" in " ".join(growth_sentences(curves))


WRONG = [
    ("no graded trial says human_minutes", {"human_minutes": None}),
    ("above 0", {"human_minutes": 0.0}),
    ("of one length", {"human_minutes": 5.0}),
    ("every trial passed", {"passed": True}),
    ("no trial passed", {"passed": False}),
    ("no trial of this run is graded", {"passed": None}),
]


@pytest.mark.parametrize(("line", "fields"), WRONG)
def test_what_has_no_horizon_is_refused_with_the_reason(line: str, fields: dict[str, Any]) -> None:
    trials = graded().with_columns(**{name: pl.lit(value) for name, value in fields.items()})
    with pytest.raises(Refused, match=line):
        horizon_table(curves_of(trials.cast({"human_minutes": pl.Float64, "passed": pl.Boolean})))


def test_one_task_has_no_horizon() -> None:
    with pytest.raises(Refused, match="one task"):
        horizon_table(curves_of(graded().filter(task="t3")))


def test_work_that_gets_easier_with_length_has_no_horizon() -> None:
    turned = graded().with_columns(human_minutes=1000 / pl.col("human_minutes"))
    (row,) = horizons(curves_of(turned)).to_dicts()
    assert row["horizon_50"] is None
    assert row["why"] == "success does not fall with length"


@pytest.mark.parametrize(
    ("value", "told"),
    [(0.5, "30 s"), (59, "59 min"), (90, "1.5 h"), (525_960 * 2, "2 years"), (None, "-")],
)
def test_minutes_are_told_in_the_unit_that_says_it_best(value: float | None, told: str) -> None:
    assert minutes(value) == told
