"""How sure a result is for the very tasks that were run: their trials are the sample, not they.

`results.statistics.posterior` speaks of more tasks like these; a team with one workflow asks about
that one. Each task keeps its own chance p of passing, and the posterior here is that of the mean of
p^k over these tasks. Tasks inform each other through the same grid of populations (else a hundred
tasks of four trials each would all be pulled to the middle by their priors); a single task has
Jeffreys' prior. The posterior is set as a beta of the same mean and variance. `python -m
tests.bench.coverage` shows how well it covers.
"""

import math
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

from results.statistics import quantiles
from results.statistics.differences import Difference, all_pass, unit_means
from results.statistics.intervals import Floats, Interval, Ints
from results.statistics.posterior import ICC_POINTS, MEAN_POINTS, grid, grid_weights, log_rise


@dataclass(frozen=True)
class OnThese:
    """The posterior of mean p^k over these tasks: its mean and its variance."""

    mean: float
    variance: float

    def interval(self, level: float = 0.95, estimate: float | None = None) -> Interval:
        """The equal-tailed interval, reaching to the `estimate`."""
        spread = self.mean * (1 - self.mean)
        if spread <= 1e-12 or self.variance <= 1e-12:
            low = high = self.mean
        else:
            size = max(spread / self.variance - 1, 1e-3)
            a, b = self.mean * size, (1 - self.mean) * size
            low, high = (quantiles.beta((1 + sign * level) / 2, a, b) for sign in (-1, 1))
        return (low, high) if estimate is None else (min(low, estimate), max(high, estimate))


def on_these(c: Ints, n: Ints, k: int = 1, weights: Floats | None = None) -> OnThese:
    """The posterior after c passes of n trials of each task; tasks weigh alike unless told."""
    share = np.full(c.size, 1 / c.size) if weights is None else weights / weights.sum()
    if c.size == 1:
        a, b = (np.array([float(x[0]) + 0.5]) for x in (c, n - c))
        (first,), (second,) = (_moment(a, b, j) for j in (k, 2 * k))
        return OnThese(float(first), max(float(second - first**2), 0.0))
    weight = grid_weights(c, n)[_thinned()]
    # Points of next to no weight are left out: numbers that small are slow to multiply.
    kept = np.flatnonzero(weight > 1e-9 * weight.max())
    weight = weight[kept] / weight[kept].sum()
    means, spreads = np.zeros_like(weight), np.zeros_like(weight)
    pairs, places = np.unique(np.stack([c, n], axis=1), axis=0, return_inverse=True)
    for at, (passes, trials) in enumerate(pairs.tolist()):
        first, second = (part[kept] for part in _of_task(passes, trials, k))
        own = share[places.ravel() == at]
        means += own.sum() * first
        spreads += (own**2).sum() * (second - first**2)
    mean = float(weight @ means)
    return OnThese(mean, max(float(weight @ (spreads + means**2)) - mean**2, 0.0))


@cache
def _thinned() -> npt.NDArray[np.intp]:
    """Every second mean and ICC of the grid: enough for two moments, at a quarter of the time."""
    whole = np.arange(grid().a.size).reshape(-1, MEAN_POINTS, ICC_POINTS)
    return whole[:, ::2, ::2].ravel()


@lru_cache(maxsize=64)
def _of_task(passes: int, trials: int, k: int) -> tuple[Floats, Floats]:
    """E[p^k] and E[p^2k] of a task after its trials, in each population of the grid."""
    points, kept = grid(), _thinned()
    a, b, hopeless, certain = (
        part[kept] for part in (points.a, points.b, points.hopeless, points.certain)
    )
    chance = (1 - hopeless - certain) * np.exp(
        log_rise(a, passes) + log_rise(b, trials - passes) - log_rise(a + b, trials)
    )
    sure = certain if passes == trials else np.zeros_like(certain)
    whole = np.maximum(chance + sure + (hopeless if passes == 0 else 0), 1e-300)
    first, second = (
        (chance * _moment(a + passes, b + trials - passes, j) + sure) / whole for j in (k, 2 * k)
    )
    return first, second


def _moment(a: Floats, b: Floats, k: int) -> Floats:
    """E[p^k] of betas."""
    return np.exp(log_rise(a, k) - log_rise(a + b, k))


def difference_on_these(
    first: tuple[Ints, Ints],
    second: tuple[Ints, Ints],
    units: npt.NDArray[np.generic],
    k: int = 1,
    level: float = 0.95,
) -> Difference:
    """Pass^k of `first` minus `second`, as `paired_difference`, for these tasks: one will do.

    Trials of the two sides share no luck, so the distances of each side's posterior mean to its
    limits are added as squares (Newcombe 1998).
    """
    kept = (first[1] >= k) & (second[1] >= k)
    one, other = ((c[kept], n[kept]) for c, n in (first, second))
    if one[0].size == 0:
        return Difference(None, None, None, None, 0)
    _, places, sizes = np.unique(units[kept], return_inverse=True, return_counts=True)
    weights = 1.0 / sizes[places]
    gains = np.subtract(*(unit_means(all_pass(*side, k), units[kept]) for side in (one, other)))
    estimate = float(gains.mean())
    sides = [on_these(*side, k, weights) for side in (one, other)]
    (low1, high1), (low2, high2) = (side.interval(level) for side in sides)
    mean1, mean2 = (side.mean for side in sides)
    low = mean1 - mean2 - math.hypot(mean1 - low1, high2 - mean2)
    high = mean1 - mean2 + math.hypot(high1 - mean1, mean2 - low2)
    return Difference(
        estimate,
        max(min(low, estimate), -1.0),
        min(max(high, estimate), 1.0),
        "trials within tasks",
        int(gains.size),
    )
