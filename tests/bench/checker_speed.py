"""Times the checker on a million accesses: `python -m tests.bench.checker_speed`."""

import json
import sys
from time import process_time

import numpy as np
import polars as pl

from results.conflicts import find_conflicts
from results.records import ACCESSES

TRIAL = 320
"""Accesses in a trial."""

AGENTS, CALL, HOLDS = 4, 4, 3
"""Agents in a trial, accesses in a call, holds of an agent."""


def made(accesses: int = 1_000_000, shared: float = 0.1, seed: int = 0) -> pl.DataFrame:
    """Accesses of agents that work at once, a share `shared` of them on rows that all use.

    A third of the accesses are writes, a tenth are of predicates; everyone sees the newest version.
    """
    random = np.random.default_rng(seed)
    count = accesses // TRIAL * TRIAL
    place = np.arange(count)
    trial, at = place // TRIAL, place % TRIAL
    # Calls of agents come in any order; a call's accesses stay together.
    agent = np.repeat(random.integers(0, AGENTS, count // CALL), CALL)
    common = random.random(count) < shared
    key = np.where(
        common, random.integers(0, 6, count), 10 + agent * 40 + random.integers(0, 40, count)
    )
    write = random.random(count) < 1 / 3
    predicate = random.random(count) < 0.1
    frame = pl.DataFrame(
        {
            "trial_id": pl.Series(trial).cast(pl.String),
            "access": at,
            "step": at // CALL,
            "call_id": pl.Series(at // CALL).cast(pl.String),
            "agent": pl.Series(agent).cast(pl.String),
            "message": at // CALL,
            "hold": at * HOLDS // TRIAL,
            "op": np.where(write, "write", "read"),
            "table": "rows",
            "key": pl.Series(key).cast(pl.String),
            "predicate": predicate,
            "undone": False,
            "at": at.astype(np.float64),
        }
    )
    newest = (pl.col("op") == "write").cast(pl.Int64).cum_sum().over("trial_id", "key", "predicate")
    return frame.with_columns(newest.alias("version")).select(ACCESSES.names())


def bench(accesses: int = 1_000_000) -> dict[str, float]:
    """Seconds of processor time (all cores) to check that many accesses, calm and crowded."""
    report: dict[str, float] = {"accesses": accesses}
    for name, shared in (("calm", 0.005), ("crowded", 0.1)):
        frame = made(accesses, shared)
        start = process_time()
        found = find_conflicts(frame)
        report[f"{name}_seconds"] = round(process_time() - start, 2)
        isolation = found.filter(pl.col("family") == "isolation")
        report[f"{name}_findings"] = len(found)
        report[f"{name}_trials_with_an_anomaly"] = isolation.get_column("trial_id").n_unique()
    return report


if __name__ == "__main__":
    print(json.dumps(bench(*(int(value) for value in sys.argv[1:2]))))
