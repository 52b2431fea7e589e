"""Pictures of what a run cost, beside how well it went and by whom the tokens were used."""

from typing import Any

import altair as alt
import polars as pl

from results.charts.palette import (
    HEIGHT,
    ROLE_COLOURS,
    SPARE_ROLES,
    WIDTH,
    colours,
    names,
    panels,
    percent,
    role_colour,
    simulated,
    styled,
    topology_colour,
)
from results.metrics import TOTAL_TOKENS, known_mean
from results.records import Recorded
from results.statistics.consistency import group_columns
from results.statistics.summary import summary
from results.strata import cell_label
from results.usage import OF_AGENTS
from results.view import view_of


def cost_and_success(run: Recorded, cost: str = "tokens") -> Any:
    """Success against cost per trial, 95% intervals, the Pareto front ringed and joined.

    `cost` is a metric of the summary: tokens, dollars, dollars_uncached or seconds.
    """
    by = view_of(run).by
    frame = summary(run.trials, by, ks=(1,), metrics=[cost]).with_columns(
        cell_label(by), pl.col(cost).alias("cost")
    )
    frame = pareto(frame.filter(pl.col("cost").is_not_null() & pl.col("success").is_not_null()))
    cost_name = cost.replace("dollars_uncached", "dollars (nothing cached)")
    base = alt.Chart().encode(
        x=alt.X(
            "cost:Q",
            title=f"{cost_name} per trial",
            scale=alt.Scale(zero=False, padding=18, nice=False),
            axis=alt.Axis(format=".3~s" if cost in ("tokens", "seconds") else "$.3~g", tickCount=4),
        )
    )
    colour = topology_colour(names(frame))
    success = alt.Y(
        "success:Q", title="passed", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%")
    )
    on_front = alt.datum.on_front
    front = base.transform_filter(on_front).mark_line(color="#888888", strokeDash=[4, 3])
    ring = base.transform_filter(on_front).mark_point(size=230, color="#222222", strokeWidth=1.4)
    bars = base.mark_rule(strokeWidth=2).encode(
        y=alt.Y("success_low:Q", title="passed"), y2="success_high:Q", color=colour
    )
    points = base.mark_point(size=80, filled=True, opacity=1).encode(
        y=success,
        color=colour,
        tooltip=[
            "topology:N",
            "cell:N",
            alt.Tooltip("cost:Q", format=",.3~f", title=cost_name),
            percent("success"),
            percent("success_low"),
            percent("success_high"),
        ],
    )
    layers = alt.layer(front.encode(y=success), bars, ring.encode(y=success), points)
    return styled(
        panels(layers.properties(width=WIDTH, height=HEIGHT), frame).resolve_scale(x="independent"),
        f"What success costs in {cost_name}{simulated(run.trials)}",
        [
            "Bars: 95% posterior interval. Ringed: the Pareto front (none as cheap does as well)",
            "Cost scales differ between panels and do not start at 0",
        ],
    )


def pareto(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with `on_front`: in its cell nothing costs no more and passes no less, and better.

    Needs the columns cell, topology, cost and success, without nulls.
    """
    mine = frame.select("cell", "topology", "cost", "success")
    rivals = mine.join(mine, on="cell", suffix="_rival")
    no_worse = (pl.col("cost_rival") <= pl.col("cost")) & (
        pl.col("success_rival") >= pl.col("success")
    )
    better = (pl.col("cost_rival") < pl.col("cost")) | (pl.col("success_rival") > pl.col("success"))
    beaten = rivals.group_by("cell", "topology").agg((no_worse & better).any().alias("beaten"))
    return (
        frame.join(beaten, on=["cell", "topology"], how="left", maintain_order="left")
        .with_columns((~pl.col("beaten")).alias("on_front"))
        .drop("beaten")
    )


def role_tokens(run: Recorded) -> pl.DataFrame:
    """Tokens per graded trial by topology, cell and role of the agent, from model steps.

    Null where a count is missing or a cell's topology mixes encodings. A judge and a simulated user
    are no agents; an agent of no recorded role is an "agent". Columns: topology, task_set, the
    settings that vary, cell, role, tokens, share (of the topology's tokens in the cell).
    """
    by = view_of(run).by
    keys = group_columns(by)
    graded = run.trials.filter(pl.col("passed").is_not_null()).select("trial_id", *keys)
    number = graded.group_by(keys).agg(pl.len().alias("number"))
    calls = (
        run.steps.filter(pl.col("kind") == "model", OF_AGENTS)
        .select(
            "trial_id", "encoding", pl.col("role").fill_null("agent"), TOTAL_TOKENS.alias("used")
        )
        .join(graded, on="trial_id")
    )
    same = pl.col("encoding").drop_nulls().n_unique() == 1
    encodings = calls.group_by(keys).agg(same.alias("same"))
    summed = known_mean(pl.col("used")) * pl.len()
    return (
        calls.group_by(*keys, "role")
        .agg(summed.alias("used"))
        .join(number, on=keys, nulls_equal=True)
        .join(encodings, on=keys, nulls_equal=True)
        .with_columns(pl.when("same").then(pl.col("used") / pl.col("number")).alias("tokens"))
        .with_columns(
            (pl.col("tokens") / pl.col("tokens").sum().over(keys)).alias("share"),
            cell_label(by),
        )
        .drop("used", "number", "same")
        .sort(*keys, "role", nulls_last=True)
    )


def tokens_by_role(run: Recorded) -> Any:
    """Tokens per trial stacked by the role of the agent that used them, one panel for each cell."""
    frame = role_tokens(run).filter(pl.col("tokens").is_not_null())
    roles = frame.get_column("role").unique().to_list()
    order, _ = colours(roles, ROLE_COLOURS, SPARE_ROLES)
    place = pl.col("role").replace_strict(order, range(len(order)), return_dtype=pl.Int64)
    frame = frame.with_columns(place.alias("place"))
    bars = (
        alt.Chart()
        .mark_bar(height=alt.RelativeBandSize(0.7))
        .encode(
            y=alt.Y("topology:N", title=None, sort=names(frame), axis=alt.Axis(labelLimit=160)),
            x=alt.X(
                "tokens:Q", title="tokens per trial", axis=alt.Axis(format=".3~s", tickCount=5)
            ),
            color=role_colour(roles),
            order=alt.Order("place:Q"),
            tooltip=[
                "topology:N",
                "cell:N",
                "role:N",
                alt.Tooltip("tokens:Q", format=",.0f"),
                percent("share"),
            ],
        )
        .properties(width=WIDTH, height=alt.Step(24))
    )
    means = (
        frame.group_by("topology", "role")
        .agg(pl.col("share").mean())
        .filter(pl.col("role") == "subagent")
        .sort("topology")
    )
    said = means.select(
        pl.format(
            "{}: subagents use {}% of the tokens",
            "topology",
            (pl.col("share") * 100).round(0).cast(pl.Int64),
        )
    ).to_series()
    return styled(
        panels(bars, frame, columns=2),
        f"Tokens per trial by role of the agent{simulated(run.trials)}",
        [*said.to_list(), "Prompt and completion tokens, cached ones included"],
    )
