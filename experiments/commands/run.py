"""`fanout run`: estimate, run or resume a sweep, and say what it shows."""

import argparse
import json
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.commands.output import (
    estimate_lines,
    print_json,
    print_lines,
    unpriced_words,
)
from experiments.engines.engine import EngineError
from experiments.refused import Refused
from experiments.sweeps.sweep import Sweep
from results.store import MANIFEST, RUNS, Run, find_run, open_run

if TYPE_CHECKING:
    from experiments.running.estimate import Estimate
    from experiments.running.progress import Display

PLAIN_OPTIONS = ("set", "model")
MOST_WORKERS, MOST_PILOT = 10_000, 1000


def run(arguments: argparse.Namespace) -> int:
    """Carry out the command. 1 if the endpoint or every trial failed or the engine broke.

    Ctrl-C gives 130.
    """
    from experiments.sweeps.checks import check
    from experiments.sweeps.sweep_file import read_sweep

    within("--workers", arguments.workers, MOST_WORKERS)
    within("--pilot", arguments.pilot, MOST_PILOT)
    if arguments.max_dollars is not None and not arguments.max_dollars >= 0:
        raise Refused(f"--max-dollars is {arguments.max_dollars:g}; it must be 0 or more")
    changes = list(arguments.set)
    if arguments.name is not None:
        changes.append(f"name={json.dumps(arguments.name)}")
    sweep = read_sweep(arguments.sweep, changes, arguments.model)
    check(sweep)
    runs: Path = arguments.runs or RUNS
    if arguments.estimate:
        return _estimate(sweep, arguments, runs)
    folder = runs / sweep.name
    if arguments.resume and not (folder / MANIFEST).exists():
        raise Refused(f"there is no run in {folder} to resume; leave out --resume to start one")
    if arguments.max_dollars is not None and not arguments.yes:
        _ask(sweep, arguments, runs)
    if arguments.fresh:
        set_aside(folder)
    k = int(sweep.thresholds.get("k", 1))
    if k > sweep.trials:
        few = f"of pass^{k} (thresholds.k) {sweep.trials} trials a task tell nothing"
        print(f"fanout: note: {few}; set trials to {k} or more", file=sys.stderr)
    try:
        found = _played(sweep, folder, arguments)
    except EngineError as error:
        print(f"fanout: {error}", file=sys.stderr)
        return 1
    return _told(found, arguments)


def _played(sweep: Sweep, folder: Path, arguments: argparse.Namespace) -> Run:
    from experiments.running.progress import Display, unwatched
    from experiments.running.runner import run_sweep

    def play(watch: "Display | None") -> Run:
        return run_sweep(
            sweep,
            folder,
            engine=arguments.engine,
            workers=arguments.workers,
            progress=watch or unwatched,
            retry_crashed=arguments.retry_crashed,
            another_endpoint=arguments.another_endpoint,
            command=_command(arguments),
        )

    before = open_run(folder) if (folder / MANIFEST).exists() else None
    if before is not None and not arguments.json:
        state = "is complete" if before.complete else "goes on"
        planned = before.manifest.get("planned")
        print(f"{folder} {state}: {before.manifest['recorded']} of {planned} trials are recorded")
    try:
        if arguments.json:
            return play(None)
        with Display(simulation=sweep.simulation) as display:
            return play(display)
    except KeyboardInterrupt:
        recorded = open_run(folder).manifest["recorded"] if folder.exists() else 0
        print(
            f"stopped; {recorded} trials are kept, and `{_command(arguments)}` goes on from there",
            file=sys.stderr,
        )
        raise


def _told(found: Run, arguments: argparse.Namespace) -> int:
    from experiments.commands.conclusion import conclusion, conclusion_lines
    from experiments.running.stopping import ENDPOINT

    told = conclusion(found)
    if arguments.json:
        print_json(told)
    else:
        print_lines(conclusion_lines(told))
    if found.outcome.startswith(ENDPOINT):
        print(f"fanout: {found.outcome}", file=sys.stderr)
        return 1
    trials = found.trials
    crashed = int((trials.get_column("ended") == "crashed").sum())
    if crashed and crashed == trials.height:
        reason = str(trials.get_column("crash")[0])
        print(f"fanout: every trial crashed: {reason}", file=sys.stderr)
        return 1
    return 0


def _estimate(sweep: Sweep, arguments: argparse.Namespace, runs: Path) -> int:
    from dataclasses import asdict

    found = _estimated(sweep, arguments, runs)
    if arguments.json:
        totals = {k: found.total(k) for k in ("trials", "calls", "tokens", "dollars")}
        print_json({**asdict(found), "total": totals})
    else:
        print_lines(estimate_lines(found))
    return 0


def _estimated(sweep: Sweep, arguments: argparse.Namespace, runs: Path) -> "Estimate":
    from experiments.running.estimate import from_pilot, from_run

    if arguments.basis:
        return from_run(sweep, open_run(find_run(arguments.basis, runs)), arguments.workers)
    return from_pilot(sweep, arguments.pilot, arguments.workers)


def _ask(sweep: Sweep, arguments: argparse.Namespace, runs: Path) -> None:
    """Go on only if the estimate is within --max-dollars, or someone says yes."""
    found = _estimated(sweep, arguments, runs)
    dollars = found.total("dollars")
    if dollars is not None and dollars <= arguments.max_dollars:
        return
    cost = "an unknown number of dollars" if dollars is None else f"about ${dollars:.2f}"
    above = unpriced_words(found) or f"above --max-dollars {arguments.max_dollars:g}"
    said = f"this would take {cost} ({found.basis}); {above}"
    if arguments.json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Refused(f"{said}; add --yes to run it all the same")
    print(f"{said}. Run it? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Refused("not run")


def set_aside(folder: Path) -> None:
    """Rename an earlier run to the first free NAME.1, NAME.2, ..."""
    if not folder.exists():
        return
    number = 1
    while (aside := folder.with_name(f"{folder.name}.{number}")).exists():
        number += 1
    os.rename(folder, aside)
    print(f"the earlier run is now {aside}", file=sys.stderr)


def _command(arguments: argparse.Namespace) -> str:
    """What to type to go on with this run, or to repeat it."""
    words = ["fanout", "run", arguments.sweep]
    for option in PLAIN_OPTIONS:
        for value in getattr(arguments, option):
            words += [f"--{option}", value]
    for option in ("name", "runs"):
        if getattr(arguments, option):
            words += [f"--{option}", str(getattr(arguments, option))]
    return shlex.join(words)


def within(option: str, value: int | None, most: int) -> None:
    """`Refused` for a count that is not from 1 to `most`."""
    if value is not None and not 1 <= value <= most:
        raise Refused(f"{option} is {value}; it must be from 1 to {most:,}")
