"""The table `[faults]` of a sweep: plans of what the world does wrong, an axis of its grid.

    [faults]
    lost_replies = [{ fault = "lost_reply", on = "writing", rate = 0.1 }]
    twins = false        # leave out the trials without faults
    as_recorded = [{ fault = "slow", fitted = "RUN" }]

An entry that is `fitted` takes the time of each tool from a recorded run.
`tasks.faults.plan` says what an entry can be. The trials without faults are there too, unless told:
by the common luck each trial with faults has its twin among them.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, cast

import polars as pl

from experiments.loading import load_task_set
from experiments.refused import Refused
from experiments.sweeps.sweep import TaskCell
from results.store import RUNS, Run, open_run
from tasks.distractors import distractors
from tasks.faults.plan import Plan, check_tools, plan_of
from tasks.tools import Tool

TWINS, FITTED = "twins", "fitted"
TIMES = ("median", "spread")
"""What of a fault that takes time is fitted."""


def fault_plans(table: Mapping[str, Any], cells: Sequence[TaskCell]) -> tuple[Plan | None, ...]:
    """The plans of a sweep, None for the trials without faults; empty where it has no table.

    `Refused`, in one line, for a plan that cannot be or is about tools that no task has.
    """
    if not table:
        return ()
    twins = table.get(TWINS, True)
    if not isinstance(twins, bool):
        raise Refused(f"faults.{TWINS} is {twins!r}; it must be true or false")
    tools = list(_tools(cells))
    plans = [
        plan_of(name, _expanded(f"faults.{name}", entries, {tool.name for tool in tools}))
        for name, entries in table.items()
        if name != TWINS
    ]
    if not plans:
        raise Refused("faults has no plan: lost = [{ fault = NAME, rate = 0.1 }]")
    for plan in plans:
        check_tools(plan, tools)
    faulted = [plan for plan in plans if plan.aims]
    return (*((None,) if twins or len(faulted) < len(plans) else ()), *faulted)


def _expanded(where: str, entries: object, tools: Collection[str]) -> object:
    """The entries of a plan, with one for each tool in place of one that is fitted to a run."""
    if not isinstance(entries, list):
        return entries
    found: list[object] = []
    for entry in cast("list[object]", entries):
        table = cast("dict[str, Any]", entry) if isinstance(entry, dict) else {}
        found += _fitted(where, table, tools) if FITTED in table else [entry]
    return found


def _fitted(where: str, entry: Mapping[str, Any], tools: Collection[str]) -> list[object]:
    """One entry a tool: the median of its seconds in a run, and the spread of their logarithm."""
    rest = {name: value for name, value in entry.items() if name != FITTED}
    for name in (*TIMES, "tools"):
        if name in rest:
            raise Refused(f"{where}: {name} is what is fitted: leave it out")
    name = str(entry[FITTED])
    took = seconds_of_tools(open_run(RUNS / name if (RUNS / name).is_dir() else name))
    known = {tool: times for tool, times in took.items() if tool in tools}
    if not known:
        raise Refused(f"{where}: in {name} no tool of these task sets took any time to fit")
    return [
        {**rest, "tools": tool, **dict(zip(TIMES, times, strict=True))}
        for tool, times in known.items()
    ]


def seconds_of_tools(run: Run) -> dict[str, tuple[float, float]]:
    """Tool to the median of its seconds and the standard deviation of their logarithm.

    Of the calls that went well and took any time; of a single one the spread is 0.
    """
    took = pl.col("ended") - pl.col("started")
    whole = pl.col("error").is_null() & (pl.col("kind") == "tool") & (took > 0)
    found = (
        run.steps.filter(whole)
        .group_by("tool")
        .agg(took.median().alias("median"), took.log().std().fill_null(0.0).alias("spread"))
    )
    return {tool: (median, spread) for tool, median, spread in found.sort("tool").iter_rows()}


def _tools(cells: Sequence[TaskCell]) -> Iterator[Tool]:
    for cell in cells:
        yield from load_task_set(cell.task_set).tools(cell.settings)
        yield from distractors(cell.settings)
