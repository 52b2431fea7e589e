"""Keeps apart the trials whose budget could not do: they show nothing, and are no failures.

What a topology needs even if nobody errs is found before a run and kept in its manifest.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from results.records import WITHOUT_GRADE

UNTIMED = "untimed"
"""What a deadline makes of an ending whose time is not known: whether it was in time is open."""

LEAST = "least_budgets"
"""Where a run's manifest keeps the least budget of each topology and cell."""

POINT = ("topology", "task_set", "split", "settings")


def feasible(trials: pl.DataFrame, least: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """The trials with `infeasible` said where the least budget is known, and those not graded.

    `least` has a row for each topology and cell: topology, task_set, split, settings, unit, the
    amount that is enough and the `short` one that is not (null where no budget is known to be
    enough). Budgets between the two are graded.
    """
    if not least:
        return trials
    known = least_frame(least)
    found = trials.join(known, on=POINT, how="left", nulls_equal=True, maintain_order="left")
    return (
        found.with_columns(infeasible=pl.col("budget") <= pl.col("short"))
        .with_columns(
            passed=pl.when(pl.col("infeasible").fill_null(False)).then(None).otherwise("passed")
        )
        .select(trials.columns)
    )


def least_frame(least: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """The rows of `least` with the columns of POINT, `least` (their amount) and `short`."""
    return pl.DataFrame(
        [
            {key: row[key] for key in POINT} | {"least": row["amount"], "short": row["short"]}
            for row in least
        ],
        schema={**dict.fromkeys(POINT, pl.String), "least": pl.Float64, "short": pl.Float64},
    )


def counted(trials: pl.DataFrame) -> pl.DataFrame:
    """Trials that say something: graded, crashed or paused, and neither infeasible nor withheld."""
    trials = trials.filter(~_idle(trials))
    if "ended" not in trials.columns:
        return trials
    return trials.filter(
        pl.col("passed").is_not_null() | pl.col("ended").is_in([*WITHOUT_GRADE, UNTIMED])
    )


def ungraded(trials: pl.DataFrame) -> int:
    """How many trials nobody judged although nothing kept them from it."""
    open_ = pl.col("passed").is_null() & ~pl.col("ended").is_in(WITHOUT_GRADE)
    return trials.filter(open_ & ~_idle(trials)).height


def _idle(trials: pl.DataFrame) -> pl.Expr:
    marks = [name for name in ("infeasible", "withheld") if name in trials.columns]
    return pl.any_horizontal(pl.lit(False), *(pl.col(name).fill_null(False) for name in marks))
