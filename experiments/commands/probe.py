"""`fanout probe`: measure on a model the few numbers that decide, and find it on the map."""

import argparse
import shlex
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.commands.output import (
    columns,
    estimate_lines,
    print_json,
    print_lines,
    unpriced_words,
)
from experiments.commands.run import MOST_WORKERS, set_aside, within
from experiments.engines.engine import EngineError
from experiments.refused import Refused
from results.questions.map.share_of_profiles import LEAST_PROFILES, MARGIN
from results.reports.sensitivity_section import estimated_words
from results.store import RUNS, Run, find_run, open_run
from results.words import points

if TYPE_CHECKING:
    import polars as pl

    from experiments.profiles.probe import Place, Probed
    from experiments.running.estimate import Estimate
    from experiments.running.progress import Display
    from experiments.sweeps.sweep import Sweep


def run(arguments: argparse.Namespace) -> int:
    """Carry out the command. 1 if the engine broke or every trial crashed."""
    from experiments.profiles.probe import (
        Sizes,
        estimated,
        map_of,
        measured,
        newest_sensitivity,
        place_on,
        probe_sweeps,
        resized,
        widths_for,
    )
    from experiments.sweeps.checks import check

    within("--workers", arguments.workers, MOST_WORKERS)
    if not arguments.max_dollars >= 0:
        raise Refused(f"--max-dollars is {arguments.max_dollars:g}; it must be 0 or more")
    runs: Path = arguments.runs or RUNS
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
        _say_cost(cost, arguments.json)
        return 0
    _ask(cost, arguments, sweeps[0].simulated)
    if arguments.fresh:
        set_aside(folder)
    try:
        found = _played(sweeps, folder, arguments)
    except EngineError as error:
        print(f"fanout: {error}", file=sys.stderr)
        return 1
    trials = found.trials
    if trials.height and (trials.get_column("ended") == "crashed").all():
        print(f"fanout: every trial crashed: {trials.get_column('crash')[0]}", file=sys.stderr)
        return 1
    numbers = measured(found)
    place = None if drawn is None else place_on(found, numbers, drawn)
    if arguments.json:
        print_json(
            {
                "run": str(found.folder),
                "model": arguments.model,
                "simulated": sweeps[0].simulated,
                "trials": trials.height,
                "dollars": spent(trials),
                "estimated_dollars": cost.total("dollars"),
                "context_slope": asdict(numbers.slope),
                "habit_spread": asdict(numbers.spread),
                "map": None if drawn is None else str(drawn.folder),
                "place": None if place is None else asdict(place),
            }
        )
    else:
        print_lines(_measured(found, arguments.model, numbers, cost))
        print_lines(_placed(drawn, place))
    return 0


def _played(sweeps: "tuple[Sweep, Sweep]", folder: Path, arguments: argparse.Namespace) -> Run:
    from experiments.profiles.probe import run_probe
    from experiments.running.progress import Display, unwatched

    words = ["fanout", "probe", "--model", arguments.model, "--tasks", str(arguments.tasks)]
    words += ["--trials", str(arguments.trials), "--pairs", str(arguments.pairs)]
    for option in ("on", "name", "runs"):
        if getattr(arguments, option):
            words += [f"--{option}", str(getattr(arguments, option))]

    def play(watch: "Display | None") -> Run:
        return run_probe(
            sweeps,
            folder,
            engine=arguments.engine,
            workers=arguments.workers,
            progress=watch or unwatched,
            command=shlex.join(words),
        )

    if arguments.json:
        return play(None)
    with Display(simulation=sweeps[0].simulation) as display:
        return play(display)


def _say_cost(cost: "Estimate", as_json: bool) -> None:
    if as_json:
        totals = {name: cost.total(name) for name in ("trials", "calls", "tokens", "dollars")}
        print_json({**asdict(cost), "total": totals})
    else:
        print_lines(estimate_lines(cost))


def _ask(cost: "Estimate", arguments: argparse.Namespace, simulated: bool) -> None:
    """Say what it will cost; above --max-dollars go on only if someone says yes."""
    dollars = cost.total("dollars")
    told = "an unknown number of dollars" if dollars is None else f"about ${dollars:.2g}"
    said = f"this probe takes {cost.total('trials'):.0f} trials and {told} ({cost.basis})"
    if simulated or arguments.yes or (dollars is not None and dollars <= arguments.max_dollars):
        if not arguments.json:
            print(f"{said}.", file=sys.stderr)
        return
    said += f"; {unpriced_words(cost) or f'above --max-dollars {arguments.max_dollars:g}'}"
    if arguments.json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Refused(f"{said}; add --yes to run it all the same")
    print(f"{said}. Run it? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Refused("not run")


def spent(trials: "pl.DataFrame") -> float | None:
    """Dollars of all trials; None if those of any are unknown."""
    dollars = trials.get_column("dollars")
    return None if dollars.has_nulls() else float(dollars.sum())


def _measured(found: Run, model: str, numbers: "Probed", cost: "Estimate") -> Iterator[str]:
    slope, spread = numbers.slope, numbers.spread
    yield ""
    yield f"{model}{' (simulated)' if model.startswith('simulated:') else ''}"
    counted = f"{slope.failed} of {slope.items} items failed, {slope.tasks} tasks"
    if slope.value is None or slope.low is slope.high is None:
        yield f"- How failures grow with the conversation cannot be told: {counted}."
    else:
        grown = _number(slope.value, slope.low, slope.high)
        yield (
            f"- For every 1,000 tokens more in the conversation failures grow by {grown} of those "
            f"in conversations of mean length ({counted}). That is what shows in the end; a "
            "profile's context slope is its cause."
        )
    if spread.share is None:
        yield (
            "- Whether two subagents choose alike cannot be told: in no trial did both choose "
            "where the text left it open. More --pairs may tell."
        )
    else:
        yield (
            f"- Two subagents chose differently in {_number(spread.share, spread.low, spread.high)}"
            f" of cases where the text left it open ({spread.differ} of {spread.pairs} trials in "
            "which both chose)."
        )
    took, thought = _dollars(spent(found.trials)), _dollars(cost.total("dollars"))
    yield f"- Cost: {took} for {found.trials.height} trials; the estimate was {thought}."
    yield f"- Run: {found.folder}"
    yield ""


def _dollars(value: float | None) -> str:
    return "an unknown number of dollars" if value is None else f"${value:.2g}"


def _placed(drawn: Run | None, place: "Place | None") -> Iterator[str]:
    if drawn is None or place is None:
        yield "No sensitivity run to place it on: `fanout sensitivity phase` makes one."
        return
    if not place.standings:
        yield f"Nothing can be said from {drawn.folder}: this probe shares no cell with it."
        return
    yield f"On {drawn.folder.name} (simulated):"
    for at in place.standings:
        often = at.as_often <= at.as_seldom
        share, word = (at.as_often, "often") if often else (at.as_seldom, "seldom")
        yield (
            f"- {at.cell}: the single thread passes {at.passed} of {at.trials} trials; "
            f"{100 * share:.0f}% of the drawn profiles pass as {word} or more {word}."
        )
    if not place.cells:
        yield (
            "Nothing can be said of a team from it: weighed by how well they explain this probe, "
            f"its profiles are worth {place.worth:.1f} equal ones, and it takes "
            f"{LEAST_PROFILES}. The model lies at the edge of what was drawn; a run with more "
            "--profiles may have some that are like it."
        )
        return
    yield f"Profiles weighed by how well they explain this probe ({place.worth:.0f} equal ones):"
    if place.distraction is not None:
        middle, low, high = place.distraction
        yield (
            f"- They have a distraction of {middle:.2f} per 1,000 tokens "
            f"(95% of them {low:.2f} to {high:.2f})."
        )
    rows = [["cell", "team", "mean difference, points", "better", "worse", "worth profiles"]]
    for cell in place.cells:
        reach = cell.reach
        better, worse = (estimated_words(vars(told)) for told in (reach.better, reach.worse))
        mean = points(reach.mean, reach.mean_low, reach.mean_high)
        rows.append([cell.cell, cell.topology, mean, better, worse, f"{reach.profiles:.0f}"])
    yield from columns(rows)
    yield (
        f"Better and worse: by more than {100 * MARGIN:g} points of trials passed, in what share "
        "of these profiles. They are simulated: this is no verdict on the model."
    )


def _number(value: float, low: float | None, high: float | None) -> str:
    ends = ["unbounded" if end is None else f"{end:.2f}" for end in (low, high)]
    return f"{value:.2f} (95% interval {ends[0]} to {ends[1]})"
