"""`fanout show`: the trials of a run, or one of them step by step."""

import argparse

from experiments.commands.output import print_json, print_lines
from experiments.recorded.show import CUT, find_trial, trajectory, trial_lines
from experiments.recorded.witnesses import conflict_lines
from results.store import RUNS, find_run, open_run


def run(arguments: argparse.Namespace) -> int:
    """Carry out the command."""
    found = open_run(find_run(arguments.name, arguments.runs or RUNS))
    if arguments.trial is None:
        if arguments.json:
            print_json(found.trials.to_dicts())
        else:
            print_lines(trial_lines(found))
            planned = found.manifest.get("planned", found.trials.height)
            print(f"{found.trials.height} of {planned} trials in {found.folder}: {found.outcome}")
        return 0
    trial = find_trial(found, arguments.trial)
    if arguments.json:
        frames = ("trials", "steps", "accesses", "milestones")
        print_json(
            {
                name: getattr(found, name)
                .filter(getattr(found, name)["trial_id"] == trial)
                .to_dicts()
                for name in frames
            }
        )
    else:
        print_lines(trajectory(found, trial, None if arguments.full else CUT))
        print_lines(conflict_lines(found, trial))
    return 0
