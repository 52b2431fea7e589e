"""Pictures of how well a run went, for notebooks and reports: each title says what it shows."""

from typing import Any

import altair as alt
import polars as pl

from results.charts.palette import (
    HEIGHT,
    WIDTH,
    names,
    panels,
    percent,
    simulated,
    styled,
    topology_colour,
)
from results.records import Recorded
from results.statistics.bands import pass_k_bands
from results.statistics.consistency import group_columns
from results.strata import cell_label
from results.view import view_of

MOST_K = 16
TIME_POINTS = 120
MOST_POINTS = 6000


def success_by_cell(run: Recorded) -> Any:
    """Share of trials that pass, a dot and its 95% interval for each topology in each cell."""
    by = view_of(run).by
    frame = pass_k_bands(run.trials, [1], by).with_columns(cell_label(by))
    frame = frame.filter(pl.col("pass_hat").is_not_null())
    order = names(frame)
    base = alt.Chart().encode(
        y=alt.Y("topology:N", title=None, sort=order, axis=alt.Axis(labelLimit=140)),
        color=topology_colour(order).legend(None),
    )
    share = alt.X("low:Q", title="trials that pass", scale=alt.Scale(domain=[0, 1]))
    tip = ["topology:N", "cell:N", percent("pass_hat"), percent("low"), percent("high"), "blocks:Q"]
    layers = alt.layer(
        base.mark_rule(strokeWidth=3, opacity=0.45).encode(
            x=share.axis(alt.Axis(format="%", tickCount=5)), x2="high:Q"
        ),
        base.mark_point(size=90, filled=True, opacity=1).encode(x="pass_hat:Q", tooltip=tip),
        base.mark_text(dy=-11, fontSize=11).encode(
            x="pass_hat:Q", text=alt.Text("pass_hat:Q", format=".0%")
        ),
    )
    tasks, model = frame.get_column("blocks").max(), run.trials.get_column("model").unique().sort()
    return styled(
        panels(layers.properties(width=WIDTH, height=34 * len(order) + 16), frame, columns=2),
        f"How often a trial passes{simulated(run.trials)}",
        [
            f"Up to {tasks} tasks and {run.trials.height} trials in all; model: "
            f"{', '.join(model.drop_nulls().to_list()[:3]) or 'not recorded'}",
            "Bars: 95% posterior interval over tasks",
        ],
    )


def pass_k_curves(run: Recorded) -> Any:
    """Pass^k against k for each topology with 95% bands, one panel for each cell."""
    by = view_of(run).by
    counts = run.trials.group_by(*group_columns(by), "task").len().get_column("len")
    most = max(counts.to_list(), default=1)
    frame = pass_k_bands(run.trials, range(1, min(most, MOST_K) + 1), by).with_columns(
        cell_label(by)
    )
    frame = frame.filter(pl.col("pass_hat").is_not_null())
    base = alt.Chart().encode(
        x=alt.X("k:Q", title="k trials of a task", axis=alt.Axis(tickMinStep=1, format="d")),
        color=topology_colour(names(frame)),
    )
    share = alt.Y(
        "pass_hat:Q", title="all k pass", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%")
    )
    band = base.mark_area(opacity=0.18).encode(y=alt.Y("low:Q", title="all k pass"), y2="high:Q")
    line = base.mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=28)).encode(
        y=share,
        tooltip=[
            "topology:N",
            "cell:N",
            "k:Q",
            percent("pass_hat"),
            percent("low"),
            percent("high"),
        ],
    )
    last = frame.get_column("k").max()
    ends = frame.filter(pl.col("k").is_in([1, last]))
    said = (
        ends.group_by("topology", "k")
        .agg(pl.col("pass_hat").min().alias("least"), pl.col("pass_hat").max().alias("most"))
        .sort("topology", "k")
        .select(
            "topology",
            pl.format("{} at k = {}", _span(pl.col("least"), pl.col("most")), "k").alias("words"),
        )
        .group_by("topology", maintain_order=True)
        .agg(pl.col("words").str.join(", "))
        .select(pl.format("{}: {}", "topology", "words"))
    )
    over = " over the panels" if frame.get_column("cell").n_unique() > 1 else ""
    return styled(
        panels(alt.layer(band, line).properties(width=WIDTH, height=HEIGHT), frame),
        f"How often all k trials of a task pass (pass^k){simulated(run.trials)}",
        [
            *(f"{words}{over}" for words in said.to_series()),
            "Shaded: 95% posterior interval over tasks",
        ],
    )


def _span(least: pl.Expr, most: pl.Expr) -> pl.Expr:
    """A range of shares such as 29% to 42%, or 42% where both round alike."""
    low, high = ((100 * end).round(0).cast(pl.Int64) for end in (least, most))
    return (
        pl.when(low == high)
        .then(pl.format("{}%", low))
        .otherwise(pl.format("{}% to {}%", low, high))
    )


def passed_by_time(run: Recorded) -> Any:
    """Share of graded trials that have passed by a time, one panel for each cell."""
    by = view_of(run).by
    keys = group_columns(by)
    drawn = run.trials.select(keys).n_unique()
    per_line = min(TIME_POINTS, max(MOST_POINTS // max(drawn, 1), 12))
    ordered = (
        run.trials.filter(pl.col("passed").is_not_null() & pl.col("seconds").is_not_null())
        .sort(*keys, "seconds", nulls_last=True)
        .with_columns(
            (pl.col("passed").cum_sum().over(keys) / pl.len().over(keys)).alias("share"),
            (pl.int_range(pl.len()).over(keys) * per_line // pl.len().over(keys)).alias("step"),
        )
    )
    frame = (
        ordered.group_by(*keys, "step", maintain_order=True)
        .agg(pl.col("seconds").last(), pl.col("share").last())
        .with_columns(cell_label(by))
    )
    kind = f"{simulated(run.trials)} seconds".removeprefix(",").strip()
    lines = (
        alt.Chart()
        .mark_line(interpolate="step-after", strokeWidth=2)
        .encode(
            x=alt.X("seconds:Q", title=kind, axis=alt.Axis(tickCount=5, format=".3~s")),
            y=alt.Y(
                "share:Q",
                title="passed by then",
                scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(format="%"),
            ),
            color=topology_colour(names(frame)),
            tooltip=[
                "topology:N",
                "cell:N",
                alt.Tooltip("seconds:Q", format=",.1f"),
                percent("share"),
            ],
        )
    )
    middle = (
        ordered.group_by("topology", maintain_order=True)
        .agg(pl.col("seconds").median())
        .sort("topology")
        .select(
            pl.format(
                "{}: half of the trials end within {} s", "topology", pl.col("seconds").round(1)
            )
        )
        .to_series()
    )
    return styled(
        panels(alt.layer(lines).properties(width=WIDTH, height=HEIGHT), frame).resolve_scale(
            x="independent"
        ),
        f"Share of trials that have passed by a time ({kind})",
        [*middle.to_list(), "Time scales differ between panels"],
    )
