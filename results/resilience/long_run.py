"""From steps to the long run: how far work goes before something is wrong, and whether that climbs.

The event is the first wrong step where the records say (`results.resilience.first_wrong`), else the
failure that shows at the trial's end. Trials that passed are censored at their length, which is
their number of tool calls: nothing had gone wrong by then. For the product-limit curve a failure
without a date is one of the last step; the laws take it for what is known, one of any step.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl

from results.metrics import silent_failure
from results.records import Recorded
from results.resilience.first_wrong import first_wrong
from results.resilience.laws import Law, Spans, climb, fit
from results.resilience.survival import product_limit
from results.statistics.consistency import group_columns

SHARES = (0.5, 0.8, 0.9, 0.99)
"""Chances of which the length is given that is done with them."""
STEPS = (5, 10, 20, 50, 100)
"""Lengths at which the share is given in which a silent failure has happened."""

Row = dict[str, Any]


def spans(run: Recorded) -> pl.DataFrame:
    """The graded trials of which the length is known and not 0, with how far each came.

    Further columns: `length`; `event` (it failed); `silent` (it failed silently; null if not
    known); `dated`, whether the step is on record; `by`, the step of the event, or else the length;
    `after`, the last step up to which nothing was wrong, 0 where that is not known; `unit`, the
    base task.
    """
    dates = first_wrong(run.trials, run.steps, run.accesses, run.milestones, run.reports)
    own = run.trials.filter(pl.col("passed").is_not_null() & (pl.col("tool_calls") > 0))
    dated, event = pl.col("call").is_not_null(), pl.min_horizontal("call", "tool_calls")
    return own.join(dates.select("trial_id", "call"), on="trial_id", how="left").with_columns(
        pl.col("tool_calls").alias("length"),
        (~pl.col("passed")).alias("event"),
        silent_failure().alias("silent"),
        dated.alias("dated"),
        pl.when(dated).then(event).otherwise("tool_calls").cast(pl.Float64).alias("by"),
        pl.when(dated).then(event - 1).otherwise(0).cast(pl.Float64).alias("after"),
        pl.coalesce("block", "task").alias("unit"),
    )


def survival_curves(found: pl.DataFrame, by: Sequence[str] = ()) -> pl.DataFrame:
    """One row for each group of `spans` and each step at which something failed.

    Columns: topology, task_set, *by, `step`, `at_risk`, `failed`, `survival`, `low` and `high` (95%
    for tasks like these: errors clustered by base task; null below two) and `these_low` and
    `these_high` (trials are the sample).
    """

    def rows(group: pl.DataFrame) -> list[Row]:
        at, event, unit = (group[name].to_numpy() for name in ("by", "event", "unit"))
        own, tasks = product_limit(at, event), product_limit(at, event, unit)
        counted = (own.step, own.at_risk, own.failed, own.survival)
        points = zip(*counted, tasks.low, tasks.high, own.low, own.high, strict=True)
        return [
            dict(zip(CURVE, (None if np.isnan(v) else float(v) for v in point), strict=True))
            for point in points
        ]

    return _by_group(found, by, rows, dict.fromkeys(CURVE, pl.Float64))


CURVE = ("step", "at_risk", "failed", "survival", "low", "high", "these_low", "these_high")


def hazards(found: pl.DataFrame, by: Sequence[str] = ()) -> pl.DataFrame:
    """One row for each group of `spans`: its half-life, and whether the hazard climbs.

    `trials`, `failures`, of them `dated`; `shortest` and `longest` trial; `per_step`, the success
    of a step under a constant hazard, and `half_life` with `half_low` to `half_high` (tasks like
    these); `shape` of Weibull's law with `shape_low` to `shape_high` and `p` by the likelihood
    ratio against a constant hazard (these tasks alone), and `shape_tasks_low` to `shape_tasks_high`
    (tasks like these). `hazard` is "climbs", "falls" or "not shown to change": both intervals must
    leave out 1. Null where the records do not tell.
    """

    def rows(group: pl.DataFrame) -> list[Row]:
        seen = spans_of(group)
        constant, free = fit(seen, constant=True), fit(seen, constant=False)
        row: Row = {
            "trials": group.height,
            "failures": int(group["event"].sum()),
            "dated": int(group["dated"].sum()),
            "shortest": group["length"].min(),
            "longest": group["length"].max(),
        }
        if constant is not None:
            row |= {"per_step": constant.survival(1), "half_life": constant.half}
            row |= _ends("half", constant.length_within(0.5))
        if constant is not None and free is not None:
            test, tasks = climb(seen, free, constant), free.shape_within()
            row |= {"shape": test.shape, "p": test.p, "hazard": _word((test.low, test.high), tasks)}
            row |= _ends("shape", (test.low, test.high)) | _ends("shape_tasks", tasks)
        return [row]

    return _by_group(found, by, rows, HAZARDS)


HAZARDS: dict[str, Any] = {
    **dict.fromkeys(("trials", "failures", "dated", "shortest", "longest"), pl.Int64),
    **dict.fromkeys(("per_step", "half_life", "half_low", "half_high"), pl.Float64),
    **dict.fromkeys(("shape", "shape_low", "shape_high", "p"), pl.Float64),
    **dict.fromkeys(("shape_tasks_low", "shape_tasks_high"), pl.Float64),
    "hazard": pl.String,
}


def _word(these: tuple[float, float], tasks: tuple[float, float] | None) -> str:
    both = (these, tasks or (0.0, np.inf))
    if all(low > 1 for low, _ in both):
        return "climbs"
    return "falls" if all(high < 1 for _, high in both) else "not shown to change"


def lengths_done(found: pl.DataFrame, by: Sequence[str] = ()) -> pl.DataFrame:
    """For each group of `spans`, law and share of SHARES: the `length` done with that chance.

    Columns: topology, task_set, *by, `law` ("constant" or "weibull"), `share`, `length` with its
    95% interval `low` to `high` for tasks like these, and `extrapolated`: the length lies outside
    of those that trials had, so that it is the law's more than the records'. No row for a law that
    the records do not tell.
    """

    def rows(group: pl.DataFrame) -> list[Row]:
        least, most = _seen(group)
        return [
            {"law": name, "share": share, "length": law.length(share)}
            | dict(zip(("low", "high"), law.length_within(share) or (None, None), strict=True))
            | {"extrapolated": not least <= law.length(share) <= most}
            for name, law in _laws(spans_of(group))
            for share in SHARES
        ]

    schema = {"law": pl.String, "share": pl.Float64, "length": pl.Float64, "low": pl.Float64}
    return _by_group(found, by, rows, schema | {"high": pl.Float64, "extrapolated": pl.Boolean})


def silent_by(
    found: pl.DataFrame, by: Sequence[str] = (), at: Sequence[int] = STEPS
) -> pl.DataFrame:
    """For each group of `spans`, law and number of steps `at`: had a silent failure happened?

    `share` in which it had, if nothing else ended the work first (other trials are censored), with
    its 95% interval `low` to `high` for tasks like these; `extrapolated` beyond the longest trial;
    and beside it `compounded`, 1 - p^n with the success p of a step under a constant hazard of any
    failure. No row where silent failures are not known of all, or no law is.
    """

    def rows(group: pl.DataFrame) -> list[Row]:
        if group["silent"].null_count():
            return []
        _, most = _seen(group)
        whole = fit(spans_of(group), constant=True)
        return [
            {"law": name, "steps": steps, "share": 1 - law.survival(steps)}
            | dict(zip(("low", "high"), law.failed_within(steps) or (None, None), strict=True))
            | {"extrapolated": steps > most}
            | {"compounded": None if whole is None else 1 - whole.survival(1) ** steps}
            for name, law in _laws(spans_of(group, "silent"))
            for steps in at
        ]

    schema = {"law": pl.String, "steps": pl.Int64, "share": pl.Float64, "low": pl.Float64}
    schema |= {"high": pl.Float64, "extrapolated": pl.Boolean, "compounded": pl.Float64}
    return _by_group(found, by, rows, schema)


def spans_of(group: pl.DataFrame, event: str = "event") -> Spans:
    """The arrays of one group; a trial without the `event` is censored where it ended or erred."""
    failed = group[event].to_numpy()
    return Spans(
        group["after"].to_numpy(), group["by"].to_numpy(), failed, group["unit"].to_numpy()
    )


def _laws(seen: Spans) -> list[tuple[str, Law]]:
    both = (("constant", fit(seen, constant=True)), ("weibull", fit(seen, constant=False)))
    return [(name, law) for name, law in both if law is not None]


def _seen(group: pl.DataFrame) -> tuple[float, float]:
    """The lengths between which the records say something: from the first step if any is dated."""
    lengths = group["length"].to_numpy()
    least = 1.0 if group["dated"].any() else float(lengths.min())
    return least, float(lengths.max())


def _ends(name: str, interval: tuple[float, float] | None) -> Row:
    return dict(zip((f"{name}_low", f"{name}_high"), interval or (None, None), strict=True))


def _by_group(
    found: pl.DataFrame,
    by: Sequence[str],
    rows: Callable[[pl.DataFrame], list[Row]],
    schema: dict[str, Any],
) -> pl.DataFrame:
    keys = group_columns(by)
    told = [
        dict(zip(keys, key, strict=True)) | row
        for key, group in found.group_by(keys, maintain_order=True)
        for row in rows(group.sort("trial_id"))
    ]
    whole = {key: found.schema[key] for key in keys} | schema
    return pl.DataFrame(told, schema=whole, orient="row").sort(
        keys, nulls_last=True, maintain_order=True
    )
