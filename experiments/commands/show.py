"""`fanout show`: the trials of a run, or one of them step by step."""

from argparse import ArgumentParser, Namespace

from experiments.commands.words import add_run, opened

HELP = "the trials of a run, or one trial"
EXAMPLE = "fanout show latest"


def add_arguments(parser: ArgumentParser) -> None:
    """Which run, and which of its trials."""
    add_run(parser)
    about = "the beginning of an id, or TOPOLOGY/BLOCK/TRIAL"
    parser.add_argument("trial", nargs="?", metavar="TRIAL", help=about)
    parser.add_argument("--full", action="store_true", help="do not cut long texts")


def run(arguments: Namespace) -> int:
    """Carry out the command."""
    from experiments.printed.output import print_json, print_lines
    from experiments.recorded.show import CUT, find_trial, trajectory, trial_lines
    from experiments.recorded.witnesses import conflict_lines
    from results.records import SCHEMAS

    found = opened(arguments)
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
        frames = {name: getattr(found, name) for name in SCHEMAS}
        print_json(
            {
                name: frame.filter(frame["trial_id"] == trial).to_dicts()
                for name, frame in frames.items()
            }
        )
    else:
        print_lines(trajectory(found, trial, None if arguments.full else CUT))
        print_lines(conflict_lines(found, trial))
    return 0
