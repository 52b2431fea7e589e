"""`fanout plan`: how many tasks and trials a wanted difference takes, and what they cost."""

import argparse
from dataclasses import asdict

import polars as pl

from experiments.commands.output import print_json
from experiments.refused import Refused
from results.questions.plan.plan import Plan, plan_from_rates, plan_from_run, plan_text
from results.reports.report import reference_of
from results.statistics.bands import pass_k_bands
from results.store import RUNS, find_run, open_run

DIFFERENCE = 0.1


def run(arguments: argparse.Namespace) -> int:
    """Carry out the command."""
    plans = _from_run(arguments) if arguments.rate is None else [_from_rate(arguments)]
    if arguments.json:
        print_json([asdict(plan) for plan in plans])
    else:
        print("\n".join(plan_text(plan) for plan in plans), end="")
    return 0


def _from_run(arguments: argparse.Namespace) -> list[Plan]:
    for option in ("icc", "alike"):
        if getattr(arguments, option) is not None:
            raise Refused(f"--{option} goes with --rate; a pilot run tells it itself")
    found = open_run(find_run(arguments.name or "latest", arguments.runs or RUNS))
    if found.trials.is_empty():
        raise Refused(f"{found.folder} has no trials yet")
    reference = arguments.reference or reference_of(found.trials)
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
    bands = pass_k_bands(trials, [1])
    rate, icc = bands.get_column("pass_hat")[0], bands.get_column("icc")[0]
    if bands.height != 1 or rate is None or icc is None or not (0 < rate < 1 and 0 < icc < 1):
        return "state rates instead, as in `fanout plan --rate 0.7`"
    return f"state what it shows instead: `fanout plan --rate {rate:.2g} --icc {icc:.2g}`"


def _from_rate(arguments: argparse.Namespace) -> Plan:
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
