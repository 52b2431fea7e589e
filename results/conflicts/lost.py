"""What a team lost to one thread: how much by delegating, how much by being at work at once.

The serial twin tells the two apart: it is the same team, one agent at a time. What it loses to one
thread is delegation, what the team at once loses to it is concurrency.
"""

from collections.abc import Sequence
from typing import Any

import polars as pl

from results.conflicts.serial_twins import serial_twins
from results.statistics.compare import compare
from results.statistics.pairs import paired_trials

SINGLE, SERIAL, TEAM = "single_thread", "serial_team", "lead_subagents"


def lost_points(trials: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """One row for each cell in which all three ran, in shares of the trials that passed.

    `single`, `serial` and `team` passed; `delegation` (serial minus single) and `total` (team minus
    single) with their 95% intervals over base tasks (`..._low`, `..._high`), as in
    `results.statistics.compare`; `concurrency` (team minus serial) with its interval over `pairs`
    of twins, on these tasks.
    """
    ran = set(trials.get_column("topology").to_list())
    if not {SINGLE, SERIAL, TEAM} <= ran:
        return pl.DataFrame()
    keys = ["task_set", *by]
    compared = compare(trials, SINGLE, by, [1])
    sides = [
        compared.filter(pl.col("topology") == topology).select(
            *keys,
            pl.col("reference_estimate").alias("single"),
            pl.col("estimate").alias(passed),
            *(
                pl.col(of).alias(f"{name}{end}")
                for of, end in (("difference", ""), ("low", "_low"), ("high", "_high"))
            ),
        )
        for topology, passed, name in ((SERIAL, "serial", "delegation"), (TEAM, "team", "total"))
    ]
    both = sides[0].join(sides[1].drop("single"), on=keys, nulls_equal=True)
    twins = serial_twins(trials, pl.DataFrame(schema={"trial_id": pl.String, "kind": pl.String}))
    cells = trials.select(pl.col("trial_id").alias("team_trial_id"), *keys)
    rows = [
        dict(zip(keys, key, strict=True)) | _concurrency(group)
        for key, group in twins.select("team_trial_id", "team_passed", "twin_passed")
        .join(cells, on="team_trial_id")
        .group_by(keys, maintain_order=True)
    ]
    schema = {key: trials.schema[key] for key in keys} | {
        "pairs": pl.Int64,
        **dict.fromkeys(("concurrency", "concurrency_low", "concurrency_high"), pl.Float64),
    }
    at_once = pl.DataFrame(rows, schema=schema, orient="row")
    return both.join(at_once, on=keys, nulls_equal=True).sort(keys, nulls_last=True)


def _concurrency(pairs: pl.DataFrame) -> dict[str, Any]:
    team, twin = pl.col("team_passed"), pl.col("twin_passed")
    only = pairs.select((team & ~twin).sum().alias("team"), (~team & twin).sum().alias("twin"))
    only_team, only_twin = only.row(0)
    found = paired_trials(only_team, only_twin, pairs.height)
    return {
        "pairs": found.pairs,
        "concurrency": found.estimate,
        "concurrency_low": found.low,
        "concurrency_high": found.high,
    }
