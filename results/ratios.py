"""What a topology costs for each token or dollar of the reference, on the same tasks."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from results.consistency import group_columns
from results.intervals import ratio_bootstrap
from results.metrics import TOTAL_TOKENS, known_mean

COSTS: dict[str, pl.Expr] = {
    "tokens": TOTAL_TOKENS,
    "dollars": pl.col("dollars"),
    "dollars_uncached": pl.col("dollars_uncached"),
    "seconds": pl.col("seconds"),
}
"""What ratios are taken of. With and without caching they can disagree about who is cheaper."""


def cost_ratios(
    trials: pl.DataFrame, reference: str = "single_thread", by: Sequence[str] = ()
) -> pl.DataFrame:
    """One row a group: each cost as a ratio to `reference` over the tasks both did.

    The ratio is the mean over tasks of the mean cost of a graded trial, over the same mean of the
    reference; `_low` and `_high` are a 95% bootstrap of base tasks, both topologies redrawn
    together. Null without a common task, when any graded trial lacks the cost, or when the
    reference costs nothing; token ratios also when the two sides use more than one encoding.
    """
    keys = group_columns(by)
    shared = [key for key in keys if key != "topology"]
    costs = _task_costs(trials, keys)
    base = costs.filter(pl.col("topology") == reference).drop("topology", "block")
    pairs = costs.join(base, on=[*shared, "task"], how="inner", suffix="_base", nulls_equal=True)
    rows = [
        dict(zip(keys, key, strict=True)) | _ratios(group)
        for key, group in pairs.group_by(keys, maintain_order=True)
    ]
    columns = [f"{name}_ratio{end}" for name in COSTS for end in ("", "_low", "_high")]
    schema = {key: trials.schema[key] for key in keys} | dict.fromkeys(columns, pl.Float64())
    return pl.DataFrame(rows, schema=schema, orient="row")


def _task_costs(trials: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    return (
        trials.filter(pl.col("passed").is_not_null())
        .with_columns(pl.coalesce("block", "task").alias("block"))
        .group_by(*keys, "block", "task")
        .agg(
            *(known_mean(value).alias(name) for name, value in COSTS.items()),
            pl.col("encoding").drop_nulls().unique().sort().alias("encodings"),
        )
        .sort(*keys, "block", "task", nulls_last=True)
    )


def _ratios(pairs: pl.DataFrame) -> dict[str, Any]:
    found: dict[str, Any] = {}
    units = np.asarray(pairs.get_column("block").to_list())
    encodings = pl.concat([pairs.get_column("encodings"), pairs.get_column("encodings_base")])
    mixed = encodings.explode().drop_nulls().n_unique() > 1
    for name in COSTS:
        both = pairs.select(name, f"{name}_base")
        if both.null_count().sum_horizontal().item() or (name == "tokens" and mixed):
            continue
        top, bottom = (both.get_column(column).to_numpy() for column in both.columns)
        if not bottom.sum() > 0:
            continue
        found[f"{name}_ratio"] = float(top.sum() / bottom.sum())
        interval = ratio_bootstrap(top, bottom, units)
        if interval is not None:
            found[f"{name}_ratio_low"], found[f"{name}_ratio_high"] = interval
    return found
