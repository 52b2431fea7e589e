"""How often the paired interval of the kit finds a difference, in samples from known populations.

The interval is that of `results.statistics.differences`, for many samples at once: a test holds the
two to each other.
"""

import numpy as np
import numpy.typing as npt

from results.statistics import quantiles
from results.statistics.differences import FEW, all_pass
from results.statistics.intervals import Floats, Ints
from results.statistics.populations import Population, paired_ranks
from results.statistics.posterior import grid, log_likelihood

FAR = 50.0
"""Grid points whose log weight lies so far below the largest are left out."""

AT_ONCE = 4_000_000
"""Weights that are held at a time."""

REPEATS = 1000


def simulated_power(
    sides: tuple[Population, Population],
    alike: float,
    tasks: int,
    trials: int,
    k: int = 1,
    alpha: float = 0.05,
    repeats: int = REPEATS,
    seed: int = 1,
) -> float:
    """The share of samples from (reference, other) whose 1 - alpha interval leaves out 0."""
    rng = np.random.default_rng([seed, tasks, trials, k])
    ranks = paired_ranks(rng, (repeats, tasks), alike)
    base, other = (
        rng.binomial(trials, side.at(rank)).astype(np.int64)
        for side, rank in zip(sides, ranks, strict=True)
    )
    return float(leaves_out_zero(other, base, trials, k, 1 - alpha).mean())


def leaves_out_zero(
    first: Ints, second: Ints, trials: int, k: int, level: float
) -> npt.NDArray[np.bool_]:
    """For each row, whether the interval of the difference of pass^k leaves out 0.

    `first` and `second` have a row a sample and a column a task: passes of so many `trials`.
    """
    n = np.full(first.shape, trials, dtype=np.int64)
    means = [all_pass(c, n, k) for c in (first, second)]
    gains = means[0] - means[1]
    tasks = gains.shape[1]
    centre, error = gains.mean(axis=1), gains.std(axis=1, ddof=1) / np.sqrt(tasks)
    found: npt.NDArray[np.bool_] = np.abs(centre) > (
        quantiles.student((1 + level) / 2, tasks - 1) * error
    )
    fourth = (gains**4).sum(axis=1)
    carried = (gains**2).sum(axis=1) ** 2 / np.maximum(fourth, 1e-24)
    doubted = np.flatnonzero(found & ((carried < FEW) | (np.ptp(gains, axis=1) < 1e-12)))
    if doubted.size:
        one, other = (_limits(c[doubted], trials, k, level) for c in (first, second))
        tied = _correlations(means[0][doubted], means[1][doubted]) * (tasks - 2) / tasks
        apart = one[:, 0] - other[:, 0]
        down = _added(one[:, 0] - one[:, 1], other[:, 2] - other[:, 0], tied)
        up = _added(one[:, 2] - one[:, 0], other[:, 0] - other[:, 1], tied)
        upwards = centre[doubted] > 0
        found[doubted] = np.where(upwards, apart - down > 0, apart + up < 0)
    return found


def _added(one: Floats, other: Floats, tied: Floats) -> Floats:
    return np.sqrt(np.maximum(one**2 + other**2 - 2 * tied * one * other, 0.0))


def _correlations(first: Floats, second: Floats) -> Floats:
    """Pearson's correlation of each row, 0 for a negative one and where either does not vary."""
    spread = first.std(axis=1) * second.std(axis=1)
    one, other = (side - side.mean(axis=1, keepdims=True) for side in (first, second))
    tied = (one * other).mean(axis=1) / np.maximum(spread, 1e-12)
    return np.where(spread < 1e-12, 0.0, np.clip(tied, 0.0, 1.0))


def _limits(passes: Ints, trials: int, k: int, level: float) -> Floats:
    """Mean, lower and upper limit of the posterior of pass^k for each row of `passes`."""
    rows = passes.shape[0]
    places: Ints = np.arange(rows, dtype=np.int64)[:, None] * (trials + 1) + passes
    seen = np.bincount(places.ravel(), minlength=rows * (trials + 1)).reshape(rows, trials + 1)
    points = grid()
    values = points.pass_k(k)
    order = np.argsort(values, kind="stable")
    if trials == 1:
        order = order[(points.hopeless + points.certain)[order] == 0]
    likelihood = np.stack([log_likelihood(c, trials)[order] for c in range(trials + 1)])
    prior = points.log_prior[order]
    # Points that are far off for every row, judged by its own weights, hold nothing.
    kept = np.zeros(order.size, dtype=np.bool_)
    size = max(1, AT_ONCE // order.size)
    for start in range(0, rows, size):
        weight = prior + seen[start : start + size] @ likelihood
        kept |= (weight > weight.max(axis=1, keepdims=True) - FAR).any(axis=0)
        if kept.all():
            break
    values, likelihood, prior = values[order][kept], likelihood[:, kept], prior[kept]
    ends = np.array([(1 - level) / 2, (1 + level) / 2])
    found = np.empty((rows, 3))
    size = max(1, AT_ONCE // values.size)
    for start in range(0, rows, size):
        weight = prior + seen[start : start + size] @ likelihood
        weight = np.exp(weight - weight.max(axis=1, keepdims=True))
        weight /= weight.sum(axis=1, keepdims=True)
        middle = np.cumsum(weight, axis=1) - weight / 2
        found[start : start + size, 0] = weight @ values
        for row, at in enumerate(middle, start=start):
            found[row, 1:] = np.interp(ends, at, values)
    return found
