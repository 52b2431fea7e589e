"""From the tables of a sweep file to a `Sweep`: every value checked, every grid spelled out."""

import difflib
import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar, cast, get_args

from experiments.loading import load_task_set, topology_named
from experiments.refused import Refused
from experiments.sweeps.fault_plans import fault_plans
from experiments.sweeps.sweep import Sweep, SweepLimits, TaskCell, TopologyCell
from experiments.trials.spec import Budget, Interrupts, Limits, Unit
from tasks.finder import near
from tasks.task import SPLITS, Setting, dials_of, settings_of
from topologies.models.model_settings import KINDS, refuse_odd

Raw = Mapping[str, Any]

KEYS = ("name", "question", "seed", "trials", "tasks", "split", "interrupts")
TABLES = (
    *("topologies", "contrasts", "task_sets", "models", "limits", "budget", "thresholds"),
    "faults",
)
COUNTED = ("model_calls", "tokens")
LIMITS = (*COUNTED, "seconds", "dollars")
SWEEP_LIMITS = ("tokens", "dollars")
UNITS = get_args(Unit)
INTERRUPTS = get_args(Interrupts)
THRESHOLDS = (
    "k",
    "margin",
    "alpha",
    "cost_ceiling",
    "broken_invariants",
    "silent_failures",
    "deadline_seconds",
)
DEFAULT_MODEL = "simulated:typical"
ROLES = ("default", "lead", "subagent")
AXES_OF_TASKS = ("tasks", "split")
MOST_TRIALS, MOST_POINTS = 1_000_000, 2_000
MOST_K = 100
LARGEST = 2**63 - 1
"""The greatest whole number that a record holds."""

Cell = TypeVar("Cell", TopologyCell, TaskCell, Budget)


def parse_sweep(raw: Raw) -> Sweep:
    """The sweep that the tables describe. `Refused` naming the key, and what is allowed there."""
    check_keys("the sweep", raw, (*KEYS, *TABLES))
    name, question = raw.get("name", ""), raw.get("question", "")
    if not isinstance(question, str):
        raise Refused(f"question is {question!r}; it must be text")
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9][\w.-]*", name):
        raise Refused(
            f"name is {name!r}; it names a folder: letters, digits, dots, dashes and underscores"
        )
    interrupts = raw.get("interrupts", INTERRUPTS[0])
    if interrupts not in INTERRUPTS:
        raise Refused(f"interrupts is {interrupts!r}; it must be one of {', '.join(INTERRUPTS)}")
    models, model_settings, role_settings = _models(_table(raw, "models"))
    limits, sweep_limits = _limits(_table(raw, "limits"))
    topologies = _distinct("topologies", _topologies(_table(raw, "topologies")))
    defaults = {"tasks": raw.get("tasks", 12), "split": raw.get("split", "dev")}
    sweep = Sweep(
        name=name,
        question=question,
        seed=_whole("seed", raw.get("seed", 1), least=0),
        trials=_whole("trials", raw.get("trials", 8)),
        topologies=topologies,
        cells=_distinct("task_sets", _cells(_table(raw, "task_sets"), defaults)),
        models=models,
        model_settings=model_settings,
        role_settings=role_settings,
        limits=limits,
        sweep_limits=sweep_limits,
        thresholds=_thresholds(_table(raw, "thresholds")),
        contrasts=_contrasts(raw.get("contrasts", []), [cell.name for cell in topologies]),
        budgets=_distinct("budget.amounts", _budgets(_table(raw, "budget"))),
        interrupts=interrupts,
    )
    sweep = replace(sweep, faults=fault_plans(_table(raw, "faults"), sweep.cells))
    return _small_enough(sweep)


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


def check_keys(where: str, table: Raw, known: Iterable[str]) -> None:
    """`Refused` for the first key that is not known, with the nearest that is."""
    for key in table:
        if key not in known:
            raise Refused(f"{where} has no key {key!r}; {near(key, known)}")


def _table(raw: Raw, key: str) -> Raw:
    value = raw.get(key, {})
    if not isinstance(value, dict):
        raise Refused(f"{key} is {value!r}; it must be a table: [{key}]")
    return cast("Raw", value)


def _topologies(tables: Raw) -> Iterator[TopologyCell]:
    if not tables:
        raise Refused('topologies is missing; as in topologies = ["single_thread"]')
    for label, table in tables.items():
        if not isinstance(table, dict):
            raise Refused(f"topologies.{label} is {table!r}; it must be a table of settings")
        given = dict(cast("Raw", table))
        base = given.pop("base", label)
        try:
            build, settings = topology_named(str(base))
        except Refused as error:
            raise Refused(f"topologies.{label}: {error}") from error
        replicate = given.pop("replicate", "")
        if not isinstance(replicate, str):
            raise Refused(
                f'topologies.{label}.replicate is {replicate!r}; it must be text, as in "b"'
            )
        axes = [name for name, value in given.items() if isinstance(value, list)]
        for point in grid(f"topologies.{label}", given):
            varied = ",".join(f"{axis}={point[axis]}" for axis in axes)
            name = f"{label}({varied})" if varied else label
            yield TopologyCell(name, build, settings | point, replicate)


def _contrasts(written: Any, names: list[str]) -> tuple[str, ...]:
    """The comparisons that the sweep is run for, each "A vs B" of its topologies."""
    found: list[Any] = cast("list[Any]", written) if isinstance(written, list) else [written]
    for contrast in found:
        sides = contrast.split(" vs ") if isinstance(contrast, str) else []
        if len(sides) != 2 or sides[0] == sides[1] or not set(sides) <= set(names):
            raise Refused(
                f'contrasts has {contrast!r}; each is "A vs B" of two topologies of the sweep: '
                f"{', '.join(names)}"
            )
    pairs = [frozenset(str(contrast).split(" vs ")) for contrast in found]
    for contrast, pair in zip(found, pairs, strict=True):
        if pairs.count(pair) > 1:
            raise Refused(f"contrasts has {contrast!r} twice, one way or the other; name it once")
    return tuple(str(contrast) for contrast in found)


def _cells(tables: Raw, defaults: Raw) -> Iterator[TaskCell]:
    if not tables:
        raise Refused("task_sets is missing; as in [task_sets.orders] with width = 8")
    for name, written in tables.items():
        where = f"task_sets.{name}"
        grids = cast("list[Any]", written if isinstance(written, list) else [written])
        for table in grids:
            if not isinstance(table, dict):
                raise Refused(f"{where} is {table!r}; it must be a table of settings")
            given = {**defaults, **cast("Raw", table)}
            base = str(given.pop("base", name))
            try:
                task_set = load_task_set(base)
            except Refused as error:
                raise Refused(f"{where}: {error}") from error
            dials = [*dials_of(task_set), *task_set.shorthands]
            check_keys(where, given, (*dials, *AXES_OF_TASKS, "base"))
            for point in grid(where, given):
                tasks = _whole(f"{where}.tasks", point.pop("tasks"))
                split = point.pop("split")
                if split not in SPLITS:
                    raise Refused(f"{where}.split is {split!r}; it must be {' or '.join(SPLITS)}")
                settings: dict[str, Setting] = settings_of(task_set, point)
                yield TaskCell(base, settings, split, tasks)


def grid(where: str, table: Raw) -> Iterator[dict[str, Any]]:
    """Every point of the grid whose axes are the lists in `table`."""
    axes = {key: cast("list[Any]", v) if isinstance(v, list) else [v] for key, v in table.items()}
    for key, values in axes.items():
        if not values:
            raise Refused(f"{where}.{key} is an empty list; give it at least one value")
        for value in values:
            if not isinstance(value, (str, int, float)):
                raise Refused(
                    f"{where}.{key} is {value!r}; it must be text or a number, or a list of them"
                )
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


def _budgets(table: Raw) -> Iterator[Budget]:
    check_keys("budget", table, ("unit", "amounts"))
    if not table:
        return
    unit, amounts = table.get("unit", UNITS[0]), table.get("amounts")
    if unit not in UNITS:
        raise Refused(f"budget.unit is {unit!r}; it must be one of {', '.join(UNITS)}")
    if amounts is None or amounts == []:
        raise Refused("budget.amounts is missing; as in amounts = [0.01, 0.02]")
    for amount in cast("list[Any]", amounts if isinstance(amounts, list) else [amounts]):
        number = _number("budget.amounts", amount)
        if number <= 0:
            raise Refused(f"budget.amounts has {amount!r}; each must be above 0")
        yield Budget(cast("Unit", unit), float(number))


def _models(table: Raw) -> tuple[dict[str, str], dict[str, Any], dict[str, dict[str, Any]]]:
    """Role to model, the settings of all roles, and role to settings of its own."""
    general = {key: value for key, value in table.items() if key in KINDS}
    refuse_odd("models", general)
    names: dict[str, str] = {}
    own: dict[str, dict[str, Any]] = {}
    for role, value in table.items():
        if role in general:
            continue
        _role(role, value)
        settings: dict[str, Any] = {"name": value} if isinstance(value, str) else dict(value)
        if "name" in settings:
            names[role] = _model_name(f"models.{role}", settings.pop("name"))
        check_keys(f"models.{role}", settings, ("name", *KINDS))
        refuse_odd(f"models.{role}", settings)
        if settings:
            own[role] = settings
    names.setdefault("default", DEFAULT_MODEL)
    return names, general, own


def _role(role: str, value: Any) -> None:
    """`Refused` for what is no role: a slip of a setting, or of no known kind."""
    if isinstance(value, dict) or (isinstance(value, str) and role != "name"):
        meant = difflib.get_close_matches(role, KINDS, 1, cutoff=0.8)
        if meant and role not in ROLES:
            raise Refused(f"models has no key {role!r}; did you mean {meant[0]!r}?")
        return
    if role in ROLES:
        raise Refused(
            f"models.{role} is {value!r}; it must be a model's name, or a table with a name"
        )
    check_keys("models", {role: value}, (*ROLES, *KINDS))


def _model_name(where: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Refused(f"{where}.name is {value!r}; it must be a model's name: openai:NAME")
    return value


def _limits(table: Raw) -> tuple[Limits, SweepLimits]:
    check_keys("limits", table, (*LIMITS, "sweep"))
    for_sweep = table.get("sweep", {})
    if not isinstance(for_sweep, dict):
        raise Refused(f"limits.sweep is {for_sweep!r}; it must be a table: [limits.sweep]")
    for_sweep = cast("Raw", for_sweep)
    check_keys("limits.sweep", for_sweep, SWEEP_LIMITS)
    own = {key: value for key, value in table.items() if key != "sweep"}
    return Limits(**_lifted("limits", own)), SweepLimits(**_lifted("limits.sweep", for_sweep))


def _lifted(where: str, table: Raw) -> dict[str, Any]:
    return {
        key: None if value == "none" else _limit(f"{where}.{key}", value, key in COUNTED)
        for key, value in table.items()
    }


def _limit(key: str, value: Any, whole: bool) -> float:
    number = _number(key, value, whole=whole, or_else=', or "none"')
    if number <= 0:
        raise Refused(f'{key} is {value!r}; it must be above 0, or "none"')
    return number


def _thresholds(table: Raw) -> dict[str, float]:
    check_keys("thresholds", table, THRESHOLDS)
    k = table.get("k")
    if isinstance(k, int) and k > MOST_K:
        raise Refused(f"thresholds.k is {k}; it must be from 1 to {MOST_K}")
    return {
        key: _number(f"thresholds.{key}", value, whole=key == "k") for key, value in table.items()
    }


def _number(key: str, value: Any, *, whole: bool = False, or_else: str = "") -> float:
    kind = "a whole number" if whole else "a number"
    fits = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
    if not fits or not 0 <= value <= LARGEST:
        raise Refused(f"{key} is {value!r}; it must be {kind} of 0 or more{or_else}")
    return value


def _whole(key: str, value: Any, least: int = 1) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise Refused(f"{key} is {value!r}; it must be a whole number of at least {least}")
    if value > LARGEST:
        raise Refused(f"{key} is beyond {LARGEST}, the most that a record holds")
    return value
