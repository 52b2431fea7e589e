"""What a sweep is: the grid of trials that answers a question.

`experiments.sweeps.sweep_file` reads one from TOML. Two sweeps are the same when their `sweep_hash`
is: what is asked of a run that is there already, and what its manifest keeps, is decided here.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from experiments.trials.roles import Simulation, simulation
from experiments.trials.spec import Budget, Interrupts, Limits, TrialSpec
from tasks.faults.plan import Plan
from tasks.task import Setting, Split


@dataclass(frozen=True)
class TopologyCell:
    """One arm of the sweep: the name it goes by, its builder and the settings of the builder.

    `replicate` salts the luck of its trials, so that one topology can run against itself (A/A).
    """

    name: str
    build: str
    settings: Mapping[str, Any]
    replicate: str = ""


@dataclass(frozen=True)
class TaskCell:
    """The first `tasks` tasks of a set at one setting of all its dials."""

    task_set: str
    settings: Mapping[str, Setting]
    split: Split
    tasks: int

    @property
    def label(self) -> str:
        """The set and its settings in one line."""
        dials = " ".join(f"{name}={value}" for name, value in self.settings.items())
        return f"{self.task_set} {self.split} {dials}".strip()


@dataclass(frozen=True)
class SweepLimits:
    """What a whole sweep may use; None is no limit. Reaching one starts no further trials."""

    dollars: float | None = None
    tokens: int | None = None


@dataclass(frozen=True)
class Sweep:
    """Everything a run follows from.

    `models`, `model_settings` and `role_settings` are those of a `TrialSpec`. `budgets` are an axis
    of the grid, empty for none. `thresholds` are kept with the run for its analysis, and so are
    `contrasts`, the comparisons it is run for. What a sweep as a whole may use decides which trials
    exist, so `sweep_limits` may change on resuming. `faults` are an axis too, empty for a sweep
    without: plans of what the world does wrong, None for the trials in which it does nothing so.
    """

    name: str
    question: str
    seed: int
    trials: int
    topologies: tuple[TopologyCell, ...]
    cells: tuple[TaskCell, ...]
    models: Mapping[str, str]
    model_settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    limits: Limits = field(default_factory=Limits)
    sweep_limits: SweepLimits = field(default_factory=SweepLimits)
    thresholds: Mapping[str, float] = field(default_factory=dict[str, float])
    budgets: tuple[Budget, ...] = ()
    contrasts: tuple[str, ...] = ()
    role_settings: Mapping[str, Mapping[str, Any]] = field(
        default_factory=dict[str, Mapping[str, Any]]
    )
    interrupts: Interrupts = "pause"
    faults: tuple[Plan | None, ...] = ()

    @property
    def simulation(self) -> Simulation:
        """Whether all, some or none of its models are simulated."""
        return simulation(self)

    @property
    def simulated(self) -> bool:
        """Whether all its models are simulated."""
        return self.simulation == "simulated"


def specs(sweep: Sweep) -> list[TrialSpec]:
    """Every trial of the sweep: by topology, then cell, budget, faults, task and trial."""
    return [
        TrialSpec(
            sweep=sweep.name,
            sweep_seed=sweep.seed,
            topology=topology.name,
            build=topology.build,
            topology_settings=topology.settings,
            task_set=cell.task_set,
            settings=cell.settings,
            split=cell.split,
            index=index,
            trial=trial,
            models=sweep.models,
            model_settings=sweep.model_settings,
            role_settings=sweep.role_settings,
            limits=sweep.limits,
            budget=budget,
            replicate=topology.replicate,
            interrupts=sweep.interrupts,
            faults=plan,
        )
        for topology in sweep.topologies
        for cell in sweep.cells
        for budget in sweep.budgets or (None,)
        for plan in sweep.faults or (None,)
        for index in range(cell.tasks)
        for trial in range(sweep.trials)
    ]


def canonical(sweep: Sweep) -> dict[str, Any]:
    """The sweep as plain data; equal sweeps give equal data, whatever the file looked like."""
    return json.loads(json.dumps(asdict(sweep), sort_keys=True))


def sweep_hash(sweep: Mapping[str, Any]) -> str:
    """A hash of all that a canonical sweep's records and conclusions depend on."""
    text = json.dumps(_binding(sweep), sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What separates two canonical sweeps, one line a value: "trials: 8 -> 4"."""
    old, new = _flat(_binding(before)), _flat(_binding(after))
    return [
        f"{key}: {_shown(old.get(key))} -> {_shown(new.get(key))}"
        for key in dict.fromkeys([*old, *new])
        if old.get(key) != new.get(key)
    ]


def _binding(sweep: Mapping[str, Any]) -> dict[str, Any]:
    kept = {k: v for k, v in sweep.items() if k not in ("question", "sweep_limits")}
    for name in ("budgets", "faults", "role_settings"):
        if not kept.get(name):
            kept.pop(name, None)
    if kept.get("interrupts") == "pause":
        del kept["interrupts"]
    return kept


def _flat(value: Any, key: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        items: list[tuple[str, Any]] = [(str(k), v) for k, v in value.items()]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    elif isinstance(value, list):
        items = [(_name(v, i), v) for i, v in enumerate(value)]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    else:
        return {key: value}
    flat: dict[str, Any] = {}
    for name, part in items:
        flat |= _flat(part, f"{key}.{name}" if key else name)
    return flat


def _name(item: Any, place: int) -> str:
    return str(item.get("name", place)) if isinstance(item, dict) else str(place)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]


def _shown(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value)
