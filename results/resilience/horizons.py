"""Horizons: how long work may be, in minutes of a person's, for a chance of success of 50 or 80%.

As METR fits them (arXiv 2503.14499): success as a logistic of log2 human minutes, tasks of a large
family weighing less, families drawn again for the interval; and over models that came out at
different dates the time in which the 50% horizon doubles. A family here is a base task (`block`)
of a task set, with all of its settings.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from results.refused import Refused
from results.resilience.logistic import (
    Tasks,
    family_draws,
    family_weights,
    fitted,
    log_lengths,
    percentiles,
)
from results.statistics.horizon import Logistic

SUCCESSES = (0.5, 0.8)
WHO = ("topology", "model", "faults", "budget")
"""What tells apart whose horizon it is; what a task is set to is its length, not who does it."""
UNDEFINED = 0.05
"""Bootstrap samples without a horizon (success does not fall with length) above which there is no
interval."""
YEAR = 365.25

Floats = npt.NDArray[np.float64]
Row = dict[str, Any]


@dataclass(frozen=True)
class Curve:
    """One agent's horizon: its row of the frame, its tasks, and its bootstrap at 50%."""

    row: Row
    tasks: Tasks
    law: Logistic | None
    released: date | None
    drawn: Floats


def curves_of(trials: pl.DataFrame) -> list[Curve]:
    """One for each topology and model (and fault plan and budget), in order.

    `Refused` where no graded trial says `human_minutes`, or one of them takes 0 minutes.
    """
    told = _told(trials)
    known = told["family"].to_numpy()
    return [
        _curve(dict(zip(WHO, key, strict=True)), group, known)
        for key, group in told.group_by(WHO, maintain_order=True)
    ]


def _told(trials: pl.DataFrame) -> pl.DataFrame:
    """One row a task of each agent: `minutes`, `passed` (share), `trials`, `family`, `released`."""
    graded = trials.filter(pl.col("passed").is_not_null())
    if graded.is_empty():
        raise Refused("no trial of this run is graded: a horizon takes passes and failures")
    with_minutes = graded.filter(pl.col("human_minutes").is_not_null())
    if with_minutes.is_empty():
        raise Refused(
            "no graded trial says human_minutes, which a horizon is measured in: give it for each "
            "task (a field of `fanout import jsonl`)"
        )
    instant = with_minutes.filter(pl.col("human_minutes") <= 0)
    if instant.height:
        raise Refused(
            f"task {instant['task'][0]} takes {instant['human_minutes'][0]:g} human_minutes: a "
            "horizon is fitted to the logarithm, so that each must be above 0"
        )
    return (
        with_minutes.with_columns(
            pl.concat_str("task_set", pl.coalesce("block", "task"), separator="/").alias("family")
        )
        .group_by(*WHO, "task_set", "family", "task")
        .agg(
            pl.col("human_minutes").mean().alias("minutes"),
            pl.col("passed").mean(),
            pl.len().cast(pl.Int64).alias("trials"),
            pl.col("model_released").drop_nulls().min().alias("released"),
            pl.col("simulated").any(),
        )
        .sort(*WHO, "task_set", "family", "task", nulls_last=True)
    )


def _curve(who: Row, group: pl.DataFrame, known: npt.NDArray[np.generic]) -> Curve:
    family = group["family"].to_numpy()
    minutes = group["minutes"].to_numpy()
    tasks = Tasks(np.log2(minutes), group["passed"].to_numpy(), family_weights(family), family)
    row: Row = dict.fromkeys(HORIZONS) | who
    row |= {
        "simulated": bool(group["simulated"].any()),
        "model_released": group["released"].drop_nulls().min(),
        "tasks": group.height,
        "families": group["family"].n_unique(),
        "trials": int(group["trials"].sum()),
        "shortest": float(minutes.min()),
        "longest": float(minutes.max()),
    }
    released = row["model_released"]
    day = None if released is None else date.fromisoformat(released)
    bare = Curve(row, tasks, None, day, np.array([]))
    why = _why_not(tasks)
    if why is not None:
        row["why"] = why
        return bare
    intercept, slope = fitted(tasks)
    law = Logistic(float(intercept[0]), float(slope[0]))
    row |= {"intercept": law.intercept, "slope": law.slope}
    if law.slope >= 0:
        row["why"] = "success does not fall with length"
        return bare
    draws = family_draws(family, known)
    # Where families of other agents alone were drawn, nothing is known of this one.
    mine = draws.sum(axis=1) > 0
    drawn = fitted(tasks, draws[mine])
    for success in SUCCESSES:
        name = f"horizon_{100 * success:.0f}"
        length = law.length(success)
        ends = _interval(log_lengths(*drawn, success), row["families"])
        row |= {name: length, f"{name}_low": ends[0], f"{name}_high": ends[1]}
        row[f"{name}_extrapolated"] = not row["shortest"] <= length <= row["longest"]
    halves = np.full(mine.size, np.nan)
    halves[mine] = log_lengths(*drawn, SUCCESSES[0])
    return replace(bare, law=law, drawn=halves)


HORIZONS: dict[str, Any] = {
    "topology": pl.String,
    "model": pl.String,
    "faults": pl.String,
    "budget": pl.Float64,
    "simulated": pl.Boolean,
    "model_released": pl.String,
    **dict.fromkeys(("tasks", "families", "trials"), pl.Int64),
    **dict.fromkeys(("shortest", "longest", "intercept", "slope"), pl.Float64),
    **{
        f"horizon_{100 * success:.0f}{end}": pl.Boolean if end == "_extrapolated" else pl.Float64
        for success in SUCCESSES
        for end in ("", "_low", "_high", "_extrapolated")
    },
    "why": pl.String,
}


def _why_not(tasks: Tasks) -> str | None:
    """Why there is no horizon, in words; None if there can be one."""
    if np.unique(tasks.log_minutes).size < 2:
        return "all of its tasks are of one length" if tasks.passed.size > 1 else "it did one task"
    if tasks.one_sided:
        return "every trial passed" if tasks.passed[0] == 1 else "no trial passed"
    return None


def _interval(log_length: Floats, families: int) -> tuple[float | None, float | None]:
    """The 95% interval, in minutes; None where too many samples have no horizon.

    An end that is infinite, since in that many samples everything passed, is None too.
    """
    undefined = np.isnan(log_length)
    if families < 2 or undefined.mean() > UNDEFINED:
        return None, None
    low, high = percentiles(log_length[~undefined], families)
    told = (2.0**low if np.isfinite(low) else None, 2.0**high if np.isfinite(high) else None)
    return told[0], told[1]


def horizons(curves: list[Curve]) -> pl.DataFrame:
    """One row for each agent of `curves_of`.

    Columns: topology, model, faults, budget; `simulated`; `model_released`; `tasks`, `families` and
    `trials` that say human_minutes; the `shortest` and `longest` task in minutes; `intercept` and
    `slope` per doubling of the length; `horizon_50` and `horizon_80` in minutes with their 95%
    interval `_low` to `_high` (families drawn again) and whether they lie outside of the lengths
    that were tried (`_extrapolated`); and `why` there is none.
    """
    return pl.DataFrame([curve.row for curve in curves], schema=HORIZONS, orient="row")


def growth(curves: list[Curve]) -> pl.DataFrame:
    """One row for each topology, fault plan and budget that several dated models went through.

    `models` and `families`; `doublings_per_year`, the least-squares slope of log2 of the 50%
    horizon over release dates, with its 95% interval `low` to `high` (families drawn again, the
    same for all models); and `doubling_days` with `days_low` to `days_high`, null where growth is
    not shown. All dated models count, not only the best of their time.
    """
    groups: dict[tuple[Any, ...], list[Curve]] = {}
    for curve in curves:
        if curve.law is not None and curve.released is not None:
            key = tuple(curve.row[name] for name in GROWS)
            groups.setdefault(key, []).append(curve)
    rows = [dict(zip(GROWS, key, strict=True)) | _grown(group) for key, group in groups.items()
            if len({curve.released for curve in group}) > 1]  # fmt: skip
    schema = {name: HORIZONS[name] for name in GROWS} | GROWTH
    return pl.DataFrame(rows, schema=schema, orient="row")


GROWS = ("topology", "faults", "budget")
GROWTH: dict[str, Any] = {
    **dict.fromkeys(("models", "families"), pl.Int64),
    **dict.fromkeys(("doublings_per_year", "low", "high"), pl.Float64),
    **dict.fromkeys(("doubling_days", "days_low", "days_high"), pl.Float64),
}


def _grown(group: list[Curve]) -> Row:
    years = np.array([curve.released.toordinal() / YEAR for curve in group if curve.released])
    away = years - years.mean()
    scale = float(away @ away)
    lengths = np.array([np.log2(curve.row["horizon_50"]) for curve in group])
    slope = float(away @ lengths) / scale
    drawn = away @ np.stack([curve.drawn for curve in group]) / scale
    known = np.isfinite(drawn)
    families = np.unique(np.concatenate([curve.tasks.family for curve in group])).size
    low = high = None
    if families > 1 and 1 - known.mean() <= UNDEFINED:
        low, high = percentiles(drawn[known], families)
    row: Row = {"models": len(group), "families": families}
    row |= {"doublings_per_year": slope, "low": low, "high": high}
    if slope > 0:
        row["doubling_days"] = YEAR / slope
        if low is not None and high is not None and low > 0:
            row |= {"days_low": YEAR / high, "days_high": YEAR / low}
    return row
