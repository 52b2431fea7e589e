"""How often a difference is found where there is none: `python -m tests.bench.false_positives`.

One topology stands in each sweep under two names, a `replicate` apart: the same tasks and luck of
the work, other luck of the agents. Every trial is really run, by the simulated model, on the
cheapest work there is; each sweep has a seed of its own, so that task difficulties are drawn anew.
The comparison is the one that reports make, and nothing is tuned to it.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import polars as pl

from experiments.engines.engine import load_engine
from experiments.sweeps.sweep import specs
from experiments.sweeps.sweep_grid import parse_sweep
from experiments.trials.spec import TrialSpec
from results.records import frame
from results.statistics.compare import compare
from tests.bench.coverage import FALSE_POSITIVES, false_positives

TASKS, TRIALS = 12, 4
KS = (1, 4)
REFERENCE, AGAIN = "single_thread", "again"
PROFILES = (
    "flaky?slip=0.05",
    "flaky?slip=0.02&task_spread=1.5",
    "steady?slip=0.05&task_spread=1.5",
)
"""Taken in turn: about half of the trials pass, most do, and tasks that differ a lot."""


def sweep_specs(number: int) -> list[TrialSpec]:
    """The trials of one A/A sweep, the `number`-th."""
    return specs(
        parse_sweep(
            {
                "name": f"aa-{number:04d}",
                "seed": number,
                "trials": TRIALS,
                "tasks": TASKS,
                "topologies": {
                    REFERENCE: {},
                    AGAIN: {"base": REFERENCE, "replicate": "again"},
                },
                "task_sets": {"ledger": {"width": 1, "depth": 1}},
                "models": {"default": f"simulated:{PROFILES[number % len(PROFILES)]}"},
            }
        )
    )


def trials_of(sweeps: int, processes: int = 1) -> pl.DataFrame:
    """The trials of `sweeps` sweeps, told apart by `sweep`; none may crash."""
    waiting: dict[str, TrialSpec] = {}

    def drawn() -> Iterator[TrialSpec]:
        for number in range(1, sweeps + 1):
            for spec in sweep_specs(number):
                waiting[spec.trial_id] = spec
                yield spec

    run = load_engine("pool" if processes > 1 else "here")
    rows: list[dict[str, Any]] = []
    for done in run(drawn(), processes):
        if done.passed is None:
            raise RuntimeError(f"trial {done.trial_id} crashed: nothing can be said of a whole run")
        spec = waiting.pop(done.trial_id)
        rows.append(
            {
                "trial_id": spec.trial_id,
                "sweep": spec.sweep,
                "topology": spec.topology,
                "task_set": spec.task_set,
                "task": f"{spec.index:03d}",
                "trial": spec.trial,
                "ended": done.ended,
                "passed": done.passed,
                "simulated": True,
            }
        )
    return frame("trials", rows).sort("sweep", "topology", "task", "trial")


def undecidable(trials: pl.DataFrame) -> int:
    """How many sweeps cannot show a difference, as all of their trials went alike."""
    passed = trials.group_by("sweep").agg(pl.col("passed").n_unique().alias("outcomes"))
    return passed.filter(pl.col("outcomes") == 1).height


def lines(trials: pl.DataFrame) -> Iterator[str]:
    """What was run and, for each k, how often a difference was found."""
    sweeps = trials.get_column("sweep").n_unique()
    share = trials.get_column("passed").mean()
    yield (
        f"{REFERENCE} under two names, a replicate apart: {sweeps} sweeps of {TASKS} tasks x "
        f"{TRIALS} trials, {trials.height:,} simulated trials, {100 * float(str(share)):.1f}% "
        f"passed; in {undecidable(trials)} sweeps all trials went alike"
    )
    found = false_positives(compare(trials, REFERENCE, ["sweep"], KS))
    for row in found.iter_rows(named=True):
        yield (
            f"pass^{row['k']}: a difference was found in {row['found']} of {row['compared']} "
            f"({100 * row['rate']:.1f}%; at most {100 * row['high']:.1f}% by upper bound, aim "
            f"{100 * FALSE_POSITIVES:.1f}%)"
        )


def main(arguments: Iterable[str] | None = None) -> int:
    """Run the sweeps and print how often a difference was found."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.false_positives", description=__doc__
    )
    parser.add_argument("--sweeps", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args(None if arguments is None else list(arguments))
    print(*lines(trials_of(asked.sweeps, asked.processes)), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
