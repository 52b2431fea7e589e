"""Which tasks passed under which topology: the picture from which one goes on to single trials."""

from typing import Any

import altair as alt
import polars as pl

from results.charts import Recorded
from results.consistency import group_columns
from results.palette import FONT, names, simulated
from results.strata import cell_label, strata

ROW, SIDE = 30, 46
"""Height of a row, and the most that a task's column is wide, in pixels."""

MOST_WIDTH = 780
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
    table = (
        trials.with_columns(pl.coalesce("block", "task").alias("block"))
        .group_by(*group_columns(by), "block")
        .agg(
            pl.len().cast(pl.Int64).alias("trials"),
            graded.sum().cast(pl.Int64).alias("graded"),
            pl.col("passed").sum().cast(pl.Int64).alias("passed"),
        )
        .with_columns(
            cell_label(by).alias("cell"),
            pl.when(pl.col("graded") > 0).then(pl.col("passed") / pl.col("graded")).alias("share"),
            pl.format("{}/{}", "passed", "graded").alias("count"),
        )
    )
    several = table.get_column("cell").n_unique() > 1
    row = pl.format("{}: {}", "cell", "topology") if several else pl.col("topology")
    return table.with_columns(row.alias("row")).sort(
        "task_set", *by, "topology", "block", nulls_last=True
    )


def trials_of(trials: pl.DataFrame, chosen: pl.DataFrame) -> pl.DataFrame:
    """The trials behind some rows of `task_passes`, in the order of the run."""
    keys = group_columns(strata(trials))
    return trials.with_columns(pl.coalesce("block", "task").alias("block")).join(
        chosen.select(*keys, "block"),
        on=[*keys, "block"],
        how="semi",
        nulls_equal=True,
        maintain_order="left",
    )


def passes_by_task(run: Recorded) -> Any:
    """Share of a task's trials that passed: a row for each topology, a column for each task.

    A click chooses a square (selection `CHOSEN`, over `row` and `block`), with shift several.
    """
    frame = task_passes(run.trials)
    order = {name: place for place, name in enumerate(names(frame))}
    rows = sorted(
        frame.select("cell", "topology", "row").unique().iter_rows(),
        key=lambda one: (one[0], order[one[1]]),
    )
    blocks = frame.get_column("block").n_unique()
    clicked = alt.selection_point(name=CHOSEN, fields=["row", "block"])
    base = alt.Chart(frame.select("row", "block", "share", "count", "cell", "topology")).encode(
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
        base.mark_rect(stroke="white", strokeWidth=3, cornerRadius=4, cursor="pointer")
        .encode(
            color=alt.Color(
                "share:Q",
                title="passed",
                scale=alt.Scale(domain=[0, 1], range=["#F3E3D3", "#D9E4EA", "#0072B2"]),
                legend=alt.Legend(format="%", orient="right", gradientLength=80),
            ),
            opacity=alt.condition(clicked, alt.value(1), alt.value(0.35)),
            tooltip=["topology:N", "cell:N", "block:N", alt.Tooltip("count:N", title="passed")],
        )
        .add_params(clicked)
    )
    counts = base.mark_text(fontSize=11, cursor="pointer").encode(
        text="count:N",
        color=alt.condition(alt.datum.share > 0.75, alt.value("white"), alt.value("#222222")),
    )
    return (
        alt.layer(squares, counts)
        .properties(
            width=min(MOST_WIDTH, max(SIDE * 2, 62 * blocks)),
            height=alt.Step(ROW),
            background="white",
            title=alt.TitleParams(
                f"Trials passed, by task{simulated(run.trials)}",
                subtitle="Click a square to list its trials; hold shift for several",
                anchor="start",
                fontSize=15,
                fontWeight=600,
                subtitleFontSize=12,
                subtitleColor="#555555",
                offset=14,
            ),
        )
        .configure(font=FONT)
        .configure_view(stroke=None)
        .configure_axis(labelFontSize=11, ticks=False, grid=False, labelColor="#222222")
    )
