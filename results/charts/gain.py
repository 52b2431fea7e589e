"""Pictures of a profile: one run as a graph over time, and all tasks side by side."""

from typing import Any

import altair as alt
import polars as pl

from results.charts.palette import WIDTH, styled
from results.questions.gain.profile import VERDICTS, ProfileResult
from results.refused import Refused

COLOURS = {
    "reads": "#9CC3E6",
    "writes": "#D55E00",
    "word to the user": "#D9D9D9",
    "call": "#9CC3E6",
    "end": "#33506F",
}
"""What a call does; `call` where it is not known which calls write."""

ARROWS = {
    "value": "#33506F",
    "about": "#8FA8BF",
    "resource": "#D55E00",
    "retry": "#B79A5B",
}
VERDICT_COLOURS = {
    "trial": "#009E73",
    "by resource": "#0072B2",
    "settle": "#56B4E9",
    "one writer": "#E69F00",
    "stay": "#999999",
    "unknown": "#CC79A7",
}
PICTURE, ROW = 760, 26
MOST_TASKS = 40


def run_picture(result: ProfileResult, trial_id: str | None = None) -> Any:
    """One run as a graph over time, and below it how many calls could run at once.

    Each call stands at the earliest time at which all it needs is done, one lane or more for the
    lead and for each subagent of the split. Without `trial_id` the run with the largest bound.
    `Refused` for a run that was not profiled.
    """
    if trial_id is None:
        trial_id = result.per_run.sort("bound", "trial_id", descending=[True, False])["trial_id"][0]
    found = result.per_run.filter(pl.col("trial_id") == trial_id)
    if found.is_empty():
        raise Refused(f"there is no profile of a run {trial_id!r}")
    run = found.row(0, named=True)
    nodes = _laid_out(result.nodes.filter(pl.col("trial_id") == trial_id))
    arrows = _arrows(result.dependencies.filter(pl.col("trial_id") == trial_id), nodes)
    longest = float(run["path"])
    time = alt.Scale(domain=[0, longest], nice=False)
    kinds = [kind for kind in ARROWS if kind in arrows.get_column("kind").to_list()]
    colour = alt.Scale(domain=kinds, range=[ARROWS[kind] for kind in kinds])
    lanes = _lane_axis(nodes)
    rows = 1 + max(nodes.get_column("row").to_list())
    scale_y = alt.Scale(domain=[rows - 0.4, -0.6], nice=False)
    does = [what for what in COLOURS if what in nodes.get_column("does").to_list()]
    lines = (
        alt.Chart(arrows)
        .mark_rule(opacity=0.75, strokeWidth=1.4)
        .encode(
            x=alt.X("from_x:Q", scale=time, title=None),
            x2="to_x:Q",
            y=alt.Y("from_row:Q", scale=scale_y, axis=lanes, title=None),
            y2="to_row:Q",
            color=alt.Color("kind:N", title="needs, by", scale=colour),
            tooltip=["kind:N", "what:N", "from_step:Q", "to_step:Q"],
        )
    )
    heads = (
        alt.Chart(arrows)
        .mark_point(shape="triangle-right", size=34, filled=True, opacity=0.9)
        .encode(
            x=alt.X("to_x:Q", scale=time),
            y="to_row:Q",
            color=alt.Color("kind:N", scale=colour, legend=None),
        )
    )
    boxes = (
        alt.Chart(nodes)
        .mark_rect(cornerRadius=3)
        .encode(
            x=alt.X("left:Q", scale=time, title=None, axis=alt.Axis(labels=False, ticks=False)),
            x2="right:Q",
            y=alt.Y("top:Q", scale=scale_y, axis=lanes, title=None),
            y2="bottom:Q",
            fill=alt.Fill(
                "does:N",
                title=None,
                scale=alt.Scale(domain=does, range=[COLOURS[what] for what in does]),
            ),
            stroke=alt.condition("datum.critical", alt.value("#222222"), alt.value("#FFFFFF")),
            strokeWidth=alt.condition("datum.critical", alt.value(1.6), alt.value(0.5)),
            tooltip=["step:Q", "tool:N", "does:N", "lane:N", "start:Q"],
        )
    )
    room = int(PICTURE / max(longest, 1) / 6.2)
    labels = (
        alt.Chart(nodes.with_columns(pl.col("label").str.head(max(room, 2))))
        .mark_text(align="left", fontSize=10, dx=4)
        .encode(
            x=alt.X("left:Q", scale=time),
            y="row:Q",
            text="label:N",
            color=alt.condition(
                alt.FieldOneOfPredicate("does", ["writes", "end"]),
                alt.value("white"),
                alt.value("#222222"),
            ),
        )
    )
    graph = alt.layer(lines, boxes, heads, labels).properties(width=PICTURE, height=ROW * rows + 12)
    graph = graph.resolve_scale(color="independent")
    width = _width(result.widths.filter(pl.col("trial_id") == trial_id), time)
    simulated = ", simulated" if run["simulated"] else ""
    return styled(
        alt.vconcat(graph, width, spacing=14),
        f"{run['calls']} calls, {run['path']:.0f} of them in the longest chain{simulated}",
        [
            f"Task {run['task']}, trial {run['trial']}",
            f"At most {run['bound']:.2f} times as fast on any number of agents; split as shown "
            f"{_chosen(run):.2f} times; {VERDICTS[run['verdict']]}",
            "Each call as early as what it needs allows (lines: what it needs; framed: the longest "
            "chain)",
        ],
    )


def tasks_picture(result: ProfileResult) -> Any:
    """Bound and split of each task, medians over its runs, the most promising first."""
    tasks = result.per_task.head(MOST_TASKS).with_columns(
        pl.col("verdict").replace(VERDICTS).alias("verdict"),
        pl.coalesce("safe_speed_up", "natural_speed_up").alias("split"),
    )
    words = [VERDICTS[name] for name in VERDICTS if VERDICTS[name] in tasks["verdict"].to_list()]
    colour = alt.Color(
        "verdict:N",
        title=None,
        scale=alt.Scale(
            domain=words,
            range=[VERDICT_COLOURS[name] for name, word in VERDICTS.items() if word in words],
        ),
        legend=alt.Legend(columns=1, labelLimit=600),
    )
    order = tasks.get_column("task").to_list()
    y = alt.Y("task:N", sort=order, title=None, axis=alt.Axis(labelLimit=460))
    scale = alt.Scale(domainMin=1, nice=True)
    base = alt.Chart(tasks)
    counts = [f"{name}:Q" for name in ("runs", "passed", "bound")]
    tip = ["task:N", *counts, "natural_speed_up:Q", "safe_speed_up:Q", "verdict:N"]
    line = base.mark_rule(color="#CCCCCC").encode(
        x=alt.X("split:Q", scale=scale, title="times as fast"), x2="bound:Q", y=y
    )
    split = base.mark_point(filled=True, size=60, opacity=1).encode(
        x=alt.X("split:Q", scale=scale), y=y, color=colour, tooltip=tip
    )
    bound = base.mark_tick(thickness=2, size=11).encode(
        x=alt.X("bound:Q", scale=scale), y=y, color=colour, tooltip=tip
    )
    chart = alt.layer(line, split, bound).properties(
        width=2 * WIDTH, height=max(14 * tasks.height, 60)
    )
    more = result.per_task.height - tasks.height
    shown = f" (the first {tasks.height} of {result.per_task.height})" if more else ""
    return styled(
        chart,
        f"What fan-out could bring, task by task{shown}",
        [
            "Dot: a lead with subagents that share nothing they write, handing over included",
            "Tick: the most that any schedule could give; medians over the runs of a task",
        ],
    )


def _chosen(run: dict[str, Any]) -> float:
    safe = run["safe_speed_up"]
    return float(run["natural_speed_up"] if safe is None else safe)


def _laid_out(nodes: pl.DataFrame) -> pl.DataFrame:
    """The calls with the row each is drawn in: as many rows for an agent as run at once."""
    rows: list[int] = []
    taken: dict[tuple[int, int], int] = {}
    ordered = nodes.sort("agent", "start", "order")
    first = 0
    last_agent, used = -1, 0
    for agent, start in ordered.select("agent", "start").iter_rows():
        if agent != last_agent:
            first, used, last_agent = first + used, 0, agent
        slot = taken.get((agent, int(start)), 0)
        taken[agent, int(start)] = slot + 1
        used = max(used, slot + 1)
        rows.append(first + slot)
    lane = pl.when(pl.col("agent") == 0).then(pl.lit("lead"))
    does = (
        pl.when(pl.col("kind") == "end")
        .then(pl.lit("end"))
        .when(pl.col("kind") == "turn")
        .then(pl.lit("word to the user"))
        .when(pl.col("writes").is_null())
        .then(pl.lit("call"))
        .when(pl.col("writes"))
        .then(pl.lit("writes"))
        .otherwise(pl.lit("reads"))
    )
    return ordered.with_columns(
        pl.Series("row", rows, dtype=pl.Int64),
        lane.otherwise(pl.format("subagent {}", "agent")).alias("lane"),
        does.alias("does"),
        pl.coalesce("tool", pl.lit("")).alias("label"),
    ).with_columns(
        (pl.col("start") + 0.04).alias("left"),
        (pl.col("start") + 0.9).alias("right"),
        (pl.col("row") - 0.36).alias("top"),
        (pl.col("row") + 0.36).alias("bottom"),
    )


def _arrows(dependencies: pl.DataFrame, nodes: pl.DataFrame) -> pl.DataFrame:
    """Lines from the end of what is needed to the start of what needs it, one a pair of calls."""
    places = nodes.select("step", "left", "right", "row")
    return (
        dependencies.sort("weight", descending=True)
        .unique(["from_step", "to_step"], keep="first", maintain_order=True)
        .join(places, left_on="from_step", right_on="step")
        .rename({"right": "from_x", "row": "from_row"})
        .drop("left")
        .join(places, left_on="to_step", right_on="step")
        .rename({"left": "to_x", "row": "to_row"})
    )


def _lane_axis(nodes: pl.DataFrame) -> alt.Axis:
    """Names of lanes at the first row of each."""
    first = nodes.group_by("lane").agg(pl.col("row").min()).sort("row")
    rows = first.get_column("row").to_list()
    names = dict(zip(rows, first.get_column("lane").to_list(), strict=True))
    words = " : ".join(f"datum.value == {row} ? '{name}'" for row, name in names.items())
    return alt.Axis(values=rows, labelExpr=f"{words} : ''", grid=False, ticks=False, domain=False)


def _width(widths: pl.DataFrame, time: alt.Scale) -> Any:
    most = max(widths.get_column("width").to_list())
    return (
        alt.Chart(widths)
        .mark_rect(color="#4C78A8", opacity=0.75)
        .encode(
            x=alt.X(
                "start:Q",
                scale=time,
                title="time, in calls",
                axis=alt.Axis(grid=False, tickMinStep=1, format="d"),
            ),
            x2="end:Q",
            y=alt.Y(
                "width:Q",
                title="at once",
                scale=alt.Scale(domain=[0, most]),
                axis=alt.Axis(tickCount=min(most, 4), format="d"),
            ),
            y2=alt.datum(0),
            tooltip=["start:Q", "end:Q", "width:Q"],
        )
        .properties(width=PICTURE, height=64)
    )
