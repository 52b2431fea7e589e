"""The same cells over many profiles of the simulated model: how far does a conclusion reach?

One profile is one assumption about a model. Here a sweep's cells are played by profiles drawn from
all documented ranges, and `results.questions.map.sensitivity` says for what share of them each
conclusion holds. The run is kept as any other: what is recorded stays, and what is missing is run.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from experiments.profiles.profile_draws import documented, draw_profiles, model_name
from experiments.refused import Refused
from experiments.running.manifest import manifest_of
from experiments.running.runner import Plan, claim
from experiments.sweeps.sweep import Sweep, TaskCell, specs, sweep_hash
from experiments.trials.spec import TrialSpec
from results.questions.map.sensitivity import PROFILES
from topologies.models.model_settings import OF_AN_ENDPOINT
from topologies.simulated.profile import profile

SUFFIX = "-sensitivity"
REFERENCE = "single_thread"


@dataclass(frozen=True)
class Sizes:
    """How many profiles, and how many tasks and trials of each cell each of them plays."""

    profiles: int = 200
    tasks: int = 10
    trials: int = 2


def reduced(
    sweep: Sweep,
    teams: Sequence[str] = (),
    every_cell: bool = False,
    sizes: Sizes | None = None,
    base: str = "typical",
) -> Sweep:
    """The part of a sweep that is played: teams against the reference, at the corners of the grid.

    `teams` are topologies of the sweep; by default the first besides the reference. The corners are
    the cells in which every number that varies is at its least or its most. Whatever models the
    sweep names, the profile `base` stands in for them. `Refused`, in one line, for a topology or
    profile that there is not, and for a sweep without a reference.
    """
    sizes = sizes or Sizes()
    for name, value in vars(sizes).items():
        least = 2 if name == "tasks" else 1  # a profile's interval is over its tasks
        if value < least:
            raise Refused(f"--{name} is {value}; it must be at least {least}")
    names = [topology.name for topology in sweep.topologies]
    if len(names) < 2:
        raise Refused(f"the sweep {sweep.name} has one topology; it takes two to compare")
    reference = reference_of(sweep)
    wanted = list(teams) or [name for name in names if name != reference][:1]
    for name in wanted:
        if name not in names or name == reference:
            others = ", ".join(known for known in names if known != reference)
            raise Refused(f"--team {name}: the sweep {sweep.name} has {others}")
    cells = sweep.cells if every_cell else corners(sweep.cells)
    return replace(
        sweep,
        name=sweep.name + SUFFIX,
        trials=sizes.trials,
        topologies=tuple(t for t in sweep.topologies if t.name in (reference, *wanted)),
        cells=tuple(replace(cell, tasks=sizes.tasks) for cell in cells),
        budgets=(),
        faults=(),
        models={"default": f"simulated:{profile_named(base)}"},
    )


def profile_named(base: str) -> str:
    """The name of a profile that parameters can be drawn over. `Refused` if there is none."""
    if "?" in base:
        raise Refused(f"--base is {base}; name a profile alone: its parameters are drawn")
    profile(base)
    return base


def reference_of(sweep: Sweep) -> str:
    """The single thread where it takes part, else the first topology."""
    names = [topology.name for topology in sweep.topologies]
    return REFERENCE if REFERENCE in names else names[0]


def corners(cells: Sequence[TaskCell]) -> list[TaskCell]:
    """The cells of each task set in which every number that varies is at its least or its most."""
    found: list[TaskCell] = []
    for cell in cells:
        beside = [other.settings for other in cells if other.task_set == cell.task_set]
        ends = {
            name: {min(values), max(values)}
            for name, value in cell.settings.items()
            if isinstance(value, int | float)
            and (values := [float(other[name]) for other in beside])
        }
        if all(float(cell.settings[name]) in values for name, values in ends.items()):
            found.append(cell)
    return found


def plan_of(sweep: Sweep, profiles: Sequence[str], seed: int) -> list[TrialSpec]:
    """Every trial of a reduced sweep, one profile after the other, each with a luck of its own."""
    return [
        spec
        for place, model in enumerate(profiles)
        for spec in specs(replace(sweep, seed=seed + place, models={"default": model}))
    ]


def claimed(
    sweep: Sweep,
    folder: Path,
    profiles: int = Sizes.profiles,
    base: str = "typical",
    command: str | None = None,
) -> Plan:
    """What a reduced sweep over drawn profiles takes, its folder made ready for it.

    What is not drawn is as in the profile `base`. Profiles are played one after the other, so that
    a run that stopped early holds whole profiles. `Refused` for what cannot be, and for a folder
    that holds another run.
    """
    models = [model_name(base, drawn) for drawn in draw_profiles(profiles, sweep.seed)]
    settings = {k: v for k, v in sweep.model_settings.items() if k not in OF_AN_ENDPOINT}
    sweep = replace(
        sweep, models={"default": f"simulated:{base}"}, model_settings=settings, role_settings={}
    )
    manifest = manifest_of(sweep, command or f"fanout sensitivity {shlex.quote(sweep.name)}")
    planned = plan_of(sweep, models, sweep.seed)
    drawn: dict[str, Any] = {
        "number": profiles,
        "seed": sweep.seed,
        "reference": reference_of(sweep),
        "parameters": documented(),
    }
    manifest |= {"planned": len(planned), PROFILES: drawn}
    manifest["sweep"] |= {PROFILES: drawn}
    manifest["hash"] = sweep_hash(manifest["sweep"])
    claim(folder, manifest)
    return Plan(planned, sweep.seed, sweep.sweep_limits, simulated=True, in_order=True)
