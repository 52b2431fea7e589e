"""Which tasks passed under which topology: the picture from which one goes on to single trials."""

from typing import Any

import altair as alt
import polars as pl

from results.charts.palette import FONT, headed, names, simulated
from results.metrics import TOTAL_TOKENS
from results.records import Recorded
from results.statistics.consistency import group_columns
from results.strata import cell_label, strata

ROW, COLUMN, MOST_WIDTH = 30, 62, 700
"""Height of a row, width of a task's column, and the most that all of them take, in pixels."""

COLUMN_WIDTHS = {
    "topology": 130,
    "task": 120,
    "n": 45,
    "came to": 90,
    "score": 65,
    "first missed": 110,
    "model calls": 95,
    "tokens": 80,
    "seconds": 80,
    "trial": 190,
}
"""Pixels that the columns of `trial_list` need."""

CHOSEN = "chosen"
"""The name of the chart's selection: the row and the block that were clicked."""


def task_passes(trials: pl.DataFrame) -> pl.DataFrame:
    """One row for each cell, topology and base task.

    Columns: topology, task_set, the settings that vary, cell, `row` (what the picture calls the
    topology in its cell), block, trials, graded, passed (counts), share (null without graded
    trials) and `count` ("3/4").
    """
    by = strata(trials)
    graded = pl.col("passed").is_not_null()
    return (
        _labelled(trials)
        .group_by(*group_columns(by), "cell", "row", "block")
        .agg(
            pl.len().cast(pl.Int64).alias("trials"),
            graded.sum().cast(pl.Int64).alias("graded"),
            pl.col("passed").sum().cast(pl.Int64).alias("passed"),
        )
        .with_columns(
            pl.when(pl.col("graded") > 0).then(pl.col("passed") / pl.col("graded")).alias("share"),
            pl.format("{}/{}", "passed", "graded").alias("count"),
        )
        .sort("task_set", *by, "topology", "block", nulls_last=True)
    )


def trials_of(trials: pl.DataFrame, chosen: pl.DataFrame) -> pl.DataFrame:
    """The trials behind some rows of `task_passes` (`row` and `block`), in the order of the run."""
    return (
        _labelled(trials)
        .join(chosen, on=["row", "block"], how="semi", maintain_order="left")
        .select(trials.columns)
    )


def _labelled(trials: pl.DataFrame) -> pl.DataFrame:
    """The trials with `cell`, `row` and a `block` that is never null."""
    labelled = trials.with_columns(
        cell_label(strata(trials)), pl.coalesce("block", "task").alias("block")
    )
    several = labelled.get_column("cell").n_unique() > 1
    row = pl.format("{}: {}", "cell", "topology") if several else pl.col("topology")
    return labelled.with_columns(row.alias("row"))


def trial_list(trials: pl.DataFrame) -> pl.DataFrame:
    """The trials as a person chooses among them; `trial` is the whole id."""
    passed = pl.when("passed").then(pl.lit("passed")).otherwise(pl.lit("failed"))
    at_limit = pl.when(pl.col("ended") == "limit").then(pl.lit(" at limit")).otherwise(pl.lit(""))
    return trials.select(
        "topology",
        pl.col("task").str.split("?").list.first().alias("task"),
        pl.col("trial").alias("n"),
        pl.when(pl.col("passed").is_null())
        .then("ended")
        .otherwise(pl.concat_str(passed, at_limit))
        .alias("came to"),
        pl.col("score").round(2),
        pl.col("first_missed").alias("first missed"),
        pl.col("model_calls").alias("model calls"),
        TOTAL_TOKENS.alias("tokens"),
        pl.col("seconds").round(1),
        pl.col("trial_id").alias("trial"),
    )


def passes_by_task(run: Recorded) -> Any:
    """Share of a task's trials that passed: a row for each topology, a column for each task.

    A click chooses a square (selection `CHOSEN`, over `row` and `block` of `task_passes`), with
    shift several.
    """
    frame = task_passes(run.trials)
    order = {name: place for place, name in enumerate(names(frame))}
    rows = sorted(
        frame.select("cell", "topology", "row").unique().iter_rows(),
        key=lambda one: (one[0], order[one[1]]),
    )
    blocks = frame.get_column("block").n_unique()
    clicked = alt.selection_point(name=CHOSEN, fields=["row", "block"])
    base = alt.Chart().encode(
        x=alt.X(
            "block:N",
            title=None,
            axis=alt.Axis(orient="top", labelAngle=0 if blocks <= 12 else -90, domain=False),
        ),
        y=alt.Y(
            "row:N",
            title=None,
            sort=[row for _, _, row in rows],
            axis=alt.Axis(labelLimit=420, domain=False),
        ),
    )
    squares = (
        base.mark_rect(strokeWidth=2.5, cornerRadius=4, cursor="pointer")
        .encode(
            color=alt.Color(
                "share:Q",
                scale=alt.Scale(domain=[0, 1], range=["#EEF2F5", "#0072B2"]),
                legend=None,
            ),
            stroke=alt.condition(clicked, alt.value("#222222"), alt.value("white"), empty=False),
            tooltip=["topology:N", "cell:N", "block:N", alt.Tooltip("count:N", title="passed")],
        )
        .add_params(clicked)
    )
    counts = base.mark_text(fontSize=11, cursor="pointer").encode(
        text="count:N",
        color=alt.condition(alt.datum.share > 0.5, alt.value("white"), alt.value("#222222")),
    )
    drawn = frame.select("row", "block", "share", "count", "cell", "topology")
    return (
        # The rows go in as they are, so that nothing is fetched when a chart replaces another.
        alt.layer(squares, counts, data=alt.InlineData(values=drawn.to_dicts()))
        .properties(
            width=min(MOST_WIDTH, COLUMN * blocks),
            height=alt.Step(ROW),
            background="white",
            title=headed(
                f"Trials passed, by task{simulated(run.trials)}",
                ["Click a square to list its trials; hold shift for several"],
            ),
        )
        .configure(font=FONT)
        .configure_view(stroke=None)
        .configure_axis(labelFontSize=11, ticks=False, grid=False, labelColor="#222222")
    )
