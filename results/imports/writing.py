"""Makes a recorded run of imported frames, so that whatever opens runs opens them too.

Whoever brings the frames, every row is held to the schema and to the rows that it refers to, before
anything is written.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from results.imports.fields import checked_row, with_required
from results.imports.possible import Together, possible_trial
from results.journal import FILE, Journal, Record, entry
from results.parquet import compact
from results.records import SCHEMAS, frame
from results.refused import Refused
from results.store import MANIFEST, write_manifest

Row = dict[str, Any]


def write_run(
    folder: Path, frames: Mapping[str, pl.DataFrame], name: str, source: Mapping[str, Any]
) -> None:
    """Write the frames as a run in `folder`. `Refused` if a run is there, or a row cannot be.

    A frame that is left out, or a column, is one that nothing is known of. The manifest says that
    the run is imported and from what (`source`), and only what the frames tell: no sweep, no seed,
    no limits.
    """
    if (folder / MANIFEST).exists() or (folder / FILE).exists():
        raise Refused(f"{folder} holds a run already; choose another name with --name")
    held = list(checked(frames))
    trials = frame("trials", (row for record in held for row in record["trials"]))
    repeats = trials.group_by("topology", "task_set", "task").len().get_column("len")
    entries = [entry(record) for record in held]
    now = datetime.now(UTC).isoformat(timespec="seconds")
    write_manifest(
        folder,
        {
            "name": name,
            "question": "What do these recorded runs show?",
            "imported": {**source, "at": now},
            "planned": trials.height,
            "trials": repeats.max(),
            "simulated": bool(trials.get_column("simulated").any()),
            "command": source.get("command"),
        },
    )
    with Journal(folder, write=True) as book:
        session = book.begin(now)
        for position, one in enumerate(entries):
            book.add(position, one)
        book.end(session, now, "complete")
    compact(folder)


def checked(frames: Mapping[str, pl.DataFrame]) -> Iterator[Record]:
    """The frames trial by trial, in the order of `trials`; `Refused` in words that name the row."""
    unknown = [name for name in frames if name not in SCHEMAS]
    if unknown or "trials" not in frames:
        wrong = f"there is {unknown[0]!r}" if unknown else "there are no 'trials'"
        raise Refused(f"{wrong} among the frames; they are {', '.join(SCHEMAS)}")
    parts = {name: _by_trial(name, given) for name, given in frames.items()}
    together = Together()
    for number, trial in enumerate(frames["trials"].iter_rows(named=True)):
        where = f"trials[{number}]"
        own = {name: part.pop(trial["trial_id"], None) for name, part in parts.items()}
        try:
            record = {
                name: [] if rows is None else [*_checked_rows(name, rows.iter_rows(named=True))]
                for name, rows in own.items()
            }
            record = {name: record.get(name, list[Row]()) for name in SCHEMAS}
            record["trials"] = [*_checked_rows("trials", [trial])]
            possible_trial(record)
            together.add(record["trials"][0], where)
        except Refused as error:
            raise Refused(f"{where}, {trial['trial_id']!r}: {error}") from error
        yield record
    for name, part in parts.items():
        if part:
            raise Refused(
                f"{name} has rows of {next(iter(part))!r}, which is not in trials; add it, or "
                "drop them"
            )
    if not together:
        raise Refused("there are no trials")


def _checked_rows(name: str, rows: Iterable[Row]) -> Iterator[Row]:
    for number, row in enumerate(rows):
        where = "the trial" if name == "trials" else f"{name}[{number}]"
        yield with_required(name, checked_row(name, row, where), where)


def _by_trial(name: str, given: object) -> dict[object, pl.DataFrame]:
    if not isinstance(given, pl.DataFrame):
        raise Refused(
            f"{name} is {type(given).__name__}; give a Polars frame, as results.records.frame makes"
        )
    if "trial_id" not in given.columns:
        raise Refused(f"{name} has no column 'trial_id'; it says which trial a row belongs to")
    found = given.partition_by("trial_id", as_dict=True, maintain_order=True)
    return {key[0]: part for key, part in found.items()}
