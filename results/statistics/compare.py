"""Which topology did better on the same tasks, by how much, how sure that is, and at what cost."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from results.statistics.consistency import group_columns, tally
from results.statistics.differences import all_pass, paired_difference
from results.statistics.intervals import Ints, unit_sums
from results.statistics.on_these import difference_on_these
from results.statistics.ratios import cost_ratios
from results.strata import cell_label, strata

PAIRED = {
    "k": pl.Int64(),
    "estimate": pl.Float64(),
    "reference_estimate": pl.Float64(),
    "difference": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "interval": pl.String(),
    "these_low": pl.Float64(),
    "these_high": pl.Float64(),
    "level": pl.Float64(),
    "tasks": pl.Int64(),
    "fewest": pl.Int64(),
    "most": pl.Int64(),
}


def compare(
    trials: pl.DataFrame,
    reference: str = "single_thread",
    by: Sequence[str] | None = None,
    ks: Sequence[int] = (1, 4),
    crashed: str = "drop",
    level: float | Mapping[str, float] = 0.95,
) -> pl.DataFrame:
    """One row for each cell, topology other than `reference`, and k.

    `by` defaults to the settings that vary (`results.strata.strata`). Columns: task_set,
    *by, `cell` (a label), topology, `reference`, k, pass^k of both over the tasks both did
    (`estimate`, `reference_estimate`), their `difference` with `low` and `high` for tasks like
    these and the kind of that `interval`, `these_low` and `these_high` for these tasks alone (see
    `results.statistics.on_these`), the `level` of both (one for all, or one by topology), `tasks`
    (base tasks in the comparison), `fewest` and `most` trials of a task, `simulated` (any trial of
    the cell is), `crash_convention`, and the cost ratios of `results.statistics.ratios`, also at
    that level. Undefined is null; without the reference in a cell, all is.
    """
    by = strata(trials) if by is None else list(by)
    keys = group_columns(by)
    shared = [key for key in keys if key != "topology"]
    rows = [
        key | _paired(group, k, _at(level, key["topology"]))
        for key, group in paired_counts(trials, reference, by, crashed)
        for k in ks
    ]
    schema = {key: trials.schema[key] for key in keys} | PAIRED
    found = pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        cell_label(by),
        pl.lit(reference).alias("reference"),
        pl.lit(crashed).alias("crash_convention"),
    )
    simulated = trials.group_by(shared).agg(pl.col("simulated").any())
    ratios = cost_ratios(trials, reference, by, level)
    return (
        found.join(simulated, on=shared, how="left", nulls_equal=True)
        .join(ratios, on=keys, how="left", nulls_equal=True)
        .sort(*shared, "topology", "k", nulls_last=True)
    )


def _at(level: float | Mapping[str, float], topology: str) -> float:
    return level[topology] if isinstance(level, Mapping) else level


def paired_counts(
    trials: pl.DataFrame, reference: str, by: Sequence[str], crashed: str = "drop"
) -> Iterator[tuple[dict[str, Any], pl.DataFrame]]:
    """The passes of each topology and cell beside those of the reference, one row a task.

    Gives the columns that name the group, and rows with `block`, `task`, `c` of `n` and, of the
    reference, `c_base` of `n_base` (both 0 for a task that the reference did not do).
    """
    keys = group_columns(by)
    shared = [key for key in keys if key != "topology"]
    counts = tally(trials, by, crashed)
    base = counts.filter(pl.col("topology") == reference).select(*shared, "task", "n", "c")
    pairs = (
        counts.filter(pl.col("topology") != reference)
        .join(base, on=[*shared, "task"], how="left", suffix="_base", nulls_equal=True)
        .with_columns(pl.col("n_base", "c_base").fill_null(0))
        .sort(*keys, "block", "task", nulls_last=True)
    )
    for key, group in pairs.group_by(keys, maintain_order=True):
        yield dict(zip(keys, key, strict=True)), group


def _paired(group: pl.DataFrame, k: int, level: float) -> dict[str, Any]:
    """What pairs of tasks say about pass^k; above the common k of `lowest_k` they say nothing."""
    bound = group.get_column("common_k").max()
    enough = (pl.col("n") >= k) & (pl.col("n_base") >= k)
    kept = group.filter(enough if bound is None or k <= int(str(bound)) else pl.lit(False))
    c, n, base_c, base_n = (
        kept.get_column(name).to_numpy() for name in ("c", "n", "c_base", "n_base")
    )
    units = np.asarray(kept.get_column("block").to_list(), dtype=np.str_)
    sides = ((c, n), (base_c, base_n))
    found = paired_difference(*sides, units, k, level)
    these = difference_on_these(*sides, units, k, level)
    sizes = kept.select(
        pl.min_horizontal("n", "n_base"), pl.max_horizontal("n", "n_base").alias("x")
    )
    return {
        "k": k,
        "estimate": _unit_mean(c, n, units, k),
        "reference_estimate": _unit_mean(base_c, base_n, units, k),
        "difference": found.estimate,
        "low": found.low,
        "high": found.high,
        "interval": found.kind,
        "these_low": these.low,
        "these_high": these.high,
        "level": level,
        "tasks": found.units,
        "fewest": sizes.get_column("n").min(),
        "most": sizes.get_column("x").max(),
    }


def _unit_mean(c: Ints, n: Ints, units: npt.NDArray[np.generic], k: int) -> float | None:
    if c.size == 0:
        return None
    sums, sizes = unit_sums(all_pass(c, n, k), units)
    return float((sums / sizes).mean())
