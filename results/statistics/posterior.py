"""The interval of pass^k: a posterior over tasks that differ in difficulty.

Each task has its own chance p of passing. Over tasks p follows a beta distribution with a mean and
an intra-class correlation (ICC), on both of which the prior is flat; with a prior chance of one
half a share of the tasks beside it is hopeless (p = 0) or certain (p = 1), flat on the share.
Without that second half the interval covers 35% where 3 of 10 tasks are hopeless and the others
are alike: tasks that no attempt passes are common, and no beta distribution holds them. Population
pass^k is E[p^k], so its posterior comes from averaging over a grid. Raising an interval of p to
the power k ignores that tasks differ and covers almost never: it is not offered.

`python -m tests.bench.coverage` shows how well it covers in each of its cells: lowest where
nearly all pass. Half of the tasks hopeless and the others all at .6, which no population of the
grid is like, is covered 92% for pass^8 (where the truth is .008).
"""

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MEAN_POINTS = 160
ICC_POINTS = 40
MOST_STEPS = 12
"""Above so many factors the gamma function is quicker than their product."""

SHARES = tuple(tenths / 10 for tenths in range(1, 10))
"""Shares of hopeless, or of certain, tasks that the grid knows besides none."""


@dataclass(frozen=True)
class Posterior:
    """Draw-free posterior of one number: `values` ascending with `weights` that sum to 1."""

    values: Floats
    weights: Floats

    def mean(self) -> float:
        return float(self.values @ self.weights)

    def quantile(self, at: float | Floats) -> Floats:
        """The value below which a share `at` of the weight lies, interpolated between points."""
        middle = np.cumsum(self.weights) - self.weights / 2
        return np.interp(np.asarray(at, dtype=np.float64), middle, self.values)

    def interval(self, level: float = 0.95, estimate: float | None = None) -> tuple[float, float]:
        """The equal-tailed interval that holds `level` of the weight, reaching to the `estimate`.

        Where nothing or all passed, equal tails leave out the estimate itself: the limit there is
        then 0 or 1, as in the Jeffreys interval (Brown, Cai and DasGupta 2001, section 4.1.2).
        Reaching further can only cover more often.
        """
        low, high = self.quantile(np.array([(1 - level) / 2, (1 + level) / 2]))
        if estimate is None:
            return float(low), float(high)
        return min(float(low), estimate), max(float(high), estimate)


@dataclass(frozen=True)
class Grid:
    """Populations of tasks: beta shapes `a` and `b`, shares at p = 0 and p = 1, log prior."""

    a: Floats
    b: Floats
    hopeless: Floats
    certain: Floats
    log_prior: Floats

    def pass_k(self, k: int) -> Floats:
        """E[p^k] of each population."""
        value = np.ones_like(self.a)
        for drawn in range(k):
            value *= (self.a + drawn) / (self.a + self.b + drawn)
        return (1 - self.hopeless - self.certain) * value + self.certain


@cache
def grid() -> Grid:
    """Every population that the posterior weighs; those without shares come first.

    Means and ICCs are the squared sine of equal angles: close together near 0 and 1, where a
    posterior from many passes or from tasks all alike is narrow. The prior undoes the spacing.
    """
    mean, mean_weight = _squared_sines(MEAN_POINTS)
    icc, icc_weight = _squared_sines(ICC_POINTS)
    spread = ((1 - icc) / icc)[None, :]
    shares = [(0.0, 0.0), *((x, 0.0) for x in SHARES), *((0.0, x) for x in SHARES)]
    prior = np.repeat([0.5, 0.25 / len(SHARES)], [1, 2 * len(SHARES)])
    flat = np.outer(mean_weight, icc_weight).ravel()
    return Grid(
        a=np.tile((mean[:, None] * spread).ravel(), len(shares)),
        b=np.tile(((1 - mean)[:, None] * spread).ravel(), len(shares)),
        hopeless=np.repeat([x for x, _ in shares], flat.size),
        certain=np.repeat([x for _, x in shares], flat.size),
        log_prior=np.log(np.outer(prior, flat)).ravel(),
    )


def _squared_sines(points: int) -> tuple[Floats, Floats]:
    edges = np.sin(np.linspace(0, np.pi / 2, points + 1)) ** 2
    return (edges[1:] + edges[:-1]) / 2, np.diff(edges)


@lru_cache(maxsize=64)
def log_likelihood(passes: int, trials: int) -> Floats:
    """Log chance of one order of `passes` in `trials` of a task, at each point of the grid."""
    points = grid()
    rises = [
        log_rise(shape, count)
        for shape, count in (
            (points.a, passes),
            (points.b, trials - passes),
            (points.a + points.b, trials),
        )
    ]
    chance = (1 - points.hopeless - points.certain) * np.exp(rises[0] + rises[1] - rises[2])
    if passes == 0:
        chance = chance + points.hopeless
    if passes == trials:
        chance = chance + points.certain
    found: Floats = np.log(np.maximum(chance, 1e-300))
    found.flags.writeable = False
    return found


def log_rise(shape: Floats, count: int) -> Floats:
    """log(shape (shape+1) ... (shape+count-1))."""
    if count > MOST_STEPS:
        return gammaln(shape + count) - gammaln(shape)
    total = np.zeros_like(shape)
    for step in range(count):
        total += np.log(shape + step)
    return total


def grid_weights(c: Ints, n: Ints, information: float = 1.0) -> Floats:
    """Posterior weight of each grid point after c passes of n trials in each task.

    `information` counts each task as so many tasks: below 1 for tasks that are settings of one
    base task and so are not independent, above 1 to ask what more tasks like these would show.
    With one trial a task, hopeless tasks cannot be told from hard ones: no shares then.
    """
    points = grid()
    weight = points.log_prior.copy()
    pairs, repeats = np.unique(np.stack([c, n], axis=1), axis=0, return_counts=True)
    for (passes, trials), times in zip(pairs.tolist(), repeats.tolist(), strict=True):
        weight += information * times * log_likelihood(passes, trials)
    if int(n.max(initial=0)) == 1:
        weight[points.hopeless + points.certain > 0] = -np.inf
    weight -= weight.max()
    # Weights near the least that a float can hold are slow to reckon with, and count for nothing.
    weight[weight < -600] = -np.inf
    weight = np.exp(weight)
    return weight / weight.sum()


@lru_cache(maxsize=32)
def ascending(k: int) -> tuple[Floats, npt.NDArray[np.intp]]:
    values = grid().pass_k(k)
    order = np.argsort(values, kind="stable")
    return values[order], order


def pass_k_posterior(c: Ints, n: Ints, k: int = 1, information: float = 1.0) -> Posterior | None:
    """The posterior of population pass^k from passes `c` of trials `n`, one entry a task.

    Tasks without trials are left out. Fewer than two tasks say nothing about how tasks differ, and
    no posterior is given (None).
    """
    kept = n > 0
    if int(kept.sum()) < 2:
        return None
    values, order = ascending(k)
    return Posterior(values, grid_weights(c[kept], n[kept], information)[order])
