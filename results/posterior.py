"""The interval of pass^k: a beta-binomial posterior over tasks that differ in difficulty.

Each task has its own chance p of passing; over tasks p follows a beta distribution with a mean and
an intra-class correlation (ICC), on both of which the prior is flat. Population pass^k is E[p^k]
under that beta, so its posterior comes from averaging over a grid of (mean, ICC). Raising an
interval of p to the power k ignores that tasks differ and covers almost never: it is not offered.

Simulated over means .1 to .97, ICC .15 to .7, 12 to 50 tasks x 4 or 8 trials and k of 1 and 4 (144
settings, 250 runs each), the 95% interval covered 95.2% on average, 92 to 98% in nine of ten
settings, and at least 86% (12 tasks x 4 trials, mean .97, ICC .7).
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MEAN_POINTS = 240
ICC_POINTS = 96


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

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """The equal-tailed interval that holds `level` of the weight."""
        low, high = self.quantile(np.array([(1 - level) / 2, (1 + level) / 2]))
        return float(low), float(high)


@cache
def _grid() -> tuple[Floats, Floats, Floats]:
    """Shapes a and b of the beta and the prior weight at each point of the grid.

    Points are the squared sine of equal angles: close together near 0 and 1, where a posterior
    from many passes or from tasks all alike is narrow. The weights undo the spacing, so that the
    prior stays flat on mean and ICC.
    """
    mean, mean_weight = _squared_sines(MEAN_POINTS)
    icc, icc_weight = _squared_sines(ICC_POINTS)
    spread = ((1 - icc) / icc)[None, :]
    a = (mean[:, None] * spread).ravel()
    b = ((1 - mean)[:, None] * spread).ravel()
    return a, b, np.log(np.outer(mean_weight, icc_weight)).ravel()


def _squared_sines(points: int) -> tuple[Floats, Floats]:
    edges = np.sin(np.linspace(0, np.pi / 2, points + 1)) ** 2
    return (edges[1:] + edges[:-1]) / 2, np.diff(edges)


def grid_weights(c: Ints, n: Ints, information: float = 1.0) -> Floats:
    """Posterior weight of each grid point after c passes of n trials in each task.

    `information` below 1 counts each task as that share of a task: for tasks that are settings of
    one base task and so are not independent of each other.
    """
    a, b, log_weight = _grid()
    log_weight = log_weight.copy()
    pairs, repeats = np.unique(np.stack([c, n], axis=1), axis=0, return_counts=True)
    most = int(n.max(initial=0))
    rises = [_log_rises(shape, most) for shape in (a, b, a + b)]
    for (passes, total), times in zip(pairs.tolist(), repeats.tolist(), strict=True):
        likelihood = rises[0][passes] + rises[1][total - passes] - rises[2][total]
        log_weight += information * times * likelihood
    weight = np.exp(log_weight - log_weight.max())
    return weight / weight.sum()


def _log_rises(shape: Floats, most: int) -> Floats:
    """Row m is log(shape (shape+1) ... (shape+m-1)), for m from 0 to `most`."""
    steps = np.log(shape[None, :] + np.arange(most)[:, None])
    return np.concatenate([np.zeros((1, shape.size)), np.cumsum(steps, axis=0)])


def pass_k_posterior(c: Ints, n: Ints, k: int = 1, information: float = 1.0) -> Posterior | None:
    """The posterior of population pass^k from passes `c` of trials `n`, one entry a task.

    Tasks without trials are left out. Fewer than two tasks say nothing about how tasks differ, and
    no posterior is given (None).
    """
    kept = n > 0
    if int(kept.sum()) < 2:
        return None
    weights = grid_weights(c[kept], n[kept], information)
    a, b, _ = _grid()
    values = np.ones_like(a)
    for drawn in range(k):
        values *= (a + drawn) / (a + b + drawn)
    order = np.argsort(values, kind="stable")
    return Posterior(values[order], weights[order])


def difference(first: Posterior, second: Posterior, points: int = 400) -> Posterior:
    """The posterior of first minus second when nothing ties the two together.

    Both are cut into `points` equally likely values, and every pair is one value of the difference.
    """
    at = (np.arange(points) + 0.5) / points
    values = np.sort(np.subtract.outer(first.quantile(at), second.quantile(at)), axis=None)
    return Posterior(values, np.full(values.size, 1 / values.size))
