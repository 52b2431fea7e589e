"""How charts look: one colour for each topology everywhere, readable by the colour-blind."""

import re
from collections.abc import Sequence
from typing import Any

import altair as alt
import polars as pl

from results.simulation import simulation

TOPOLOGY_COLOURS = {
    "single_thread": "#0072B2",
    "lead_subagents": "#D55E00",
    "serial_team": "#009E73",
    "shared_trace": "#CC79A7",
    "single_writer": "#E69F00",
    "independent": "#56B4E9",
    "self_consistency": "#882255",
}
"""Okabe and Ito's palette and a wine of Tol's; others take the next of SPARE_COLOURS by name."""

SPARE_COLOURS = ("#44AA99", "#332288", "#999933", "#000000")
ROLE_COLOURS = {"single": "#4C78A8", "agent": "#4C78A8", "lead": "#33506F", "subagent": "#9CC3E6"}
SPARE_ROLES = ("#B79A5B", "#7A7A7A", "#C9A9C9", "#5E8F72", "#D8C48A")
COLUMNS, WIDTH, HEIGHT = 3, 230, 180
"""Panels side by side, and the size of each in pixels."""

FONT = "Helvetica Neue, Helvetica, Arial, Liberation Sans, sans-serif"


def colours(
    names: Sequence[str], fixed: dict[str, str], spare: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Names (those with a fixed colour first, in its order) and their colours."""
    known = [name for name in fixed if name in names]
    others = sorted(set(names) - set(fixed))
    return [*known, *others], [
        *(fixed[name] for name in known),
        *(spare[at % len(spare)] for at in range(len(others))),
    ]


def topology_colour(names: Sequence[str], title: str | None = None) -> alt.Color:
    """The colour channel of a frame whose column `topology` holds `names`."""
    domain, palette = colours(names, TOPOLOGY_COLOURS, SPARE_COLOURS)
    return alt.Color(
        "topology:N", title=title, scale=alt.Scale(domain=domain, range=palette), sort=domain
    )


def role_colour(names: Sequence[str]) -> alt.Color:
    """The colour channel of a frame whose column `role` holds `names`."""
    domain, palette = colours(names, ROLE_COLOURS, SPARE_ROLES)
    return alt.Color(
        "role:N", title=None, scale=alt.Scale(domain=domain, range=palette), sort=domain
    )


def headed(title: str, subtitle: Sequence[str]) -> alt.TitleParams:
    """The title of a chart with the lines below it."""
    return alt.TitleParams(
        title,
        subtitle=list(subtitle),
        anchor="start",
        fontSize=15,
        fontWeight=600,
        subtitleFontSize=12,
        subtitleColor="#555555",
        subtitlePadding=4,
        offset=14,
    )


def styled(chart: Any, title: str, subtitle: Sequence[str]) -> Any:
    """The chart with its title, subtitle lines and the look that all charts share."""
    text = "#222222"
    return (
        chart.properties(
            description=title,
            title=headed(title, subtitle),
            background="white",
        )
        .configure(font=FONT)
        .configure_view(stroke=None)
        .configure_axis(
            labelFontSize=11,
            titleFontSize=11,
            titleFontWeight="normal",
            titleColor=text,
            labelColor=text,
            gridColor="#E6E6E6",
            domainColor="#999999",
            tickColor="#999999",
        )
        .configure_header(labelFontSize=12, labelFontWeight=600, labelColor=text, title=None)
        .configure_legend(
            orient="top",
            labelFontSize=12,
            labelColor=text,
            labelLimit=300,
            offset=14,
            symbolOpacity=1,
        )
        .configure_facet(spacing=24)
    )


def offline(chart: Any) -> Any:
    """The chart with a menu that saves pictures and holds no link out of this machine."""
    actions = {"export": True, "source": False, "compiled": False, "editor": False}
    return chart.properties(usermeta={"embedOptions": {"actions": actions}})


def names(frame: pl.DataFrame) -> list[str]:
    """The topologies of a frame, in the order of their colours."""
    return colours(frame.get_column("topology").unique().to_list(), TOPOLOGY_COLOURS, "#")[0]


def percent(name: str) -> alt.Tooltip:
    """A share as a tooltip entry."""
    return alt.Tooltip(f"{name}:Q", format=".1%", title=name.replace("_", " "))


def simulated(trials: pl.DataFrame) -> str:
    """What a title adds when any of the trials is simulated."""
    word = simulation(trials)
    return f", {word}" if word else ""


def panels(
    chart: Any, frame: pl.DataFrame, columns: int = COLUMNS, cells: Sequence[str] | None = None
) -> Any:
    """The chart once for each value of `cell`, in order (4 before 16), each with its own x axis.

    `cells` are those values in another order.

    The rows go in as they are, since Altair refuses frames of more than 5,000.
    """
    if cells is None:
        cells = sorted(frame.get_column("cell").unique().to_list(), key=_numbers_in_order)
    header = alt.Header(labelLimit=WIDTH + 60, labelAnchor="start")
    panel = alt.Facet("cell:N", title=None, sort=cells, header=header)
    return (
        chart.properties(data=alt.InlineData(values=frame.to_dicts()))
        .facet(facet=panel, columns=min(columns, max(len(cells), 1)))
        .resolve_axis(x="independent")
    )


def _numbers_in_order(text: str) -> list[tuple[float, str]]:
    """A sorting key: parts that are numbers sort as numbers."""
    parts = re.split(r"(\d+(?:\.\d+)?)", text)
    return [(float(part), "") if at % 2 else (0.0, part) for at, part in enumerate(parts)]
