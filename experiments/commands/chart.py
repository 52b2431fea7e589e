"""`fanout chart`: one chart of a recorded run as a picture."""

import argparse
from pathlib import Path

from results import CHARTS
from results.charts.saving import save
from results.finder import find
from results.refused import Refused
from results.store import RUNS, find_run, open_run


def run(arguments: argparse.Namespace) -> int:
    """Carry out the command."""
    found = open_run(find_run(arguments.name, arguments.runs or RUNS))
    if found.trials.is_empty():
        raise Refused(f"{found.folder} has no trials yet: run the sweep first")
    name = arguments.chart
    file: Path = arguments.output or Path(f"{name.rpartition(':')[2]}.{arguments.to}")
    save(find(CHARTS, name)(found), file, arguments.to)
    print(file)
    return 0
