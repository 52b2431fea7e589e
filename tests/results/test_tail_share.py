"""Shares of units beyond a margin: do the intervals hold, whatever shape the true ones have?"""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from results.statistics.intervals import Floats
from results.statistics.tail_share import Seen, Share, alike, shares_within, worth

pytestmark = pytest.mark.slow

Generator = np.random.Generator
Truth = Callable[[Generator, int], tuple[Floats, Floats]]
REGIONS = [(0.05, np.inf), (-0.05, 0.05), (-np.inf, -0.05)]
TASKS, TRIALS, UNITS = 10, 2, 200


def played(gains: Floats, base: Floats, rng: Generator) -> Seen:
    """10 tasks x 2 trials of two sides; tasks differ, and are hard for both sides or neither."""
    luck = rng.random((gains.size, TASKS))

    def passes(rate: Floats) -> Floats:
        chance = np.where(luck < 0.5, rate * 0.6, rate * 1.4)[:, :]
        return rng.binomial(TRIALS, np.clip(chance, 0, 1)).astype(np.float64)

    reference, team = passes(base[:, None]), passes((base + gains)[:, None])
    each = (team - reference) / TRIALS
    return Seen(
        each.mean(1),
        each.var(1, ddof=1) / TASKS,
        (team + reference).sum(1),
        np.full(gains.size, 2.0 * TASKS * TRIALS),
        np.ones(gains.size),
    )


def normal(mean: float, spread: float) -> Truth:
    def draw(rng: Generator, size: int) -> tuple[Floats, Floats]:
        return np.clip(rng.normal(mean, spread, size), -0.45, 0.2), np.full(size, 0.5)

    return draw


def halves(rng: Generator, size: int) -> tuple[Floats, Floats]:
    return np.where(rng.random(size) < 0.5, -0.15, 0.0), np.full(size, 0.5)


def on_the_floor(rng: Generator, size: int) -> tuple[Floats, Floats]:
    """Three in ten never pass a trial, and cannot differ."""
    never = rng.random(size) < 0.3
    gains = np.clip(rng.normal(-0.1, 0.1, size), -0.45, 0.2)
    return np.where(never, 0.0, gains), np.where(never, 0.0, 0.5)


def in_proportion(rng: Generator, size: int) -> tuple[Floats, Floats]:
    """What passes more loses more."""
    base = rng.uniform(0.02, 0.6, size)
    return -base * rng.uniform(0, 0.8, size), base


@pytest.mark.parametrize(
    "truth", [normal(-0.17, 0.12), normal(-0.03, 0.03), halves, on_the_floor, in_proportion]
)
def test_the_intervals_hold_whatever_the_shape(truth: Truth) -> None:
    rng = np.random.default_rng(1)
    gains, _ = truth(rng, 100_000)
    exact = [((gains > low) & (gains < high)).mean() for low, high in REGIONS]
    held, times = np.zeros(3), 8
    for _ in range(times):
        found = shares_within(played(*truth(rng, UNITS), rng), REGIONS)
        held += [s.low - 0.01 <= e <= s.high + 0.01 for s, e in zip(found, exact, strict=True)]
    assert (held >= times - 1).all(), held


def test_what_trials_cannot_tell_has_a_wide_interval_and_what_they_can_a_narrow_one() -> None:
    rng = np.random.default_rng(2)
    beside = np.full(UNITS, -0.05)
    unsure = shares_within(played(beside, np.full(UNITS, 0.5), rng), REGIONS)[2]
    assert unsure.high - unsure.low > 0.8
    apart = shares_within(played(np.full(UNITS, -0.3), np.full(UNITS, 0.5), rng), REGIONS)
    assert apart[2].value > 0.95
    assert apart[2].low > 0.85
    assert apart[0].high < 0.05


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.integers(5, 60))
def test_shares_turn_round_with_the_difference_and_lie_in_their_intervals(
    seed: int, size: int
) -> None:
    rng = np.random.default_rng(seed)
    seen = played(rng.uniform(-0.3, 0.3, size), np.full(size, 0.5), rng)
    turned = Seen(-seen.differences, seen.variances, seen.passed, seen.trials, seen.weights)
    found, other = shares_within(seen, REGIONS), shares_within(turned, REGIONS)
    for share in found:
        assert 0 <= share.low <= share.value <= share.high <= 1
    for one, two in zip(found, reversed(other), strict=True):
        assert (one.low, one.high) == pytest.approx((two.low, two.high), abs=0.011)
    assert sum(len(part) for part in alike(seen)) == size


def test_a_unit_without_weight_says_nothing() -> None:
    rng = np.random.default_rng(3)
    seen = played(np.full(40, -0.2), np.full(40, 0.5), rng)
    more = Seen(
        np.append(seen.differences, 0.9),
        np.append(seen.variances, 0.01),
        np.append(seen.passed, 30),
        np.append(seen.trials, 40),
        np.append(seen.weights, 0),
    )
    assert worth(more.weights) == pytest.approx(40)
    (without,), (beside,) = shares_within(seen, REGIONS[2:]), shares_within(more, REGIONS[2:])
    assert isinstance(without, Share)
    assert (without.low, without.high) == pytest.approx((beside.low, beside.high), abs=0.03)
