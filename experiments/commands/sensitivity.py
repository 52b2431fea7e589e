"""`fanout sensitivity`: for what share of plausible profiles each conclusion of a sweep holds."""

import argparse
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.commands.output import columns, print_json, print_lines
from experiments.commands.run import MOST_WORKERS, set_aside, within
from experiments.engines.engine import EngineError
from results.store import MANIFEST, RUNS, Run, open_run

if TYPE_CHECKING:
    from experiments.running.runner import Plan

MOST_PROFILES = 100_000


def run(arguments: argparse.Namespace) -> int:
    """Carry out the command. 1 if the engine broke; Ctrl-C gives 130."""
    from experiments.profiles.sensitivity import Sizes, claimed, reduced
    from experiments.sweeps.checks import check
    from experiments.sweeps.sweep_file import read_sweep

    within("--workers", arguments.workers, MOST_WORKERS)
    within("--profiles", arguments.profiles, MOST_PROFILES)
    whole = read_sweep(arguments.sweep, arguments.set)
    sizes = Sizes(arguments.profiles, arguments.tasks, arguments.trials)
    sweep = reduced(whole, arguments.team, arguments.every_cell, sizes, arguments.base)
    check(sweep)
    folder = (arguments.runs or RUNS) / (arguments.name or sweep.name)
    if not whole.simulated and not arguments.json:
        print(
            f"the models of the sweep {whole.name} are not called: simulated profiles play",
            file=sys.stderr,
        )
    if arguments.fresh:
        set_aside(folder)
    before = open_run(folder) if (folder / MANIFEST).exists() else None
    plan = claimed(sweep, folder, arguments.profiles, arguments.base, command(arguments))
    if before is not None and not arguments.json:
        state = "is complete" if before.complete else "goes on"
        of = f"{before.manifest['recorded']:,} of {before.manifest.get('planned', 0):,}"
        print(f"{folder} {state}: {of} trials are recorded", file=sys.stderr)
    try:
        found = _played(plan, folder, arguments)
    except EngineError as error:
        print(f"fanout: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"stopped; `{command(arguments)}` goes on from there", file=sys.stderr)
        raise
    return told(found, arguments.json)


def _played(plan: "Plan", folder: Path, arguments: argparse.Namespace) -> Run:
    from experiments.running.progress import Display
    from experiments.running.runner import play

    if arguments.json:
        return play(plan, folder, arguments.engine, arguments.workers)
    with Display(simulation="simulated") as display:
        return play(plan, folder, arguments.engine, arguments.workers, display)


def told(found: Run, as_json: bool) -> int:
    """Say what a sensitivity run shows, and write its page."""
    from results.questions.map.sensitivity import (
        PROFILES,
        deciders,
        differences,
        reference_in,
        shares,
    )
    from results.questions.map.share_of_profiles import estimated_shares
    from results.reports.sensitivity_report import CAVEAT, write_sensitivity

    written = write_sensitivity(found, found.folder)
    about = found.manifest[PROFILES]
    reference = reference_in(found.manifest)
    frame = differences(found.trials, reference)
    held, likely = shares(frame), estimated_shares(frame)
    decided = deciders(frame, about["parameters"])
    if as_json:
        print_json(
            {
                "run": str(found.folder),
                "outcome": found.outcome,
                "recorded": found.manifest["recorded"],
                "planned": found.manifest.get("planned"),
                "simulated": True,
                "shares": held.to_dicts(),
                "estimated_shares": likely.to_dicts(),
                "deciders": decided.to_dicts(),
                "report": [str(path) for path in written],
            }
        )
        return 0
    print_lines(_lines(held, likely, decided, reference))
    print(CAVEAT)
    print(f"Report:   {written[0]}\n          {written[1]}")
    return 0


def _lines(held: Any, likely: Any, decided: Any, reference: str) -> Iterator[str]:
    from results.questions.map.phase_map import BETTER, WORSE
    from results.questions.map.share_of_profiles import MARGIN
    from results.reports.sensitivity_section import estimated_words
    from results.reports.sensitivity_words import decider_sentences, estimates
    from results.words import percent_interval, points

    yield ""
    yield f"Shares of plausible profiles, a team against {reference} (simulated)"
    likewise = [f"{name} (estimated)" for name in (BETTER, WORSE)]
    shown = [f"{name} (shown)" for name in (BETTER, WORSE)]
    rows = [["cell", "team", "mean, points", *likewise, *shown, "profiles"]]
    for (cell, topology), group in held.group_by(["cell", "topology"], maintain_order=True):
        by = {row["conclusion"]: row for row in group.iter_rows(named=True)}
        told = estimates(likely, cell, topology)
        parts = [estimated_words(told.get(name, {})) for name in (BETTER, WORSE)]
        parts += [
            percent_interval(by[name]["share"], by[name]["low"], by[name]["high"])
            for name in (BETTER, WORSE)
        ]
        mean = told.get(WORSE, {})
        at = points(mean.get("mean"), mean.get("mean_low"), mean.get("mean_high"))
        rows.append([cell, topology, at, *parts, str(by[BETTER]["of"])])
    yield from columns(rows)
    yield f"Estimated: true by more than {100 * MARGIN:g} points, shown by its own trials or not."
    yield ""
    yield from (f"- {text}" for text in decider_sentences(decided, reference))
    yield ""


def command(arguments: argparse.Namespace) -> str:
    """What to type to go on with this run, or to repeat it."""
    words = ["fanout", "sensitivity", arguments.sweep]
    for option in ("set", "team"):
        for value in getattr(arguments, option):
            words += [f"--{option}", value]
    for option in ("name", "runs"):
        if getattr(arguments, option):
            words += [f"--{option}", str(getattr(arguments, option))]
    if arguments.every_cell:
        words.append("--every-cell")
    words += ["--profiles", str(arguments.profiles), "--tasks", str(arguments.tasks)]
    words += ["--trials", str(arguments.trials), "--base", arguments.base]
    return shlex.join(words)
