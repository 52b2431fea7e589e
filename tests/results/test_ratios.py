"""What a passed trial costs against the reference, and how sure that is."""

import math

import numpy as np
import polars as pl
import pytest

from results.statistics.pass_costs import BOTH_FREE, NEITHER_PASSED, UNKNOWN, Spent, interval
from results.statistics.ratios import cost_ratios, pass_costs

from .conftest import made_trials


def tasks(*passes: int, n: int = 8) -> list[list[bool]]:
    return [[trial < c for trial in range(n)] for c in passes]


def test_a_topology_that_passes_half_as_often_costs_twice_as_much_a_pass() -> None:
    trials = made_trials({"single_thread": tasks(8, 8, 8), "team": tasks(4, 4, 4)})
    row = cost_ratios(trials).row(by_predicate=pl.col("topology") == "team", named=True)
    assert row["dollars_ratio"] == pytest.approx(1.0)
    assert row["dollars_per_pass_ratio"] == pytest.approx(2.0)


def ratio_of_team(trials: pl.DataFrame) -> float | None:
    return cost_ratios(trials).filter(topology="team")["dollars_per_pass_ratio"].item()


def test_without_a_price_there_is_no_ratio_per_pass() -> None:
    unpriced = made_trials({"single_thread": tasks(8, 8), "team": tasks(8, 8)}, dollars=None)
    assert ratio_of_team(unpriced) is None
    assert pass_costs(unpriced)["dollars_per_pass"].to_list() == [None, None]


def per_pass(single: list[int], team: list[int], price: tuple[float, float]) -> tuple[object, ...]:
    """Ratio, limits and why there is none, at so many passes of 8 and a price of each side."""
    trials = made_trials(
        {"single_thread": tasks(*single), "team": tasks(*team)},
        dollars=lambda name, _, __: price[name == "team"],
    )
    row = cost_ratios(trials).row(by_predicate=pl.col("topology") == "team", named=True)
    name = "dollars_per_pass"
    return tuple(row[f"{name}{end}"] for end in ("_ratio", "_ratio_low", "_ratio_high", "_why"))


SOME, NONE = [8, 6, 7, 5] * 5, [0] * 20


def test_a_reference_that_never_passes_makes_the_ratio_0_and_a_team_that_never_does_infinite() -> (
    None
):
    value, low, high, why = per_pass(NONE, SOME, (1, 1))
    assert (value, low, why) == (0, 0, None)
    assert isinstance(high, float)
    assert 0 < high < 1
    value, low, high, why = per_pass(SOME, NONE, (1, 1))
    assert (value, high, why) == (math.inf, math.inf, None)
    assert isinstance(low, float)
    assert low > 1
    assert per_pass(NONE, NONE, (1, 1)) == (None, None, None, NEITHER_PASSED)


def test_one_pass_more_or_less_moves_the_ratio_by_little() -> None:
    none, one, two = (per_pass([passes, *[0] * 19], SOME, (1, 1))[2] for passes in (0, 1, 2))
    assert isinstance(none, float)
    assert isinstance(one, float)
    assert isinstance(two, float)
    assert none < one < two < 0.5


def test_nothing_is_a_price() -> None:
    assert per_pass(SOME, SOME, (1, 0)) == (0, 0, 0, None)
    assert per_pass(SOME, SOME, (0, 1)) == (math.inf, math.inf, math.inf, None)
    assert per_pass(SOME, SOME, (0, 0)) == (None, None, None, BOTH_FREE)
    free = made_trials({"team": tasks(8, 6)}, dollars=0.0)
    assert pass_costs(free).select("dollars_per_pass", "low", "high").row(0) == (0, 0, 0)
    unknown = cost_ratios(made_trials({"single_thread": tasks(8), "team": tasks(8)}, dollars=None))
    assert unknown["dollars_per_pass_why"].unique().to_list() == [UNKNOWN]


def test_the_interval_of_the_ratio_covers_about_95_percent() -> None:
    rng = np.random.default_rng(6)
    hits = 0
    for _ in range(400):
        hard = rng.beta(4, 2, size=20)
        sides = [
            Spent(
                rng.gamma(20, scale / 20, size=20) * (2 - hard),
                rng.binomial(8, hard * rate),
                np.full(20, 8),
                *np.zeros((2, 20)),
            )
            for scale, rate in ((1.5, 0.8), (1.0, 1.0))
        ]
        low, high = interval(sides, np.arange(20)) or (0.0, 0.0)
        hits += low <= 1.5 / 0.8 <= high
    assert 0.92 <= hits / 400 <= 0.98
