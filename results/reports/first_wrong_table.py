"""The report's table of first wrong steps: whose they were, and how far along the way."""

from collections.abc import Iterable
from functools import partial

import polars as pl

from results.resilience.first_wrong import WHY, first_wrong
from results.statistics.consistency import group_columns
from results.strata import cell_label
from results.table import Row, Table, grouped
from results.view import View
from results.words import number, percent


def wrong_table(view: View) -> Table:
    """Of the failed trials of each topology: how many are dated, by whom and by what."""
    rows = first_wrongs(view).with_columns(cell_label(view.by))
    return grouped(
        rows,
        "Which step went wrong first",
        [
            ("topology", lambda row: row["topology"]),
            ("failures", lambda row: number(row["failures"])),
            ("of them dated", lambda row: number(row["dated"])),
            *((why, partial(_number, why)) for why in WHY),
            ("role that was first", lambda row: _listed(row["roles"])),
            ("share of the way, median", lambda row: percent(row["along"])),
        ],
        "Only where the records say: the call that left a row as it is wrong at the end, or a "
        "report that was not true when it came, whichever was earlier. What was never done, and a "
        "wrong answer, have no step.",
    )


def first_wrongs(view: View) -> pl.DataFrame:
    """One row for each topology, task set and setting with failures.

    `failures`, of them `dated`; a column for each of WHY; `roles`, who was first, with how often;
    `along`, the median share of the trial's tool calls by then (null where none is dated).
    """
    keys = group_columns(view.by)
    dates = first_wrong(view.trials, view.steps, view.accesses, view.milestones, view.reports)
    roles = view.steps.select("trial_id", "step", "role").unique(["trial_id", "step"])
    dated = dates.join(roles, on=["trial_id", "step"], how="left")
    failed = view.trials.filter(~pl.col("passed"))
    role = pl.col("role").drop_nulls()
    return (
        failed.join(dated, on="trial_id", how="left")
        .group_by(keys)
        .agg(
            pl.len().cast(pl.Int64).alias("failures"),
            pl.col("call").is_not_null().sum().cast(pl.Int64).alias("dated"),
            *((pl.col("why") == why).sum().cast(pl.Int64).alias(why) for why in WHY),
            role.sort().alias("roles"),
            (pl.col("call") / pl.col("tool_calls")).median().alias("along"),
        )
        .sort(keys, nulls_last=True)
    )


def _number(name: str, row: Row) -> str:
    return number(row[name])


def _listed(roles: Iterable[str]) -> str:
    each = list(roles)
    named = [f"{role} {each.count(role)}" for role in dict.fromkeys(each)]
    return ", ".join(named) or "-"
