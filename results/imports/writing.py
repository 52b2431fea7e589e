"""Makes a recorded run of imported frames, so that whatever opens runs opens them too."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from results.journal import FILE, Journal, Record, entry
from results.records import SCHEMAS
from results.refused import Refused
from results.store import MANIFEST, compact, write_manifest


def write_run(
    folder: Path, frames: Mapping[str, pl.DataFrame], name: str, source: Mapping[str, Any]
) -> None:
    """Write the four frames as a run in `folder`. `Refused` if a run is there already.

    The manifest says that the run is imported and from what (`source`), and only what the frames
    tell: no sweep, no seed, no limits.
    """
    if (folder / MANIFEST).exists() or (folder / FILE).exists():
        raise Refused(f"{folder} holds a run already; choose another name with --name")
    trials = frames["trials"]
    repeats = trials.group_by("topology", "task_set", "task").len().get_column("len")
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
        for position, record in enumerate(records(frames)):
            book.add(position, entry(record))
        book.end(session, now, "complete")
    compact(folder)


def records(frames: Mapping[str, pl.DataFrame]) -> Iterator[Record]:
    """The frames trial by trial, in the order of `trials`."""
    rows = {
        name: {
            key[0]: part
            for key, part in frames[name]
            .partition_by("trial_id", as_dict=True, maintain_order=True)
            .items()
        }
        for name in SCHEMAS
    }
    for trial_id in frames["trials"].get_column("trial_id").to_list():
        yield {
            name: rows[name][trial_id].to_dicts() if trial_id in rows[name] else []
            for name in SCHEMAS
        }
