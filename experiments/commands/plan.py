"""`fanout plan`: how many tasks and trials a wanted difference takes, and what they cost."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from experiments.commands.words import add_run, opened
from experiments.refused import Refused

if TYPE_CHECKING:
    import polars as pl

    from results.questions.plan.plan import Plan

HELP = "how many tasks and trials a wanted difference takes"
EXAMPLE = "fanout plan pilot --difference 0.1   (or: fanout plan --rate 0.7)"


def add_arguments(parser: ArgumentParser) -> None:
    """Which difference, at which odds, and a pilot or what it would tell."""
    add_run(parser, about='the pilot: a run, or "latest"', needed=False)
    add = parser.add_argument
    add("--difference", type=float, default=0.1, metavar="X", help="in pass^k (default 0.1)")
    add("--k", type=int, default=1, metavar="K", help="of pass^k (default 1)")
    add("--power", type=float, default=0.8, metavar="X", help="default 0.8")
    add("--alpha", type=float, default=0.05, metavar="X", help="default 0.05")
    add("--topology", metavar="NAME", help="default: each of the pilot's")
    add("--reference", metavar="NAME", help="default: the pilot's reference")
    add("--rate", type=float, metavar="X", help="stated pass^1 of the reference, instead of a run")
    add("--icc", type=float, metavar="X", help="with --rate (default 0.4)")
    add("--alike", type=float, metavar="X", help="with --rate: share of tasks as hard for both")
    add("--task-dollars", type=float, default=0.0, metavar="X", help="to make one more task")
    add("--at-once", type=int, default=1, metavar="N", help="trials that run at a time")


def run(arguments: Namespace) -> int:
    """Carry out the command."""
    from dataclasses import asdict

    from experiments.printed.output import print_json
    from results.questions.plan.plan import plan_text

    plans = _from_run(arguments) if arguments.rate is None else [_from_rate(arguments)]
    if arguments.json:
        print_json([asdict(plan) for plan in plans])
    else:
        print("\n".join(plan_text(plan) for plan in plans), end="")
    return 0


def _from_run(arguments: Namespace) -> list[Plan]:
    from results.questions.plan.plan import plan_from_run
    from results.view import view_of

    for option in ("icc", "alike"):
        if getattr(arguments, option) is not None:
            raise Refused(f"--{option} goes with --rate; a pilot run tells it itself")
    found = opened(arguments, arguments.name or "latest", begun=True)
    reference = arguments.reference or view_of(found).reference
    topologies = found.trials.get_column("topology").unique().sort().to_list()
    others = [name for name in topologies if name != reference]
    wanted = [arguments.topology] if arguments.topology else others
    if not wanted:
        raise Refused(
            f"{found.folder} has no topology beside {reference}, so it cannot tell how gains "
            f"differ between tasks; {_stated_instead(found.trials)}"
        )
    return [
        plan
        for topology in wanted
        for plan in plan_from_run(
            found.trials,
            topology,
            reference,
            arguments.difference,
            arguments.k,
            arguments.power,
            arguments.alpha,
            arguments.task_dollars,
            arguments.at_once,
        )
    ]


def _stated_instead(trials: pl.DataFrame) -> str:
    """What a run of one topology can tell a plan."""
    from results.statistics.bands import pass_k_bands

    bands = pass_k_bands(trials, [1])
    rate, icc = bands.get_column("pass_hat")[0], bands.get_column("icc")[0]
    if bands.height != 1 or rate is None or icc is None or not (0 < rate < 1 and 0 < icc < 1):
        return "state rates instead, as in `fanout plan --rate 0.7`"
    return f"state what it shows instead: `fanout plan --rate {rate:.2g} --icc {icc:.2g}`"


def _from_rate(arguments: Namespace) -> Plan:
    from results.questions.plan.plan import plan_from_rates

    if arguments.name is not None or arguments.topology or arguments.reference:
        raise Refused("--rate states what a pilot would tell: leave out the run and topologies")
    for option, idle in (("task_dollars", 0.0), ("at_once", 1)):
        if getattr(arguments, option) != idle:
            raise Refused(
                f"--{option.replace('_', '-')} goes with a pilot, which tells what a trial takes"
            )
    stated = {
        name: getattr(arguments, name)
        for name in ("icc", "alike")
        if getattr(arguments, name) is not None
    }
    return plan_from_rates(
        arguments.rate,
        arguments.difference,
        arguments.k,
        arguments.power,
        arguments.alpha,
        **stated,
    )
