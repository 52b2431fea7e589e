"""Pictures of conflicts: where each kind happens, and how a single one came about."""

import json
import math
import textwrap
from collections.abc import Mapping, Sequence
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
from results.conflicts import Witness, witness
from results.conflicts.declared import conflicts_of
from results.conflicts.harm import HARMLESS, how_often, unchecked
from results.records import Recorded
from results.words import short_id

EDGE_COLOURS = {
    "rw": "#D55E00",
    "ww": "#222222",
    "wr": "#0072B2",
    "process": "#999999",
    "realtime": "#999999",
}
EDGE_WORDS = {
    "rw": "rw: read, then overwritten",
    "ww": "ww: written over",
    "wr": "wr: written, then read",
    "process": "the agent's own order",
    "realtime": "the order of time",
}
LANE, STEP = 92, 110
"""Height of an agent's lane and width of a step along the time axis, in pixels."""


def conflicts_by_coupling(run: Recorded, found: pl.DataFrame | None = None) -> Any:
    """Share of trials with each kind of conflict against coupling, one panel for each kind.

    The most frequent kinds come first; a topology that never met a kind has no line there. Bars are
    95% intervals from drawing tasks again; trials that could not be checked are left out.
    `found` are the findings, if they were looked for already.
    """
    if found is None:
        found = conflicts_of(run)
    known = run.trials.filter(pl.col("coupling").is_not_null())
    frame = how_often(known, found, unknown=unchecked(run.accesses, run.trials)).with_columns(
        pl.col("kind").alias("cell")
    )
    met = pl.col("share").max().over("kind", "topology", "task_set") > 0
    frame = frame.filter(met)
    kinds = frame.group_by("kind").agg(pl.col("share").max())
    last = pl.col("kind").is_in(HARMLESS)
    order = kinds.sort(last, "share", "kind", descending=[False, True, False])
    title = f"How often each kind of conflict happens{simulated(run.trials)}"
    if frame.is_empty():
        nothing = alt.Chart(pl.DataFrame({"words": ["No conflict was found."]})).mark_text()
        return styled(nothing.encode(text="words:N").properties(width=WIDTH, height=60), title, [])
    base = alt.Chart().encode(
        x=alt.X(
            "coupling:Q",
            title="coupling",
            axis=alt.Axis(tickCount=4),
            scale=alt.Scale(padding=12, nice=False),
        ),
        color=topology_colour(names(frame)),
    )
    share = alt.Y(
        "share:Q",
        title="trials with it",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(format="%"),
    )
    tip = [
        "topology:N",
        "task_set:N",
        "coupling:Q",
        percent("share"),
        "trials:Q",
        alt.Tooltip("per_trial:Q", format=".2f", title="findings per trial"),
    ]
    layers = alt.layer(
        base.mark_line(strokeWidth=2).encode(y=share, detail="task_set:N"),
        base.mark_rule(strokeWidth=1.5).encode(
            y=alt.Y("low:Q", title="trials with it"), y2="high:Q"
        ),
        base.mark_point(size=50, filled=True, opacity=1).encode(y=share, tooltip=tip),
    )
    most = pl.col("coupling") == pl.col("coupling").max().over("task_set")
    stale = frame.filter((pl.col("kind") == "stale-basis") & most).sort("topology", "task_set")
    said = stale.select(
        pl.format(
            "{}: a write on a stale basis in {}% of trials on {} at coupling {}",
            "topology",
            (pl.col("share") * 100).round(0).cast(pl.Int64),
            "task_set",
            "coupling",
        )
    )
    return styled(
        panels(
            layers.properties(width=WIDTH, height=HEIGHT),
            frame,
            cells=order.get_column("kind").to_list(),
        ),
        title,
        [
            *said.to_series().to_list(),
            "A fact about order; whether it hurt is another question. A topology without a line in "
            "a panel never met that kind",
        ],
    )


def conflict_anatomy(finding: Mapping[str, Any], simulated: str = "") -> Any:
    """One finding (a row of a findings frame) drawn: a lane an agent, time from left to right.

    Hollow marks are reads, full ones writes; arrows say who must come before whom, and why.
    `simulated` is what `results.charts.palette.simulated` adds to a title.
    """
    proof = witness(finding)
    lanes = list(dict.fromkeys(seen.agent for seen in proof.accesses))
    points = _points(proof, lanes)
    width, height = STEP * max(len(points), 3), LANE * len(lanes)
    x = alt.X(
        "position:Q",
        title="seconds (not to scale)" if proof.accesses[0].at is not None else "order of events",
        scale=alt.Scale(domain=[-0.6, max(len(points), 3) - 0.4]),
        axis=alt.Axis(
            values=list(range(len(points))),
            labelExpr=f"{json.dumps([point['time'] for point in points])}[datum.value]",
            grid=False,
        ),
    )
    y = alt.Y(
        "lane:Q",
        title=None,
        scale=alt.Scale(domain=[-0.5, len(lanes) - 0.5], reverse=True, nice=False, zero=False),
        axis=alt.Axis(
            values=list(range(len(lanes))),
            labelExpr=f"{json.dumps(lanes)}[datum.value]",
            labelFontSize=13,
            labelLimit=200,
            ticks=False,
            domain=False,
        ),
    )
    dots = alt.Chart(pl.DataFrame(points)).encode(x=x, y=y)
    layers = [
        *_arrows(proof, points, (max(len(points), 3), len(lanes)), (width, height)),
        dots.mark_point(size=190, strokeWidth=2.5, opacity=1, color="#222222").encode(
            fill=alt.Fill(
                "op:N",
                title=None,
                scale=alt.Scale(domain=["read", "write"], range=["#FFFFFF", "#222222"]),
            ),
            tooltip=["agent:N", "op:N", "thing:N", "version:N", "step:N", "time:N"],
        ),
        *_labels(dots),
    ]
    chart = alt.layer(*layers).properties(width=width, height=height)
    said = textwrap.wrap(proof.sentence.removeprefix(f"{proof.kind}: "), max(90, width // 6))
    return styled(chart, f"{proof.kind} in {short_id(finding['trial_id'])}{simulated}", said)


def _labels(dots: Any) -> list[Any]:
    """What each mark is, on the side where no arrow leaves it."""
    layers: list[Any] = []
    for above, near, far in ((True, -32, -19), (False, 22, 35)):
        side = dots.transform_filter(alt.datum.above == above)
        layers.append(side.mark_text(dy=near, fontSize=11, color="#222222").encode(text="label:N"))
        layers.append(side.mark_text(dy=far, fontSize=10, color="#666666").encode(text="thing:N"))
    return layers


def _points(proof: Witness, lanes: Sequence[str]) -> list[dict[str, Any]]:
    lane_of = {seen.access: lanes.index(seen.agent) for seen in proof.accesses}
    ends = [(edge.first_access, edge.second_access) for edge in proof.edges]
    leads = [*ends, *((second, first) for first, second in ends)]
    below = {one for one, other in leads if lane_of[other] > lane_of[one]}
    return [
        {
            "access": seen.access,
            "agent": seen.agent,
            "lane": lane_of[seen.access],
            "above": seen.access in below,
            "position": position,
            "op": "read" if seen.op == "read" else "write",
            "thing": f"{seen.table} {seen.key}",
            "version": seen.version,
            "step": seen.step,
            "label": f"{'read' if seen.op == 'read' else 'wrote'} version {seen.version}",
            "time": f"{position + 1}" if seen.at is None else f"{seen.at:.4g}",
        }
        for position, seen in enumerate(proof.accesses)
    ]


def _arrows(
    proof: Witness,
    points: Sequence[Mapping[str, Any]],
    spans: tuple[int, int],
    size: tuple[int, int],
) -> list[Any]:
    """Lines from access to access with a head, kept clear of the marks at both ends."""
    at = {point["access"]: point for point in points}
    across, down = size[0] / spans[0], size[1] / spans[1]
    rows: list[dict[str, Any]] = []
    for edge in proof.edges:
        first, second = at[edge.first_access], at[edge.second_access]
        dx = (second["position"] - first["position"]) * across
        dy = (second["lane"] - first["lane"]) * down
        gap = 14 / max(math.hypot(dx, dy), 28)
        rows.append(
            {
                "x": first["position"] + gap * dx / across,
                "y": first["lane"] + gap * dy / down,
                "x2": second["position"] - gap * dx / across,
                "y2": second["lane"] - gap * dy / down,
                "angle": math.degrees(math.atan2(dy, dx)) + 90,
                "kind": EDGE_WORDS[edge.kind],
                "because": edge.because,
            }
        )
    if not rows:
        return []
    used = [kind for kind in EDGE_WORDS if kind in {edge.kind for edge in proof.edges}]
    colour = alt.Color(
        "kind:N",
        title=None,
        scale=alt.Scale(
            domain=[EDGE_WORDS[kind] for kind in used],
            range=[EDGE_COLOURS[kind] for kind in used],
        ),
    )
    base = alt.Chart(pl.DataFrame(rows)).encode(color=colour, tooltip=["kind:N", "because:N"])
    heads = base.mark_point(shape="triangle", size=90, filled=True, opacity=1).encode(
        x="x2:Q", y="y2:Q", angle=alt.Angle("angle:Q", scale=None)
    )
    return [base.mark_rule(strokeWidth=2).encode(x="x:Q", y="y:Q", x2="x2:Q", y2="y2:Q"), heads]
