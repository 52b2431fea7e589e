"""Words that commands share: a recorded run, where runs are kept, JSON in place of lines."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.refused import Refused

if TYPE_CHECKING:
    from results.store import Run


def add_run(
    parser: ArgumentParser,
    default: str | None = None,
    about: str = 'a name in results/runs, a folder, or "latest"',
    *,
    needed: bool = True,
) -> None:
    """`name`, the run that a command is about, with `--runs` and `--json`; see `opened`."""
    nargs = None if needed and default is None else "?"
    parser.add_argument("name", nargs=nargs, default=default, metavar="RUN", help=about)
    add_runs(parser)
    add_json(parser)


def add_runs(parser: ArgumentParser) -> None:
    """`--runs`."""
    about = "where runs are kept (default: results/runs)"
    parser.add_argument("--runs", type=Path, metavar="FOLDER", help=about)


def add_json(parser: ArgumentParser, about: str = "print JSON") -> None:
    """`--json`."""
    parser.add_argument("--json", action="store_true", help=about)


def runs_in(arguments: Namespace) -> Path:
    """Where runs are kept."""
    from results.store import RUNS

    return arguments.runs or RUNS


def opened(arguments: Namespace, name: str | None = None, *, begun: bool = False) -> Run:
    """The recorded run called `name`, else the one that the command names.

    `Refused` if there is none, or, if it must have `begun`, none of its trials.
    """
    from results.store import find_run, open_run

    found = open_run(find_run(name or arguments.name, runs_in(arguments)))
    if begun and found.trials.is_empty():
        raise Refused(f"{found.folder} has no trials yet: run the sweep first")
    return found
