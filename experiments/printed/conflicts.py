"""The conflicts of a run, of a trial or of a file of histories, as tables with their witnesses."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from experiments.printed.output import columns
from experiments.recorded.show import find_trial, known_as
from experiments.recorded.witnesses import witness_lines
from experiments.refused import Refused
from results.charts.palette import simulated
from results.conflicts.declared import conflicts_of
from results.conflicts.harm import how_often, unchecked
from results.conflicts.histories import check_file, names_in, read_file
from results.reports.conflict_section import often_in_cells
from results.reports.conflict_tables import often_table
from results.store import Run
from results.view import view_of
from results.words import number
from tasks.finder import near

KEYS = ("family", "kind")


@dataclass(frozen=True)
class Told:
    """Findings, how often each kind is found, and what nothing can be said of.

    `run` is the run that all of it is about; None for a file, or for `one` trial or history.
    """

    found: pl.DataFrame
    summary: pl.DataFrame
    notes: list[str]
    one: bool
    run: Run | None = None


def in_file(file: str, history: str | None) -> Told:
    """What is in a file of histories, or in one of them. `Refused` if there is none such."""
    accesses, found = read_file(file), check_file(file)
    if history is not None:
        known = names_in(file)
        if history not in known:
            raise Refused(f"there is no history {history!r} in {file}; {near(history, known)}")
        mine = pl.col("trial_id") == history
        accesses, found = accesses.filter(mine), found.filter(mine)
    return Told(found, _by_kind(found), _unseen(accesses), history is not None)


def in_run(run: Run, trial: str | None) -> Told:
    """What is in a run, or in the trial of it that `trial` names. `Refused` if there is none."""
    if trial is None:
        found = conflicts_of(run)
        often = how_often(run.trials, found, unknown=unchecked(run.accesses))
        shown = often.filter(pl.col("share") > 0)
        return Told(found, shown, _unseen(run.accesses), one=False, run=run)
    named = find_trial(run, trial)
    found = conflicts_of(run, named)
    accesses = run.accesses.filter(pl.col("trial_id") == named)
    return Told(found, _by_kind(found), _unseen(accesses), one=True)


def conflict_lines(told: Told, top: int) -> Iterator[str]:
    """The tables, and the first `top` witnesses of each kind, or all of one trial."""
    yield from told.notes
    if told.found.is_empty():
        if not any(note.startswith("Nothing") for note in told.notes):
            yield "No conflict was found."
        return
    if told.run is None:
        yield from _by_kind_lines(told.summary)
    else:
        yield from _of_run_lines(told.run, told.found)
    yield ""
    shown = told.found if told.one else first_of_kinds(told.found, top)
    yield from witness_lines(shown, named=not told.one)
    if told.run is not None:
        yield ""
        yield f"`fanout show {known_as(told.run)} TRIAL` shows one of these trials, step by step"


def _unseen(accesses: pl.DataFrame) -> list[str]:
    """What nothing can be said of: an empty record is no sound one."""
    if accesses.is_empty():
        return ["Nothing could be checked: no accesses are recorded."]
    unknown, trials = len(unchecked(accesses)), accesses.get_column("trial_id").n_unique()
    if unknown == trials:
        return ["Nothing could be checked: the accesses have no versions (private copies)."]
    return [f"{unknown} trials could not be checked: no versions (private copies)"] * (unknown > 0)


def _by_kind(found: pl.DataFrame) -> pl.DataFrame:
    """One row a kind: in how many trials or histories, and how many findings."""
    return (
        found.group_by(KEYS)
        .agg(pl.col("trial_id").n_unique().alias("trials"), pl.len().alias("findings"))
        .sort(KEYS)
    )


def first_of_kinds(found: pl.DataFrame, top: int) -> pl.DataFrame:
    """The first `top` findings of each kind; wasted work, the plainest, comes last."""
    last = pl.col("kind") == "wasted-work"
    return found.group_by(KEYS, maintain_order=True).head(top).sort(last, maintain_order=True)


def _by_kind_lines(summary: pl.DataFrame) -> Iterator[str]:
    rows = summary.select(
        "kind", *(pl.col(name).map_elements(number, pl.String) for name in ("trials", "findings"))
    )
    yield from columns([["kind", "found in", "findings"], *(list(row) for row in rows.iter_rows())])


def _of_run_lines(run: Run, found: pl.DataFrame) -> Iterator[str]:
    trials = run.trials
    table = often_table(often_in_cells(view_of(run), found, unchecked(run.accesses, trials)))
    yield f"{table.title}{simulated(trials)}, in shares of graded trials"
    for cell, rows in table.groups:
        yield f"\n{cell}"
        yield from columns([table.columns, *rows])
