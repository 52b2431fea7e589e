"""Is a gain just tokens? Success regressed on topology, without and with the tokens that it used.

A linear model of passed (0 or 1), each task with a level of its own, by least squares with errors
clustered by base task (`results.statistics.clustered`). `at_equal_tokens` is what is left of a
topology's difference when trials that used equally many tokens are compared, by a straight line in
log2 of the tokens.

It describes and does not prove: nobody dealt tokens out by lot, so a topology's tokens are also how
it works. Where the two hardly ever use the same number of tokens (`overlap`), what is left rests on
the line and not on trials.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from results.metrics import TOTAL_TOKENS
from results.statistics.clustered import least_squares

TOKEN_REGRESSION = pl.Schema(
    {
        "task_set": pl.String,
        "topology": pl.String,
        "difference": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "at_equal_tokens": pl.Float64,
        "equal_low": pl.Float64,
        "equal_high": pl.Float64,
        "per_doubling": pl.Float64,
        "doubling_low": pl.Float64,
        "doubling_high": pl.Float64,
        "overlap": pl.Float64,
        "why": pl.String,
        "tasks": pl.Int64,
        "trials": pl.Int64,
    }
)
"""One row for each task set and topology beside the reference.

`difference` in success to the reference (a share), `at_equal_tokens` the same with tokens held
equal, each with its 95% interval. `per_doubling` is
the success that twice the tokens go with, of the whole task set. `overlap` is the share of trials
of the topology that used no more tokens than some, and no fewer than another, trial of the
reference on the same task. Null where it cannot be told, and `why` is the reason of the first that
is null: fewer than 3 base tasks, one of them with most of the leverage, tokens or outcomes that do
not vary, outcomes that the model fits without an error, too little overlap, or an interval that
would leave out nothing from -1 to 1. Within that, an interval is kept to -1 to 1, as a difference
of shares is; tasks that all say the same leave an estimate without one.
"""

Ends = tuple[float | None, float | None, float | None]
"""An estimate and its interval."""

UNKNOWN: Ends = (None, None, None)
LEAST_TASKS = 3
LEAST_OVERLAP = 0.1
"""With less, `at_equal_tokens` would rest on the line alone, and is null."""

LEVEL = 0.95
NARROWEST = 5e-4
"""A half width below is no error but tasks that all agree; it would be shown as a width of 0."""

FEW = "it takes at least 3 base tasks"
CONSTANT = "on no task did outcomes vary"
TIED = "tokens hardly vary apart from the topology"
EXACT = (
    "outcomes follow the topology without an exception, which leaves nothing to tell an error from"
)
LEVER = "one base task alone carries most of what would tell it"
MOST_LEVERAGE = 0.5
"""If one base task has more of the leverage than all others, there is no sample of tasks."""
OPEN = "too few tasks that say too different things: no difference from -100 to 100 is ruled out"


def token_regression(trials: pl.DataFrame, reference: str = "single_thread") -> pl.DataFrame:
    """The frame TOKEN_REGRESSION over tasks that both the reference and another topology did.

    Only task sets whose graded trials all have their tokens, counted in one encoding, are used.
    """
    rows = [
        row
        for (task_set,), group in trials.filter(pl.col("passed").is_not_null())
        .with_columns(
            pl.coalesce("block", "task").alias("unit"),
            TOTAL_TOKENS.cast(pl.Float64).alias("tokens"),
        )
        .sort("task_set", "topology", "task", "trial_id")
        .group_by(["task_set"], maintain_order=True)
        for row in _of_task_set(str(task_set), group, reference)
    ]
    return pl.DataFrame(rows, schema=TOKEN_REGRESSION, orient="row")


def _of_task_set(task_set: str, group: pl.DataFrame, reference: str) -> Iterator[dict[str, Any]]:
    tokens = group.get_column("tokens")
    one = group.get_column("encoding").drop_nulls().n_unique() == 1
    if tokens.null_count() or not one or tokens.min() == 0:
        return
    done = group.filter(pl.col("topology") == reference).get_column("task").unique()
    both = group.filter(pl.col("task").is_in(done.to_list()))
    names = sorted(set(both.get_column("topology").to_list()) - {reference})
    if not names:
        return
    plain, no_plain = _fitted(both, names, tokens=False)
    equal, no_equal = _fitted(both, names, tokens=True)
    doubling = equal.get("tokens", UNKNOWN)
    ranges = both.filter(pl.col("topology") == reference).group_by("task")
    ranges = ranges.agg(pl.col("tokens").min().alias("least"), pl.col("tokens").max().alias("most"))
    for name in names:
        own = both.filter(pl.col("topology") == name)
        within = own.join(ranges, on="task").select(
            pl.col("tokens").is_between("least", "most").mean()
        )
        overlap = float(within.item())
        difference = plain.get(name, UNKNOWN)
        left = equal.get(name, UNKNOWN) if overlap >= LEAST_OVERLAP else UNKNOWN
        why = None
        if difference[0] is None:
            why = no_plain.get(name, OPEN)
        elif overlap < LEAST_OVERLAP:
            why = (
                f"only {100 * overlap:.0f}% of its trials used tokens within the range of "
                f"{reference} on the same task"
            )
        elif left[0] is None:
            why = no_equal.get(name, OPEN)
        yield {
            "task_set": task_set,
            "topology": name,
            **dict(zip(("difference", "low", "high"), difference, strict=True)),
            **dict(zip(("at_equal_tokens", "equal_low", "equal_high"), left, strict=True)),
            **dict(zip(("per_doubling", "doubling_low", "doubling_high"), doubling, strict=True)),
            "overlap": overlap,
            "why": why,
            "tasks": own.get_column("unit").n_unique(),
            "trials": own.height,
        }


def _fitted(
    frame: pl.DataFrame, names: list[str], tokens: bool
) -> tuple[dict[str, Ends], dict[str, str]]:
    """Estimate, low and high of each topology (and `tokens`), and why others have none."""
    columns = {name: (pl.col("topology") == name).cast(pl.Float64) for name in names}
    if tokens:
        columns["tokens"] = pl.col("tokens").log(2)
    values = frame.with_columns(pl.col("passed").cast(pl.Float64)).select(
        # Taking each task's mean off is giving each task a level of its own.
        *((value - value.mean().over("task")).alias(name) for name, value in columns.items()),
        (pl.col("passed") - pl.col("passed").mean().over("task")).alias("passed"),
    )
    matrix, outcome = (
        values.select(list(columns)).to_numpy(),
        values.get_column("passed").to_numpy(),
    )
    units = frame.get_column("unit").to_numpy()
    if np.unique(units).size < LEAST_TASKS:
        return {}, dict.fromkeys(columns, FEW)
    if not np.any(np.abs(outcome) > 1e-12):
        return {}, dict.fromkeys(columns, CONSTANT)
    if np.linalg.matrix_rank(matrix) < len(columns):
        return {}, dict.fromkeys(columns, TIED)
    fit, left = least_squares(matrix, outcome, units)
    if float(np.abs(left).max()) < 1e-9:
        return {}, dict.fromkeys(columns, EXACT)
    told = dict(zip(columns, fit, strict=True))
    lever = {name: LEVER for name, one in told.items() if one.leverage > MOST_LEVERAGE}
    ends = {
        name: _possible(one.estimate, one.half(LEVEL))
        for name, one in told.items()
        if name not in lever
    }
    return {name: end for name, end in ends.items() if end is not None}, lever


def _possible(estimate: float, half: float) -> Ends | None:
    """The interval within -1 to 1; none if the estimate is beyond, or all of it inside."""
    low, high = estimate - half, estimate + half
    if abs(estimate) > 1 + 1e-9 or (low <= -1 and high >= 1):
        return None
    if half < NARROWEST:
        return estimate, None, None
    return estimate, max(low, -1.0), min(high, 1.0)
