"""Which step of a failed trial went wrong first, and whose it was: only where the records say.

Two things say it. A row that is wrong at the end was left so by the last call that wrote to it; and
a report of an agent that was not true when it came was wrong by then. What was never done, and an
answer that is wrong, have no step.
"""

import polars as pl

from results.statistics.subagent_reports import FALSE, IN_PART

WROTE, CLAIMED = "wrote what is wrong at the end", "reported what was not so"
WHY = (WROTE, CLAIMED)

FIRST_WRONG = pl.Schema(
    {
        "trial_id": pl.String,
        "step": pl.Int64,
        "agent": pl.String,
        "call": pl.Int64,
        "why": pl.String,
    }
)
"""One row a failed trial of which it is known; `call` is the place among its tool calls, from 1."""


def first_wrong(
    trials: pl.DataFrame,
    steps: pl.DataFrame,
    accesses: pl.DataFrame,
    milestones: pl.DataFrame,
    reports: pl.DataFrame,
) -> pl.DataFrame:
    """The earliest wrong step of each failed trial that the records know one of: FIRST_WRONG."""
    failed = trials.filter(~pl.col("passed")).select("trial_id")
    known = pl.concat([_writes(accesses, milestones), _claims(reports)])
    first = (
        known.join(failed, on="trial_id", how="semi")
        .sort("trial_id", "step", "why", nulls_last=True)
        .group_by("trial_id", maintain_order=True)
        .first()
    )
    calls = (
        steps.filter(pl.col("kind") == "tool")
        .sort("trial_id", "step")
        .select(
            "trial_id",
            "step",
            pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("trial_id").alias("call"),
        )
    )
    return (
        first.join(calls, on=["trial_id", "step"], how="left", maintain_order="left")
        .filter(pl.col("call").is_not_null())
        .select(FIRST_WRONG.names())
        .cast(FIRST_WRONG)
    )


def _writes(accesses: pl.DataFrame, milestones: pl.DataFrame) -> pl.DataFrame:
    """The last write of each row that a missed milestone names by table and key."""
    wrong = (
        milestones.filter(~pl.col("reached"))
        .select("trial_id", "about")
        .explode("about")
        .filter(pl.col("about").str.contains(" ", literal=True))
        .with_columns(pl.col("about").str.splitn(" ", 2).struct.rename_fields(["table", "key"]))
        .unnest("about")
        .unique()
    )
    return (
        accesses.filter(
            pl.col("op") != "read", ~pl.col("predicate"), ~pl.col("undone").fill_null(False)
        )
        .sort("trial_id", "access")
        .group_by("trial_id", "table", "key", maintain_order=True)
        .agg(pl.col("step", "agent").last())
        .join(wrong, on=["trial_id", "table", "key"], how="semi")
        .filter(pl.col("step").is_not_null())
        .select("trial_id", "step", "agent", pl.lit(WROTE).alias("why"))
    )


def _claims(reports: pl.DataFrame) -> pl.DataFrame:
    untrue = pl.col("held").is_in([FALSE, IN_PART]) & pl.col("step").is_not_null()
    return reports.filter(untrue).select("trial_id", "step", "agent", pl.lit(CLAIMED).alias("why"))
