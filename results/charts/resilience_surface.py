"""The picture of the surface of reliability: pass^k by k, wording and faults, one panel each."""

from typing import Any

import altair as alt
import polars as pl

from results.charts.palette import panels, percent, simulated, styled
from results.records import Graded
from results.resilience.surface import AXES, surface
from results.strata import cell_label
from results.view import view_of

WIDTH, ROW = 250, 26
NOTHING = "nothing wrong"


def reliability_surface(run: Graded) -> Any:
    """Pass^k as a heat map of k against wording and fault plan, a panel a topology and cell."""
    by = [name for name in view_of(run).by if name not in AXES]
    frame = surface(run.trials, by).with_columns(cell_label(by).alias("where"), place())
    frame = frame.with_columns(pl.format("{}: {}", "topology", "where").alias("cell"))
    frame = frame.filter(pl.col("pass_hat").is_not_null())
    rows = frame["place"].unique(maintain_order=True).to_list()
    base = alt.Chart().encode(
        x=alt.X("k:O", title="k trials of a task, all pass", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("place:N", title=None, sort=rows, axis=alt.Axis(labelLimit=220)),
    )
    cells = base.mark_rect().encode(
        color=alt.Color(
            "pass_hat:Q",
            title="pass^k",
            scale=alt.Scale(domain=[0, 1], scheme="viridis"),
            legend=alt.Legend(format="%"),
        ),
        tooltip=["cell:N", "place:N", "k:O", percent("pass_hat"), percent("low"), percent("high")],
    )
    text = base.mark_text(fontSize=10).encode(
        text=alt.Text("pass_hat:Q", format=".0%"),
        color=alt.condition("datum.pass_hat < 0.55", alt.value("white"), alt.value("black")),
    )
    layers = alt.layer(cells, text).properties(width=WIDTH, height=ROW * max(len(rows), 1))
    return styled(
        panels(layers, frame, columns=2),
        f"Reliability over k, wording and faults{simulated(run.trials)}",
        ["Share of tasks of which k trials drawn all pass; the first row is how a demo is judged"],
    )


def place() -> pl.Expr:
    """A row of the surface in words: the wording, if there is such a dial, and the fault plan."""
    faults = pl.col("faults").fill_null(NOTHING)
    wording = pl.format("{} wording, ", pl.col("phrasing"))
    return pl.concat_str(wording.fill_null(""), faults).alias("place")
