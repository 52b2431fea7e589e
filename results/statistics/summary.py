"""The table of a run: how each topology did in each cell, at what cost, with intervals."""

from collections.abc import Iterable, Sequence

import polars as pl

from results import METRICS
from results.finder import Given, find, named
from results.metrics import TOTAL_TOKENS, passed_within
from results.refused import Refused
from results.statistics.bands import pass_k_bands
from results.statistics.consistency import group_columns
from results.statistics.ratios import cost_ratios
from results.usage import mean_where_known

KS = (1, 2, 4, 8)


def summary(
    trials: pl.DataFrame,
    by: Sequence[str] = (),
    ks: Sequence[int] = KS,
    crashed: str = "drop",
    reference: str = "single_thread",
    deadline: float | None = None,
    metrics: Iterable[Given] | None = None,
) -> pl.DataFrame:
    """One row for each topology, task set and combination of the columns `by`.

    Counts: `tasks`, `blocks` (base tasks), `trials`, `graded`, `crashed`; and whether it is
    `withheld` (see `results.withheld`). Success is pass^1, the mean over tasks: `success`,
    `success_low`, `success_high`. Then `pass_hat_K`, `_low`, `_high`, `_tasks` (those with K graded
    trials, on which it rests) and `pass_at_K` for each k, the METRICS
    (or those given: names, or functions of one's own), per graded trial,
    `passed_in_time` within `deadline` seconds (null without one), over how many graded trials
    tokens and dollars are known and their means over those (`tokens_known`, `tokens_where_known`,
    `dollars_known`, `dollars_where_known`), ratios to `reference`
    (`tokens_ratio`, `dollars_ratio`, `dollars_uncached_ratio`, `seconds_ratio`, `_low`, `_high`)
    and `crash_convention`, which governs success and pass^k; metrics are over graded trials under
    every convention. Whatever is undefined is null.
    """
    keys = group_columns(by)
    graded = pl.col("passed").is_not_null()
    in_time = pl.lit(None, dtype=pl.Float64) if deadline is None else passed_within(deadline)
    counts = trials.group_by(keys).agg(
        pl.col("task").n_unique().cast(pl.Int64).alias("tasks"),
        pl.coalesce("block", "task").n_unique().cast(pl.Int64).alias("blocks"),
        pl.len().cast(pl.Int64).alias("trials"),
        graded.sum().cast(pl.Int64).alias("graded"),
        (
            (pl.col("ended") == "crashed")
            & ~pl.any_horizontal(pl.col("infeasible", "withheld").fill_null(False))
        )
        .sum()
        .cast(pl.Int64)
        .alias("crashed"),
        pl.col("withheld").any().alias("withheld"),
    )
    done = trials.filter(graded)
    measured = _measured(done, keys, METRICS if metrics is None else metrics)
    known = (
        *mean_where_known("tokens", TOTAL_TOKENS.cast(pl.Float64)),
        *mean_where_known("dollars", pl.col("dollars")),
    )
    one_way = pl.col("encoding").drop_nulls().n_unique() <= 1
    timed = (
        done.group_by(keys)
        .agg(in_time.alias("passed_in_time"), *known, one_way.alias("one_way"))
        .with_columns(pl.when("one_way").then("tokens_where_known").alias("tokens_where_known"))
        .drop("one_way")
    )
    table = counts
    parts = (_wide(pass_k_bands(trials, ks, by, crashed), keys, ks), measured, timed)
    for part in (*parts, cost_ratios(trials, reference, by)):
        table = table.join(part, on=keys, how="left", nulls_equal=True)
    shared = [key for key in keys if key != "topology"]
    return table.sort(*shared, pl.col("topology") != reference, "topology", nulls_last=True)


def _measured(graded: pl.DataFrame, keys: Sequence[str], metrics: Iterable[Given]) -> pl.DataFrame:
    """One row a group and a column a metric. `Refused` naming one that is no such expression."""
    columns = named(metrics)
    try:
        found = graded.group_by(keys).agg(
            find(METRICS, metric)().alias(name) for name, metric in columns.items()
        )
    except (pl.exceptions.PolarsError, AttributeError, TypeError) as error:
        if len(columns) > 1:
            for metric in columns.values():
                _measured(graded, keys, [metric])
        text = str(error).splitlines()[0]
        raise Refused(f"the metric {next(iter(columns))!r} is not measured: {text}") from error
    for name in columns:
        if found.schema[name].is_nested():
            raise Refused(
                f"the metric {name!r} gives a list for each group; aggregate it, as in .mean()"
            )
    return found


def _wide(bands: pl.DataFrame, keys: Sequence[str], ks: Sequence[int]) -> pl.DataFrame:
    """The bands with a column for each k; k = 1 is also called success."""
    wide = bands.group_by(keys).agg(
        pl.col("crash_convention").first(),
        pl.col("icc").first(),
        *(
            pl.col(column).filter(pl.col("k") == k).first().alias(name)
            for k in ks
            for column, name in (
                ("pass_hat", f"pass_hat_{k}"),
                ("low", f"pass_hat_{k}_low"),
                ("high", f"pass_hat_{k}_high"),
                ("pass_at", f"pass_at_{k}"),
                ("tasks", f"pass_hat_{k}_tasks"),
            )
        ),
    )
    if 1 not in ks:
        return wide
    return wide.with_columns(
        pl.col(f"pass_hat_1{end}").alias(f"success{end}") for end in ("", "_low", "_high")
    )


def broken_invariants(trials: pl.DataFrame, by: Sequence[str] = ()) -> pl.DataFrame:
    """One row for each group and kind of invariant: `per_trial` and `trials` (graded ones).

    Kinds are those that any group of the task set broke; a group that never broke one has 0. Graded
    trials whose invariants are unknown (null) do not count.
    """
    keys = group_columns(by)
    known = trials.filter(
        pl.col("passed").is_not_null() & pl.col("broken_invariants").is_not_null()
    )
    totals = known.group_by(keys).agg(pl.len().cast(pl.Int64).alias("trials"))
    broken = (
        known.select(*keys, pl.col("broken_invariants").alias("invariant"))
        .explode("invariant")
        .drop_nulls("invariant")
    )
    counts = broken.group_by(*keys, "invariant").agg(pl.len().cast(pl.Int64).alias("count"))
    kinds = broken.select("task_set", "invariant").unique()
    return (
        totals.join(kinds, on="task_set")
        .join(counts, on=[*keys, "invariant"], how="left", nulls_equal=True)
        .with_columns(pl.col("count").fill_null(0))
        .with_columns((pl.col("count") / pl.col("trials")).alias("per_trial"))
        .sort(*keys, "invariant", nulls_last=True)
    )
