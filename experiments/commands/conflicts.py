"""`fanout conflicts`: where agents that share a state got in each other's way, with the proof."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from experiments.commands.output import columns, print_json, print_lines
from experiments.loading import near
from experiments.show import find_trial
from experiments.witnesses import witness_lines
from results.conflicts.declared import conflicts_of
from results.conflicts.harm import how_often, unchecked
from results.conflicts.histories import check_file, read_file
from results.reports.tables import number, percent_interval
from results.store import RUNS, Run, find_run, open_run

FILES = (".json", ".parquet")
KEYS = ("family", "kind")


def run(arguments: argparse.Namespace) -> int:
    """Carry out the command."""
    if arguments.top < 1:
        raise ValueError(f"--top is {arguments.top}; it counts witnesses of a kind: at least 1")
    if Path(arguments.name).suffix in FILES:
        if arguments.trial is not None and arguments.runs is not None:
            raise ValueError("a file of histories is not looked for in --runs")
        accesses, found = read_file(arguments.name), check_file(arguments.name)
        if arguments.trial is not None:
            mine = pl.col("trial_id") == _history(accesses, arguments.trial)
            accesses, found = accesses.filter(mine), found.filter(mine)
        return _told(arguments, found, _by_kind(found), _unseen(accesses))
    recorded = open_run(find_run(arguments.name, arguments.runs or RUNS))
    if arguments.trial is not None:
        trial = find_trial(recorded, arguments.trial)
        found = conflicts_of(recorded, trial)
        accesses = recorded.accesses.filter(pl.col("trial_id") == trial)
        return _told(arguments, found, _by_kind(found), _unseen(accesses))
    found = conflicts_of(recorded)
    return _told(arguments, found, _of_run(recorded, found), _unseen(recorded.accesses))


def _history(accesses: pl.DataFrame, name: str) -> str:
    """The history of that name, clean or not."""
    known = accesses.get_column("trial_id").unique().sort().to_list()
    if name not in known:
        raise ValueError(f"there is no history {name!r}; {near(name, known)}")
    return name


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
    arguments: argparse.Namespace, found: pl.DataFrame, summary: pl.DataFrame, notes: list[str]
) -> int:
    shown = found if arguments.trial is not None else first_of_kinds(found, arguments.top)
    if arguments.json:
        print_json({"summary": summary.to_dicts(), "findings": found.to_dicts(), "notes": notes})
        return 0
    print_lines(notes)
    if found.is_empty():
        if not any(note.startswith("Nothing") for note in notes):
            print("No conflict was found.")
        return 0
    print_lines(_summary_lines(summary))
    print()
    print_lines(witness_lines(shown, named=arguments.trial is None))
    return 0


def first_of_kinds(found: pl.DataFrame, top: int) -> pl.DataFrame:
    """The first `top` findings of each kind; wasted work, the plainest, comes last."""
    last = pl.col("kind") == "wasted-work"
    return found.group_by(KEYS, maintain_order=True).head(top).sort(last, maintain_order=True)


def _summary_lines(summary: pl.DataFrame) -> Iterator[str]:
    if "share" not in summary.columns:
        heading = ["kind", "found in", "findings"]
        rows = [
            [row["kind"], number(row["trials"]), number(row["findings"])]
            for row in summary.iter_rows(named=True)
        ]
    else:
        heading = ["kind", "topology", "task set", "coupling", "trials", "with it", "per trial"]
        rows = [_row(row) for row in summary.iter_rows(named=True)]
    yield from columns([heading, *rows])


def _row(row: dict[str, Any]) -> list[str]:
    coupling = "-" if row["coupling"] is None else f"{row['coupling']:g}"
    share = percent_interval(row["share"], row["low"], row["high"])
    per_trial = number(row["per_trial"], 2)
    topology, task_set, trials = row["topology"], row["task_set"], number(row["trials"])
    return [row["kind"], topology, task_set, coupling, trials, share, per_trial]
