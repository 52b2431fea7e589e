"""A small run on one model that measures the few numbers which decide where it lies on the map."""

import hashlib
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from experiments.refused import Refused
from experiments.running.estimate import Estimate, from_pilot
from experiments.running.manifest import manifest_of
from experiments.running.progress import Watch, unwatched
from experiments.running.runner import Plan, claim, play
from experiments.sweeps.sweep import Sweep, TaskCell, specs, sweep_hash
from experiments.sweeps.sweep_file import by_name
from experiments.sweeps.sweep_grid import parse_sweep
from results.questions.map.probe import (
    ContextSlope,
    HabitSpread,
    Placed,
    Standing,
    context_slope,
    habit_spread,
    items_of,
    likelihoods,
    parameter_span,
    placed,
    standings,
)
from results.questions.map.sensitivity import PROFILES, differences, profile_of, reference_in
from results.statistics.tail_share import worth
from results.store import Run, newest_first, read_manifest

WIDTHS = (1, 4, 16)
PAIR_WIDTH = 12
"""Requests for each pair of subagents: in most tasks both get some that leave a choice open."""

OPEN_CHOICES = 2
"""What can be chosen where the text is silent: a refund to the card, or to the original payment."""

PROBED = "probe"
LONGEST_NAME = 60
SEED = 1


@dataclass(frozen=True)
class Sizes:
    """Tasks of each width and trials of each, and tasks for pairs of subagents."""

    tasks: int = 6
    trials: int = 2
    pairs: int = 6


def probe_sweeps(model: str, sizes: Sizes, widths: Sequence[int] = WIDTHS) -> tuple[Sweep, Sweep]:
    """The single thread at growing widths, and two subagents with a choice left open.

    `Refused` for sizes below 1 (tasks below 3, since tasks are what is sampled).
    """
    for name, value in vars(sizes).items():
        least = 3 if name == "tasks" else 1
        if value < least:
            raise Refused(f"--{name} is {value}; it must be at least {least}")
    common = {
        "name": name_for(model),
        "question": f"Where on the map does {model} lie?",
        "seed": SEED,
        "models": {"default": model},
    }
    alone: dict[str, Any] = {
        "topologies": ["single_thread"],
        "trials": sizes.trials,
        "task_sets": {"orders": {"width": list(widths), "mode": "act", "tasks": sizes.tasks}},
    }
    pairs: dict[str, Any] = {
        "topologies": {"pair": {"base": "lead_subagents", "team": 2}},
        "trials": sizes.trials,
        "task_sets": {
            "orders": {"width": PAIR_WIDTH, "phrasing": "underspecified", "tasks": sizes.pairs}
        },
    }
    return parse_sweep(by_name(common | alone)), parse_sweep(by_name(common | pairs))


def name_for(model: str) -> str:
    """The name of a model's probe: its own for each setting of a profile, and never too long."""
    words = re.sub(r"[^A-Za-z0-9._]+", "-", model).strip("-")
    if len(words) > LONGEST_NAME:
        words = f"{words[:LONGEST_NAME]}-{hashlib.sha256(model.encode()).hexdigest()[:8]}"
    return f"{PROBED}-{words}"


def estimated(sweeps: Sequence[Sweep], workers: int | None = None) -> Estimate:
    """What a probe would take, from a pilot of each of its cells."""
    found = [from_pilot(sweep, 1, workers) for sweep in sweeps]
    seconds = [one.seconds for one in found]
    return Estimate(
        tuple(cell for one in found for cell in one.cells),
        found[0].basis,
        None if None in seconds else sum(each or 0 for each in seconds),
        found[0].workers,
        tuple(dict.fromkeys(name for one in found for name in one.unpriced)),
    )


def run_probe(
    sweeps: tuple[Sweep, Sweep],
    folder: Path,
    *,
    engine: str | None = None,
    workers: int | None = None,
    progress: Watch = unwatched,
    command: str | None = None,
) -> Run:
    """Run what is missing of a probe into one folder, and open the run."""
    alone, pairs = sweeps
    both = [*specs(alone), *specs(pairs)]
    manifest = manifest_of(alone, command or f"fanout probe --model {shlex.quote(alone.name)}")
    told = {"widths": _widths(alone.cells), "pairs": pairs.cells[0].tasks, "of": PAIR_WIDTH}
    manifest |= {"planned": len(both), PROBED: told}
    manifest["sweep"] |= {PROBED: told}
    manifest["hash"] = sweep_hash(manifest["sweep"])
    claim(folder, manifest)
    plan = Plan(both, alone.seed, alone.sweep_limits, alone.simulated)
    return play(plan, folder, engine, workers, progress)


@dataclass(frozen=True)
class Probed:
    """What a probe measured."""

    slope: ContextSlope
    spread: HabitSpread


def measured(run: Run) -> Probed:
    """The numbers of a probe that was run."""
    alone = run.trials.filter(pl.col("topology") == "single_thread")
    return Probed(
        context_slope(items_of(alone, run.steps, run.milestones)), habit_spread(run.steps)
    )


@dataclass(frozen=True)
class Place:
    """Where a model lies: each cell, and its standing in those that both runs have.

    `distraction` is the parameter of the profiles that explain the probe: median and 95% limits.
    Maps of older kits call it `context_slope`.
    Weighed by how well they explain it the profiles are worth `worth` equal ones; below 5 there are
    no cells.
    """

    cells: tuple[Placed, ...]
    standings: tuple[Standing, ...]
    worth: float
    distraction: tuple[float, float, float] | None


def place_on(run: Run, found: Probed, drawn: Run) -> Place:
    """Where the probed model lies on a sensitivity run."""
    reference = reference_in(drawn.manifest)
    alone = run.trials.filter(pl.col("topology") == "single_thread")
    theirs = drawn.trials.filter(pl.col("topology") == reference)
    models = theirs.get_column("model").unique().to_list()
    differs = {str(model): chance_to_differ(profile_of(str(model))) for model in models}
    weights = likelihoods(theirs, alone, found.spread, differs)
    cells = placed(differences(drawn.trials, reference), weights)
    slope = parameter_span(weights, "distraction") or parameter_span(weights, "context_slope")
    equal = worth(np.array(list(weights.values())))
    return Place(tuple(cells), tuple(standings(theirs, alone)), equal, slope)


def chance_to_differ(values: Mapping[str, str]) -> float:
    """The chance that two agents of a profile choose differently where nobody said."""
    habits = min(int(values.get("habits", 1)), OPEN_CHOICES)
    return 1 - 1 / habits if values.get("habit_scope", "agent") == "agent" else 0.0


def map_of(run: Run) -> Run:
    """The run, if models can be placed on it. `Refused` if it drew no profiles."""
    if PROFILES not in run.manifest:
        raise Refused(f"{run.folder} drew no profiles; name a run of `fanout sensitivity`")
    return run


def newest_sensitivity(runs: Path) -> Path | None:
    """The folder of the sensitivity run that was changed last; None if there is none."""
    return next((f for f in newest_first(runs) if PROFILES in read_manifest(f)), None)


def widths_for(drawn: Run | None) -> tuple[int, ...]:
    """The widths to probe: 1, 4 and 16, and those of a map without coupling."""
    if drawn is None or drawn.trials.is_empty():
        return WIDTHS
    free = drawn.trials.filter(pl.col("coupling") == 0, pl.col("task_set") == "orders")
    return tuple(sorted({*WIDTHS, *free.get_column("width").drop_nulls().unique().to_list()}))


def _widths(cells: Sequence[TaskCell]) -> list[int]:
    return [int(cell.settings["width"]) for cell in cells]


def resized(sweeps: tuple[Sweep, Sweep], name: str | None) -> tuple[Sweep, Sweep]:
    """The same probe under another name."""
    if name is None:
        return sweeps
    alone, pairs = sweeps
    return replace(alone, name=name), replace(pairs, name=name)
