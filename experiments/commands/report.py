"""`fanout report`: write the report of a recorded run."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from experiments.commands.words import add_run, opened
from tasks.finder import find_function

HELP = "write a run's report"
EXAMPLE = "fanout report quickstart"


def add_arguments(parser: ArgumentParser) -> None:
    """Which run, where to, and what of one's own to show."""
    add_run(parser, "latest")
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="default: the run's folder")
    for kind in ("metric", "chart"):
        about = f"a {kind} of your own to show too, by import path (my_module:my_function)"
        parser.add_argument(f"--{kind}", action="append", default=[], metavar="PATH", help=about)


def run(arguments: Namespace) -> int:
    """Carry out the command."""
    from experiments.printed.output import print_told
    from experiments.recorded.counting import counter_of
    from results import CHARTS, METRICS
    from results.questions.map.sensitivity import PROFILES
    from results.reports.report import write_report
    from results.reports.sensitivity_report import write_sensitivity

    metrics = [find_function("metric", name, METRICS, ()) for name in arguments.metric]
    charts = [find_function("chart", name, CHARTS, ("a run",)) for name in arguments.chart]
    found = opened(arguments)
    folder = arguments.output or found.folder
    if PROFILES in found.manifest:
        markdown, page = write_sensitivity(found, folder)
    else:
        counter = counter_of(found.trials)
        markdown, page = write_report(found, folder, counter, metrics, charts)
    made = {"markdown": str(markdown), "html": str(page)}
    print_told(arguments.json, made, made.values())
    return 0
