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
    from tasks.finder import find_function

    name = arguments.chart
    chart = find_function("chart", name, CHARTS, ("a run",))
    found = opened(arguments, begun=True)
    file: Path = arguments.output or Path(f"{name.rpartition(':')[2]}.{arguments.to}")
    save(chart(found), file, arguments.to)
    print(file)
    return 0
