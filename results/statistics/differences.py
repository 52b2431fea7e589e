"""How sure a difference between two topologies is, when both did the same tasks.

The unit is the base task: what one topology gains over the other on it, averaged over its
settings. The interval is Student's t over units. Where a few units carry the whole difference it
is too narrow (it covered 66% for pass^4 of 12 tasks at rates of .1 and .3): it is then widened, on
each side, to what the two posteriors of pass^k allow when they are put together with the
correlation of the tasks. That also gives an interval where all units differ alike or not at all,
so that none has a width of zero. `python -m tests.bench.coverage` shows how well it covers.

Where both rates are equal and near 1 it covers always, and so has less power than it might: at .97
on 12 tasks of 8 trials it is 27 points wide, t alone 12. Taking tasks with equal counts as tied
makes that 22, and covers 90% in place of 99% of pass^4 at rates of .9 and .97 (ICC .7); the
posteriors alone, without t, are no narrower there. So the power stays lost.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from results.statistics import quantiles
from results.statistics.intervals import Floats, Ints, unit_sums
from results.statistics.posterior import pass_k_posterior

FEW = 6.0
"""Below so many units behind a difference (see `carried_by`), their spread says too little."""


@dataclass(frozen=True)
class Difference:
    """The mean paired difference with its interval, and the kind of interval."""

    estimate: float | None
    low: float | None
    high: float | None
    kind: str | None
    units: int


def paired_difference(
    first: tuple[Ints, Ints],
    second: tuple[Ints, Ints],
    units: npt.NDArray[np.generic],
    k: int = 1,
    level: float = 0.95,
) -> Difference:
    """Pass^k of `first` minus `second`, each (c, n) with one entry a task in the same order.

    Only tasks with at least k trials on both sides take part; entries with equal `units` are one
    unit. Below two units there is no interval.
    """
    kept = (first[1] >= k) & (second[1] >= k)
    one, other = ((c[kept], n[kept]) for c, n in (first, second))
    if one[0].size == 0:
        return Difference(None, None, None, None, 0)
    means = [unit_means(all_pass(c, n, k), units[kept]) for c, n in (one, other)]
    gains = means[0] - means[1]
    estimate = float(gains.mean())
    if gains.size < 2:
        return Difference(estimate, None, None, None, int(gains.size))
    low, high, kind = limits((one, other), (means[0], means[1]), k, level)
    return Difference(estimate, low, high, kind, int(gains.size))


def limits(
    counts: tuple[tuple[Ints, Ints], tuple[Ints, Ints]],
    means: tuple[Floats, Floats],
    k: int,
    level: float,
    times: float = 1.0,
    narrower: float = 1.0,
) -> tuple[float, float, str]:
    """The interval of the mean of the differences of two `means`, one a unit, and its kind.

    `counts` are those of tasks. To ask what a larger run would show, `times` gives so many times
    the units, alike, and `narrower` what is left of the standard deviation of their differences.
    """
    gains = means[0] - means[1]
    low, high = t_interval(gains, level, times, narrower)
    if times * carried_by(gains) < FEW or float(np.ptp(gains)) < 1e-12:
        wide = posteriors_paired(counts, means, k, level, times)
        if wide is not None and (wide[0] < low or wide[1] > high):
            return min(low, wide[0]), max(high, wide[1]), "paired t, widened"
    return low, high, "paired t"


def carried_by(gains: Floats) -> float:
    """How many units carry the squared gains: (sum g^2)^2 / sum g^4; 0 without a gain."""
    fourth = float((gains**4).sum())
    return 0.0 if fourth < 1e-24 else float((gains**2).sum()) ** 2 / fourth


def posteriors_paired(
    counts: tuple[tuple[Ints, Ints], tuple[Ints, Ints]],
    means: tuple[Floats, Floats],
    k: int,
    level: float,
    times: float = 1.0,
) -> tuple[float, float] | None:
    """The interval of a difference of pass^k from the posterior of each side.

    Each side's distances from posterior mean to limits are added as squares, less twice their
    product with the correlation of the unit `means` (Newcombe 1998; Zou and Donner 2008), which is
    taken as 0 where negative and shrunk for few units. None below two tasks. Each unit counts
    as so many `times` itself.
    """
    units = means[0].size * times
    sides = [pass_k_posterior(c, n, k, units / c.size) for c, n in counts]
    if sides[0] is None or sides[1] is None:
        return None
    (one, (low1, high1)), (other, (low2, high2)) = (
        (side.mean(), side.interval(level)) for side in sides if side is not None
    )
    tied = correlation(*means) * (units - 2) / units
    down = _added(one - low1, high2 - other, tied)
    up = _added(high1 - one, other - low2, tied)
    return max(one - other - down, -1.0), min(one - other + up, 1.0)


def _added(one: float, other: float, tied: float) -> float:
    return math.sqrt(max(one**2 + other**2 - 2 * tied * one * other, 0.0))


def correlation(first: Floats, second: Floats) -> float:
    """Pearson's correlation, with 0 for a negative one and where either does not vary."""
    spread = float(first.std() * second.std())
    if spread < 1e-12:
        return 0.0
    together = float(((first - first.mean()) * (second - second.mean())).mean())
    return min(max(together / spread, 0.0), 1.0)


def unit_means(values: Floats, units: npt.NDArray[np.generic]) -> Floats:
    """The mean of the values in each unit, in the order of the sorted units."""
    sums, sizes = unit_sums(values, units)
    return sums / sizes


def all_pass(c: Ints, n: Ints, k: int) -> Floats:
    """C(c,k)/C(n,k) for each entry; n must be at least k."""
    share = np.ones(c.shape, dtype=np.float64)
    for drawn in range(k):
        share *= np.maximum(c - drawn, 0) / (n - drawn)
    return share


def t_interval(
    gains: Floats, level: float = 0.95, times: float = 1.0, narrower: float = 1.0
) -> tuple[float, float]:
    """Student's t interval of a mean of paired differences, kept within -1 to 1.

    With so many `times` the differences, and what is left of their deviation, as in `limits`.
    """
    size = gains.size * times
    error = float(gains.std()) * narrower / math.sqrt(size - 1)
    half = quantiles.student((1 + level) / 2, size - 1) * error
    centre = float(gains.mean())
    return max(centre - half, -1.0), min(centre + half, 1.0)
