"""The picture of a horizon: how often work of each length passes, and the curve through it."""

from typing import Any

import altair as alt
import polars as pl

from results.charts.palette import names, percent, simulated, styled, topology_colour
from results.records import Graded
from results.refused import Refused
from results.resilience.horizons import SUCCESSES, Curve, curves_of

POINTS = 40
SCHEMA = {
    "topology": pl.String,
    "agent": pl.String,
    "minutes": pl.Float64,
    "success": pl.Float64,
    "kind": pl.String,
}


def horizon_curves(run: Graded) -> Any:
    """Success against the human minutes of a task: dots are tasks, curves the logistic fits.

    Crosses mark the horizons at 50 and 80%. Empty where no trial says `human_minutes`.
    """
    try:
        curves = curves_of(run.trials)
    except Refused:
        curves = []
    frame = pl.DataFrame(
        [row for curve in curves for row in _points(curve)], schema=SCHEMA, orient="row"
    )
    colour = topology_colour(names(frame))
    base = alt.Chart(alt.InlineData(values=frame.to_dicts())).encode(
        x=alt.X("minutes:Q", title="human minutes", scale=alt.Scale(type="log")),
        y=alt.Y("success:Q", title="passed", scale=alt.Scale(domain=[0, 1])).axis(format="%"),
        color=colour,
        tooltip=["agent:N", alt.Tooltip("minutes:Q", format=",.3~g"), percent("success")],
    )
    layers = alt.layer(
        base.transform_filter("datum.kind == 'task'").mark_point(size=30, opacity=0.4),
        base.transform_filter("datum.kind == 'curve'")
        .mark_line(strokeWidth=2)
        .encode(detail="agent:N"),
        base.transform_filter("datum.kind == 'horizon'").mark_point(
            shape="cross", size=90, filled=True, opacity=1
        ),
    )
    told = "Dots: tasks. Curves: a logistic of log2 minutes. Crosses: the horizons at 50 and 80%"
    title = f"How long work may be{simulated(run.trials)}"
    return styled(layers.properties(width=460, height=280), title, [told])


def _points(curve: Curve) -> list[dict[str, Any]]:
    agent = ", ".join(str(curve.row[name]) for name in ("topology", "model") if curve.row[name])
    own = {"topology": curve.row["topology"], "agent": agent}
    minutes, passed = 2**curve.tasks.log_minutes, curve.tasks.passed
    rows = [
        own | {"minutes": length, "success": share, "kind": "task"}
        for length, share in zip(minutes.tolist(), passed.tolist(), strict=True)
    ]
    if curve.law is None:
        return rows
    least, most = curve.row["shortest"], curve.row["longest"]
    lengths = [least * (most / least) ** (at / (POINTS - 1)) for at in range(POINTS)]
    rows += [
        own | {"minutes": length, "success": curve.law.success(length), "kind": "curve"}
        for length in lengths
    ]
    for success in SUCCESSES:
        length = curve.law.length(success)
        # A horizon far from all that was tried would squeeze the rest to nothing.
        if least / 4 <= length <= 4 * most:
            rows.append(own | {"minutes": length, "success": success, "kind": "horizon"})
    return rows
