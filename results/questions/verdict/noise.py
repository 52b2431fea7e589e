"""The noise floor: how far an arm differs from itself, which no gain is to be believed below.

Equivalent arms of published multi-agent studies differ by up to 18 points, and most claimed gains
lie below their own floor (arXiv 2606.20695). A sweep that runs one topology under two names, a
`replicate` apart, measures it; of another harness `fanout import --replicate` says which arm is
another one again.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from results.rules import replicates
from results.statistics.compare import compare
from results.statistics.consistency import group_columns

FLOOR = {
    "floor_arm": pl.String(),
    "floor": pl.Float64(),
    "floor_low": pl.Float64(),
    "floor_high": pl.Float64(),
}
"""What `with_floor` adds: the arm that was run again, its difference from itself, with limits."""


def with_floor(
    comparison: pl.DataFrame,
    trials: pl.DataFrame,
    manifest: Mapping[str, Any],
    by: Sequence[str],
    ks: Sequence[int],
) -> pl.DataFrame:
    """A comparison with FLOOR beside each row; null where neither of its arms was run twice.

    If both were, the larger difference stands. Its 95% interval is for these tasks alone: the arm
    is the same on any.
    """
    present = set(trials.get_column("topology").unique().to_list())
    pairs = {again: arm for again, arm in replicates(manifest).items() if {again, arm} <= present}
    keys = [*(key for key in group_columns(by) if key != "topology"), "k"]
    floors = [
        compare(trials.filter(pl.col("topology").is_in([again, arm])), arm, by, ks).select(
            *keys,
            pl.lit(arm).alias("floor_arm"),
            pl.col("difference").alias("floor"),
            pl.col("these_low").alias("floor_low"),
            pl.col("these_high").alias("floor_high"),
        )
        for again, arm in pairs.items()
    ]
    if not floors or comparison.is_empty():
        nothing = (pl.lit(None, dtype=kind).alias(name) for name, kind in FLOOR.items())
        return comparison.with_columns(*nothing)
    sides = [*keys, "topology"]
    nearest = (
        comparison.select(*sides, "reference")
        .join(pl.concat(floors), on=keys, how="left", nulls_equal=True)
        .filter(
            (pl.col("floor_arm") == pl.col("topology"))
            | (pl.col("floor_arm") == pl.col("reference"))
        )
        .sort(pl.col("floor").abs(), descending=True, nulls_last=True)
        .unique(sides, keep="first", maintain_order=True)
        .drop("reference")
    )
    return comparison.join(nearest, on=sides, how="left", nulls_equal=True, maintain_order="left")
