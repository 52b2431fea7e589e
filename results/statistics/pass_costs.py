"""What a passed trial costs, and how that compares: a cheap trial that fails is no bargain.

A price of nothing is a price, and a side that never passed has spent without a result: its passed
trial costs infinitely much. So a ratio can be 0 or infinite, and such a ratio decides like any
other. What is undefined is null and `why` says which of the reasons below it was.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from results.statistics import quantiles
from results.statistics.differences import FEW, carried_by
from results.statistics.intervals import Floats, Interval, Ints, unit_sums
from results.statistics.posterior import pass_k_posterior

UNKNOWN = "not every trial has its cost"
ENCODINGS = "the two sides count tokens in different ways"
BOTH_FREE = "both are free"
NEITHER_PASSED = "neither passed a trial"
FREE_AND_FAILED = "what costs nothing and never passes has no cost per pass"
"""Why a ratio of costs per pass can be null."""


@dataclass(frozen=True)
class Spent:
    """One side by task: the mean cost of a graded trial, and `c` of `n` trials passed."""

    cost: Floats
    c: Ints
    n: Ints

    @property
    def rates(self) -> Floats:
        return self.c / self.n

    @property
    def free(self) -> bool:
        return not self.cost.any()

    @property
    def never(self) -> bool:
        return not self.c.any()

    @property
    def per_pass(self) -> float | None:
        """Mean cost over pass rate, each task weighing the same; infinite without a pass."""
        if self.never:
            return None if self.free else math.inf
        return float(self.cost.sum() / self.rates.sum())


@dataclass(frozen=True)
class PassCost:
    """A cost per pass, or a ratio of two; null is explained by `why`."""

    value: float | None
    low: float | None = None
    high: float | None = None
    why: str | None = None


def pass_cost(side: Spent, units: npt.NDArray[np.generic], level: float = 0.95) -> PassCost:
    """What a passed trial of one side costs, with its interval over units."""
    value = side.per_pass
    if value is None:
        return PassCost(None, why=FREE_AND_FAILED)
    if side.free:
        return PassCost(0.0, 0.0, 0.0)
    return _with_interval(value, side, None, units, level)


def pass_cost_ratio(
    first: Spent, second: Spent, units: npt.NDArray[np.generic], level: float = 0.95
) -> PassCost:
    """The cost per pass of `first` over that of `second`, on the same tasks in the same order.

    0 where the first is free or the second never passed, infinite the other way round. A price of
    nothing needs no interval: it is its own. See `interval` for all others.
    """
    if first.free and second.free:
        return PassCost(None, why=BOTH_FREE)
    if first.never and second.never:
        return PassCost(None, why=NEITHER_PASSED)
    one, other = first.per_pass, second.per_pass
    if one is None or other is None:
        return PassCost(None, why=FREE_AND_FAILED)
    if first.free or second.free:
        value = 0.0 if first.free else math.inf
        return PassCost(value, value, value)
    value = 0.0 if second.never else math.inf if first.never else one / other
    return _with_interval(value, first, second, units, level)


def _with_interval(
    value: float,
    first: Spent,
    second: Spent | None,
    units: npt.NDArray[np.generic],
    level: float,
) -> PassCost:
    ends = interval(first, second, units, level)
    return PassCost(value) if ends is None else PassCost(value, *ends)


def interval(
    first: Spent, second: Spent | None, units: npt.NDArray[np.generic], level: float = 0.95
) -> Interval | None:
    """The interval of a cost per pass, or of a ratio of two (`second`); None below two units.

    Student's t on the logarithm, with the error that each unit's shares of the totals give it (the
    delta method). Where few units carry the passes of a side that is too narrow, and without a pass
    it is not defined: then it reaches to what the posteriors of the pass rates allow as well (the
    distances on the logarithm added as squares: Zou and Donner 2008).
    """
    sides = [side for side in (first, second) if side is not None]
    rates = [unit_sums(side.rates, units)[0] for side in sides]
    if rates[0].size < 2:
        return None
    costs = [unit_sums(side.cost, units)[0] for side in sides]
    signs = (1, -1)
    student = quantiles.student((1 + level) / 2, rates[0].size - 1)
    spent = _pull(costs, signs)
    centre = sum(sign * math.log(cost.sum()) for sign, cost in zip(signs, costs, strict=False))
    low, high = math.inf, -math.inf
    if not any(side.never for side in sides):
        pull = spent - _pull(rates, signs)
        half = student * _error(pull)
        whole = centre - sum(
            sign * math.log(rate.sum()) for sign, rate in zip(signs, rates, strict=False)
        )
        low, high = math.exp(whole - half), math.exp(whole + half)
    if any(carried_by(rate) < FEW for rate in rates):
        wide = _by_posteriors(sides, centre, student * _error(spent), rates[0].size, level)
        if wide is not None:
            low, high = min(low, wide[0]), max(high, wide[1])
    return (low, high) if low <= high else None


def _pull(parts: Sequence[Floats], signs: Sequence[int]) -> Floats:
    """What each unit does to the logarithm of a ratio of totals."""
    return np.sum(
        [sign * part / part.mean() for sign, part in zip(signs, parts, strict=False)], axis=0
    )


def _error(pull: Floats) -> float:
    return float(pull.std(ddof=1)) / math.sqrt(pull.size)


def _by_posteriors(
    sides: Sequence[Spent], centre: float, half: float, units: int, level: float
) -> Interval | None:
    """From the posterior pass rate of each side; `centre` and `half` are of the costs alone."""
    down = up = half**2
    for side, sign in zip(sides, (1, -1), strict=False):
        posterior = pass_k_posterior(side.c, side.n, 1, units / side.c.size)
        if posterior is None:
            return None
        mean, (low, high) = posterior.mean(), posterior.interval(level)
        below, above = math.log(mean / max(low, 1e-12)), math.log(high / mean)
        centre -= sign * math.log(units * mean)
        # More passes make a pass of the first side cheaper, and dearer by the second.
        down += (above if sign > 0 else below) ** 2
        up += (below if sign > 0 else above) ** 2
    low, high = math.exp(centre - math.sqrt(down)), math.exp(centre + math.sqrt(up))
    return (
        0.0 if len(sides) > 1 and sides[1].never else low,
        math.inf if sides[0].never else high,
    )
