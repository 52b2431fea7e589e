"""Pictures of the map: where a topology does better, and for how much of the plausible it does."""

import re
from collections.abc import Sequence
from typing import Any

import altair as alt
import polars as pl

from results.charts.palette import names, panels, percent, simulated, styled
from results.questions.map.phase_map import BETTER, DIALS, UNDECIDED, WORSE, numeric_dials
from results.questions.map.share_of_profiles import MARGIN, WIDEST
from results.refused import Refused
from results.strata import settings_label, spoken, strata

CELL = 58
"""Height of a cell in pixels."""
COLOURS = {WORSE: "#B35806", UNDECIDED: "#D9D9D9", BETTER: "#2166AC"}
"""Orange and blue, told apart by the colour-blind."""
MIDDLE = "#F7F7F7"


def phase_map_chart(
    trials: pl.DataFrame, cells: pl.DataFrame, by: Sequence[str] | None = None
) -> Any:
    """The map of `results.questions.map.phase_map.phase_map`: one panel for each topology and task
    set.

    Colour is the paired difference in pass^k; undecided cells are pale. With a single dial the
    topologies are the rows of one panel.
    """
    across, down = axes(cells)
    rest = [name for name in (strata(trials) if by is None else by) if name not in (across, down)]
    if {across, down} & {"write_share"} and "mode" in rest:
        rest.remove("mode")  # the mode follows from the write share
    varied = [name for name in rest if cells.get_column(name).n_unique() > 1]
    known = cells.filter(pl.col("conclusion").is_not_null())
    frame = known.with_columns(
        pl.concat_str(
            "topology" if down else pl.col("task_set"),
            *(["task_set"] if down and known.get_column("task_set").n_unique() > 1 else []),
            pl.when(settings_label(varied) != "").then(settings_label(varied)),
            separator=", ",
            ignore_nulls=True,
        ).alias("cell"),
        (pl.col("difference") * 100).alias("points"),
        pl.format(
            "{}{}",
            pl.when(pl.col("difference") > 0).then(pl.lit("+")).otherwise(pl.lit("")),
            (pl.col("difference") * 100).round(0).cast(pl.Int64),
        ).alias("text"),
        pl.lit(UNDECIDED).alias("open"),
    )
    k = int(known.get_column("k").max() or 1)  # pyright: ignore[reportArgumentType]
    reference = str(known.get_column("reference").first())
    most = max(float(frame.get_column("points").abs().max() or 0), 1.0)  # pyright: ignore[reportArgumentType]
    x = alt.X(**_field(across), axis=alt.Axis(labelAngle=0))
    rows: Any = _field(down) if down else {"shorthand": "topology:N", "title": None}
    y = alt.Y(**rows, sort="descending" if down else names(frame))
    colour = alt.Color(
        "points:Q",
        title="difference, points",
        scale=alt.Scale(domain=[-most, 0, most], range=[COLOURS[WORSE], MIDDLE, COLOURS[BETTER]]),
        legend=alt.Legend(gradientLength=180),
    )
    base = alt.Chart().encode(x=x, y=y)
    settled = alt.datum.conclusion != UNDECIDED
    tiles = base.mark_rect().encode(
        color=colour,
        opacity=alt.condition(settled, alt.value(1.0), alt.value(0.3)),
        tooltip=[
            "topology:N",
            *(alt.Tooltip(**_field(dial)) for dial in numeric_dials(frame)),
            alt.Tooltip("text:N", title="difference, points"),
            percent("low"),
            percent("high"),
            percent("level"),
            "conclusion:N",
        ],
    )
    dark = (abs(alt.datum.points) > 0.6 * most) & settled
    numbers = base.mark_text(fontSize=13, fontWeight=600, dy=-5).encode(
        text="text:N", color=alt.condition(dark, alt.value("white"), alt.value("#222222"))
    )
    unsure = base.transform_filter(alt.datum.conclusion == UNDECIDED).mark_text(
        fontSize=10, dy=9, color="#555555"
    )
    layers = alt.layer(tiles, numbers, unsure.encode(text="open:N")).properties(
        width=alt.Step(78), height=alt.Step(CELL)
    )
    counts = [int((known.get_column("conclusion") == c).sum()) for c in (BETTER, WORSE, UNDECIDED)]
    return styled(
        panels(layers, frame),
        f"Difference in pass^{k} to {reference}, in points{simulated(trials)}",
        [
            f"Of {known.height} cells {counts[0]} are better, {counts[1]} worse, "
            f"{counts[2]} undecided (pale)",
            "Decided: the interval leaves out 0; those of all cells hold together",
        ],
    )


def _field(dial: str) -> Any:
    """A channel's column, whose name may hold what Vega takes for a path."""
    name = re.sub(r"([.\[\]\\])", r"\\\1", dial)
    return {"field": name, "type": "ordinal", "title": spoken(dial)}


def axes(cells: pl.DataFrame) -> tuple[str, str | None]:
    """The dials across and down a map: the last one that varies, and the first if there are two."""
    varied = [
        dial for dial in numeric_dials(cells) if cells.get_column(dial).drop_nulls().n_unique() > 1
    ]
    if not varied:
        raise Refused(f"a map needs a dial that varies: {', '.join(DIALS)}")
    return varied[-1], varied[0] if len(varied) > 1 else None


def shares_chart(
    shares: pl.DataFrame, reference: str, profiles: int, likely: pl.DataFrame | None = None
) -> Any:
    """Shares of profiles: a panel for each topology, a row for each cell.

    `shares` are those of `results.questions.map.sensitivity.shares`, drawn as bars; where there are
    `likely` ones (`results.questions.map.share_of_profiles.estimated_shares`), their intervals
    stand in panels before them.
    """
    several = shares.get_column("task_set").n_unique() > 1
    where = pl.col("cell" if several else "place").alias("where")
    order = shares.select(where).to_series().unique(maintain_order=True).to_list()
    parts = [panels(_share_bars(order), _share_rows(shares, where), columns=1)]
    lines = [f"Against {reference}. Shown: the profile's own 95% interval leaves out 0"]
    if likely is not None and not likely.is_empty():
        rows = _likely_rows(likely, where)
        parts.insert(0, panels(_share_intervals(order), rows, columns=1))
        lines += [
            "Estimated: true of it, whether or not its own few trials can show it. Bars are 95% "
            "intervals, a dot the likeliest share",
            f"No dot where the interval is wider than {100 * WIDEST:g} points",
        ]
    return styled(
        alt.vconcat(*parts, spacing=30).resolve_scale(color="shared"),
        f"For what share of {profiles} plausible profiles a team does better or worse, simulated",
        lines,
    )


def _share_rows(shares: pl.DataFrame, where: pl.Expr) -> pl.DataFrame:
    ranks = {BETTER: 0, UNDECIDED: 1, WORSE: 2}
    return (
        shares.with_columns(
            where,
            pl.format("{}: shown by its own trials", "topology").alias("cell"),
            pl.col("conclusion").replace_strict(ranks, return_dtype=pl.Int64).alias("rank"),
            pl.when(pl.col("share") >= 0.06)
            .then(pl.format("{}%", (pl.col("share") * 100).round(0).cast(pl.Int64)))
            .otherwise(pl.lit(""))
            .alias("text"),
        )
        .sort("cell", "where", "rank")
        .with_columns(
            (pl.col("share").cum_sum().over("cell", "where") - pl.col("share") / 2).alias("middle")
        )
    )


def _likely_rows(likely: pl.DataFrame, where: pl.Expr) -> pl.DataFrame:
    return likely.filter(pl.col("conclusion").is_in([BETTER, WORSE])).with_columns(
        where,
        pl.format(f"{{}}: estimated, by more than {100 * MARGIN:g} points", "topology").alias(
            "cell"
        ),
        pl.when(pl.col("low").is_null()).then(0.5).alias("untold"),
    )


def _share_axes(order: Sequence[str]) -> tuple[Any, Any, Any]:
    """The row of a cell, how shares are laid along it, and the colours of conclusions."""
    y = alt.Y("where:N", title=None, sort=order, axis=alt.Axis(labelLimit=260))
    names = [BETTER, UNDECIDED, WORSE]
    palette = alt.Scale(domain=names, range=[COLOURS[name] for name in names])
    axis = alt.Axis(format="%", tickCount=5)
    x = {"title": "share of profiles", "axis": axis, "scale": alt.Scale(domain=[0, 1])}
    return y, x, alt.Color("conclusion:N", title=None, sort=names, scale=palette)


def _share_intervals(order: Sequence[str]) -> Any:
    y, x, colour = _share_axes(order)
    offset = alt.YOffset("conclusion:N", sort=[BETTER, WORSE])
    base = alt.Chart().encode(y=y, yOffset=offset)
    tooltip = ["cell:N", "where:N", "conclusion:N", *map(percent, ("share", "low", "high"))]
    bars = base.transform_filter("datum.low !== null").mark_bar(
        height=7, opacity=0.45, cornerRadius=3
    )
    dots = base.transform_filter("datum.share !== null").mark_point(size=55, filled=True, opacity=1)
    words = base.transform_filter("datum.untold !== null").mark_text(
        fontSize=10, fontStyle="italic", color="#555555"
    )
    return alt.layer(
        bars.encode(x=alt.X("low:Q", **x), x2="high:Q", color=colour, tooltip=tooltip),
        dots.encode(x="share:Q", color=colour, tooltip=tooltip),
        words.encode(x="untold:Q", text=alt.value("these trials cannot tell")),
    ).properties(width=420, height=alt.Step(19))


def _share_bars(order: Sequence[str]) -> Any:
    y, x, colour = _share_axes(order)
    base = alt.Chart().encode(y=y)
    bars = base.mark_bar(height=alt.RelativeBandSize(0.72)).encode(
        x=alt.X("share:Q", **x),
        color=colour,
        order=alt.Order("rank:Q"),
        tooltip=["cell:N", "where:N", "conclusion:N", *map(percent, ("share", "low", "high"))],
    )
    pale = alt.datum.conclusion == UNDECIDED
    texts = base.mark_text(fontSize=11).encode(
        x="middle:Q",
        text="text:N",
        color=alt.condition(pale, alt.value("#222222"), alt.value("white")),
    )
    return alt.layer(bars, texts).properties(width=420, height=alt.Step(34))


def deciders_chart(deciders: pl.DataFrame, most: int = 8) -> Any:
    """The parameters that decide most, from `map.sensitivity.deciders`: a panel for each cell.

    Dots are rank correlations with their 95% intervals; choices stand at their strength, without
    a sign. Hollow dots do not hold after correction over all parameters and cells.
    """
    known = deciders.filter(pl.col("strength").is_not_null())
    leading = (
        known.group_by("parameter")
        .agg(pl.col("strength").abs().max())
        .sort("strength", descending=True)
        .head(most)
        .get_column("parameter")
        .to_list()
    )
    frame = known.filter(pl.col("parameter").is_in(leading)).with_columns(
        pl.format("{}: {}", "topology", "place").alias("cell"),
        pl.col("parameter").str.replace_all("_", " "),
        (pl.col("q") <= 0.05).alias("holds"),
    )
    order = [name.replace("_", " ") for name in leading]
    base = alt.Chart().encode(y=alt.Y("parameter:N", title=None, sort=order))
    ticks = alt.Axis(values=[-1, -0.5, 0, 0.5, 1], format=".1~f")
    bounds = alt.Scale(domain=[-1, 1])
    zero = alt.Chart().mark_rule(color="#999999").encode(x=alt.datum(0, scale=bounds))
    bars = base.mark_rule(strokeWidth=2, color="#4C78A8").encode(
        x=alt.X("low:Q", title="rank correlation with the difference", scale=bounds, axis=ticks),
        x2="high:Q",
    )
    dots = base.mark_point(size=60, filled=True, color="#4C78A8", opacity=1).encode(
        x=alt.X("strength:Q", scale=bounds),
        fill=alt.condition(alt.datum.holds, alt.value("#4C78A8"), alt.value("white")),
        stroke=alt.value("#4C78A8"),
        shape=alt.Shape(
            "kind:N",
            title=None,
            scale=alt.Scale(range=["diamond", "circle"], domain=["choice", "number"]),
        ),
        tooltip=[
            "cell:N",
            "parameter:N",
            alt.Tooltip("strength:Q", format=".2f"),
            "best:N",
            alt.Tooltip("q:Q", format=".3f", title="p corrected"),
        ],
    )
    return styled(
        panels(alt.layer(zero, bars, dots).properties(width=250, height=alt.Step(22)), frame, 2),
        "Which parameters the difference depends on, simulated",
        [
            "To the right: the more of it, the more the difference is in the team's favour",
            "Filled: holds after correction over all parameters and cells. "
            "Diamonds are choices, without a direction",
        ],
    )
