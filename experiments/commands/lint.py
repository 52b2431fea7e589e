"""`fanout lint`: published figures of pass^k that no trials can have given."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from experiments.commands.words import add_json

HELP = "published figures of pass^k that no trials can have given"
EXAMPLE = "fanout lint leaderboard.csv"


def add_arguments(parser: ArgumentParser) -> None:
    """The file with the figures."""
    about = "CSV or JSON with name, tasks, trials, pass^1, pass^2, ... in percent, one system a row"
    parser.add_argument("file", type=Path, metavar="FILE", help=about)
    add_json(parser)


def run(arguments: Namespace) -> int:
    """Carry out the command: 1 if any system's figures cannot be."""
    from experiments.printed.output import print_json, print_lines
    from results.imports.published import read_published
    from results.statistics.lint import lint

    systems = read_published(arguments.file)
    found = list(lint(systems))
    if arguments.json:
        print_json({"systems": len(systems), "impossible": found})
    else:
        said = f"{len(systems)} systems, {len(found)} with figures that cannot be"
        print_lines([*found, said])
    return 1 if found else 0
