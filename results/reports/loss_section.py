"""Report: what a team lost to one thread, and which part of it being at work at once cost."""

from collections.abc import Iterator

import polars as pl

from results.conflicts.lost import SERIAL, SINGLE, TEAM, lost_points
from results.reports.parts import Section
from results.strata import cell_label
from results.table import Row, grouped
from results.view import View
from results.words import number, on, percent, points, tenths


def loss_section(view: View) -> Section | None:
    """The section; None for a run without one thread, the team at once and the team in turn."""
    lost = lost_points(view.trials, view.by)
    if lost.is_empty():
        return None
    lost = lost.with_columns(cell_label(view.by))
    table = grouped(
        lost,
        "Beside one thread, in points of trials that pass",
        [
            ("one thread", lambda row: percent(row["single"])),
            ("team in turn", lambda row: percent(row["serial"])),
            ("team at once", lambda row: percent(row["team"])),
            ("delegating", lambda row: _points(row, "delegation")),
            ("being at work at once", lambda row: _points(row, "concurrency")),
            ("both", lambda row: _points(row, "total")),
            ("pairs", lambda row: number(row["pairs"])),
        ],
        f"Delegating: {SERIAL} minus {SINGLE}. Being at work at once: {TEAM} minus {SERIAL}, by "
        "pairs of trials with the same luck, so its interval is about these tasks; the others are "
        "about tasks like these.",
    )
    return Section(
        "What delegating cost, and what being at work at once",
        tuple(_sentences(lost, on(view.simulated))),
        (table,),
    )


def _points(row: Row, name: str) -> str:
    return points(row[name], row[f"{name}_low"], row[f"{name}_high"])


def _sentences(lost: pl.DataFrame, start: str) -> Iterator[str]:
    for row in lost.iter_rows(named=True):
        if None in (row["total"], row["delegation"], row["concurrency"]):
            continue
        if row["total"] >= 0:
            yield (
                f"{start} {row['cell']} the team passed {percent(row['team'])} of its trials and "
                f"one thread {percent(row['single'])}: nothing was lost."
            )
            continue
        parts = (
            f"{_lost(row, 'delegation')} by delegating and {_lost(row, 'concurrency')} by being at "
            "work at once"
        )
        yield (
            f"{start} {row['cell']} the team passed {percent(row['team'])} of its trials and one "
            f"thread {percent(row['single'])}: of {abs(tenths(row['total'])):.1f} points lost, "
            f"{parts}."
        )


def _lost(row: Row, name: str) -> str:
    """Points lost by one of the two, and whether that can be told from none."""
    amount = f"{0.0 - tenths(row[name]):.1f}"
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    unsure = low is None or low <= 0 <= high
    return f"{amount} (not to be told from none)" if unsure else amount
