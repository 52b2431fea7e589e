"""Pictures of the long run: how much of the work goes on without a failure, step after step."""

from typing import Any

import altair as alt
import numpy as np
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
from results.resilience.laws import fit
from results.resilience.long_run import spans, spans_of, survival_curves
from results.statistics.consistency import group_columns
from results.strata import cell_label
from results.view import view_of

POINTS = 30
UNDER_WAY = 0.2
"""Share of trials that must still be under way for a curve to be drawn on: the last few would
decide it alone (Pocock, Clayton and Altman, Lancet 359, 2002)."""
SHOWN = ("survival", "low", "high")


def survival_over_steps(run: Recorded) -> Any:
    """Share of trials without a failure by each step, with its 95% band; dashed is p^n.

    Stepped is the product-limit estimate; dashed a constant hazard, fitted to the same trials. One
    panel for each cell.
    """
    by = view_of(run).by
    found = spans(run)
    label = cell_label(by).alias("cell")
    curves = _from_the_start(found, by).with_columns(label)
    dashed = _laws(found, by).with_columns(label)
    colour = topology_colour(names(curves))
    steps = alt.X("step:Q", title="tool calls", axis=alt.Axis(format="d", tickCount=5))
    share = alt.Scale(domain=[0, 1])
    base = alt.Chart().encode(x=steps, color=colour)
    measured = base.transform_filter("datum.law === null")
    band = measured.mark_area(opacity=0.15, interpolate="step-after").encode(
        y=alt.Y("low:Q", title="nothing wrong yet", scale=share), y2="high:Q"
    )
    line = measured.mark_line(strokeWidth=2, interpolate="step-after").encode(
        y=alt.Y("survival:Q", title="nothing wrong yet", scale=share, axis=alt.Axis(format="%")),
        tooltip=["topology:N", "cell:N", "step:Q", percent("survival"), "at_risk:Q"],
    )
    law = (
        base.transform_filter("datum.law !== null")
        .mark_line(strokeWidth=1.5, strokeDash=[4, 3])
        .encode(y="survival:Q", tooltip=["topology:N", "step:Q", percent("survival")])
    )
    frame = pl.concat([curves.with_columns(law=None), dashed], how="diagonal_relaxed")
    dated, events = int(found["dated"].sum()), int(found["event"].sum())
    return styled(
        panels(alt.layer(band, line, law).properties(width=WIDTH, height=HEIGHT), frame),
        f"How far work goes before something is wrong{simulated(run.trials)}",
        [
            f"Of {events} failures {dated} have their first wrong step on record; the others show "
            "at the end",
            "Shaded: 95% interval over tasks. Dashed: a constant hazard, p^n. Drawn while a fifth "
            "of the trials goes on",
        ],
    )


def _from_the_start(found: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """The curves with a row where each begins (all of it, at step 0), to where most have ended."""
    keys = group_columns(by)
    curves = survival_curves(found, by)
    groups = found.group_by(keys).agg(
        pl.len().cast(pl.Float64).alias("all"),
        pl.col("by").quantile(1 - UNDER_WAY, "lower").alias("until"),
    )
    curves = curves.join(groups, on=keys, nulls_equal=True).filter(
        pl.col("step") <= pl.col("until")
    )
    sure = {"survival": 1.0, "low": 1.0, "high": 1.0, "step": 0.0}
    starts = groups.with_columns(
        pl.col("all").alias("at_risk"), *(pl.lit(value).alias(name) for name, value in sure.items())
    )
    last = curves.group_by(keys, maintain_order=True).last()
    ends = starts.join(last, on=keys, how="left", nulls_equal=True, suffix="_last").with_columns(
        *(pl.coalesce(f"{name}_last", name).alias(name) for name in SHOWN),
        pl.col("until").alias("step"),
    )
    told = (*keys, "step", "at_risk", *SHOWN)
    return pl.concat([part.select(told) for part in (starts, curves, ends)]).sort(
        *keys, "step", nulls_last=True
    )


def _laws(found: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Points of the constant hazard of each group, to the end of its longest trial."""
    keys = group_columns(by)
    rows: list[dict[str, Any]] = []
    for key, group in found.group_by(keys, maintain_order=True):
        law = fit(spans_of(group), constant=True)
        if law is not None:
            steps = np.linspace(0, float(group["length"].to_numpy().max()), POINTS).tolist()
            own = dict(zip(keys, key, strict=True)) | {"law": "constant"}
            rows += [own | {"step": step, "survival": law.survival(step)} for step in steps]
    schema = {key: found.schema[key] for key in keys} | {"law": pl.String}
    return pl.DataFrame(rows, schema | {"step": pl.Float64, "survival": pl.Float64}, orient="row")
