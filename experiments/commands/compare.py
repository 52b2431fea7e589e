"""`fanout compare`: recorded runs side by side, paired by task where they did the same."""

import argparse
from pathlib import Path

from experiments.commands.output import print_json
from results.questions.runs.side_by_side import compare_runs
from results.reports.report import HEADLINE_K
from results.store import RUNS, find_run, open_run


def run(arguments: argparse.Namespace) -> int:
    """Carry out the command."""
    folders: Path = arguments.runs or RUNS
    names = [arguments.name, *arguments.others]
    found = [open_run(find_run(name, folders)) for name in names]
    k = HEADLINE_K if arguments.k is None else arguments.k
    beside = compare_runs(found, k, arguments.called)
    if arguments.json:
        print_json(
            {
                "outcomes": beside.outcomes.to_dicts(),
                "differences": beside.differences.to_dicts(),
                "notes": beside.notes,
            }
        )
    else:
        print(beside.markdown, end="")
    return 0
