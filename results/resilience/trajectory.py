"""The trajectory of a trial beside its outcome: its length, its errors, what became of them.

A pass hides errors on the way, and a failure may show none. An *error* is a tool call that came
back as one. It is *recovered* when the same agent, in a later message, called the same tool without
an error. The length of a trial is its number of tool calls.
"""

from collections.abc import Sequence

import polars as pl

from results.metrics import known_mean, silent_failure
from results.statistics.bands import pass_k_bands
from results.statistics.consistency import group_columns

ENDING = "submit"
"""The tool by which an agent hands in."""

ERRED = pl.col("error").is_not_null()
CALL = ("trial_id", "agent", "tool")


def trajectories(trials: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """The graded trials, each with its trajectory in further columns.

    `length` (tool calls); `error_rate`, errors for each of them (null without a call);
    `recovered_errors`, and `recovery_rate` (null without errors); `hard_failure`: it failed, and
    either a limit ended it or its last call of a tool came back as an error; `masked_errors`: it
    passed with an error on the way; `silent_failure`: it failed, met no error and did not say
    blocked; `fabricated`: it claimed "done", had not passed, and had met an error that it never
    recovered from. Null where the records do not tell.
    """
    graded = trials.filter(pl.col("passed").is_not_null())
    passed, errors = pl.col("passed"), pl.col("tool_errors")
    left = errors - pl.col("recovered_errors")
    hard = (pl.col("ended") == "limit") | pl.col("last_erred")
    claimed = pl.col("status") == "done"
    return (
        graded.join(_seen(steps), on="trial_id", how="left", maintain_order="left")
        .with_columns(
            pl.col("tool_calls").alias("length"),
            pl.when(errors == 0)
            .then(0)
            .when(pl.col("seen_errors") == errors)
            .then("recovered_errors")
            .alias("recovered_errors"),
            pl.when(pl.col("tool_calls") == 0)
            .then(False)
            .otherwise("last_erred")
            .alias("last_erred"),
        )
        .with_columns(
            pl.when(pl.col("length") > 0).then(errors / pl.col("length")).alias("error_rate"),
            pl.when(errors > 0).then(pl.col("recovered_errors") / errors).alias("recovery_rate"),
            (~passed & hard).alias("hard_failure"),
            (passed & (errors > 0)).alias("masked_errors"),
            silent_failure().alias("silent_failure"),
            (~passed & claimed & (left > 0)).alias("fabricated"),
        )
        .drop("seen_errors", "last_erred")
    )


def _seen(steps: pl.DataFrame) -> pl.DataFrame:
    """One row a trial with tool calls on record: its errors, those recovered, how its last ended.

    Calls of one message are made at once, so that none of them answers another's error.
    """
    at = pl.coalesce("message", "step")
    calls = steps.filter(pl.col("kind") == "tool").with_columns(at.alias("at"))
    good = calls.filter(~ERRED).group_by(CALL).agg(pl.col("at").max().alias("last_good"))
    recovered = ERRED & (pl.col("last_good") > pl.col("at"))
    work = pl.col("tool").fill_null("") != ENDING
    return (
        calls.join(good, on=CALL, how="left", nulls_equal=True)
        .sort("trial_id", "step")
        .group_by("trial_id", maintain_order=True)
        .agg(
            ERRED.sum().cast(pl.Int64).alias("seen_errors"),
            recovered.fill_null(False).sum().cast(pl.Int64).alias("recovered_errors"),
            ERRED.filter(work).last().fill_null(False).alias("last_erred"),
        )
    )


def trajectory_scores(
    trials: pl.DataFrame, steps: pl.DataFrame, by: Sequence[str] = ()
) -> pl.DataFrame:
    """One row for each topology, task set and combination of `by`, over its graded trials.

    `trials`; `success` over tasks with its 95% posterior interval `low` to `high`; `length`, the
    mean; `error_rate`, errors for each call; `errors`, and `recovery_rate`, the share of them that
    was recovered (null without errors); the shares `hard_failures`, `masked_errors`,
    `silent_failures` and `fabricated`; and `per_step` with `per_step_low` and `per_step_high`: the
    success of a step that, were steps independent, gives that success over that length,
    success^(1/length), the inverse of p^n. Null where any trial does not tell, or nothing defines
    it.
    """
    keys = group_columns(by)
    found = (
        trajectories(trials, steps)
        .group_by(keys)
        .agg(
            pl.len().cast(pl.Int64).alias("trials"),
            known_mean(pl.col("length")).alias("length"),
            _known_ratio(pl.col("tool_errors"), pl.col("length")).alias("error_rate"),
            _known_sum(pl.col("tool_errors")).alias("errors"),
            _known_ratio(pl.col("recovered_errors"), pl.col("tool_errors")).alias("recovery_rate"),
            *(
                known_mean(pl.col(name).cast(pl.Float64)).alias(told)
                for name, told in SHARES.items()
            ),
        )
    )
    bands = pass_k_bands(trials, [1], by).select(
        *keys, pl.col("pass_hat").alias("success"), "low", "high"
    )
    inverse = [
        pl.when(pl.col("length") > 0).then(pl.col(name) ** (1 / pl.col("length"))).alias(told)
        for name, told in PER_STEP.items()
    ]
    return (
        found.join(bands, on=keys, how="left", nulls_equal=True)
        .with_columns(inverse)
        .sort(keys, nulls_last=True)
    )


PER_STEP = {"success": "per_step", "low": "per_step_low", "high": "per_step_high"}
SHARES = {
    "hard_failure": "hard_failures",
    "masked_errors": "masked_errors",
    "silent_failure": "silent_failures",
    "fabricated": "fabricated",
}


def _known_sum(value: pl.Expr) -> pl.Expr:
    return pl.when(value.null_count() == 0).then(value.sum())


def _known_ratio(top: pl.Expr, bottom: pl.Expr) -> pl.Expr:
    """The sum of one over that of the other; null where any is missing, or the bottom is 0."""
    return pl.when(bottom.sum() > 0).then(_known_sum(top) / _known_sum(bottom))
