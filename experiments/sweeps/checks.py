"""What can be known to be wrong with a sweep before anything runs, said in one line each.

A trial that cannot be would otherwise end hours later, or crash the same way hundreds of times.
"""

import inspect
import sys
import types
import typing
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, Literal, cast

from experiments.loading import load_task_set, load_topology
from experiments.refused import Refused
from experiments.sweeps.sweep import Sweep, TaskCell, TopologyCell, specs
from experiments.trials.roles import DEFAULT, model_of, roles_named
from results.rules import stated
from tasks.finder import near
from topologies.models.model_settings import OF_AN_ENDPOINT


def check(sweep: Sweep) -> None:
    """`Refused` for a topology or task setting, a model or a rule that cannot be."""
    for cell in sweep.topologies:
        check_topology(cell)
    for cell in sweep.cells:
        check_tasks(cell)
    check_models(sweep)
    check_graphs(sweep)
    names = [cell.name for cell in sweep.topologies]
    stated({"thresholds": dict(sweep.thresholds)}, names, names[0], sweep.trials)


def check_topology(cell: TopologyCell) -> None:
    """Hold the settings to the builder's own signature: names, and values where it lists them."""
    where = f"topologies.{cell.name}"
    builder = load_topology(cell.build)
    if inspect.iscoroutinefunction(builder):
        raise Refused(f"{where} is asynchronous; its builder must be written with plain def")
    parameters = _settings_of(builder, where)
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters):
        return
    known = [parameter.name for parameter in parameters]
    try:
        hints = typing.get_type_hints(builder, include_extras=True)
    except (NameError, TypeError, AttributeError):  # as with annotations for a type checker alone
        hints = {}
    for name, value in cell.settings.items():
        if name not in known:
            raise Refused(f"{where} has no setting {name!r}; {near(name, known)}")
        wanted = _wanted(hints.get(name), value)
        if wanted is not None:
            raise Refused(f"{where}.{name} is {value!r}; it must be {wanted}")
    for parameter in parameters:
        if parameter.default is parameter.empty and parameter.name not in cell.settings:
            raise Refused(f"{where} needs a setting {parameter.name!r}")


def check_graphs(sweep: Sweep) -> None:
    """Build the graph of each topology once: what can never run is refused before anything runs."""
    for cell in sweep.topologies:
        seated(cell, sweep)


def seated(cell: TopologyCell, sweep: Sweep) -> set[str]:
    """The roles that a topology seats when it is built."""
    from experiments.trials.trial import roles_at_start

    tasks = replace(sweep.cells[0], tasks=1)
    first = replace(sweep, topologies=(cell,), cells=(tasks,), trials=1, budgets=sweep.budgets[:1])
    return roles_at_start(specs(first)[0])


def _settings_of(builder: Callable[..., Any], where: str) -> list[inspect.Parameter]:
    """What a builder takes after the kit. `Refused` for what is no builder."""
    try:
        parameters = list(inspect.signature(builder).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    if not parameters or parameters[0].kind is inspect.Parameter.KEYWORD_ONLY:
        raise Refused(f"{where} is no topology: its builder must take a kit, as in build(kit)")
    kit, *settings = parameters
    return parameters if kit.kind is inspect.Parameter.VAR_POSITIONAL else settings


def check_tasks(cell: TaskCell) -> None:
    """Make the first and the last task: a setting that makes no sense is refused there."""
    task_set = load_task_set(cell.task_set)
    for index in {0, cell.tasks - 1}:
        try:
            task_set.make(cell.settings, cell.split, index)
        except ValueError as error:
            raise Refused(f"task_sets.{cell.label}: {error}") from error


def check_models(sweep: Sweep) -> None:
    """Make the client of each model: a missing key or an unknown name is said at once."""
    for role in roles_named(sweep):
        name, settings = model_of(sweep, role)
        provider, _, rest = name.partition(":")
        try:
            if provider == "simulated" and not any(key in OF_AN_ENDPOINT for key in settings):
                from topologies.simulated.profile import profile

                profile(rest)
            else:
                from topologies.models.model import ModelSettings, make_model

                make_model(name, ModelSettings(**settings))
        except ValueError as error:
            raise Refused(f"models.{role}: {error}") from error
    _check_roles(sweep)


def _check_roles(sweep: Sweep) -> None:
    """`Refused` for a role that no topology of the sweep asks for."""
    named = [role for role in roles_named(sweep) if role != DEFAULT]
    if not named:
        return
    asked = {role for cell in sweep.topologies for role in roles_of(cell, sweep)}
    for role in named:
        if role not in asked:
            raise Refused(
                f"models has no role {role!r}; {near(role, sorted(asked))} No topology of this "
                "sweep asks for it (your own names those it seats while it runs in ROLES)"
            )


def roles_of(cell: TopologyCell, sweep: Sweep) -> set[str]:
    """The roles that a topology asks models for.

    Those it declares in ROLES beside its builder; else those it seats when it is built, and the
    usual words, since what it seats while it runs is not known before.
    """
    builder = load_topology(cell.build)
    declared = getattr(sys.modules.get(builder.__module__), "ROLES", None)
    if isinstance(declared, tuple):
        return {str(role) for role in cast("tuple[object, ...]", declared)}
    return {*USUAL_ROLES, *seated(cell, sweep)}


USUAL_ROLES = ("agent", "aggregator", "judge", "lead", "subagent", "supervisor", "user", "worker")


def _wanted(hint: Any, value: Any) -> str | None:
    """What a value should be instead, in words; None if it fits or nothing is known."""
    if typing.get_origin(hint) is Annotated:
        kind, *notes = typing.get_args(hint)
        bounds = [bound for note in notes for bound in getattr(note, "metadata", [note])]
        return _wanted(kind, value) or next(filter(None, (_beyond(b, value) for b in bounds)), None)
    if typing.get_origin(hint) is Literal:
        choices = typing.get_args(hint)
        return None if value in choices else "one of " + ", ".join(str(c) for c in choices)
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        wanted = [_wanted(option, value) for option in typing.get_args(hint)]
        return None if None in wanted else " or ".join(text for text in wanted if text)
    plain = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
    if hint not in plain:
        return None
    accepted = (int, float) if hint is float else hint
    fits = isinstance(value, accepted) and (hint is bool or not isinstance(value, bool))
    return None if fits else plain[hint]


def _beyond(bound: Any, value: Any) -> str | None:
    """What a number must be, if it lies beyond a bound, such as pydantic's Field(ge=1)."""
    least, most = getattr(bound, "ge", None), getattr(bound, "le", None)
    if (least is None or value >= least) and (most is None or value <= most):
        return None
    return f"{least} or more" if most is None else f"at most {most}"
