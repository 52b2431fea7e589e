"""The picture of where prompt tokens went: by role of the agent and part of its prompt."""

from typing import Any

import altair as alt
import polars as pl

from results.charts.palette import WIDTH, names, panels, percent, simulated, styled
from results.records import Recorded
from results.strata import cell_label
from results.tokens.attribution import CHARACTERS, Counter, attribution, by_part
from results.tokens.prompt_parts import PARTS
from results.usage import OF_AGENTS
from results.view import view_of

PART_COLOURS = {
    "instructions": "#33506F",
    "tools": "#9CC3E6",
    "task": "#009E73",
    "brief": "#E69F00",
    "report": "#D55E00",
    "replies": "#999933",
    "own": "#CC79A7",
    "unrecorded": "#BBBBBB",
}


def tokens_by_part(
    run: Recorded, counter: Counter = CHARACTERS, attributed: pl.DataFrame | None = None
) -> Any:
    """Prompt tokens per trial by part, a bar for each topology and role, cached ones paler.

    `attributed` is the attribution of the run's steps, if it was made already; else it is made with
    `counter`.
    """
    found = attribution(run.steps.filter(OF_AGENTS), counter) if attributed is None else attributed
    by = view_of(run).by
    parts = by_part(run.trials, found, by).filter(pl.col("tokens").is_not_null())
    frame = (
        parts.with_columns(
            cell_label(by),
            pl.format("{}, {}", "topology", "role").alias("who"),
            pl.col("part").replace_strict(list(PARTS), range(len(PARTS))).alias("place"),
            pl.col("cached").fill_null(0),
        )
        .with_columns(fresh=pl.col("tokens") - pl.col("cached"))
        .unpivot(
            ["fresh", "cached"],
            index=["cell", "who", "topology", "role", "part", "place", "share"],
            variable_name="served",
            value_name="amount",
        )
        .filter(pl.col("amount") > 0)
        .with_columns((2 * pl.col("place") + (pl.col("served") == "cached")).alias("place"))
    )
    order = [
        who
        for topology in names(frame)
        for who in sorted(frame.filter(topology=topology).get_column("who").unique().to_list())
    ]
    used = [part for part in PARTS if part in frame.get_column("part").to_list()]
    colour = alt.Scale(domain=used, range=[PART_COLOURS[part] for part in used])
    bars = (
        alt.Chart()
        .mark_bar(height=alt.RelativeBandSize(0.75))
        .encode(
            y=alt.Y("who:N", title=None, sort=order, axis=alt.Axis(labelLimit=220)),
            x=alt.X(
                "amount:Q",
                title="prompt tokens per trial",
                axis=alt.Axis(format=".3~s", tickCount=5),
            ),
            color=alt.Color("part:N", title=None, sort=used, scale=colour),
            opacity=alt.Opacity(
                "served:N",
                title=None,
                scale=alt.Scale(domain=["fresh", "cached"], range=[1, 0.45]),
            ),
            order=alt.Order("place:Q"),
            tooltip=[
                "topology:N",
                "cell:N",
                "role:N",
                "part:N",
                "served:N",
                alt.Tooltip("amount:Q", format=",.0f", title="tokens"),
                percent("share"),
            ],
        )
        .properties(width=WIDTH, height=alt.Step(18))
    )
    low, high = parts.get_column("scale_low").min(), parts.get_column("scale_high").max()
    return styled(
        panels(bars, frame, columns=2),
        f"Prompt tokens per trial by part{simulated(run.trials)}",
        [
            "Full colour: sent anew; pale: served from a cache",
            scale_note(low, high),
        ],
    )


def scale_note(low: object, high: object) -> str:
    """How our count had to be scaled to give the tokens that were reported."""
    if not isinstance(low, float) or not isinstance(high, float):
        return "No prompt was recorded, so nothing is told of its parts"
    if low == high == 1.0:
        return "Counted as the model counts: parts add up to the reported tokens as they are"
    return (
        f"Counted by us and scaled by {low:.3g} to {high:.3g} a call, so that parts add up to the "
        "reported tokens"
    )
