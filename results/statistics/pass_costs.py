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
from results.statistics.on_these import OnThese, on_these
from results.statistics.posterior import pass_k_posterior

UNKNOWN = "not every trial has its cost"
ENCODINGS = "the two sides count tokens in different ways"
BOTH_FREE = "both are free"
NEITHER_PASSED = "neither passed a trial"
FREE_AND_FAILED = "what costs nothing and never passes has no cost per pass"
"""Why a ratio of costs per pass can be null."""


@dataclass(frozen=True)
class Spent:
    """One side by task: the mean cost of a graded trial, and `c` of `n` trials passed.

    `spread` is the variance of costs within a task, `with_passed` their covariance with passing;
    both nan for a task of one trial.
    """

    cost: Floats
    c: Ints
    n: Ints
    spread: Floats
    with_passed: Floats

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


Units = npt.NDArray[np.generic] | None
"""Base tasks that were sampled; None where these tasks are all there is, and trials the sample."""


def pass_cost(side: Spent, units: Units, level: float = 0.95) -> PassCost:
    """What a passed trial of one side costs, with its interval."""
    value = side.per_pass
    if value is None:
        return PassCost(None, why=FREE_AND_FAILED)
    if side.free:
        return PassCost(0.0, 0.0, 0.0)
    return _with_interval(value, side, None, units, level)


def pass_cost_ratio(first: Spent, second: Spent, units: Units, level: float = 0.95) -> PassCost:
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
    units: Units,
    level: float,
) -> PassCost:
    sides = [side for side in (first, second) if side is not None]
    ends = interval(sides, units, level)
    return PassCost(value) if ends is None else PassCost(value, *ends)


def interval(sides: Sequence[Spent], units: Units, level: float = 0.95) -> Interval | None:
    """The interval of a cost per pass of one side, or of the ratio of the first to the second.

    Student's t on the logarithm, with the error that each unit's shares of the totals give it (the
    delta method); for these tasks alone the error of their trials, added up. None below two units,
    or for a task without a second trial. Where few units carry the passes of a side that is too
    narrow, and without a pass it is not defined: then it reaches to what the posteriors of the pass
    rates allow as well (distances on the logarithm added as squares: Zou and Donner 2008).
    """
    errors = _within(sides) if units is None else _between(sides, units)
    if errors is None:
        return None
    costs = sum(sign * math.log(side.cost.mean()) for sign, side in zip(SIGNS, sides, strict=False))
    student = quantiles.student((1 + level) / 2, errors.freedom)
    low, high = math.inf, -math.inf
    if not any(side.never for side in sides):
        rates = (math.log(side.rates.mean()) for side in sides)
        centre = costs - sum(sign * rate for sign, rate in zip(SIGNS, rates, strict=False))
        half = student * errors.per_pass
        low, high = math.exp(centre - half), math.exp(centre + half)
    if errors.carried < FEW:
        wide = _by_posteriors(sides, units, costs, student * errors.spent, level)
        if wide is not None:
            low, high = min(low, wide[0]), max(high, wide[1])
    return (low, high) if low <= high else None


SIGNS = (1, -1)


@dataclass(frozen=True)
class _Errors:
    """Standard errors of the logarithms of costs per pass, and of what was spent alone.

    `carried` is how many units, or passed trials, carry the passes of the side that has fewest.
    """

    per_pass: float
    spent: float
    freedom: int
    carried: float


def _between(sides: Sequence[Spent], units: npt.NDArray[np.generic]) -> _Errors | None:
    rates = [unit_sums(side.rates, units)[0] for side in sides]
    size = rates[0].size
    if size < 2:
        return None
    spent = _pull([unit_sums(side.cost, units)[0] for side in sides])
    per_pass = spent if any(side.never for side in sides) else spent - _pull(rates)
    whole, costs = (float(pull.std(ddof=1)) / math.sqrt(size) for pull in (per_pass, spent))
    return _Errors(whole, costs, size - 1, min(carried_by(rate) for rate in rates))


def _pull(parts: Sequence[Floats]) -> Floats:
    """What each unit does to the logarithm of a ratio of totals."""
    return np.sum(
        [sign * part / part.mean() for sign, part in zip(SIGNS, parts, strict=False)], axis=0
    )


def _within(sides: Sequence[Spent]) -> _Errors | None:
    if any(int(side.n.min()) < 2 for side in sides):
        return None
    per_pass = spent = 0.0
    for side in sides:
        cost, rate = side.cost.sum(), max(float(side.rates.sum()), 1e-12)
        passing = side.rates * (1 - side.rates) * side.n / (side.n - 1)
        pulls = side.spread / cost**2 + passing / rate**2 - 2 * side.with_passed / (cost * rate)
        per_pass += float(np.maximum(pulls / side.n, 0).sum())
        spent += float((side.spread / side.n).sum()) / cost**2
    freedom = sum(int((side.n - 1).sum()) for side in sides)
    fewest = min(min(int(side.c.sum()), int((side.n - side.c).sum())) for side in sides)
    return _Errors(math.sqrt(per_pass), math.sqrt(spent), freedom, fewest)


def _by_posteriors(
    sides: Sequence[Spent], units: Units, centre: float, half: float, level: float
) -> Interval | None:
    """From the posterior pass rate of each side; `centre` and `half` are of the costs alone."""
    down = up = half**2
    for side, sign in zip(sides, SIGNS, strict=False):
        posterior = (
            on_these(side.c, side.n)
            if units is None
            else pass_k_posterior(side.c, side.n, 1, np.unique(units).size / side.c.size)
        )
        if posterior is None:
            return None
        mean = posterior.mean if isinstance(posterior, OnThese) else posterior.mean()
        low, high = posterior.interval(level)
        below, above = math.log(mean / max(low, 1e-12)), math.log(high / mean)
        centre -= sign * math.log(mean)
        # More passes make a pass of the first side cheaper, and dearer by the second.
        down += (above if sign > 0 else below) ** 2
        up += (below if sign > 0 else above) ** 2
    low, high = math.exp(centre - math.sqrt(down)), math.exp(centre + math.sqrt(up))
    return (
        0.0 if len(sides) > 1 and sides[1].never else low,
        math.inf if sides[0].never else high,
    )
