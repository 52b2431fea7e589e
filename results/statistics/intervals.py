"""Plain intervals and standard errors: proportions, means, bootstraps, ICC.

The interval of pass^k is in `results.statistics.posterior`, that of a difference in
`results.statistics.differences`. Every interval is 95% unless told, and null (None) where nothing
supports one.
"""

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from results.statistics import quantiles

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Interval = tuple[float, float]

BOOTSTRAPS = 4000


def wilson(x: int, n: int, level: float = 0.95) -> Interval | None:
    """Wilson's score interval of x successes in n independent trials; None without trials."""
    if n == 0:
        return None
    z = quantiles.normal((1 + level) / 2)
    p = x / n
    centre = p + z * z / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low = 0.0 if x == 0 else (centre - half) / scale
    high = 1.0 if x == n else (centre + half) / scale
    return low, high


def clopper_pearson(x: int, n: int, level: float = 0.95) -> Interval | None:
    """The exact (conservative) interval of x successes in n independent trials."""
    if n == 0:
        return None
    tail = (1 - level) / 2
    low = 0.0 if x == 0 else quantiles.beta(tail, x, n - x + 1)
    high = 1.0 if x == n else quantiles.beta(1 - tail, x + 1, n - x)
    return low, high


def standard_error(scores: Floats) -> float | None:
    """The standard error of the mean of independent scores; None below two scores."""
    if scores.size < 2:
        return None
    return float(scores.std(ddof=1) / math.sqrt(scores.size))


def icc(c: Ints, n: Ints) -> float | None:
    """ICC_1 of pass/fail trials in tasks: the share of variance that lies between tasks.

    The one-way ANOVA estimator with unequal group sizes (Donner 1986): (B - W) / (B + (m - 1) W)
    with mean squares B and W and m = (N - sum n^2 / N) / (tasks - 1). It can be below 0. None with
    fewer than two tasks, no task with two trials, or no variance at all.
    """
    c, n = c[n > 0], n[n > 0]
    tasks, total = c.size, int(n.sum())
    if tasks < 2 or total == tasks:
        return None
    between = float((n * (c / n - c.sum() / total) ** 2).sum()) / (tasks - 1)
    within = float((c * (n - c) / n).sum()) / (total - tasks)
    size = (total - float((n**2).sum()) / total) / (tasks - 1)
    spread = between + (size - 1) * within
    return None if spread == 0 else (between - within) / spread


@lru_cache(maxsize=8)
def resampled_weights(units: int, seed: int = 0, draws: int = BOOTSTRAPS) -> Ints:
    """How often each unit is drawn in each bootstrap sample, shape (draws, units).

    Kept for reuse, and read-only: every group with as many units draws the same samples.
    """
    drawn = np.random.default_rng(seed).multinomial(units, np.full(units, 1 / units), size=draws)
    drawn.flags.writeable = False
    return drawn


def unit_sums(
    values: Floats, units: npt.NDArray[np.generic]
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """The sum and the number of the values in each unit (tasks of one base task are one unit)."""
    _, index = np.unique(units, return_inverse=True)
    sums = np.bincount(index, weights=values).astype(np.float64)
    return sums, np.bincount(index).astype(np.int64)


def task_bootstrap(
    values: Floats, units: npt.NDArray[np.generic], level: float = 0.95, seed: int = 0
) -> Interval | None:
    """The percentile interval of a mean over tasks when whole units are drawn again.

    None below two units, or when all samples agree (a width of zero is not certainty).
    """
    sums, sizes = unit_sums(values, units)
    if sums.size < 2:
        return None
    drawn = resampled_weights(sums.size, seed)
    return _percentiles((drawn @ sums) / (drawn @ sizes), level)


def ratio_bootstrap(
    top: Floats,
    bottom: Floats,
    units: npt.NDArray[np.generic],
    level: float = 0.95,
    seed: int = 0,
) -> Interval | None:
    """The percentile interval of sum(top) / sum(bottom), entries paired by task, units redrawn.

    None below two units, when a sample has nothing in the bottom, or when all samples agree.
    """
    tops, _ = unit_sums(top, units)
    bottoms, _ = unit_sums(bottom, units)
    if tops.size < 2:
        return None
    drawn = resampled_weights(tops.size, seed)
    below = drawn @ bottoms
    if not (below > 0).all():
        return None
    return _percentiles((drawn @ tops) / below, level)


def _percentiles(samples: Floats, level: float) -> Interval | None:
    low, high = np.quantile(samples, [(1 - level) / 2, (1 + level) / 2])
    return None if math.isclose(low, high, rel_tol=1e-9) else (float(low), float(high))
