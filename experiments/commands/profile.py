"""`fanout profile`: what fan-out could and could not bring to recorded single-agent runs."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from experiments.commands.words import add_run, opened
from experiments.refused import Refused

HELP = "what fan-out could bring to recorded single-agent runs"
EXAMPLE = "fanout profile latest"

FOLDER = "profile"


def add_arguments(parser: ArgumentParser) -> None:
    """Which run, how many subagents, what writes, and what to draw where."""
    add_run(parser, "latest")
    add = parser.add_argument
    add("--agents", type=int, default=4, metavar="N", help="most subagents at a time (default 4)")
    writes = "the tools that write, where no accesses say so, as in refund,cancel"
    add("--writes", metavar="TOOLS", help=writes)
    add("--trial", metavar="TRIAL", help="the run to draw (default: the largest speed-up)")
    add("--output", type=Path, metavar="FOLDER", help="of pictures (default: in the run's folder)")


def run(arguments: Namespace) -> int:
    """Carry out the command."""
    from experiments.printed.output import print_json, print_lines
    from experiments.printed.profile import pictures, profile_lines, writing
    from experiments.recorded.counting import prices_of
    from experiments.recorded.show import find_trial
    from results.imports.tau_bench_tools import WRITE_TOOLS
    from results.questions.gain.gain_words import profile_sentences
    from results.questions.gain.profile import profile_runs

    found = opened(arguments)
    if arguments.trial is not None and not arguments.trial.strip():
        raise Refused(
            f"--trial names no run to draw; give the beginning of an id from `fanout show "
            f"{found.folder.name}`, or leave it out"
        )
    trial = None if arguments.trial is None else find_trial(found, arguments.trial)
    result = profile_runs(
        found.trials,
        found.steps,
        found.accesses,
        write_tools=WRITE_TOOLS | writing(found, arguments.writes),
        agents=arguments.agents,
        prices=prices_of(found.trials),
    )
    drawn = [
        str(path) for path in pictures(result, arguments.output or found.folder / FOLDER, trial)
    ]
    if arguments.json:
        frames = {"per_task": result.per_task, "per_run": result.per_run}
        told = {"overall": result.overall, "sentences": profile_sentences(result)}
        told |= {name: frame.to_dicts() for name, frame in frames.items()}
        print_json({**told, "pictures": drawn})
    else:
        print_lines(profile_lines(found.folder.name, result))
        print_lines(drawn)
    return 0
