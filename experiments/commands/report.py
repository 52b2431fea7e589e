"""`fanout report`: write the report of a recorded run."""

import argparse

from experiments.commands.output import print_json
from experiments.recorded.counting import counter_of
from results.questions.map.sensitivity import PROFILES
from results.reports.report import write_report
from results.store import RUNS, find_run, open_run


def run(arguments: argparse.Namespace) -> int:
    """Carry out the command."""
    found = open_run(find_run(arguments.name, arguments.runs or RUNS))
    folder = arguments.output or found.folder
    if PROFILES in found.manifest:
        from results.reports.sensitivity_report import write_sensitivity

        markdown, page = write_sensitivity(found, folder)
    else:
        markdown, page = write_report(
            found, folder, counter_of(found.trials), arguments.metric, arguments.chart
        )
    if arguments.json:
        print_json({"markdown": str(markdown), "html": str(page)})
    else:
        print(f"{markdown}\n{page}")
    return 0
