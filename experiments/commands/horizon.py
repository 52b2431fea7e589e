"""`fanout horizon`: how long work may be for a wanted chance of success, in human minutes."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.commands.words import add_run, opened
from experiments.refused import Refused

if TYPE_CHECKING:
    from results.store import Run

HELP = "how long work may be, in human minutes, for a chance of 50 or 80%"
EXAMPLE = "fanout horizon latest"
ENDINGS = (".svg", ".png", ".pdf")


def add_arguments(parser: ArgumentParser) -> None:
    """Which run."""
    add_run(parser, "latest")
    about = "write the picture: success over human minutes (.svg, .png or .pdf)"
    parser.add_argument("--output", type=Path, metavar="FILE", help=about)


def run(arguments: Namespace) -> int:
    """Carry out the command."""
    from experiments.printed.output import print_json, print_lines
    from results.reports.horizon_words import growth_sentences, horizon_table
    from results.resilience.horizons import curves_of, growth, horizons
    from results.simulation import simulation

    found = opened(arguments, begun=True)
    curves = curves_of(found.trials)
    table = horizon_table(curves)
    if arguments.output is not None:
        _draw(found, arguments.output)
    if arguments.json:
        frames = {"horizons": horizons(curves), "growth": growth(curves)}
        print_json({name: frame.to_dicts() for name, frame in frames.items()})
        return 0
    word = simulation(found.trials)
    print_lines([f"Horizons of {found.folder.name}{f' ({word})' if word else ''}"])
    print_lines(table.markdown())
    print_lines(["", *growth_sentences(curves)])
    return 0


def _draw(found: Run, file: Path) -> None:
    from results.charts.horizon import horizon_curves
    from results.charts.saving import save

    if file.suffix not in ENDINGS or file.is_dir() or not file.parent.is_dir():
        raise Refused(f"{file} cannot be written: give a file in a folder, as in horizon.svg")
    save(horizon_curves(found), file, file.suffix[1:])
