"""Where the variance of a result comes from: tasks that differ, or trials of one task that do.

With the two apart, one can say what more tasks would bring and what more trials would, for one rate
(ICC) and for a paired difference of pass^k.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, sqrt

import numpy as np
import numpy.typing as npt

from results.statistics.differences import all_pass, unit_means
from results.statistics.intervals import Floats, Ints
from results.statistics.posterior import grid, grid_weights

NEARLY_AS_GOOD = 0.8
"""Twice the trials count as good as twice the tasks from this share of their narrowing on."""


def within(moments: Sequence[float] | Floats, k: int, trials: int) -> float:
    """The variance that trials alone give the unbiased pass^k of one task, averaged over tasks.

    `moments` are E[p^j] for j from 0 to 2k. Two draws of k of n trials share j of them with chance
    C(k,j) C(n-k,k-j) / C(n,k), and then all pass with chance p^(2k-j).
    """
    shared = [
        comb(k, j) * comb(trials - k, k - j) / comb(trials, k) * moments[2 * k - j]
        for j in range(k + 1)
    ]
    return max(float(sum(shared)) - float(moments[2 * k]), 0.0)


def moments(c: Ints, n: Ints, upto: int) -> Floats:
    """E[p^j] for j from 0 to `upto`: posterior means over the grid of populations."""
    weights = grid_weights(c, n)
    return np.array([1.0, *(float(weights @ grid().pass_k(j)) for j in range(1, upto + 1))])


@dataclass(frozen=True)
class Spread:
    """The variance of one task's gain in pass^k: what tasks give, and what trials add to it.

    `between` is the variance of true gains; `sides` the moments of each topology's rates.
    """

    k: int
    between: float
    sides: tuple[Floats, Floats]

    def variance(self, trials: int) -> float:
        """The variance of the observed gain of a task at so many trials on each side."""
        return self.between + sum(within(side, self.k, trials) for side in self.sides)

    def left(self, trials: int, times: int) -> float:
        """The share of the standard deviation that so many times the trials leave."""
        now = self.variance(trials)
        return sqrt(self.variance(trials * times) / now) if now > 0 else 1.0


def paired_spread(
    first: tuple[Ints, Ints], second: tuple[Ints, Ints], units: npt.NDArray[np.generic], k: int
) -> Spread | None:
    """The spread of gains as a pilot shows it; None below two units with k trials on both sides.

    The variance of observed gains less what trials explain of it is left to the tasks, at least 0.
    Tasks of one unit are averaged, and count as one task with their trials.
    """
    kept = (first[1] >= k) & (second[1] >= k)
    sides = [(c[kept], n[kept]) for c, n in (first, second)]
    gains = np.subtract(*(all_pass(c, n, k) for c, n in sides))
    if np.unique(units[kept]).size < 2:
        return None
    found = [moments(c, n, 2 * k) for c, n in sides]
    noise = np.array(
        [
            sum(within(side, k, int(n[task])) for side, (_, n) in zip(found, sides, strict=True))
            for task in range(gains.size)
        ]
    )
    _, sizes = np.unique(units[kept], return_counts=True)
    observed = float(unit_means(gains, units[kept]).var(ddof=1))
    explained = float((unit_means(noise, units[kept]) / sizes).mean())
    return Spread(k, max(observed - explained, 0.0), (found[0], found[1]))


@dataclass(frozen=True)
class Split:
    """What more tasks or more trials would do for the error of one rate."""

    icc: float
    trials: float
    from_tasks: float
    twice_the_tasks: float
    twice_the_trials: float

    @property
    def advice(self) -> str:
        """Whether to add tasks or trials."""
        if self.twice_the_trials >= NEARLY_AS_GOOD * self.twice_the_tasks:
            return "either: trials do nearly as much"
        return "tasks"

    @property
    def sentence(self) -> str:
        """The same with the numbers it rests on."""
        return (
            f"{100 * self.from_tasks:.0f}% of the error lies between tasks at {self.trials:g} "
            f"trials each (ICC {self.icc:.2f}): twice the tasks narrow the interval by "
            f"{100 * self.twice_the_tasks:.0f}%, twice the trials by "
            f"{100 * self.twice_the_trials:.0f}%; to add: {self.advice}."
        )


def split(icc: float | None, trials: float) -> Split | None:
    """The split of the error of a mean over tasks of `trials` each; an ICC below 0 counts as 0.

    The variance of a task's mean is in proportion to ICC + (1 - ICC) / trials. None without an ICC.
    """
    if icc is None or trials < 1:
        return None
    tied = min(max(icc, 0.0), 1.0)
    now, doubled = (tied + (1 - tied) / n for n in (trials, 2 * trials))
    return Split(icc, trials, tied / now, 1 - sqrt(0.5), 1 - sqrt(doubled / now))
