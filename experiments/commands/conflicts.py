"""`fanout conflicts`: where agents that share a state got in each other's way, with the proof."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from experiments.commands.words import add_run, opened
from experiments.refused import Refused

HELP = "prove where agents that share state got in each other's way"
EXAMPLE = "fanout conflicts latest --trial 5e98"

FILES = (".json", ".parquet")


def add_arguments(parser: ArgumentParser) -> None:
    """Which run, trial or file of histories, and how many witnesses."""
    add_run(parser, "latest", "a run, or a file of histories (.json, or accesses as .parquet)")
    add = parser.add_argument
    add("--trial", metavar="TRIAL", help="one trial of a run, or one history")
    top = "witnesses shown of each kind (default 2)"
    add("--top", type=int, default=2, metavar="N", help=top)


def run(arguments: Namespace) -> int:
    """Carry out the command."""
    from experiments.printed.conflicts import conflict_lines, in_file, in_run
    from experiments.printed.output import print_told

    if arguments.top < 1:
        raise Refused(f"--top is {arguments.top}; it counts witnesses of a kind: at least 1")
    if Path(arguments.name).suffix in FILES:
        told = in_file(arguments.name, arguments.trial)
    else:
        told = in_run(opened(arguments), arguments.trial)
    summary, findings = told.summary.to_dicts(), told.found.to_dicts()
    data = {"summary": summary, "findings": findings, "notes": told.notes}
    print_told(arguments.json, data, conflict_lines(told, arguments.top))
    return 0
