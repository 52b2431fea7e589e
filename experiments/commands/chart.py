"""`fanout chart`: one chart of a recorded run as a picture."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from experiments.commands.words import add_run, opened

HELP = "one chart as a picture"
EXAMPLE = "fanout chart quickstart success_by_cell"


def add_arguments(parser: ArgumentParser) -> None:
    """Which run, which chart, and into what."""
    add_run(parser)
    parser.add_argument("chart", metavar="CHART", help="its name, or an import path")
    parser.add_argument("--to", choices=("svg", "png", "pdf"), default="svg")
    parser.add_argument("--output", type=Path, metavar="FILE", help="default: CHART.svg here")


def run(arguments: Namespace) -> int:
    """Carry out the command."""
    from results import CHARTS
    from results.charts.saving import save
    from results.finder import find

    found = opened(arguments, begun=True)
    name = arguments.chart
    file: Path = arguments.output or Path(f"{name.rpartition(':')[2]}.{arguments.to}")
    save(find(CHARTS, name)(found), file, arguments.to)
    print(file)
    return 0
