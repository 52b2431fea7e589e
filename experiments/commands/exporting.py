"""`fanout export`: a recorded run as JSON Lines, which any harness can read and write."""

import argparse

from experiments.commands.output import print_json
from experiments.refused import Refused
from results.imports.jsonl import export_jsonl
from results.records import SCHEMAS
from results.store import RUNS, find_run, open_run


def run(arguments: argparse.Namespace) -> int:
    """Carry out the command."""
    found = open_run(find_run(arguments.name, arguments.runs or RUNS))
    if found.trials.is_empty():
        raise Refused(f"{found.folder} has no trials yet")
    file = arguments.output or found.folder / f"{found.folder.name}.jsonl"
    if not file.parent.is_dir():
        raise Refused(f"there is no folder {file.parent} to write to")
    export_jsonl({name: getattr(found, name) for name in SCHEMAS}, file)
    if arguments.json:
        print_json({"file": str(file), "trials": found.trials.height})
    else:
        print(f"{found.trials.height} trials: {file}")
    return 0
