"""Finds the least budget with which a topology can do the work at all: below it, nothing is shown.

A topology that has to split a budget among many agents may not be able to finish even if nobody
errs. That is no failure of the topology, and is kept apart from one: the profile `perfect`, at the
prices and with the working habits of the sweep's own profile, plays the tasks that take most, and
the least budget with which it does as well as with none is looked for by halving.
"""

import asyncio
import json
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from experiments.sweeps.sweep import Sweep, specs
from experiments.trials.allowance import MEASURED
from experiments.trials.record import Record
from experiments.trials.spec import Budget, TrialSpec, Unit
from experiments.trials.trial import run_trial
from topologies.simulated.profile import parameters, profile

TASKS = 2
"""How many tasks are played at each budget: those that take most without one."""
PRECISION = 1.1
"""The budget that is enough is at most this many times the one that is not."""
MOST_DOUBLINGS = 8
HABITS = ("partition", "lead_keeps", "calls_per_message", "reasoning_tokens", "priced_as")


def least_budgets(sweep: Sweep) -> list[dict[str, Any]]:
    """One row for each topology and cell: topology, task_set, split, settings, unit, amount, short.

    `amount` was enough and `short` was not, with nothing in between known; both are null where even
    `perfect` passes nothing. Nothing is found for real models, whose tokens are counted otherwise,
    nor where no budget is set.
    """
    if not sweep.budgets or not sweep.simulated:
        return []
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _all(sweep)
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(_all, sweep).result()


def least_budget(tasks: Sequence[TrialSpec], unit: Unit) -> tuple[float, float] | None:
    """A budget that is not enough for these trials, and one little larger that is.

    They differ in nothing but the task, and their models must be simulated. None if `perfect`
    passes none of them.
    """
    free = [replace(spec, models=_perfect(spec), budget=None, trial=0) for spec in tasks]
    needs: list[tuple[float, TrialSpec]] = []
    for spec in free:
        record = run_trial(spec)
        if record["trials"][0].get("passed"):
            needs.append((_used(record, unit), spec))
    needs = sorted(needs, key=lambda need: -need[0])[:TASKS]
    if not needs:
        return None

    def enough(amount: float) -> bool:
        budget = Budget(unit, amount)
        return all(
            run_trial(replace(spec, budget=budget))["trials"][0].get("passed") for _, spec in needs
        )

    high = needs[0][0]
    for _ in range(MOST_DOUBLINGS):
        if enough(high):
            break
        high *= 2
    else:
        return None
    low = high / 2
    while enough(low):
        low, high = low / 2, low
    while high / low > PRECISION:
        middle = (high * low) ** 0.5
        low, high = (low, middle) if enough(middle) else (middle, high)
    return (low, high) if unit == "dollars" else (float(int(low)), float(math.ceil(high)))


def _all(sweep: Sweep) -> list[dict[str, Any]]:
    unit = sweep.budgets[0].unit
    plain = replace(sweep, budgets=(), faults=(), trials=1)
    found: list[dict[str, Any]] = []
    for topology in sweep.topologies:
        for cell in sweep.cells:
            one = replace(plain, topologies=(topology,), cells=(cell,))
            short, enough = least_budget(specs(one), unit) or (None, None)
            found.append(
                {
                    "topology": topology.name,
                    "task_set": cell.task_set,
                    "split": cell.split,
                    "settings": json.dumps(dict(cell.settings), sort_keys=True),
                    "unit": unit,
                    "amount": enough,
                    "short": short,
                }
            )
    return found


def _perfect(spec: TrialSpec) -> dict[str, str]:
    """The models of the trial without their errors."""
    return {role: _without_errors(name) for role, name in spec.models.items()}


def _without_errors(name: str) -> str:
    own = profile(name.partition(":")[2])
    kept = "&".join(f"{habit}={getattr(own, habit)}" for habit in HABITS if habit in parameters())
    return f"simulated:perfect?{kept}"


def _used(record: Record, unit: Unit) -> float:
    return sum(step[column] or 0 for step in record["steps"] for column in MEASURED[unit])
