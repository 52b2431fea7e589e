"""What would settle a question that is open: how many more tasks, or trials, in most runs."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from results.questions.verdict.harms import Harm
from results.rules import NOT_ENOUGH
from results.statistics import quantiles
from results.statistics.differences import limits
from results.statistics.intervals import Floats, Ints
from results.statistics.spread import Spread

TASK_FACTORS = (1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9, 10)
TRIAL_FACTORS = (2, 3, 4, 6, 8, 10)

LUCK = 1.28
"""Standard errors that the luck of a difference keeps within in four runs of five, either way.

Where true rates were drawn from those seen, tasks settled it as told in two runs of three.
"""

Limits = tuple[float, float, float | None, float | None, tuple[Harm, ...]]


@dataclass(frozen=True)
class Evidence:
    """What is projected: the difference and its spread, the cost ratio's interval, the harms.

    `counts` are passes and trials of each task in both topologies, `means` pass^k of each base
    task, `trials` the fewest that a task had.
    """

    counts: tuple[tuple[Ints, Ints], tuple[Ints, Ints]]
    means: tuple[Floats, Floats]
    spread: Spread
    tasks: int
    trials: int
    level: float
    cost: tuple[float, float, float] | None
    harms: tuple[Harm, ...]

    def grown(self, tasks: float = 1, trials: int = 1) -> Limits:
        """The limits that so many times the tasks and trials would give, luck allowed for.

        The true rates are taken to be those seen. A new run would see others by luck, so the limits
        of difference and cost lie LUCK standard errors further out than they do on average. More
        trials are taken to leave the cost interval as it is, which is careful.
        """
        many = max(2, math.ceil(self.tasks * tasks))
        first, second = ((c * trials, n * trials) for c, n in self.counts)
        low, high, _ = limits(
            (first, second),
            self.means,
            self.spread.k,
            self.level,
            many / self.tasks,
            self.spread.left(self.trials, trials),
        )
        at = (1 + self.level) / 2
        student = quantiles.student(at, many - 1)
        luck = 1 + LUCK / student
        centre = float((self.means[0] - self.means[1]).mean())
        cost_low = cost_high = None
        if self.cost is not None:
            ratio, *ends = self.cost
            now = quantiles.student(at, self.tasks - 1)
            wide = luck * student / now * math.sqrt(self.tasks / many)
            # A ratio of 0, or an infinite one, has no distance to its limits: they stay.
            apart = 0 < ratio < math.inf
            cost_low, cost_high = (ratio * (end / ratio) ** wide if apart else end for end in ends)
        return (
            centre - luck * (centre - low),
            centre + luck * (high - centre),
            cost_low,
            cost_high,
            tuple(harm.grown(many / self.tasks, trials, self.level) for harm in self.harms),
        )


@dataclass(frozen=True)
class Settling:
    """The first number of tasks, and of trials, that would settle it, and to which verdict."""

    tasks: int | None
    to_by_tasks: str | None
    trials: int | None
    to_by_trials: str | None


def settled_by(evidence: Evidence, decided: Callable[[Limits], str]) -> Settling:
    """The least growth up to ten times, of tasks alone and of trials alone, that decides."""
    by_tasks = _first(((factor, evidence.grown(tasks=factor)) for factor in TASK_FACTORS), decided)
    by_trials = _first(
        ((factor, evidence.grown(trials=factor)) for factor in TRIAL_FACTORS), decided
    )
    return Settling(
        tasks=None if by_tasks is None else math.ceil(by_tasks[0] * evidence.tasks),
        to_by_tasks=None if by_tasks is None else by_tasks[1],
        trials=None if by_trials is None else round(by_trials[0] * evidence.trials),
        to_by_trials=None if by_trials is None else by_trials[1],
    )


def _first(
    tries: Iterable[tuple[float, Limits]], decided: Callable[[Limits], str]
) -> tuple[float, str] | None:
    for factor, projected in tries:
        word = decided(projected)
        if word != NOT_ENOUGH:
            return factor, word
    return None
