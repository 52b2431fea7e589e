"""Report: the map of a sweep with a grid."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from results.charts.map import phase_map_chart
from results.questions.map.phase_map import (
    BETTER,
    UNDECIDED,
    WORSE,
    contrasts,
    dials_of,
    phase_map,
)
from results.questions.map.sensitivity import PROFILES
from results.reports.parts import Section
from results.reports.sensitivity_section import sensitivity_section
from results.store import MANIFEST, Run, open_run
from results.strata import spoken
from results.table import Row, Table, difference_columns, grouped
from results.view import View
from results.words import many, number, points

LEAST_CELLS = 3
SUFFIX = "-sensitivity"


def map_section(view: View) -> Section | None:
    """The section; None for a run of one topology, or without a dial that takes several values.

    If a sensitivity run of the same name lies beside the run, its shares are the second view.
    """
    trials, reference, k, by = view.trials, view.reference, view.k, view.by
    if not dials_of(trials) or len(view.topologies) < 2:
        return None
    cells = phase_map(trials, reference, k, view.levels, by)
    known = cells.filter(pl.col("conclusion").is_not_null())
    if known.height < LEAST_CELLS:
        return None
    moved = contrasts(trials, reference, k, by)
    start = "In simulation" if view.simulated else "Here"
    sentences = (*contrast_sentences(moved, start), *cell_sentences(known, start))
    tables = (contrast_table(moved), map_table(cells, k))
    charts = {"phase_map": phase_map_chart(trials, cells, by)}
    beside = _beside(view.folder)
    if beside is not None:
        second = sensitivity_section(beside)
        sentences += second.sentences
        charts |= second.charts
    return Section("The map", sentences, tables, charts)


def contrast_sentences(moved: pl.DataFrame, start: str) -> Iterator[str]:
    """What `results.questions.map.phase_map.contrasts` says of each topology and dial."""
    for row in moved.iter_rows(named=True):
        who, dial = row["topology"], spoken(row["dial"])
        way = f"{dial} {row['least']:g} to {row['most']:g}"
        if row["tied"]:
            also = " and ".join(spoken(name) for name in row["tied"])
            yield (
                f"{start}, {row['task_set']}: {dial} never moves without {also} in these cells, so "
                f"that what it does to the difference of {who} cannot be told apart."
            )
            continue
        if row["change"] is None:
            yield f"{start}, {row['task_set']}: how {who} moves from {way} cannot be told."
            continue
        span = points(row["change"], row["low"], row["high"])
        said = "changes by" if _leaves_out_0(row) else "is not known to change:"
        yield (
            f"{start}, {row['task_set']}: from {way} the difference of {who} to "
            f"{row['reference']} in pass^{row['k']} {said} {span} points, all cells together "
            f"({row['tasks']} tasks, {row['cells']} cells; {100 * row['level']:.4g}% interval)."
        )


def cell_sentences(known: pl.DataFrame, start: str) -> Iterator[str]:
    """For each topology, in how many cells it is better, worse or undecided."""
    for (topology,), rows in known.group_by(["topology"], maintain_order=True):
        counts = [int((rows["conclusion"] == name).sum()) for name in (BETTER, WORSE, UNDECIDED)]
        yield (
            f"{start}, {topology} is better than {rows['reference'][0]} in {counts[0]} of "
            f"{many(rows.height, 'cell')}, worse in {counts[1]} and undecided in {counts[2]}."
        )


def contrast_table(moved: pl.DataFrame) -> Table:
    """The contrasts, by task set."""
    return grouped(
        moved.with_columns(pl.col("task_set").alias("cell")),
        "How the difference moves along a dial",
        [
            ("topology", lambda row: row["topology"]),
            (
                "dial",
                lambda row: f"{spoken(row['dial'])} {row['least']:g} to {row['most']:g}",
            ),
            ("change, points", lambda row: points(row["change"], row["low"], row["high"])),
            ("tasks", lambda row: number(row["tasks"])),
        ],
        "A linear model of the paired differences of all cells, each base task with a level of its "
        "own; errors clustered by base task, t with one degree of freedom less than tasks. The "
        "intervals of all rows hold together (Bonferroni).",
    )


def map_table(cells: pl.DataFrame, k: int) -> Table:
    """Every cell of the map with its conclusion."""
    return grouped(
        cells,
        f"The cells of the map, pass^{k}",
        [
            ("topology", lambda row: row["topology"]),
            *difference_columns(),
            ("conclusion", lambda row: row["conclusion"] or "-"),
        ],
        "A cell is decided if its interval for tasks like these leaves out 0. The intervals of all "
        "cells hold together, and are those of the verdicts.",
    )


def _leaves_out_0(row: Row) -> bool:
    return row["low"] is not None and (row["low"] > 0 or row["high"] < 0)


def _beside(folder: Path | None) -> Run | None:
    """The sensitivity run of the same name beside a run that lies in a folder; None without."""
    if folder is None:
        return None
    there = folder.with_name(folder.name + SUFFIX)
    if not (there / MANIFEST).exists():
        return None
    found = open_run(there)
    return found if PROFILES in found.manifest and not found.trials.is_empty() else None
