"""`fanout plan`: how many tasks and trials a wanted difference takes, and what they cost."""

import argparse
from dataclasses import asdict

from experiments.commands.output import print_json
from results.reports.report import reference_of
from results.store import RUNS, find_run, open_run
from results.verdicts.plan import Plan, plan_from_rates, plan_from_run, plan_text

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
            raise ValueError(f"--{option} goes with --rate; a pilot run tells it itself")
    found = open_run(find_run(arguments.name or "latest", arguments.runs or RUNS))
    if found.trials.is_empty():
        raise ValueError(f"{found.folder} has no trials yet")
    reference = arguments.reference or reference_of(found.trials)
    topologies = found.trials.get_column("topology").unique().sort().to_list()
    others = [name for name in topologies if name != reference]
    wanted = [arguments.topology] if arguments.topology else others
    if not wanted:
        raise ValueError(f"{found.folder} has no topology beside {reference}; give --rate instead")
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


def _from_rate(arguments: argparse.Namespace) -> Plan:
    if arguments.name is not None or arguments.topology or arguments.reference:
        raise ValueError("--rate states what a pilot would tell: leave out the run and topologies")
    for option, idle in (("task_dollars", 0.0), ("at_once", 1)):
        if getattr(arguments, option) != idle:
            raise ValueError(
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
