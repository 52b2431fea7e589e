"""`fanout conflicts`: where agents that share a state got in each other's way, with the proof."""

import argparse
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from experiments.commands.output import columns, print_json, print_lines
from experiments.loading import near
from experiments.recorded.show import SHORT, find_trial, known_as
from experiments.recorded.witnesses import witness_lines
from experiments.refused import Refused
from results.charts.palette import simulated
from results.conflicts.declared import conflicts_of
from results.conflicts.harm import how_often, unchecked
from results.conflicts.histories import check_file, names_in, read_file
from results.reports.conflict_section import often_in_cells
from results.reports.conflict_tables import often_table
from results.store import RUNS, Run, find_run, open_run
from results.words import number

FILES = (".json", ".parquet")
KEYS = ("family", "kind")


def run(arguments: argparse.Namespace) -> int:
    """Carry out the command."""
    if arguments.top < 1:
        raise Refused(f"--top is {arguments.top}; it counts witnesses of a kind: at least 1")
    if Path(arguments.name).suffix in FILES:
        accesses, found = read_file(arguments.name), check_file(arguments.name)
        if arguments.trial is not None:
            known = names_in(arguments.name)
            if arguments.trial not in known:
                raise Refused(
                    f"there is no history {arguments.trial!r} in {arguments.name}; "
                    f"{near(arguments.trial, known)}"
                )
            mine = pl.col("trial_id") == arguments.trial
            accesses, found = accesses.filter(mine), found.filter(mine)
        return _told(arguments, found, _by_kind(found), _unseen(accesses))
    recorded = open_run(find_run(arguments.name, arguments.runs or RUNS))
    if arguments.trial is not None:
        trial = find_trial(recorded, arguments.trial)
        found = conflicts_of(recorded, trial)
        accesses = recorded.accesses.filter(pl.col("trial_id") == trial)
        return _told(arguments, found, _by_kind(found), _unseen(accesses))
    found = conflicts_of(recorded)
    told = _of_run(recorded, found)
    return _told(arguments, found, told, _unseen(recorded.accesses), recorded)


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


def _of_run(recorded: Run, found: pl.DataFrame) -> pl.DataFrame:
    """One row a kind, topology, task set and coupling: in what share of the graded trials."""
    often = how_often(recorded.trials, found, unknown=unchecked(recorded.accesses))
    return often.filter(pl.col("share") > 0)


def _told(
    arguments: argparse.Namespace,
    found: pl.DataFrame,
    summary: pl.DataFrame,
    notes: list[str],
    run: Run | None = None,
) -> int:
    """Prints what was found: in all of a run if `run` is given, else in a file or one trial."""
    if arguments.json:
        print_json({"summary": summary.to_dicts(), "findings": found.to_dicts(), "notes": notes})
        return 0
    print_lines(notes)
    if found.is_empty():
        if not any(note.startswith("Nothing") for note in notes):
            print("No conflict was found.")
        return 0
    print_lines(_by_kind_lines(summary) if run is None else _of_run_lines(run, found))
    print()
    one = arguments.trial is not None
    shown = found if one else first_of_kinds(found, arguments.top)
    print_lines(witness_lines(shown, 0 if one else None if run is None else SHORT))
    if run is not None:
        print(f"\n`fanout show {known_as(run)} TRIAL` shows one of these trials, step by step")
    return 0


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
    table = often_table(often_in_cells(trials, found, unchecked(run.accesses, trials)))
    yield f"{table.title}{simulated(trials)}, in shares of graded trials"
    for cell, rows in table.groups:
        yield f"\n{cell}"
        yield from columns([table.columns, *rows])
