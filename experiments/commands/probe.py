"""`fanout probe`: measure on a model the few numbers that decide, and find it on the map."""

from __future__ import annotations

import shlex
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.commands import recording
from experiments.commands.words import runs_in

if TYPE_CHECKING:
    from experiments.running.estimate import Estimate
    from experiments.running.progress import Display
    from experiments.sweeps.sweep import Sweep
    from results.store import Run

HELP = "measure on a model the few numbers that decide, and find it on the map"
EXAMPLE = "fanout probe --model simulated:typical"


def add_arguments(parser: ArgumentParser) -> None:
    """Which model, how much is asked of it, and the map it is placed on."""
    add = parser.add_argument
    add("--model", required=True, metavar="NAME", help="openai:NAME, or simulated:PROFILE")
    for option, default in (("tasks", 6), ("trials", 2), ("pairs", 6)):
        add(f"--{option}", type=int, default=default, metavar="N", help=f"default {default}")
    add("--on", metavar="RUN", help="the sensitivity run it is placed on (default: the newest)")
    recording.add_dollars(parser, 1.0, "ask first above (default 1)")
    recording.add_recorded(parser)


def run(arguments: Namespace) -> int:
    """Carry out the command. 1 if every trial crashed."""
    from experiments.profiles.probe import (
        Sizes,
        estimated,
        map_of,
        newest_sensitivity,
        probe_sweeps,
        resized,
        widths_for,
    )
    from experiments.sweeps.checks import check
    from results.store import find_run, open_run

    recording.check_engine(arguments)
    recording.check_dollars(arguments)
    runs = runs_in(arguments)
    there = find_run(arguments.on, runs) if arguments.on else newest_sensitivity(runs)
    drawn = None if there is None else map_of(open_run(there))
    sizes = Sizes(arguments.tasks, arguments.trials, arguments.pairs)
    sweeps = probe_sweeps(arguments.model, sizes, widths_for(drawn))
    sweeps = resized(sweeps, arguments.name)
    for sweep in sweeps:
        check(sweep)
    folder = runs / sweeps[0].name
    cost = estimated(sweeps, arguments.workers)
    if arguments.estimate:
        recording.say_estimate(cost, arguments)
        return 0
    _ask(cost, arguments, sweeps[0].simulated)
    if arguments.fresh:
        recording.set_aside(folder)
    found = _played(sweeps, folder, arguments)
    if recording.all_crashed(found):
        return 1
    _tell(found, cost, drawn, sweeps[0].simulated, arguments)
    return 0


def _played(sweeps: tuple[Sweep, Sweep], folder: Path, arguments: Namespace) -> Run:
    from experiments.profiles.probe import run_probe
    from experiments.running.progress import unwatched

    words = ["model", "tasks", "trials", "pairs", "on", "name", "runs"]

    def play(watch: Display | None) -> Run:
        return run_probe(
            sweeps,
            folder,
            engine=arguments.engine,
            workers=arguments.workers,
            progress=watch or unwatched,
            command=shlex.join(["fanout", "probe", *recording.options(arguments, *words)]),
        )

    return recording.watched(play, sweeps[0].simulation, arguments)


def _ask(cost: Estimate, arguments: Namespace, simulated: bool) -> None:
    """Say what it will cost; above --max-dollars go on only if someone says yes."""
    dollars, above = cost.total("dollars"), recording.above(cost, arguments)
    told = "an unknown number of dollars" if dollars is None else f"about ${dollars:.2g}"
    said = f"this probe takes {cost.total('trials'):.0f} trials and {told} ({cost.basis})"
    if simulated or arguments.yes or not above:
        if not arguments.json:
            print(f"{said}.", file=sys.stderr)
        return
    recording.ask(f"{said}; {above}", arguments)


def _tell(
    found: Run, cost: Estimate, drawn: Run | None, simulated: bool, arguments: Namespace
) -> None:
    from dataclasses import asdict

    from experiments.printed.output import print_json, print_lines
    from experiments.printed.probe import measured_lines, placed_lines, spent
    from experiments.profiles.probe import measured, place_on

    numbers = measured(found)
    place = None if drawn is None else place_on(found, numbers, drawn)
    if not arguments.json:
        print_lines(measured_lines(found, arguments.model, numbers, cost))
        print_lines(placed_lines(drawn, place))
        return
    print_json(
        {
            "run": str(found.folder),
            "model": arguments.model,
            "simulated": simulated,
            "trials": found.trials.height,
            "dollars": spent(found.trials),
            "estimated_dollars": cost.total("dollars"),
            "context_slope": asdict(numbers.slope),
            "habit_spread": asdict(numbers.spread),
            "map": None if drawn is None else str(drawn.folder),
            "place": None if place is None else asdict(place),
        }
    )
