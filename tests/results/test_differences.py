"""Paired differences and their intervals."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from results.statistics.differences import (
    all_pass,
    paired_difference,
    t_interval,
)


def counts(c: list[int], n: int = 8) -> tuple[Any, Any]:
    return np.array(c), np.full(len(c), n)


def test_the_interval_is_students_t_of_the_task_differences() -> None:
    first, second = [8, 6, 4, 8] * 5, [6, 7, 2, 2] * 5
    found = paired_difference(counts(first), counts(second), np.arange(20))
    gains = np.array([2, -1, 2, 6] * 5) / 8
    assert found.estimate == pytest.approx(gains.mean())
    half = 2.093024 * gains.std(ddof=1) / 20**0.5
    assert (found.low, found.high) == pytest.approx((gains.mean() - half, gains.mean() + half))
    assert (found.kind, found.units) == ("paired t", 20)


def test_where_few_tasks_differ_the_t_interval_is_widened_and_covers() -> None:
    rng = np.random.default_rng(12)
    shapes = [(mean * 17 / 3, (1 - mean) * 17 / 3) for mean in (0.1, 0.3)]
    rates = [a / (a + b) * (a + 1) / (a + b + 1) * (a + 2) / (a + b + 2) for a, b in shapes]
    hits, alone = 0, 0
    for _ in range(80):
        c1, c2 = (rng.binomial(8, rng.beta(*shape, 12)).tolist() for shape in shapes)
        found = paired_difference(counts(c2), counts(c1), np.arange(12), k=3)
        t_low, t_high = t_interval(all_pass(*counts(c2), 3) - all_pass(*counts(c1), 3))
        truth = rates[1] - rates[0]
        assert found.low is not None
        assert found.high is not None
        assert found.low <= t_low <= t_high <= found.high
        hits += found.low <= truth <= found.high
        alone += t_low <= truth <= t_high
    assert alone < 70 <= hits


def test_the_t_interval_covers_about_95_percent() -> None:
    rng = np.random.default_rng(11)
    hits = 0
    for _ in range(600):
        first, second = rng.beta(3, 1, 20), rng.beta(2, 2, 20)
        c1, c2 = rng.binomial(8, first), rng.binomial(8, second)
        found = paired_difference(counts(c1.tolist()), counts(c2.tolist()), np.arange(20))
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= 0.25 <= found.high
    assert 0.92 <= hits / 600 <= 0.98


@pytest.mark.parametrize(("first", "second"), [([8] * 12, [8] * 12), ([8] * 12, [0] * 12)])
def test_equal_differences_never_give_an_interval_of_width_zero(
    first: list[int], second: list[int]
) -> None:
    found = paired_difference(counts(first), counts(second), np.arange(12))
    assert found.kind == "paired t, widened"
    assert found.low is not None
    assert found.high is not None
    assert found.high - found.low > 0.05
    assert -1 <= found.low < found.high <= 1


def test_without_two_tasks_there_is_no_interval() -> None:
    one = paired_difference(counts([4]), counts([8]), np.arange(1))
    assert (one.estimate, one.low, one.high, one.units) == (-0.5, None, None, 1)
    none = paired_difference(counts([]), counts([]), np.arange(0))
    assert (none.estimate, none.units) == (None, 0)


def test_tasks_with_fewer_than_k_trials_on_a_side_take_no_part() -> None:
    first = (np.array([4, 4, 2]), np.array([4, 4, 2]))
    second = (np.array([0, 4, 0]), np.array([4, 4, 4]))
    found = paired_difference(first, second, np.arange(3), k=4)
    assert (found.estimate, found.units) == (0.5, 2)


def test_settings_of_one_base_task_are_one_unit() -> None:
    first, second = [8, 6, 4, 8, 7], [6, 6, 2, 2, 7]
    alone = paired_difference(counts(first), counts(second), np.arange(5))
    copied = paired_difference(counts(first * 3), counts(second * 3), np.tile(np.arange(5), 3))
    assert (copied.low, copied.high) == pytest.approx((alone.low, alone.high))


@given(st.lists(st.integers(-8, 8), min_size=2, max_size=9))
@settings(deadline=None, max_examples=40)
def test_swapping_the_topologies_turns_the_sign(steps: list[int]) -> None:
    gains = np.array(steps) / 8
    low, high = t_interval(gains)
    assert t_interval(-gains) == pytest.approx((-high, -low))
