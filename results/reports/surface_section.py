"""Report: how reliability bends over k, wording and faults: one picture, one table."""

from functools import partial

import polars as pl

from results.charts.resilience_surface import place, reliability_surface
from results.reports.parts import Section
from results.resilience.surface import AXES, spans_a_surface, surface
from results.strata import cell_label
from results.table import Row, grouped
from results.view import View
from results.words import percent_interval


def surface_section(view: View) -> Section | None:
    """The section; None where neither wording nor faults were varied, or nothing is graded."""
    if view.trials["passed"].null_count() == view.trials.height or not spans_a_surface(view.trials):
        return None
    by = [name for name in view.by if name not in AXES]
    found = surface(view.trials, by).with_columns(cell_label(by), place())
    ks: list[int] = found["k"].unique().sort().to_list()
    wide = found.group_by("cell", "topology", "place", maintain_order=True).agg(
        pl.struct("k", "pass_hat", "low", "high").alias("at")
    )
    table = grouped(
        wide,
        "Pass^k by wording and faults",
        [
            ("topology", lambda row: row["topology"]),
            ("wording and faults", lambda row: row["place"]),
            *((f"k = {k}", partial(_at, k)) for k in ks),
        ],
        "With the 95% posterior interval for tasks like these.",
    )
    said = "A single trial in plain words with nothing wrong is one corner of what follows."
    charts = {"reliability_surface": reliability_surface(view)}
    return Section("The surface of reliability", (said,), (table,), charts)


def _at(k: int, row: Row) -> str:
    (point,) = (one for one in row["at"] if one["k"] == k)
    return percent_interval(point["pass_hat"], point["low"], point["high"])
