"""From the tables of a sweep file to a `Sweep`: every grid spelled out, every name found."""

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from experiments.loading import load_task_set, topology_named
from experiments.refused import Refused
from experiments.sweeps.fault_plans import fault_plans
from experiments.sweeps.models_table import read_models
from experiments.sweeps.sweep import Sweep, SweepLimits, TaskCell, TopologyCell
from experiments.sweeps.tables import (
    BudgetTable,
    SweepTables,
    Table,
    Tasks,
    check_keys,
    listed,
    read_tables,
)
from experiments.trials.spec import Budget, Limits
from tasks.task import dials_of, settings_of

MOST_TRIALS, MOST_POINTS = 1_000_000, 2_000

Cell = TypeVar("Cell", TopologyCell, TaskCell, Budget)


def parse_sweep(raw: Mapping[str, Any]) -> Sweep:
    """The sweep that the tables describe. `Refused` naming the key, and what is allowed there."""
    tables = read_tables(raw)
    models, model_settings, role_settings = read_models(tables.models)
    topologies = _distinct("topologies", _topologies(tables))
    limits = _lifted(tables.limits)
    sweep = Sweep(
        name=tables.name,
        question=tables.question,
        seed=tables.seed,
        trials=tables.trials,
        topologies=topologies,
        cells=_distinct("task_sets", _cells(tables)),
        models=models,
        model_settings=model_settings,
        role_settings=role_settings,
        limits=Limits(**{key: value for key, value in limits.items() if key != "sweep"}),
        sweep_limits=SweepLimits(**_lifted(tables.limits.sweep)),
        thresholds=tables.thresholds.model_dump(exclude_unset=True),
        contrasts=_contrasts(tables.contrasts, [cell.name for cell in topologies]),
        budgets=_distinct("budget.amounts", _budgets(tables.budget)),
        interrupts=tables.interrupts,
    )
    return _small_enough(replace(sweep, faults=fault_plans(tables.faults, sweep.cells)))


def _small_enough(sweep: Sweep) -> Sweep:
    """The sweep, counted before its trials are made."""
    each = sum(cell.tasks for cell in sweep.cells) * sweep.trials
    trials = each * len(sweep.topologies) * max(1, len(sweep.budgets)) * max(1, len(sweep.faults))
    if trials > MOST_TRIALS:
        raise Refused(
            f"the sweep has {trials:,} trials, and {MOST_TRIALS:,} is the most: take fewer trials, "
            "tasks or points of its grid, or several sweeps"
        )
    return sweep


def _topologies(tables: SweepTables) -> Iterator[TopologyCell]:
    if not tables.topologies:
        raise Refused('topologies is missing; as in topologies = ["single_thread"]')
    for label, arm in tables.topologies.items():
        try:
            build, settings = topology_named(str(arm.base or label))
        except Refused as error:
            raise Refused(f"topologies.{label}: {error}") from error
        axes = arm.__pydantic_extra__
        varied = [axis for axis, value in axes.items() if isinstance(value, list)]
        for point in grid(f"topologies.{label}", axes):
            named = ",".join(f"{axis}={point[axis]}" for axis in varied)
            name = f"{label}({named})" if named else label
            yield TopologyCell(name, build, settings | point, arm.replicate)


def _contrasts(found: Sequence[str], names: list[str]) -> tuple[str, ...]:
    """The comparisons that the sweep is run for, each "A vs B" of its topologies."""
    pairs = [frozenset(contrast.split(" vs ")) for contrast in found]
    for contrast, pair in zip(found, pairs, strict=True):
        if len(pair) != 2 or not pair <= set(names):
            raise Refused(
                f'contrasts has {contrast!r}; each is "A vs B" of two topologies of the sweep: '
                f"{', '.join(names)}"
            )
        if pairs.count(pair) > 1:
            raise Refused(f"contrasts has {contrast!r} twice, one way or the other; name it once")
    return tuple(found)


def _cells(tables: SweepTables) -> Iterator[TaskCell]:
    if not tables.task_sets:
        raise Refused("task_sets is missing; as in [task_sets.orders] with width = 8")
    for name, grids in tables.task_sets.items():
        for table in grids:
            yield from _points(name, table, tables)


def _points(name: str, table: Tasks, tables: SweepTables) -> Iterator[TaskCell]:
    where, base = f"task_sets.{name}", str(table.base or name)
    try:
        task_set = load_task_set(base)
    except Refused as error:
        raise Refused(f"{where}: {error}") from error
    dials = table.__pydantic_extra__
    known = [*dials_of(task_set), *task_set.shorthands, *Tasks.model_fields]
    check_keys(where, dials, known)
    own = {"tasks": table.tasks or tables.tasks, "split": table.split or tables.split}
    for point in grid(where, {**own, **dials}):
        tasks, split = point.pop("tasks"), point.pop("split")
        yield TaskCell(base, settings_of(task_set, point), split, tasks)


def grid(where: str, table: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every point of the grid whose axes are the lists in `table`."""
    axes = {key: listed(value) for key, value in table.items()}
    points = math.prod(len(values) for values in axes.values())
    if points > MOST_POINTS:
        raise Refused(f"{where} is a grid of {points:,} points, and {MOST_POINTS:,} is the most")
    for point in itertools.product(*axes.values()):
        yield dict(zip(axes, point, strict=True))


def _distinct(key: str, cells: Iterable[Cell]) -> tuple[Cell, ...]:
    found = list(cells)
    for i, cell in enumerate(found):
        if cell in found[:i]:
            label = getattr(cell, "label", getattr(cell, "name", getattr(cell, "amount", "")))
            raise Refused(f"{key} has this twice: {label}; leave one out")
    return tuple(found)


def _budgets(table: BudgetTable | None) -> Iterator[Budget]:
    if table is not None:
        yield from (Budget(table.unit, amount) for amount in table.amounts)


def _lifted(table: Table) -> dict[str, Any]:
    """Limits as they are held: none for "none"."""
    return {key: None if value == "none" else value for key, value in table}
