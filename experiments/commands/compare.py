"""`fanout compare`: recorded runs side by side, paired by task where they did the same."""

from argparse import ArgumentParser, Namespace

from experiments.commands.words import add_run, opened

HELP = "runs side by side, paired by task"
EXAMPLE = "fanout compare before after"


def add_arguments(parser: ArgumentParser) -> None:
    """Which runs, and what of theirs is the same by another name."""
    add_run(parser)
    parser.add_argument("others", nargs="+", metavar="RUN", help="compared to the first")
    parser.add_argument("--k", type=int, metavar="K", help="of pass^k (default 4)")
    about = "a topology or task set of RUN is OURS in the first, as in after:agent=single_thread"
    parser.add_argument(
        "--as", action="append", default=[], dest="called", metavar="RUN:THEIRS=OURS", help=about
    )


def run(arguments: Namespace) -> int:
    """Carry out the command."""
    from experiments.printed.output import print_told
    from results.questions.runs.side_by_side import compare_runs
    from results.view import HEADLINE_K

    found = [opened(arguments, name) for name in (arguments.name, *arguments.others)]
    k = HEADLINE_K if arguments.k is None else arguments.k
    beside = compare_runs(found, k, arguments.called)
    frames = {"outcomes": beside.outcomes, "differences": beside.differences}
    told = {name: frame.to_dicts() for name, frame in frames.items()}
    data = {**told, "notes": beside.notes}
    print_told(arguments.json, data, [beside.markdown.removesuffix("\n")])
    return 0
