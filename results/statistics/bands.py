"""Pass^k and pass@k of every group with the intervals that belong to them: curves and tables."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from results.statistics.consistency import group_columns, over_tasks, per_task, tally
from results.statistics.intervals import clopper_pearson, icc, task_bootstrap, wilson
from results.statistics.posterior import pass_k_posterior

INTERVALS = {
    "k": pl.Int64,
    "low": pl.Float64,
    "high": pl.Float64,
    "boot_low": pl.Float64,
    "boot_high": pl.Float64,
    "wilson_low": pl.Float64,
    "wilson_high": pl.Float64,
    "exact_low": pl.Float64,
    "exact_high": pl.Float64,
    "icc": pl.Float64,
    "blocks": pl.Int64,
    "fewest": pl.Int64,
    "most": pl.Int64,
}


def pass_k_bands(
    trials: pl.DataFrame,
    ks: Sequence[int],
    by: Sequence[str] = (),
    crashed: str = "drop",
    level: float = 0.95,
) -> pl.DataFrame:
    """One row for each group and k: estimate, posterior interval, task bootstrap beside it.

    Columns: topology, task_set, *by, k, `pass_hat`, `pass_at` (null if undefined), `tasks`,
    `tasks_short`, `crash_convention` (see `results.statistics.consistency`), `low` and `high`
    (posterior of pass^k at `level`, reaching to the estimate), `boot_low` and `boot_high`
    (bootstrap of tasks), `wilson_low` to `exact_high` (Wilson and Clopper-Pearson: only where each
    task is a base task of its own with one trial), `icc` (ICC_1), `blocks` (base tasks), `fewest`
    and `most` graded trials of a task.
    Several tasks of one base task count together as one task, so that pooling settings does not
    narrow an interval.
    """
    keys = group_columns(by)
    tasks = per_task(tally(trials, by, crashed), ks)
    points = over_tasks(tasks, by)
    rows = [
        dict(zip(keys, key, strict=True)) | row
        for key, group in tasks.group_by(keys, maintain_order=True)
        for row in _intervals(group, level)
    ]
    schema = {key: trials.schema[key] for key in keys} | INTERVALS
    return points.join(
        pl.DataFrame(rows, schema=schema, orient="row"),
        on=[*keys, "k"],
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )


def _intervals(group: pl.DataFrame, level: float) -> list[dict[str, Any]]:
    return [
        {"k": k[0], **_interval(rows, int(str(k[0])), level)}
        for k, rows in group.group_by("k", maintain_order=True)
    ]


def _interval(rows: pl.DataFrame, k: int, level: float) -> dict[str, Any]:
    counted = rows.filter(pl.col("n") > 0)
    c, n = (counted.get_column(name).to_numpy() for name in ("c", "n"))
    blocks = counted.get_column("block").n_unique()
    defined = rows.filter(pl.col("pass_hat").is_not_null())
    found: dict[str, Any] = {
        "icc": icc(c, n),
        "blocks": blocks,
        "fewest": rows.get_column("n").min(),
        "most": rows.get_column("n").max(),
    }
    if defined.is_empty() or blocks < 2:
        return found
    posterior = pass_k_posterior(c, n, k, blocks / counted.height)
    boot = task_bootstrap(
        defined.get_column("pass_hat").to_numpy(),
        np.asarray(defined.get_column("block").to_list()),
        level,
    )
    if posterior is not None:
        estimate = float(defined.get_column("pass_hat").to_numpy().mean())
        found["low"], found["high"] = posterior.interval(level, estimate)
    if boot is not None:
        found["boot_low"], found["boot_high"] = boot
    if k == 1 and blocks == counted.height and int(n.max()) == 1:
        x, of = int(c.sum()), int(n.sum())
        found["wilson_low"], found["wilson_high"] = wilson(x, of, level) or (None, None)
        found["exact_low"], found["exact_high"] = clopper_pearson(x, of, level) or (None, None)
    return found
