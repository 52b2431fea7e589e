"""What commands that record trials share: their words, what is asked first, what is shown."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.commands.words import add_json, add_runs
from experiments.refused import Refused

if TYPE_CHECKING:
    from experiments.running.estimate import Estimate
    from experiments.running.progress import Display
    from experiments.trials.roles import Simulation
    from results.store import Run

MOST_WORKERS = 10_000


def add_engine(parser: ArgumentParser) -> None:
    """`--workers` and `--engine`."""
    add = parser.add_argument
    add("--workers", type=int, metavar="N", help="processes, or trials of a real model at once")
    add("--engine", metavar="NAME", help="pool, endpoint, here, or an import path")


def add_fresh(parser: ArgumentParser) -> None:
    """`--fresh`."""
    about = "set an earlier run of this name aside"
    parser.add_argument("--fresh", action="store_true", help=about)


def add_recorded(parser: ArgumentParser) -> None:
    """All that is said of a run to be recorded."""
    parser.add_argument("--name", metavar="NAME", help="the run's name")
    add_runs(parser)
    add_engine(parser)
    add_fresh(parser)
    add_json(parser, "print JSON, and no progress")


def add_dollars(parser: ArgumentParser, default: float | None, about: str) -> None:
    """`--max-dollars`, `--yes` and `--estimate`."""
    add = parser.add_argument
    add("--estimate", action="store_true", help="say what it would take, and stop")
    add("--max-dollars", type=float, default=default, metavar="X", help=about)
    add("--yes", action="store_true", help="answer yes to that")


def check_dollars(arguments: Namespace) -> None:
    """`Refused` for a --max-dollars that is below 0, or no number."""
    if arguments.max_dollars is not None and not arguments.max_dollars >= 0:
        raise Refused(f"--max-dollars is {arguments.max_dollars:g}; it must be 0 or more")


def check_engine(arguments: Namespace) -> None:
    """`Refused` for an engine that cannot be, before anything is written."""
    from experiments.engines.engine import load_engine

    within("--workers", arguments.workers, MOST_WORKERS)
    if arguments.engine is not None:
        load_engine(arguments.engine)


def within(option: str, value: int | None, most: int) -> None:
    """`Refused` for a count that is not from 1 to `most`."""
    if value is not None and not 1 <= value <= most:
        raise Refused(f"{option} is {value}; it must be from 1 to {most:,}")


def set_aside(folder: Path) -> None:
    """Rename an earlier run to the first free NAME.1, NAME.2, ..."""
    if not folder.exists():
        return
    number = 1
    while (aside := folder.with_name(f"{folder.name}.{number}")).exists():
        number += 1
    os.rename(folder, aside)
    print(f"the earlier run is now {aside}", file=sys.stderr)


def ask(said: str, arguments: Namespace) -> None:
    """Go on only if a person says yes; `Refused` where there is none to ask."""
    if arguments.json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Refused(f"{said}; add --yes to run it all the same")
    print(f"{said}. Run it? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Refused("not run")


def say_estimate(found: Estimate, arguments: Namespace) -> None:
    """What it would take, as a table or as JSON."""
    from experiments.printed.estimate import estimate_data, estimate_lines
    from experiments.printed.output import print_told

    print_told(arguments.json, estimate_data(found), estimate_lines(found))


def above(found: Estimate, arguments: Namespace) -> str:
    """Why to ask before such a cost, in words; nothing where it is within --max-dollars."""
    from experiments.printed.estimate import unpriced_words

    dollars = found.total("dollars")
    if dollars is not None and dollars <= arguments.max_dollars:
        return ""
    return unpriced_words(found) or f"above --max-dollars {arguments.max_dollars:g}"


def watched(
    play: Callable[[Display | None], Run], simulation: Simulation, arguments: Namespace
) -> Run:
    """Play trials with a line that says how far they are, but for JSON."""
    from experiments.running.progress import Display

    if arguments.json:
        return play(None)
    with Display(simulation=simulation) as display:
        return play(display)


def all_crashed(run: Run) -> bool:
    """Whether no trial of a run came to an end of its own; then it is said why."""
    trials = run.trials
    if trials.is_empty() or not (trials.get_column("ended") == "crashed").all():
        return False
    print(f"fanout: every trial crashed: {trials.get_column('crash')[0]}", file=sys.stderr)
    return True


def options(arguments: Namespace, *names: str) -> list[str]:
    """The options that were given, as words to type again."""
    found: list[str] = []
    for name in names:
        value = getattr(arguments, name)
        for one in value if isinstance(value, list) else [value] if value is not None else []:  # pyright: ignore[reportUnknownVariableType]
            found += [f"--{name.replace('_', '-')}", str(one)]  # pyright: ignore[reportUnknownArgumentType]
    return found
