"""What the controls of a notebook offer: what a small sweep can name, and what was asked for.

Values that were asked for are always among those offered, so that a control can show them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from experiments.loading import load_task_set
from experiments.notebook_parts.controls import OF_TASKS, Choices
from experiments.refused import Refused
from results.store import find_run, newest_first
from tasks import TASK_SETS
from tasks.task import Range
from topologies import MODELS, TOPOLOGIES
from topologies.simulated.profile import profiles

STEPS: dict[str, tuple[float, ...]] = {
    "width": (1, 2, 4, 8, 16, 32),
    "coupling": (0.0, 0.25, 0.5, 0.75, 1.0),
}
"""What is offered of a setting that is a range."""


def offered(given: Choices) -> dict[str, list[Any]]:
    """Name of a choice to the values that can be chosen, in a sensible order."""
    values: dict[str, Iterable[Any]] = {
        "topologies": TOPOLOGIES,
        "task_sets": TASK_SETS,
        **{name: _of_tasks(name) for name in OF_TASKS},
    }
    found = {name: _with(offers, getattr(given, name)) for name, offers in values.items()}
    found["model"] = _with((f"simulated:{name}" for name in profiles()), (given.model,))
    return found


def chosen(given: Choices, values: Mapping[str, Any]) -> Choices:
    """The choices with the values of controls; an `other_model` that is given wins over `model`.

    `Refused` for one by import path: what is imported is said on the command line, never by a page.
    """
    values = dict(values)
    other = str(values.pop("other_model", "") or "").strip()
    provider = other.partition(":")[0]
    if other and other != given.model and provider not in MODELS:
        allowed = ", ".join(f"{name}:NAME" for name in MODELS)
        raise Refused(f"the model {other!r} is none of {allowed}; your own: start with --model")
    plain = {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return replace(given, **plain | ({"model": other} if other else {}))


def to_open(given: Choices) -> dict[str, Path]:
    """Label to folder of every recorded run, the newest first, and the one that was asked for.

    `Refused` if the one that was asked for is none.
    """
    found = {folder.name: folder for folder in newest_first(given.runs)}
    if given.run:
        asked = find_run(given.run, given.runs)
        label = asked.name if found.get(asked.name, asked) == asked else str(asked)
        found = {label: asked} | {name: f for name, f in found.items() if f != asked}
    return found


def _of_tasks(name: str) -> list[Any]:
    sets = [load_task_set(known) for known in TASK_SETS]
    values: list[Any] = []
    for task_set in sets:
        dial = task_set.dials.get(name, ())
        if isinstance(dial, Range):
            values += [step for step in STEPS.get(name, ()) if dial.low <= step <= dial.high]
        else:
            values += dial
        values += task_set.shorthands.get(name, ())
    return values


def _with(offers: Iterable[Any], asked: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys([*offers, *asked]))
