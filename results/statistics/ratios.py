"""What a topology costs for each token or dollar of the reference, on the same tasks.

Per trial, and per passed trial.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from results.metrics import TOTAL_TOKENS, known_mean
from results.statistics.consistency import group_columns
from results.statistics.intervals import ratio_bootstrap
from results.statistics.pass_costs import (
    ENCODINGS,
    UNKNOWN,
    Spent,
    pass_cost,
    pass_cost_ratio,
)

COSTS: dict[str, pl.Expr] = {
    "tokens": TOTAL_TOKENS,
    "dollars": pl.col("dollars"),
    "dollars_uncached": pl.col("dollars_uncached"),
    "seconds": pl.col("seconds"),
}
"""What ratios are taken of. With and without caching they can disagree about who is cheaper."""


def cost_ratios(
    trials: pl.DataFrame,
    reference: str = "single_thread",
    by: Sequence[str] = (),
    level: float | Mapping[str, float] = 0.95,
) -> pl.DataFrame:
    """One row a group: each cost as a ratio to `reference` over the tasks both did.

    The ratio is the mean over tasks of the mean cost of a graded trial, over the same mean of the
    reference; `_low` and `_high` are a bootstrap of base tasks at `level`, both topologies redrawn
    together. `tokens_per_pass_ratio` and so on compare mean cost over pass rate instead, see
    `results.statistics.pass_costs`, with `_low` and `_high` for tasks like these and `_these_low`
    and `_these_high` for these alone; where it is null `tokens_per_pass_why` says why. Null without
    a common task, when any graded trial lacks the cost or both cost nothing (against a reference
    that costs nothing any cost is infinite); token ratios also when the two sides use more than one
    encoding.
    """
    keys = group_columns(by)
    shared = [key for key in keys if key != "topology"]
    costs = _task_costs(trials, keys)
    base = costs.filter(pl.col("topology") == reference).drop("topology", "block")
    pairs = costs.join(base, on=[*shared, "task"], how="inner", suffix="_base", nulls_equal=True)
    rows = [
        dict(zip(keys, key, strict=True))
        | _ratios(group, level.get(str(key[0]), 0.95) if isinstance(level, Mapping) else level)
        for key, group in pairs.group_by(keys, maintain_order=True)
    ]
    columns = [
        f"{name}{per}_ratio{end}"
        for name in COSTS
        for per in ("", "_per_pass")
        for end in ("", "_low", "_high", *(("_these_low", "_these_high") if per else ()))
    ]
    schema = {key: trials.schema[key] for key in keys} | dict.fromkeys(columns, pl.Float64())
    schema |= dict.fromkeys((f"{name}_per_pass_why" for name in COSTS), pl.String())
    return pl.DataFrame(rows, schema=schema, orient="row")


def _task_costs(trials: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    return (
        trials.filter(pl.col("passed").is_not_null())
        .with_columns(pl.coalesce("block", "task").alias("block"))
        .group_by(*keys, "block", "task")
        .agg(
            *(known_mean(value).alias(name) for name, value in COSTS.items()),
            *(value.var().alias(f"{name}_spread") for name, value in COSTS.items()),
            *(
                pl.cov(value.cast(pl.Float64), pl.col("passed").cast(pl.Float64)).alias(
                    f"{name}_with_passed"
                )
                for name, value in COSTS.items()
            ),
            pl.col("passed").sum().cast(pl.Int64).alias("c"),
            pl.len().cast(pl.Int64).alias("n"),
            pl.col("encoding").drop_nulls().unique().sort().alias("encodings"),
        )
        .sort(*keys, "block", "task", nulls_last=True)
    )


def _ratios(pairs: pl.DataFrame, level: float) -> dict[str, Any]:
    found: dict[str, Any] = {}
    units = np.asarray(pairs.get_column("block").to_list(), dtype=np.str_)
    encodings = pl.concat([pairs.get_column("encodings"), pairs.get_column("encodings_base")])
    mixed = encodings.explode().drop_nulls().n_unique() > 1
    for name in COSTS:
        both = pairs.select(name, f"{name}_base")
        per_pass = f"{name}_per_pass"
        if both.null_count().sum_horizontal().item() or (name == "tokens" and mixed):
            found[f"{per_pass}_why"] = ENCODINGS if name == "tokens" and mixed else UNKNOWN
            continue
        top, bottom = (both.get_column(column).to_numpy() for column in both.columns)
        found[f"{name}_ratio"] = _ratio(float(top.sum()), float(bottom.sum()))
        interval = ratio_bootstrap(top, bottom, units, level)
        if interval is not None:
            found[f"{name}_ratio_low"], found[f"{name}_ratio_high"] = interval
        first, second = (_spent(pairs, name, end) for end in ("", "_base"))
        cost = pass_cost_ratio(first, second, units, level)
        these = pass_cost_ratio(first, second, None, level)
        found |= {
            f"{per_pass}_ratio": cost.value,
            f"{per_pass}_ratio_low": cost.low,
            f"{per_pass}_ratio_high": cost.high,
            f"{per_pass}_ratio_these_low": these.low,
            f"{per_pass}_ratio_these_high": these.high,
            f"{per_pass}_why": cost.why,
        }
    return found


def _ratio(top: float, bottom: float) -> float | None:
    """Free against paid is 0, paid against free infinite, free against free undefined."""
    if bottom > 0:
        return top / bottom
    return math.inf if top > 0 else None


def _spent(costs: pl.DataFrame, name: str, end: str = "") -> Spent:
    columns = (name, "c", "n", f"{name}_spread", f"{name}_with_passed")
    return Spent(*(costs.get_column(column + end).to_numpy() for column in columns))


def pass_costs(
    trials: pl.DataFrame, by: Sequence[str] = (), level: float = 0.95, these: bool = False
) -> pl.DataFrame:
    """One row a group: `dollars_per_pass` over tasks, with `low` and `high`; null if not known.

    Mean dollars of a task's graded trials over their pass rate, each task weighing the same;
    infinite without a pass. Limits are for tasks like these, or for `these` alone. See
    `results.statistics.pass_costs`. Sorted by task set, *by and topology.
    """
    keys = group_columns(by)
    rows: list[dict[str, Any]] = []
    costs = _task_costs(trials, keys)
    for key, group in costs.group_by(keys, maintain_order=True):
        row: dict[str, Any] = dict(zip(keys, key, strict=True))
        if not group.get_column("dollars").null_count():
            units = np.asarray(group.get_column("block").to_list(), dtype=np.str_)
            found = pass_cost(_spent(group, "dollars"), None if these else units, level)
            row |= {"dollars_per_pass": found.value, "low": found.low, "high": found.high}
        rows.append(row)
    schema = {key: trials.schema[key] for key in keys}
    schema |= dict.fromkeys(("dollars_per_pass", "low", "high"), pl.Float64())
    return pl.DataFrame(rows, schema=schema, orient="row").sort(keys, nulls_last=True)
