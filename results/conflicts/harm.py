"""Did it hurt? Conflicts beside success and broken invariants; nothing is taken to be harmful.

How often each kind happens, and how trials with it did beside trials of the same task without it,
which can differ for other reasons too. What tells cause apart is the serial twin (`twins`).
"""

from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl

from results.statistics import quantiles
from results.statistics.consistency import group_columns
from results.statistics.differences import paired_difference
from results.statistics.intervals import standard_error, task_bootstrap

HARMLESS = ("wasted-work",)
"""Kinds that cost tokens and break nothing by themselves: not looked at for a harmful witness."""

LEAST = 2
"""Trials with and without that a figure within tasks takes: a single one says nothing."""

UNIT = pl.coalesce("block", "task").alias("unit")


def unchecked(accesses: pl.DataFrame, trials: pl.DataFrame | None = None) -> list[str]:
    """Trials of which nothing can be said: an access has no version, or copies were private.

    Agents on private copies may have touched nothing at all, so that only `trials` tell.
    """
    rows = accesses.filter(pl.col("version").is_null()).select("trial_id")
    if trials is not None:
        rows = pl.concat([rows, trials.filter("private_copies").select("trial_id")])
    return rows.get_column("trial_id").unique().sort().to_list()


def per_trial(
    trials: pl.DataFrame, findings: pl.DataFrame, unknown: Iterable[str] = ()
) -> pl.DataFrame:
    """One row for each trial that is graded and each kind that was found at all: `found`.

    `found` counts findings; it is null, not 0, for the trials in `unknown` (see `unchecked`).
    """
    graded = trials.filter(pl.col("passed").is_not_null()).with_columns(UNIT)
    counts = findings.group_by("trial_id", "kind").agg(pl.len().cast(pl.Int64).alias("found"))
    kinds = findings.select("family", "kind").unique().sort("family", "kind")
    return (
        graded.join(kinds, how="cross")
        .join(counts, on=["trial_id", "kind"], how="left")
        .with_columns(
            pl.when(~pl.col("trial_id").is_in(list(unknown))).then(pl.col("found").fill_null(0)),
            pl.col("broken_invariants").list.len().cast(pl.Float64).alias("broken"),
        )
    )


def how_often(
    trials: pl.DataFrame,
    findings: pl.DataFrame,
    by: Sequence[str] = ("coupling",),
    unknown: Iterable[str] = (),
) -> pl.DataFrame:
    """One row for each kind, topology, task set and combination of `by`.

    `trials` (graded and checked), `share` of them with a finding of the kind, its 95% interval
    `low` to `high` from drawing tasks again, and `per_trial`, findings per trial. Null where
    undefined.
    """
    keys = ["family", "kind", *group_columns(by)]
    known = per_trial(trials, findings, unknown).filter(pl.col("found").is_not_null())
    rows = [
        {**dict(zip(keys, key, strict=True)), **_share(group)}
        for key, group in known.group_by(keys, maintain_order=True)
    ]
    schema = {
        **{key: known.schema[key] for key in keys},
        "trials": pl.Int64,
        "share": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "per_trial": pl.Float64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row").sort(keys, nulls_last=True)


def _share(group: pl.DataFrame) -> dict[str, float | int | None]:
    any_found = (group["found"] > 0).cast(pl.Float64).to_numpy()
    interval = task_bootstrap(any_found, group["unit"].to_numpy())
    low, high = interval or (None, None)
    return {
        "trials": len(group),
        "share": float(any_found.mean()),
        "low": low,
        "high": high,
        "per_trial": float(group["found"].sum()) / len(group),
    }


def did_it_hurt(
    trials: pl.DataFrame,
    findings: pl.DataFrame,
    by: Sequence[str] = (),
    unknown: Iterable[str] = (),
) -> pl.DataFrame:
    """One row for each kind, topology, task set and combination of `by`: with it beside without it.

    Over all trials: `trials_with`, `trials_without`, `success_with`, `success_without`,
    `broken_with`, `broken_without` (invariants broken per trial; null if any is unknown). Within
    tasks that have trials of both sorts (two or more of each in all), so that a hard task is not
    held against its conflicts:
    `success_difference` (with minus without) with its 95% interval `success_low` to `success_high`
    and the number of base tasks `units`; `broken_difference`, `broken_low`, `broken_high` alike.
    It is no proof of cause: see `results.conflicts.serial_twins`.
    """
    keys = ["family", "kind", *group_columns(by)]
    known = per_trial(trials, findings, unknown).filter(pl.col("found").is_not_null())
    rows = [
        {**dict(zip(keys, key, strict=True)), **_beside(group)}
        for key, group in known.group_by(keys, maintain_order=True)
    ]
    floats = dict.fromkeys(
        (
            "success_with",
            "success_without",
            "success_difference",
            "success_low",
            "success_high",
            "broken_with",
            "broken_without",
            "broken_difference",
            "broken_low",
            "broken_high",
        ),
        pl.Float64,
    )
    counts = dict.fromkeys(("trials_with", "trials_without", "units"), pl.Int64)
    schema = {**{key: known.schema[key] for key in keys}, **counts, **floats}
    return pl.DataFrame(rows, schema=schema, orient="row").sort(keys, nulls_last=True)


def _beside(group: pl.DataFrame) -> dict[str, float | int | None]:
    hit = pl.col("found") > 0
    with_it, without = group.filter(hit), group.filter(~hit)
    tasks = group.group_by("unit", "task").agg(
        *(
            expression.alias(f"{name}_{side}")
            for side, where in (("with", hit), ("without", ~hit))
            for name, expression in (
                ("n", where.sum().cast(pl.Int64)),
                ("c", pl.col("passed").filter(where).sum().cast(pl.Int64)),
                ("broken", pl.col("broken").filter(where).mean()),
                ("unknown", pl.col("broken").filter(where).null_count()),
            )
        )
    )
    both = tasks.filter((pl.col("n_with") > 0) & (pl.col("n_without") > 0)).sort("unit", "task")
    if min(both["n_with"].sum(), both["n_without"].sum()) < LEAST:
        both = both.clear()
    gain = paired_difference(
        (both["c_with"].to_numpy(), both["n_with"].to_numpy()),
        (both["c_without"].to_numpy(), both["n_without"].to_numpy()),
        both["unit"].to_numpy(),
    )
    more, low, high = _broken(both)
    return {
        "trials_with": len(with_it),
        "trials_without": len(without),
        "units": gain.units,
        "success_with": _mean(with_it["passed"]),
        "success_without": _mean(without["passed"]),
        "success_difference": gain.estimate,
        "success_low": gain.low,
        "success_high": gain.high,
        "broken_with": _mean(with_it["broken"]),
        "broken_without": _mean(without["broken"]),
        "broken_difference": more,
        "broken_low": low,
        "broken_high": high,
    }


def _mean(values: pl.Series) -> float | None:
    if values.is_empty() or values.null_count():
        return None
    return float(values.cast(pl.Float64).to_numpy().mean())


def _broken(both: pl.DataFrame) -> tuple[float | None, float | None, float | None]:
    """The mean difference in broken invariants over base tasks and its t interval."""
    if both.is_empty() or both.select(pl.sum("unknown_with", "unknown_without")).row(0) != (0, 0):
        return None, None, None
    gains = (
        both.with_columns((pl.col("broken_with") - pl.col("broken_without")).alias("gain"))
        .group_by("unit", maintain_order=True)
        .agg(pl.col("gain").mean())["gain"]
        .to_numpy()
    )
    if gains.size < 2 or float(np.ptp(gains)) < 1e-12:
        return float(gains.mean()), None, None
    error = standard_error(gains)
    half = quantiles.student(0.975, gains.size - 1) * (error or 0.0)
    return float(gains.mean()), float(gains.mean()) - half, float(gains.mean()) + half
