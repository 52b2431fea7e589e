"""What a wanted difference takes, in words and a table: what `fanout plan` prints.

A plan rests on a pilot run or on stated rates. It says which, and a plan from simulated runs says
that real ones must not be sized by it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from results.metrics import known_mean
from results.questions.plan.plan_words import SIMULATED_PILOT, Plan, answer, pilot_notes
from results.questions.plan.plan_words import plan_text as plan_text
from results.questions.plan.power import (
    SEARCH_REPEATS,
    SIMULATED_UP_TO,
    Price,
    Sized,
    cheapest,
    likeness,
    options,
    sized_by_simulation,
    spread_of_rates,
)
from results.questions.plan.simulated_power import REPEATS, simulated_power
from results.refused import Refused
from results.statistics.compare import paired_counts
from results.statistics.spread import Spread, paired_spread
from results.strata import cell_label, strata
from results.words import many, signed

MOST_K = 100
MOST_DOLLARS = 1e9


def plan_from_run(
    trials: pl.DataFrame,
    topology: str,
    reference: str,
    difference: float,
    k: int = 1,
    power: float = 0.8,
    alpha: float = 0.05,
    task_dollars: float = 0.0,
    at_once: int = 1,
) -> list[Plan]:
    """One plan for each cell of a pilot in which both topologies did the same tasks.

    `difference` is in pass^k (0.1 is ten points). `task_dollars` is what making one more task
    costs, `at_once` how many trials run at a time. A topology that is not in the pilot, or a pilot
    without two common tasks of k trials anywhere, is `Refused`.
    """
    _check(difference, k, power, alpha, task_dollars, at_once)
    known = trials.get_column("topology").unique().sort().to_list()
    for name in (topology, reference):
        if name not in known:
            raise Refused(f"the pilot has no topology {name!r}: it has {', '.join(known)}")
    by = strata(trials)
    both = trials.filter(pl.col("topology").is_in([topology, reference]))
    labelled = both.with_columns(cell_label(by))
    plans: list[Plan] = []
    for key, pairs in paired_counts(both, reference, by):
        first = (pairs.get_column("c").to_numpy(), pairs.get_column("n").to_numpy())
        second = (pairs.get_column("c_base").to_numpy(), pairs.get_column("n_base").to_numpy())
        units = np.asarray(pairs.get_column("block").to_list(), dtype=np.str_)
        spread = paired_spread(first, second, units, k)
        if spread is None:
            continue
        rows = labelled.filter(
            *(pl.col(name).eq_missing(value) for name, value in key.items() if name != "topology")
        )
        label = f"{rows.get_column('cell')[0]}: {topology} against {reference}"
        each = max(1, round(float(np.mean([first[1].mean(), second[1].mean()]))))
        pilot = (int(np.unique(units).size), each)
        notes = [*pilot_notes(spread, pilot, difference, power, alpha)]
        if rows.get_column("simulated").fill_null(False).any():
            notes.insert(0, SIMULATED_PILOT)
        plan = _plan(
            label, spread, _price(rows), difference, power, alpha, task_dollars, at_once, notes
        )
        plans.append(replace(plan, said=(*plan.said, *_tried(plan, spread))))
    if not plans:
        raise Refused(
            f"no cell of the pilot has two tasks that both {topology} and {reference} did in at "
            f"least {k} graded trials: run a larger pilot or ask for a smaller k"
        )
    return plans


def plan_from_rates(
    rate: float,
    difference: float,
    k: int = 1,
    power: float = 0.8,
    alpha: float = 0.05,
    icc: float = 0.4,
    alike: float = 0.5,
    price: Price | None = None,
    task_dollars: float = 0.0,
    at_once: int = 1,
) -> Plan:
    """The plan for a reference of pass^1 `rate`; see `power.spread_of_rates`."""
    _check(difference, k, power, alpha, task_dollars, at_once)
    spread, sides = spread_of_rates(rate, difference, k, icc, alike)
    note = (
        f"Stated, not measured: the reference passes {100 * rate:.0f}% of single trials, ICC "
        f"{icc:g}, and {100 * alike:.0f}% of tasks are as hard for both topologies. A pilot "
        "replaces all three."
    )
    label = f"stated rates: {100 * rate:.0f}% and {signed(difference)} points of pass^{k}"
    given = price or Price()
    checked = (
        f"Powers are shares of {REPEATS:,} samples drawn from these rates in which the interval "
        f"left out 0; above {SIMULATED_UP_TO:,} tasks they are those of the paired t test."
    )
    sized = sized_by_simulation(sides, alike, k, power, alpha)
    notes = [note, checked]
    return _plan(
        label, spread, given, difference, power, alpha, task_dollars, at_once, notes, sized
    )


def _tried(plan: Plan, spread: Spread) -> Iterator[str]:
    """What the cheapest way shows in samples from populations like the pilot's."""
    alike = likeness(spread, plan.difference)
    if plan.best is None or plan.best.tasks > SIMULATED_UP_TO or alike is None:
        return
    tasks, trials = plan.best.tasks, plan.best.trials
    found = simulated_power(*alike, tasks, trials, plan.k, plan.alpha, SEARCH_REPEATS)
    yield (
        "Powers are those of the paired t test with the pilot's variance. In "
        f"{SEARCH_REPEATS} samples from populations of the reference's rate and ICC that are so "
        f"far apart, and alike as in the pilot, {tasks} tasks x {many(trials, 'trial')} found it "
        f"in {100 * found:.0f}%."
    )


def _check(
    difference: float, k: int, power: float, alpha: float, task_dollars: float, at_once: int
) -> None:
    if not 0 < abs(difference) < 1:
        raise Refused("the difference must lie between 0 and 1, as in 0.1 for ten points")
    if not 1 <= k <= MOST_K:
        raise Refused(f"k = {k}: k counts trials, from 1 to {MOST_K}")
    if not 0 <= task_dollars <= MOST_DOLLARS:
        raise Refused(
            f"a task at ${task_dollars:g}: what one more task costs to make is 0 or more dollars"
        )
    if at_once < 1:
        raise Refused(f"{at_once} trials at a time: it must be at least 1")
    if not 0 < alpha < power < 1:
        raise Refused("power must lie between alpha and 1, as in 0.8, and alpha above 0")


def _price(rows: pl.DataFrame) -> Price:
    """Mean dollars and seconds of a trial of each topology, added; None if any is missing."""
    means = (
        rows.filter(pl.col("passed").is_not_null())
        .group_by("topology")
        .agg(known_mean(pl.col(name)) for name in ("dollars", "seconds"))
    )
    totals = {
        name: None
        if means.height < 2 or means.get_column(name).null_count()
        else float(means.get_column(name).sum())
        for name in ("dollars", "seconds")
    }
    return Price(totals["dollars"], totals["seconds"])


def _plan(
    label: str,
    spread: Spread,
    price: Price,
    difference: float,
    power: float,
    alpha: float,
    task_dollars: float,
    at_once: int,
    notes: Sequence[str],
    sized: Sized | None = None,
) -> Plan:
    ways = tuple(
        options(spread, difference, price, power, alpha, task_dollars, at_once, sized=sized)
    )
    best = cheapest(ways)
    return Plan(
        label,
        spread.k,
        difference,
        power,
        alpha,
        ways,
        best,
        (answer(spread.k, difference, power, alpha, best), *notes),
    )
