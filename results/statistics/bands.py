"""Pass^k and pass@k of every group with the intervals that belong to them: curves and tables."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from results.statistics.consistency import group_columns, over_tasks, per_task, tally
from results.statistics.intervals import icc
from results.statistics.on_these import on_these
from results.statistics.posterior import pass_k_posterior

INTERVALS = {
    "k": pl.Int64,
    "low": pl.Float64,
    "high": pl.Float64,
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
    these: bool = False,
) -> pl.DataFrame:
    """One row for each group and k: the estimate with its posterior interval.

    Columns: topology, task_set, *by, k, `pass_hat`, `pass_at` (null if undefined), `tasks`,
    `tasks_short`, `crash_convention` (see `results.statistics.consistency`), `low` and `high`
    (posterior of pass^k at `level` from the tasks that define it, reaching to the estimate; for
    tasks like these, or for `these` alone), `icc` (ICC_1), `blocks` (base tasks), `fewest` and
    `most` graded trials of a task.
    Several tasks of one base task count together as one task, so that pooling settings does not
    narrow an interval.
    """
    keys = group_columns(by)
    tasks = per_task(tally(trials, by, crashed), ks)
    points = over_tasks(tasks, by)
    rows = [
        dict(zip(keys, key, strict=True)) | row
        for key, group in tasks.group_by(keys, maintain_order=True)
        for row in _intervals(group, level, these)
    ]
    schema = {key: trials.schema[key] for key in keys} | INTERVALS
    return points.join(
        pl.DataFrame(rows, schema=schema, orient="row"),
        on=[*keys, "k"],
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )


def _intervals(group: pl.DataFrame, level: float, these: bool) -> list[dict[str, Any]]:
    return [
        {"k": k[0], **_interval(rows, int(str(k[0])), level, these)}
        for k, rows in group.group_by("k", maintain_order=True)
    ]


def _interval(rows: pl.DataFrame, k: int, level: float, these: bool) -> dict[str, Any]:
    counted = rows.filter(pl.col("n") > 0)
    defined = rows.filter(pl.col("pass_hat").is_not_null())
    blocks = defined.get_column("block").n_unique()
    found: dict[str, Any] = {
        "icc": icc(*(counted.get_column(name).to_numpy() for name in ("c", "n"))),
        "blocks": blocks,
        "fewest": rows.get_column("n").min(),
        "most": rows.get_column("n").max(),
    }
    if defined.is_empty():
        return found
    c, n = (defined.get_column(name).to_numpy() for name in ("c", "n"))
    enough = these or blocks > 1
    posterior = (
        (on_these(c, n, k) if these else pass_k_posterior(c, n, k, blocks / defined.height))
        if enough
        else None
    )
    if posterior is not None:
        estimate = float(defined.get_column("pass_hat").to_numpy().mean())
        found["low"], found["high"] = posterior.interval(level, estimate)
    return found
