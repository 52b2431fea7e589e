"""`fanout export`: a recorded run as JSON Lines, which any harness can read and write."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from experiments.commands.words import add_run, opened
from experiments.refused import Refused

HELP = "write a run as JSON Lines"
EXAMPLE = "fanout export latest"


def add_arguments(parser: ArgumentParser) -> None:
    """Which run, and where to."""
    add_run(parser, "latest")
    parser.add_argument("--output", type=Path, metavar="FILE", help="default: in the run's folder")


def run(arguments: Namespace) -> int:
    """Carry out the command."""
    from experiments.printed.output import print_told
    from results.imports.jsonl import export_jsonl
    from results.records import SCHEMAS

    found = opened(arguments, begun=True)
    file: Path = arguments.output or found.folder / f"{found.folder.name}.jsonl"
    if not file.parent.is_dir():
        raise Refused(f"there is no folder {file.parent} to write to")
    export_jsonl({name: getattr(found, name) for name in SCHEMAS}, file)
    data = {"file": str(file), "trials": found.trials.height}
    print_told(arguments.json, data, [f"{found.trials.height} trials: {file}"])
    return 0
