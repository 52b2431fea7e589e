"""Fits success as a logistic of log2 length, many weightings of the same tasks at once.

ln(p / (1 - p)) = intercept + slope x log2(length), by weighted maximum likelihood (METR, arXiv
2503.14499, section 4.1). Each row of weights is a fit of its own: the sample, or a bootstrap of it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from results.statistics import quantiles
from results.statistics.intervals import resampled_weights

Floats = npt.NDArray[np.float64]
Units = npt.NDArray[np.generic]

RIDGE = 1e-4
"""Of the total weight, on the slope: where lengths part what passed from what failed there is no
greatest likelihood, and this makes the slope finite."""
DRAWS = 1000
MOST, HALVINGS = 100, 30
MOVE = 5.0
CLOSE = 1e-10


@dataclass(frozen=True)
class Tasks:
    """One entry a task: log2 of its minutes, the share of its trials that passed, its weight."""

    log_minutes: Floats
    passed: Floats
    weight: Floats
    family: Units

    @property
    def one_sided(self) -> bool:
        """Whether all passed or all failed, so that nothing tells a length from another."""
        return bool((self.passed == 1).all() or (self.passed == 0).all())


def family_weights(family: Units) -> Floats:
    """The weight of each task: 1 over the root of the number of tasks in its family (METR, 4.1)."""
    _, index, sizes = np.unique(family, return_inverse=True, return_counts=True)
    return 1 / np.sqrt(sizes[index].astype(np.float64))


def fitted(tasks: Tasks, draws: Floats | None = None) -> tuple[Floats, Floats]:
    """Intercept and slope for each row of `draws`, how often each task counts (default: once).

    By Newton's method, a step halved while it goes too far. A row in which all passed has
    the intercept infinity, one in which all failed minus infinity, with slope nan.
    """
    draws = np.ones((1, tasks.weight.size)) if draws is None else draws
    weight = draws * tasks.weight
    total = weight.sum(axis=1)
    centre = (weight @ tasks.log_minutes / total)[:, None]
    x = tasks.log_minutes - centre
    share = weight @ tasks.passed / total
    rate = np.clip(share, 1e-6, 1 - 1e-6)
    at = np.stack([np.log(rate / (1 - rate)), np.zeros(rate.size)])
    ridge = RIDGE * total

    def lost(at: Floats) -> Floats:
        eta = at[0][:, None] + at[1][:, None] * x
        told = np.logaddexp(0, eta) - tasks.passed * eta
        return (weight * told).sum(axis=1) + ridge * at[1] ** 2 / 2

    best = lost(at)
    for _ in range(MOST):
        moves = _newton(at, x, weight, tasks.passed, ridge)
        tried = lost(at + moves)
        for _ in range(HALVINGS):
            worse = tried > best + CLOSE
            if not worse.any():
                break
            moves = np.where(worse, moves / 2, moves)
            tried = lost(at + moves)
        at, gained = at + np.where(tried <= best + CLOSE, moves, 0), best - np.minimum(tried, best)
        best = best - gained
        if gained.max() < CLOSE:
            break
    level, slope = at
    intercept = level - slope * centre[:, 0]
    none, every = share <= 1e-12, share >= 1 - 1e-12
    return (
        np.where(every, np.inf, np.where(none, -np.inf, intercept)),
        np.where(every | none, np.nan, slope),
    )


def _newton(at: Floats, x: Floats, weight: Floats, passed: Floats, ridge: Floats) -> Floats:
    """Newton's step of each row, level and slope."""
    chance = 1 / (1 + np.exp(-np.clip(at[0][:, None] + at[1][:, None] * x, -35, 35)))
    residual = weight * (passed - chance)
    information = weight * np.maximum(chance * (1 - chance), 1e-12)
    first, second = residual.sum(axis=1), (residual * x).sum(axis=1) - ridge * at[1]
    a, b = information.sum(axis=1), (information * x).sum(axis=1)
    c = (information * x * x).sum(axis=1) + ridge
    spread = np.maximum(a * c - b * b, 1e-300)
    step = np.stack([(c * first - b * second) / spread, (a * second - b * first) / spread])
    return step / np.maximum(np.abs(step).max(axis=0) / MOVE, 1)


def log_lengths(intercept: Floats, slope: Floats, success: float) -> Floats:
    """log2 of the minutes at which the chance is `success`.

    Infinity (minus) where all passed (failed); nan where success does not fall with length.
    """
    logit = np.log(success / (1 - success))
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(slope < 0, (logit - intercept) / slope, np.nan)
    return np.where(np.isinf(intercept), intercept, found)


def percentiles(samples: Floats, families: int) -> tuple[float, float]:
    """The 95% interval of bootstrap samples: percentiles, expanded for so few families.

    Plain percentiles are too narrow by the root of n / (n - 1) and by the normal quantile in place
    of Student's (Hesterberg, The American Statistician 69, 2015, section 4.6). Infinite ends stay.
    """
    reach = quantiles.student(0.975, families - 1) * (families / (families - 1)) ** 0.5
    tail = quantiles.normal_below(-reach)
    low, high = np.quantile(samples, [tail, 1 - tail], method="nearest")
    return float(low), float(high)


def family_draws(family: Units, known: Units, seed: int = 0) -> Floats:
    """How often each task counts when whole families are drawn again, shape (draws, tasks).

    The families drawn from are all that are `known`, so that groups of one run share their draws.
    """
    names = np.unique(known)
    drawn = resampled_weights(names.size, seed, DRAWS)
    return drawn[:, np.searchsorted(names, family)].astype(np.float64)
