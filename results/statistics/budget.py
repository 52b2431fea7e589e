"""Success over budget: what each topology makes of the same money, tokens or output.

A budget below what a topology needs even without an error shows nothing about it: such trials are
`infeasible` (see `results.infeasible`), not failures. Where a run set no budgets, its trials
still say how many had passed by the time that they had used so much, which is what a budget would
have left of them if agents did not know of it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from results.infeasible import POINT, least_frame
from results.statistics.bands import pass_k_bands
from results.statistics.consistency import group_columns

UNITS = {"dollars": "dollars", "tokens": "tokens", "output_tokens": "output tokens"}


def success_by_budget(trials: pl.DataFrame, by: Sequence[str] = ()) -> pl.DataFrame:
    """One row for each topology, task set, combination of `by` and budget, in order of budgets.

    `success` (pass^1, the mean over tasks) with its 95% posterior interval `low` to `high`, null
    where `infeasible`; `used`, the mean of what was used, in `budget_unit`; `trials`, and
    `stopped`, the share of them in which an agent was. Trials without a budget are left out.
    """
    set_up = trials.filter(pl.col("budget").is_not_null())
    keys = [*group_columns(by), "budget"]
    counts = set_up.group_by(keys).agg(
        pl.col("budget_unit").first(),
        pl.len().cast(pl.Int64).alias("trials"),
        pl.col("infeasible").first(),
        (pl.col("limit") == "budget").fill_null(False).mean().alias("stopped"),
        _used().mean().alias("used"),
    )
    bands = pass_k_bands(set_up, (1,), [*by, "budget"])
    graded = bands.select(*keys, pl.col("pass_hat").alias("success"), "low", "high")
    joined = counts.join(graded, on=keys, how="left", nulls_equal=True)
    return joined.sort(keys, nulls_last=True)


def least_of_cells(
    trials: pl.DataFrame, least: Sequence[Mapping[str, Any]], by: Sequence[str] = ()
) -> pl.DataFrame:
    """`least`, the least budget, for each topology, task set and combination of `by`.

    `least` is as in `results.infeasible.feasible`. Null where it is not known; the largest
    where a combination of `by` holds several settings.
    """
    known = trials.join(least_frame(least), on=POINT, how="left", nulls_equal=True)
    return known.group_by(group_columns(by)).agg(pl.col("least").max())


def passed_by_use(
    trials: pl.DataFrame, unit: str = "dollars", by: Sequence[str] = ()
) -> pl.DataFrame:
    """One row for each graded trial: `budget` (what it used) and `success`, those passed till then.

    `success` is the share of the group's graded trials that passed and used no more. Trials whose
    use is not known are counted, as never passed within any budget.
    """
    keys = group_columns(by)
    graded = trials.filter(pl.col("passed").is_not_null()).with_columns(
        _used(unit).alias("budget"), pl.len().over(keys).alias("_all")
    )
    known = graded.filter(pl.col("budget").is_not_null()).sort(*keys, "budget", nulls_last=True)
    share = pl.col("passed").cum_sum().over(keys) / pl.col("_all")
    return (
        known.select(*keys, "budget", pl.lit(unit).alias("budget_unit"), share.alias("success"))
        .group_by(*keys, "budget", "budget_unit", maintain_order=True)
        .agg(pl.col("success").last())
    )


def _used(unit: str | None = None) -> pl.Expr:
    """What a trial used, in a unit or in its own."""
    amounts = {
        "dollars": pl.col("dollars"),
        "tokens": (pl.col("prompt_tokens") + pl.col("completion_tokens")).cast(pl.Float64),
        "output_tokens": pl.col("completion_tokens").cast(pl.Float64),
    }
    if unit is not None:
        return amounts[unit]
    return pl.coalesce(
        pl.when(pl.col("budget_unit") == name).then(amount) for name, amount in amounts.items()
    )
