"""A picture of what each topology makes of the same budget."""

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
from results.statistics.budget import UNITS, passed_by_use, success_by_budget
from results.strata import cell_label
from results.view import view_of

MOST_POINTS = 4000


def success_over_budget(run: Recorded) -> Any:
    """Success against the budget of a trial, one panel for each cell; crosses are infeasible.

    Without budgets it draws the share of trials that had passed by the time that they had used so
    many dollars (or tokens, where no price is known), and says so.
    """
    by = [name for name in view_of(run).by if name != "budget"]
    if run.trials.get_column("budget").is_not_null().any():
        return _set(run.trials, by)
    return _looked_back(run.trials, by)


def _set(trials: pl.DataFrame, by: list[str]) -> Any:
    frame = success_by_budget(trials, by).with_columns(
        cell_label(by), pl.col("infeasible").fill_null(False)
    )
    unit = str(frame.get_column("budget_unit").drop_nulls()[0])
    base = alt.Chart().encode(x=_budget(f"budget of a trial, {UNITS[unit]}", unit))
    colour = topology_colour(names(frame))
    told = [
        "topology:N",
        "cell:N",
        alt.Tooltip("budget:Q", format=",.4~g"),
        alt.Tooltip("used:Q", format=",.4~g", title="used on average"),
        percent("success"),
        percent("low"),
        percent("high"),
        percent("stopped"),
    ]
    shown = base.transform_filter("datum.success !== null")
    band = shown.mark_area(opacity=0.15).encode(
        y=alt.Y("low:Q", title="passed"), y2="high:Q", color=colour
    )
    line = shown.mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=34)).encode(
        y=_share(), color=colour, tooltip=told
    )
    crosses = (
        base.transform_filter("datum.infeasible")
        .mark_point(shape="cross", angle=45, size=60)
        .encode(y=alt.datum(0), color=colour, tooltip=told[:3])
    )
    none = frame.filter("infeasible").group_by("topology").len().sort("topology")
    points = pl.when(pl.col("len") == 1).then(pl.lit("point is")).otherwise(pl.lit("points are"))
    said = none.select(pl.format("{}: {} {} infeasible", "topology", "len", points)).to_series()
    return styled(
        panels(alt.layer(band, line, crosses).properties(width=WIDTH, height=HEIGHT), frame),
        f"Success over budget ({UNITS[unit]}){simulated(trials)}",
        [
            *said.to_list(),
            "Shaded: 95% posterior interval. Crosses: less than it needs even without an error",
        ],
    )


def _looked_back(trials: pl.DataFrame, by: list[str]) -> Any:
    priced = trials.get_column("dollars").is_not_null().any()
    unit = "dollars" if priced else "tokens"
    frame = passed_by_use(trials, unit, by).with_columns(cell_label(by))
    every = -(-frame.height // MOST_POINTS)
    frame = frame.gather_every(max(every, 1))
    line = (
        alt.Chart()
        .mark_line(interpolate="step-after", strokeWidth=2)
        .encode(
            x=_budget(f"{UNITS[unit]} used", unit),
            y=_share(),
            color=topology_colour(names(frame)),
            tooltip=["topology:N", "cell:N", alt.Tooltip("budget:Q"), percent("success")],
        )
    )
    return styled(
        panels(alt.layer(line).properties(width=WIDTH, height=HEIGHT), frame),
        f"Success over {UNITS[unit]} used{simulated(trials)}",
        ["No budget was set, none was known to agents: share that passed and used no more"],
    )


def _budget(title: str, unit: str) -> alt.X:
    shape = "$.3~g" if unit == "dollars" else ".3~s"
    return alt.X("budget:Q", title=title, axis=alt.Axis(format=shape, tickCount=4))


def _share() -> alt.Y:
    return alt.Y(
        "success:Q", title="passed", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%")
    )
