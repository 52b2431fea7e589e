"""What a probe shows: the growth of failures, differing choices, and the profiles that fit."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from results.questions.map.probe import (
    HabitSpread,
    context_slope,
    fieller,
    habit_spread,
    likelihoods,
    parameter_span,
    standings,
)
from results.records import frame

MEAN = (1 * 2.0 + 4 * 4.0 + 16 * 10.0) / 21
"""Thousands of tokens, each item counted."""


def items(at_none: float, slope: float, tasks: int, seed: int) -> pl.DataFrame:
    """Trials at widths 1, 4, 16 whose items fail at at_none x (1 + slope x thousands of tokens).

    Relative to conversations of mean length (8,476 tokens) that is slope / (1 + 8.476 slope).
    """
    rng = np.random.default_rng(seed)
    rows: list[dict[str, object]] = []
    for task in range(tasks):
        hardness = rng.uniform(0.6, 1.4)
        for width, tokens in ((1, 2.0), (4, 4.0), (16, 10.0)):
            for _ in range(3):
                chance = min(at_none * hardness * (1 + slope * tokens), 1)
                failed = int(rng.binomial(width, chance))
                row: dict[str, object] = {
                    "block": f"t{task}",
                    "width": width,
                    "items": width,
                    "failed": failed,
                }
                rows.append(row | {"tokens": tokens + rng.uniform(-0.3, 0.3)})
    return pl.DataFrame(rows)


def test_the_interval_of_the_slope_covers_the_truth() -> None:
    covered, truth = 0, 0.3 / (1 + 0.3 * MEAN)
    for seed in range(100):
        found = context_slope(items(0.05, 0.3, 12, seed))
        low = -math.inf if found.low is None else found.low
        high = math.inf if found.high is None else found.high
        covered += low <= truth <= high
    assert covered >= 88


def test_many_tasks_find_the_slope_and_few_leave_it_open() -> None:
    many = context_slope(items(0.05, 0.3, 400, 1))
    assert many.value == pytest.approx(0.3 / (1 + 0.3 * MEAN), abs=0.02)
    assert many.low is not None
    assert many.high is not None
    none = context_slope(items(0.0, 0.3, 12, 1))
    assert (none.value, none.low, none.failed) == (None, None, 0)
    assert context_slope(items(0.05, 0.3, 2, 1)).value is None


@settings(deadline=None, max_examples=60)
@given(st.floats(0.5, 5), st.floats(-5, 5), st.floats(0.01, 0.1), st.floats(0.01, 0.1))
def test_fiellers_limits_enclose_the_ratio(
    first: float, second: float, one: float, other: float
) -> None:
    low, high = fieller((first, second), np.diag([one**2, other**2]), 2.0)
    assert low is not None
    assert high is not None
    assert low <= second / first <= high


def steps(choices: list[tuple[str, str]]) -> pl.DataFrame:
    """One pair of subagents a trial, and what each chose."""
    rows = [
        {
            "trial_id": f"t{trial}",
            "step": place,
            "kind": "tool",
            "agent": f"subagent-{place}",
            "role": "subagent",
            "tool": "refund",
            "arguments": f'{{"order": "O1", "to": "{choice}"}}',
        }
        for trial, pair in enumerate(choices)
        for place, choice in enumerate(pair)
    ]
    return frame("steps", rows)


def test_differing_choices_are_counted_by_pairs() -> None:
    found = habit_spread(steps([("card", "card"), ("card", "original"), ("original", "card")]))
    assert (found.differ, found.pairs) == (2, 3)
    assert found.share == pytest.approx(2 / 3)
    assert habit_spread(steps([])) == HabitSpread(None, None, None, 0, 0)


def passes(model: str, count: int) -> list[dict[str, object]]:
    return [
        {
            "trial_id": f"{model}-{trial}",
            "task_set": "orders",
            "mode": "act",
            "width": 4,
            "coupling": 0.0,
            "model": model,
            "passed": trial < count,
        }
        for trial in range(10)
    ]


def test_a_probe_weighs_profiles_by_how_well_they_explain_it() -> None:
    drawn = frame("trials", [*passes("good", 9), *passes("fair", 5), *passes("bad", 1)])
    nothing = HabitSpread(None, None, None, 0, 0)
    weights = likelihoods(drawn, frame("trials", passes("probed", 9)), nothing, {})
    assert weights["good"] == 1.0
    assert weights["good"] > weights["fair"] > weights["bad"]
    agreed = HabitSpread(0.0, 0.0, 0.3, 0, 10)
    told = likelihoods(drawn, frame("trials", []), agreed, {"good": 0.5, "fair": 0.0, "bad": 0.0})
    assert told["fair"] == told["bad"] == 1.0
    assert told["good"] < 0.01


def test_a_probe_says_how_many_profiles_pass_as_often() -> None:
    drawn = frame("trials", [*passes("good", 9), *passes("fair", 5), *passes("bad", 1)])
    (found,) = standings(drawn, frame("trials", passes("probed", 6)))
    assert found.cell == "orders (act, width 4, coupling 0)"
    assert (found.passed, found.trials) == (6, 10)
    assert (found.as_often, found.as_seldom) == pytest.approx((1 / 3, 2 / 3))
    elsewhere = frame("trials", passes("probed", 6)).with_columns(width=pl.lit(16, pl.Int64))
    assert standings(drawn, elsewhere) == []


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(0, 1), min_size=8, max_size=40), st.integers(0, 7))
def test_the_span_of_a_parameter_lies_among_the_profiles_that_have_weight(
    values: list[float], heavy: int
) -> None:
    models = {f"simulated:typical?slip={value}&n={n}": 1.0 for n, value in enumerate(values)}
    found = parameter_span(models, "slip")
    assert found is not None
    middle, low, high = found
    assert min(values) <= low <= middle <= high <= max(values)
    alone = {model: float(n == heavy) for n, model in enumerate(models)}
    assert parameter_span(alone, "slip") is None
    assert parameter_span(models, "habits") is None
