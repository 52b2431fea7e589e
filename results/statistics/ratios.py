"""What a topology costs for each token or dollar of the reference, on the same tasks.

Per trial, and per passed trial: a cheap trial that fails is no bargain.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from results.metrics import TOTAL_TOKENS, known_mean
from results.statistics import quantiles
from results.statistics.consistency import group_columns
from results.statistics.intervals import Floats, Interval, ratio_bootstrap, unit_sums

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
    level: float = 0.95,
) -> pl.DataFrame:
    """One row a group: each cost as a ratio to `reference` over the tasks both did.

    The ratio is the mean over tasks of the mean cost of a graded trial, over the same mean of the
    reference; `_low` and `_high` are a bootstrap of base tasks at `level`, both topologies redrawn
    together. `tokens_per_pass_ratio` and so on compare mean cost over pass rate instead, with the
    interval of `pass_cost_interval`. Null without a common task, when any graded trial lacks the
    cost, when the reference costs nothing or (per pass) either side never passed; token ratios
    also when the two sides use more than one encoding.
    """
    keys = group_columns(by)
    shared = [key for key in keys if key != "topology"]
    costs = _task_costs(trials, keys)
    base = costs.filter(pl.col("topology") == reference).drop("topology", "block")
    pairs = costs.join(base, on=[*shared, "task"], how="inner", suffix="_base", nulls_equal=True)
    rows = [
        dict(zip(keys, key, strict=True)) | _ratios(group, level)
        for key, group in pairs.group_by(keys, maintain_order=True)
    ]
    columns = [
        f"{name}{per}_ratio{end}"
        for name in COSTS
        for per in ("", "_per_pass")
        for end in ("", "_low", "_high")
    ]
    schema = {key: trials.schema[key] for key in keys} | dict.fromkeys(columns, pl.Float64())
    return pl.DataFrame(rows, schema=schema, orient="row")


def _task_costs(trials: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    return (
        trials.filter(pl.col("passed").is_not_null())
        .with_columns(pl.coalesce("block", "task").alias("block"))
        .group_by(*keys, "block", "task")
        .agg(
            *(known_mean(value).alias(name) for name, value in COSTS.items()),
            pl.col("passed").mean().alias("rate"),
            pl.col("encoding").drop_nulls().unique().sort().alias("encodings"),
        )
        .sort(*keys, "block", "task", nulls_last=True)
    )


def _ratios(pairs: pl.DataFrame, level: float) -> dict[str, Any]:
    found: dict[str, Any] = {}
    units = np.asarray(pairs.get_column("block").to_list())
    encodings = pl.concat([pairs.get_column("encodings"), pairs.get_column("encodings_base")])
    rates = [pairs.get_column(name).to_numpy() for name in ("rate", "rate_base")]
    mixed = encodings.explode().drop_nulls().n_unique() > 1
    for name in COSTS:
        both = pairs.select(name, f"{name}_base")
        if both.null_count().sum_horizontal().item() or (name == "tokens" and mixed):
            continue
        top, bottom = (both.get_column(column).to_numpy() for column in both.columns)
        if not bottom.sum() > 0:
            continue
        found[f"{name}_ratio"] = float(top.sum() / bottom.sum())
        interval = ratio_bootstrap(top, bottom, units, level)
        if interval is not None:
            found[f"{name}_ratio_low"], found[f"{name}_ratio_high"] = interval
        if all(rate.sum() > 0 for rate in rates) and top.sum() > 0:
            per_pass = f"{name}_per_pass_ratio"
            found[per_pass] = found[f"{name}_ratio"] * float(rates[1].sum() / rates[0].sum())
            interval = pass_cost_interval((top, rates[0]), (bottom, rates[1]), units, level)
            if interval is not None:
                found[f"{per_pass}_low"], found[f"{per_pass}_high"] = interval
    return found


def pass_cost_interval(
    first: tuple[Floats, Floats],
    second: tuple[Floats, Floats],
    units: npt.NDArray[np.generic],
    level: float = 0.95,
) -> Interval | None:
    """The interval of a ratio of costs per passed trial; each side is (cost, pass rate) by task.

    Student's t on the logarithm, with the error that each unit's four shares of their totals give
    it (the delta method). None below two units, or where a total is 0.
    """
    parts = [unit_sums(values, units)[0] for values in (*first, *second)]
    count = parts[0].size
    if count < 2 or any(part.sum() <= 0 for part in parts):
        return None
    pull = sum(sign * part / part.mean() for sign, part in zip((1, -1, -1, 1), parts, strict=True))
    centre = math.log(parts[0].sum() * parts[3].sum() / (parts[1].sum() * parts[2].sum()))
    error = float(np.asarray(pull).std(ddof=1)) / math.sqrt(count)
    half = quantiles.student((1 + level) / 2, count - 1) * error
    return math.exp(centre - half), math.exp(centre + half)


def pass_costs(trials: pl.DataFrame, by: Sequence[str] = (), level: float = 0.95) -> pl.DataFrame:
    """One row a group: `dollars_per_pass` over tasks, with `low` and `high`; null if not known.

    Mean dollars of a task's graded trials over their pass rate, each task weighing the same; the
    interval as in `pass_cost_interval`. Sorted by task set, *by and topology.
    """
    keys = group_columns(by)
    rows: list[dict[str, Any]] = []
    costs = _task_costs(trials, keys)
    for key, group in costs.group_by(keys, maintain_order=True):
        row: dict[str, Any] = dict(zip(keys, key, strict=True))
        rates, units = group.get_column("rate").to_numpy(), group.get_column("block").to_list()
        if not group.get_column("dollars").null_count() and rates.sum() > 0:
            spent = group.get_column("dollars").to_numpy()
            one = (np.ones_like(rates), np.ones_like(rates))
            row["dollars_per_pass"] = float(spent.sum() / rates.sum())
            row["low"], row["high"] = pass_cost_interval(
                (spent, rates), one, np.asarray(units, dtype=np.str_), level
            ) or (None, None)
        rows.append(row)
    schema = {key: trials.schema[key] for key in keys}
    schema |= dict.fromkeys(("dollars_per_pass", "low", "high"), pl.Float64())
    return pl.DataFrame(rows, schema=schema, orient="row").sort(keys, nulls_last=True)
