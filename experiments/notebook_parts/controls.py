"""What the notebooks let one choose: one typed class for its controls and a script.

Choices become the `--set` changes that a command line would give to a shipped sweep, so that what
a notebook runs is, to the hash, what the command shown beside it runs.
"""

import dataclasses
import hashlib
import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.loading import load_task_set
from experiments.recorded.show import known_as
from experiments.refused import Refused
from experiments.sweeps.checks import check
from experiments.sweeps.sweep import Sweep
from experiments.sweeps.sweep_file import read_sweep
from results.store import RUNS, Run
from tasks.finder import near
from tasks.task import TaskSet

BASE = "quickstart"
"""The sweep that the choices change; they replace its topologies, task sets, counts and models."""

OF_TASKS = ("width", "coupling", "mode", "style", "phrasing")
"""Choices that are settings of a task set; one that a set does not have is left out for it."""


@dataclass(frozen=True)
class Choices:
    """A small sweep, or (with `run`: a name, a folder or "latest") a recorded run to open.

    `name` is how the names of its runs begin: that of the notebook.
    Several values of a setting are an axis of the grid. `dollars` is what a sweep of a real model
    may use in all, 0 for no limit. Runs are read from and written to the folder `runs`.
    """

    run: str = ""
    topologies: tuple[str, ...] = ("single_thread", "lead_subagents")
    task_sets: tuple[str, ...] = ("orders",)
    width: tuple[int, ...] = (8,)
    coupling: tuple[float, ...] = (0.5,)
    mode: tuple[str, ...] = ("act",)
    style: tuple[str, ...] = ("atomic",)
    phrasing: tuple[str, ...] = ("plain",)
    model: str = "simulated:typical"
    tasks: int = 6
    trials: int = 4
    dollars: float = 1.0
    name: str = "compare"
    runs: Path = RUNS

    @property
    def simulated(self) -> bool:
        """Whether the model is simulated."""
        return self.model.startswith("simulated:")


BETWEEN = {"tasks": (1, 100), "trials": (1, 64), "dollars": (0, 1000)}
"""Least and most of what a page asks for as a number."""


def read_choices(given: Mapping[str, Any]) -> Choices:
    """Choices from the words of a command line; lists are separated by commas.

    `Refused`, in one line, for a key or a value that cannot be.
    """
    known = {field.name: field.default for field in dataclasses.fields(Choices)}
    values: dict[str, Any] = {}
    for key, value in given.items():
        if not key:  # "--", which some commands take before the words for a script
            continue
        if key not in known:
            raise Refused(f"there is no choice --{key}; {near(key, known)}")
        if value == "":
            raise Refused(f"--{key} is empty; give it a value{_like_what(known[key])}")
        try:
            values[key] = _like(known[key], value)
        except ValueError:
            raise Refused(f"--{key} {value}: it must be{_like_what(known[key])}") from None
        least, most = BETWEEN.get(key, (0, 0))
        if key in BETWEEN and not least <= values[key] <= most:
            raise Refused(f"--{key} {value}: it must be from {least} to {most}")
    return Choices(**values)


def sweep_of(choices: Choices) -> Sweep:
    """The sweep that was chosen, checked. `Refused`, in one line, if it cannot be."""
    for key in ("topologies", "task_sets", *OF_TASKS):
        if not getattr(choices, key):
            raise Refused(f"choose at least one value for {key.replace('_', ' ')}")
    sweep = read_sweep(BASE, changes(choices), [choices.model])
    check(sweep)
    return sweep


def command(choices: Choices) -> str:
    """The command that runs the same sweep, or takes up the run of it that is there."""
    words = ["fanout", "run", BASE]
    for change in changes(choices):
        words += ["--set", change]
    words += ["--model", choices.model]
    if choices.runs != RUNS:
        words += ["--runs", str(choices.runs)]
    return shlex.join(words)


def changes(choices: Choices) -> list[str]:
    """What `--set` would be given: everything but the model, and a name that follows from it."""
    sets = {name: _settings(load_task_set(name), choices) for name in choices.task_sets}
    made = [
        f"topologies={json.dumps(choices.topologies)}",
        f"task_sets={_inline(sets)}",
        f"tasks={choices.tasks}",
        f"trials={choices.trials}",
    ]
    known = json.dumps([*made, choices.model])
    name = f"{choices.name}-{hashlib.blake2b(known.encode(), digest_size=4).hexdigest()}"
    asked = f"How do {_listed(choices.topologies)} do on {_listed(choices.task_sets)}?"
    if choices.dollars and not choices.simulated:
        made.append(f"limits.sweep.dollars={choices.dollars:g}")
    return [f"name={name}", f"question={json.dumps(asked)}", *made]


def reading(run: Run, *commands: str) -> list[str]:
    """The commands that show a recorded run again."""
    known = known_as(run)
    return [f"fanout {words} {known}" for words in commands]


def grid_line(sweep: Sweep) -> str:
    """How large a sweep is, in words that multiply to its trials."""
    trials = sum(cell.tasks for cell in sweep.cells) * len(sweep.topologies) * sweep.trials
    tasks = sorted({cell.tasks for cell in sweep.cells})
    parts = (
        _many(len(sweep.topologies), "topology", "topologies"),
        _many(len(sweep.cells), "kind of task", "kinds of task"),
        f"{' or '.join(str(number) for number in tasks)} tasks",
        f"{_many(sweep.trials, 'trial', 'trials')} of each",
    )
    return f"{' x '.join(parts)} = {_many(trials, 'trial', 'trials')}"


def _settings(task_set: TaskSet, choices: Choices) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in OF_TASKS:
        values: Sequence[Any] = getattr(choices, name)
        if name in task_set.shorthands:
            values = [value for value in values if value in task_set.shorthands[name]]
        elif name not in task_set.dials:
            continue
        if values:
            found[name] = values[0] if len(values) == 1 else list(values)
    return found


def _inline(value: Any) -> str:
    """A value as TOML on one line."""
    if isinstance(value, dict):
        table: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType]
        return "{" + ", ".join(f"{_key(name)}={_inline(v)}" for name, v in table.items()) + "}"
    return json.dumps(value)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[\w-]+", name) else json.dumps(name)


def _like(default: Any, value: Any) -> Any:
    """The value as one of the default's kind. `Refused` if it is none."""
    if isinstance(default, tuple):
        first: Any = default[0]  # pyright: ignore[reportUnknownVariableType]
        parts = str(value).split(",") if not isinstance(value, list) else value  # pyright: ignore[reportUnknownVariableType]
        return tuple(_like(first, part) for part in parts)  # pyright: ignore[reportUnknownVariableType]
    return type(default)(str(value).strip())


def _like_what(default: Any) -> str:
    parts: list[Any] = list(default) if isinstance(default, tuple) else [default]  # pyright: ignore[reportUnknownArgumentType]
    shown = ",".join(str(part) for part in parts)
    return f" like {shown}" if shown else ""


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _many(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"
