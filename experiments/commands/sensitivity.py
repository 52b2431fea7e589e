"""`fanout sensitivity`: for what share of plausible profiles each conclusion of a sweep holds."""

from __future__ import annotations

import shlex
import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from experiments.commands import recording
from experiments.commands.words import runs_in

if TYPE_CHECKING:
    from experiments.running.progress import Display
    from results.store import Run

HELP = "say for what share of plausible profiles each conclusion holds"
EXAMPLE = "fanout sensitivity phase"

MOST_PROFILES = 100_000


def add_arguments(parser: ArgumentParser) -> None:
    """Which sweep, over how many profiles, and how much of it."""
    add = parser.add_argument
    add("sweep", nargs="?", default="phase", metavar="SWEEP", help="a name or a .toml file")
    add("--set", action="append", default=[], metavar="KEY=VALUE", help="as in --set seed=2")
    add("--team", action="append", default=[], metavar="NAME", help="default: the first in it")
    add("--every-cell", action="store_true", help="not only the corners of the grid")
    for option, default in (("profiles", 200), ("tasks", 10), ("trials", 2)):
        add(f"--{option}", type=int, default=default, metavar="N", help=f"default {default}")
    add("--base", default="typical", metavar="PROFILE", help="for what is not drawn")
    recording.add_recorded(parser)


def run(arguments: Namespace) -> int:
    """Carry out the command; Ctrl-C gives 130."""
    from experiments.printed.output import print_told
    from experiments.printed.sensitivity import shown
    from experiments.profiles.sensitivity import Sizes, claimed, reduced
    from experiments.running.runner import play
    from experiments.sweeps.checks import check
    from experiments.sweeps.sweep_file import read_sweep
    from results.reports.sensitivity_report import write_sensitivity
    from results.store import MANIFEST, open_run

    recording.check_engine(arguments)
    recording.within("--profiles", arguments.profiles, MOST_PROFILES)
    whole = read_sweep(arguments.sweep, arguments.set)
    sizes = Sizes(arguments.profiles, arguments.tasks, arguments.trials)
    sweep = reduced(whole, arguments.team, arguments.every_cell, sizes, arguments.base)
    check(sweep)
    folder = runs_in(arguments) / (arguments.name or sweep.name)
    if not whole.simulated and not arguments.json:
        idle = f"the models of the sweep {whole.name} are not called: simulated profiles play"
        print(idle, file=sys.stderr)
    if arguments.fresh:
        recording.set_aside(folder)
    before = open_run(folder) if (folder / MANIFEST).exists() else None
    command = _command(arguments)
    plan = claimed(sweep, folder, arguments.profiles, arguments.base, command)
    if before is not None and not arguments.json:
        state = "is complete" if before.complete else "goes on"
        of = f"{before.manifest['recorded']:,} of {before.manifest.get('planned', 0):,}"
        print(f"{folder} {state}: {of} trials are recorded", file=sys.stderr)

    def played(watch: Display | None) -> Run:
        at = (folder, arguments.engine, arguments.workers)
        return play(plan, *at) if watch is None else play(plan, *at, watch)

    try:
        found = recording.watched(played, "simulated", arguments)
    except KeyboardInterrupt:
        print(f"stopped; `{command}` goes on from there", file=sys.stderr)
        raise
    data, lines = shown(found, write_sensitivity(found, found.folder))
    print_told(arguments.json, data, lines)
    return 0


def _command(arguments: Namespace) -> str:
    """What to type to go on with this run, or to repeat it."""
    words = recording.options(arguments, "set", "team", "name", "runs")
    words += ["--every-cell"] if arguments.every_cell else []
    words += recording.options(arguments, "profiles", "tasks", "trials", "base")
    return shlex.join(["fanout", "sensitivity", arguments.sweep, *words])
