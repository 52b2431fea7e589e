"""`fanout run`: estimate, run or resume a sweep, and say what it shows."""

from __future__ import annotations

import json
import shlex
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.commands import recording
from experiments.commands.words import add_json, add_runs, opened, runs_in
from experiments.refused import Refused

if TYPE_CHECKING:
    from experiments.running.estimate import Estimate
    from experiments.running.progress import Display
    from experiments.sweeps.sweep import Sweep
    from results.store import Run

HELP = "run a sweep, or go on with it"
EXAMPLE = "fanout run --set trials=2"

MOST_PILOT = 1000


def add_arguments(parser: ArgumentParser) -> None:
    """Which sweep with which changes, how it is run, and what is asked before."""
    add = parser.add_argument
    add("sweep", nargs="?", default="quickstart", metavar="SWEEP", help="a name or a .toml file")
    add("--set", action="append", default=[], metavar="KEY=VALUE", help="as in --set trials=4")
    add("--model", action="append", default=[], metavar="NAME", help="or ROLE=NAME")
    add("--name", metavar="NAME", help="the run's name (default: the sweep's)")
    add_runs(parser)
    recording.add_engine(parser)
    add("--resume", action="store_true", help="go on with a run; refuse to start a new one")
    recording.add_fresh(parser)
    add("--retry-crashed", action="store_true", help="run crashed trials again")
    elsewhere = "go on with a run whose models were served elsewhere"
    add("--another-endpoint", action="store_true", help=elsewhere)
    recording.add_dollars(parser, None, "ask first if the estimate is above")
    add("--pilot", type=int, default=2, metavar="N", help="trials a cell for the estimate")
    add("--from", dest="basis", metavar="RUN", help="estimate from a recorded run instead")
    add_json(parser, "print JSON, and no progress")


def run(arguments: Namespace) -> int:
    """Carry out the command. 1 if the endpoint or every trial failed; Ctrl-C gives 130."""
    from experiments.sweeps.checks import check
    from experiments.sweeps.sweep_file import read_sweep
    from results.store import MANIFEST

    recording.check_engine(arguments)
    recording.within("--pilot", arguments.pilot, MOST_PILOT)
    recording.check_dollars(arguments)
    changes = list(arguments.set)
    if arguments.name is not None:
        changes.append(f"name={json.dumps(arguments.name)}")
    sweep = read_sweep(arguments.sweep, changes, arguments.model)
    check(sweep)
    if arguments.estimate:
        recording.say_estimate(_estimated(sweep, arguments), arguments)
        return 0
    folder = runs_in(arguments) / sweep.name
    if arguments.resume and not (folder / MANIFEST).exists():
        raise Refused(f"there is no run in {folder} to resume; leave out --resume to start one")
    if arguments.max_dollars is not None and not arguments.yes:
        _ask(sweep, arguments)
    if arguments.fresh:
        recording.set_aside(folder)
    k = int(sweep.thresholds.get("k", 1))
    if k > sweep.trials:
        few = f"of pass^{k} (thresholds.k) {sweep.trials} trials a task tell nothing"
        print(f"fanout: note: {few}; set trials to {k} or more", file=sys.stderr)
    return _told(_played(sweep, folder, arguments), arguments)


def _played(sweep: Sweep, folder: Path, arguments: Namespace) -> Run:
    from experiments.running.progress import unwatched
    from experiments.running.runner import run_sweep
    from results.store import MANIFEST, open_run

    command = _command(arguments)

    def play(watch: Display | None) -> Run:
        return run_sweep(
            sweep,
            folder,
            engine=arguments.engine,
            workers=arguments.workers,
            progress=watch or unwatched,
            retry_crashed=arguments.retry_crashed,
            another_endpoint=arguments.another_endpoint,
            command=command,
        )

    before = open_run(folder) if (folder / MANIFEST).exists() else None
    if before is not None and not arguments.json:
        state = "is complete" if before.complete else "goes on"
        planned = before.manifest.get("planned")
        print(f"{folder} {state}: {before.manifest['recorded']} of {planned} trials are recorded")
    try:
        return recording.watched(play, sweep.simulation, arguments)
    except KeyboardInterrupt:
        recorded = open_run(folder).manifest["recorded"] if folder.exists() else 0
        kept = f"stopped; {recorded} trials are kept, and `{command}` goes on from there"
        print(kept, file=sys.stderr)
        raise


def _told(found: Run, arguments: Namespace) -> int:
    from experiments.printed.conclusion import conclusion, conclusion_lines
    from experiments.printed.output import print_told
    from experiments.running.stopping import ENDPOINT

    told = conclusion(found)
    print_told(arguments.json, told, conclusion_lines(told))
    if found.outcome.startswith(ENDPOINT):
        print(f"fanout: {found.outcome}", file=sys.stderr)
        return 1
    return int(recording.all_crashed(found))


def _estimated(sweep: Sweep, arguments: Namespace) -> Estimate:
    from experiments.running.estimate import from_pilot, from_run

    if arguments.basis:
        return from_run(sweep, opened(arguments, arguments.basis), arguments.workers)
    return from_pilot(sweep, arguments.pilot, arguments.workers)


def _ask(sweep: Sweep, arguments: Namespace) -> None:
    """Go on only if the estimate is within --max-dollars, or someone says yes."""
    found = _estimated(sweep, arguments)
    if above := recording.above(found, arguments):
        dollars = found.total("dollars")
        cost = "an unknown number of dollars" if dollars is None else f"about ${dollars:.2f}"
        recording.ask(f"this would take {cost} ({found.basis}); {above}", arguments)


def _command(arguments: Namespace) -> str:
    """What to type to go on with this run, or to repeat it."""
    given = recording.options(arguments, "set", "model", "name", "runs")
    return shlex.join(["fanout", "run", arguments.sweep, *given])
