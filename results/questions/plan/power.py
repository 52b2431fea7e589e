"""How many tasks and trials it takes to find a difference, and what they cost.

Tasks are the sample: `power_at` is the power of the paired t test over tasks, whose variance is
what tasks give plus what trials add (`results.statistics.spread`). Trials only ever remove the
second part. That is within 3 points of simulation where gains are many and even. Where few tasks
carry them (rates near 0 or 1, k above 1, few tasks) the kit's interval is wider than t and the
power up to 13 points less, or gains are skewed and it is up to 8 points more: where the populations
are known, `sized_by_simulation` is what holds.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np

from results.questions.plan.simulated_power import REPEATS, simulated_power
from results.refused import Refused
from results.statistics import quantiles
from results.statistics.populations import Population
from results.statistics.spread import Spread

LEAST_TASKS = 20
"""Fewer tasks are not planned: the t test's power is not to be trusted below."""
MOST_TASKS = 20_000
LADDER = (1, 2, 4, 8, 16, 32)
"""How many trials a task are tried."""

SIMULATED_UP_TO = 2000
"""Plans of more tasks are not simulated: it would take too long, and t holds there."""

SEARCH_REPEATS = 400
SEARCHES = 4
NEAR = 0.01
"""How far below the wanted power a simulated one may be."""

Sized = Callable[[int, int], tuple[int, float]]
"""Tasks and trials to the tasks that do have the power, and that power."""


def power_at(spread: Spread, difference: float, tasks: int, trials: int, alpha: float) -> float:
    """The chance that the paired interval leaves out 0 when the true difference is so large."""
    error = sqrt(spread.variance(trials) / tasks)
    if error == 0:
        return 1.0
    return quantiles.power_of_t(abs(difference) / error, tasks - 1, alpha)


def tasks_needed(
    spread: Spread, difference: float, trials: int, power: float = 0.8, alpha: float = 0.05
) -> int | None:
    """The fewest tasks (LEAST_TASKS at least) that give the power; None above MOST_TASKS."""
    return _fewest(
        LEAST_TASKS,
        MOST_TASKS,
        lambda tasks: power_at(spread, difference, tasks, trials, alpha) >= power,
    )


def trials_needed(
    spread: Spread,
    difference: float,
    tasks: int,
    power: float = 0.8,
    alpha: float = 0.05,
    most: int = 1000,
) -> int | None:
    """The fewest trials a task that give the power with these tasks; None if `most` do not."""
    return _fewest(
        spread.k, most, lambda trials: power_at(spread, difference, tasks, trials, alpha) >= power
    )


def _fewest(least: int, most: int, enough: Callable[[int], bool]) -> int | None:
    """The smallest number from `least` to `most` that is enough, as all above it are."""
    return least + bisect_left(range(least, most), True, key=enough) if enough(most) else None


@dataclass(frozen=True)
class Price:
    """What one trial of each of the two topologies takes together; None is not known."""

    dollars: float | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Option:
    """One way to reach the power: `runs` counts trials of both topologies."""

    tasks: int
    trials: int
    power: float
    runs: int
    dollars: float | None
    hours: float | None


def options(
    spread: Spread,
    difference: float,
    price: Price,
    power: float = 0.8,
    alpha: float = 0.05,
    task_dollars: float = 0.0,
    at_once: int = 1,
    ladder: Sequence[int] = LADDER,
    sized: Sized | None = None,
) -> list[Option]:
    """The tasks each number of trials needs, with what they cost; empty if none will do.

    `task_dollars` is what one more task costs to make, `at_once` how many trials run at a time.
    `sized` corrects the tasks that `power_at` asks for, and gives their power.
    """
    found: list[Option] = []
    for trials in sorted({spread.k, *(n for n in ladder if n >= spread.k)}):
        tasks = tasks_needed(spread, difference, trials, power, alpha)
        if tasks is not None:
            reached = power_at(spread, difference, tasks, trials, alpha)
            if sized is not None and tasks <= SIMULATED_UP_TO:
                tasks, reached = sized(tasks, trials)
            found.append(_option(tasks, trials, reached, price, task_dollars, at_once))
    return found


def _option(
    tasks: int, trials: int, power: float, price: Price, task_dollars: float, at_once: int
) -> Option:
    pairs = tasks * trials
    return Option(
        tasks=tasks,
        trials=trials,
        power=power,
        runs=2 * pairs,
        dollars=None if price.dollars is None else pairs * price.dollars + tasks * task_dollars,
        hours=None if price.seconds is None else pairs * price.seconds / 3600 / at_once,
    )


def cheapest(found: Sequence[Option]) -> Option | None:
    """The option of fewest dollars, or of fewest trials where dollars are not known."""
    return min(
        found,
        key=lambda one: (one.runs if one.dollars is None else one.dollars, one.runs, one.trials),
        default=None,
    )


def spread_of_rates(
    rate: float, difference: float, k: int = 1, icc: float = 0.4, alike: float = 0.5
) -> tuple[Spread, tuple[Population, Population]]:
    """The spread of gains between two stated populations, and the populations themselves.

    The reference has pass^1 `rate`, the other the pass^1 at which its pass^k is higher by
    `difference`; both are betas with this `icc`, and a share `alike` of tasks is as hard for both.
    A rate or difference that cannot be is `Refused`.
    """
    if not 0 < rate < 1 or not 0 < icc < 1 or not 0 <= alike <= 1:
        raise Refused("rate and icc must lie between 0 and 1, alike from 0 to 1")
    base = Population("reference", rate, icc)
    wanted = base.pass_k(k) + difference
    if not 0 < wanted < 1:
        raise Refused(
            f"pass^{k} of the reference is {base.pass_k(k):.3f}: a difference of {difference:+.3f} "
            "leaves 0 to 1; state a smaller one"
        )
    low, high = 1e-9, 1 - 1e-9
    for _ in range(60):
        middle = (low + high) / 2
        if Population("", middle, icc).pass_k(k) < wanted:
            low = middle
        else:
            high = middle
    other = Population("other", high, icc)
    ranks = (np.arange(4000) + 0.5) / 4000
    together = float(((base.at(ranks) * other.at(ranks)) ** k).mean())
    tied = alike * (together - base.pass_k(k) * other.pass_k(k))
    each = [side.pass_k(2 * k) - side.pass_k(k) ** 2 for side in (base, other)]
    moments = [np.array([side.pass_k(j) for j in range(2 * k + 1)]) for side in (other, base)]
    return Spread(k, max(sum(each) - 2 * tied, 0.0), (moments[0], moments[1])), (base, other)


def likeness(
    spread: Spread, difference: float
) -> tuple[tuple[Population, Population], float] | None:
    """Two beta populations and the share of tasks as hard for both, as a pilot's `spread` has them.

    The reference has the pilot's mean and ICC, the other a pass^k that is so far above it, or below
    it if it was so in the pilot. None where that cannot be.
    """
    k = spread.k
    below = float(spread.sides[0][k]) < float(spread.sides[1][k])
    difference = -abs(difference) if below else abs(difference)
    mean, square = (float(spread.sides[1][j]) for j in (1, 2))
    icc = min(max((square - mean**2) / (mean * (1 - mean)), 0.01), 0.99)
    try:
        apart, sides = spread_of_rates(mean, difference, k, icc, alike=0.0)
        tied, _ = spread_of_rates(mean, difference, k, icc, alike=1.0)
    except Refused:
        return None
    share = (apart.between - spread.between) / max(apart.between - tied.between, 1e-12)
    return sides, min(max(share, 0.0), 1.0)


def sized_by_simulation(
    sides: tuple[Population, Population], alike: float, k: int, power: float, alpha: float
) -> Sized:
    """Finds the tasks that have the power in samples from (reference, other).

    The steps follow the normal distribution from the power that a number of tasks had; the power
    that is given is that of REPEATS samples of its own.
    """

    def sized(tasks: int, trials: int) -> tuple[int, float]:
        def found(number: int, repeats: int, seed: int) -> float:
            return simulated_power(sides, alike, number, trials, k, alpha, repeats, seed)

        edge, wanted = quantiles.normal(1 - alpha / 2), quantiles.normal(power)
        for _ in range(SEARCHES):
            reached = found(tasks, SEARCH_REPEATS, 2)
            if power <= reached <= power + 2 * NEAR:
                break
            has = quantiles.normal(min(max(reached, 0.02), 0.995))
            step = min(max(((wanted + edge) / max(has + edge, 0.2)) ** 2, 0.5), 2.0)
            tasks = max(LEAST_TASKS, ceil(tasks * step))
        reached = found(tasks, REPEATS, 1)
        while reached < power - NEAR and tasks < SIMULATED_UP_TO:
            tasks = ceil(1.05 * tasks)
            reached = found(tasks, REPEATS, 1)
        return tasks, reached

    return sized
