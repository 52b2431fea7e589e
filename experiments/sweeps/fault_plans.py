"""The table `[faults]` of a sweep: plans of what the world does wrong, an axis of its grid.

    [faults]
    lost_replies = [{ fault = "lost_reply", on = "writing", rate = 0.1 }]
    twins = false        # leave out the trials without faults

`tasks.faults.plan` says what an entry can be. The trials without faults are there too, unless told:
by the common luck each trial with faults has its twin among them.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from experiments.loading import load_task_set
from experiments.refused import Refused
from experiments.sweeps.sweep import TaskCell
from tasks.distractors import distractors
from tasks.faults.plan import Plan, check_tools, plan_of
from tasks.tools import Tool

TWINS = "twins"


def fault_plans(table: Mapping[str, Any], cells: Sequence[TaskCell]) -> tuple[Plan | None, ...]:
    """The plans of a sweep, None for the trials without faults; empty where it has no table.

    `Refused`, in one line, for a plan that cannot be or is about tools that no task has.
    """
    if not table:
        return ()
    twins = table.get(TWINS, True)
    if not isinstance(twins, bool):
        raise Refused(f"faults.{TWINS} is {twins!r}; it must be true or false")
    plans = [plan_of(name, entries) for name, entries in table.items() if name != TWINS]
    if not plans:
        raise Refused("faults has no plan: lost = [{ fault = NAME, rate = 0.1 }]")
    tools = list(_tools(cells))
    for plan in plans:
        check_tools(plan, tools)
    faulted = [plan for plan in plans if plan.aims]
    return (*((None,) if twins or len(faulted) < len(plans) else ()), *faulted)


def _tools(cells: Sequence[TaskCell]) -> Iterator[Tool]:
    for cell in cells:
        yield from load_task_set(cell.task_set).tools(cell.settings)
        yield from distractors(cell.settings)
