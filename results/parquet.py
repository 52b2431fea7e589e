"""The frames of a run as Parquet: made from its journal, and read instead of it where whole."""

import json
import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl

from results import journal
from results.disk import write_whole
from results.journal import Journal, Record
from results.records import SCHEMAS, frame
from results.refused import Refused

FRAMES = "frames.json"
PARTITIONED = ("steps", "accesses")
LATER = ("reports",)
"""Frames that older runs do not have."""
TRIALS_A_FILE = 1000


def compact(folder: Path) -> None:
    """Write the journal's frames as Parquet, unless they are there already."""
    with Journal(folder) as book:
        last = book.last()
        if _marker(folder).get("records") == last:
            return
        (folder / FRAMES).unlink(missing_ok=True)
        for name in PARTITIONED:
            shutil.rmtree(folder / name, ignore_errors=True)
        whole: dict[str, list[pl.DataFrame]] = {name: [] for name in SCHEMAS}
        heights = dict.fromkeys(SCHEMAS, 0)
        for topology in book.topologies():
            for number, records in enumerate(_batches(book.records(topology))):
                for name in SCHEMAS:
                    rows = _rows(name, records)
                    heights[name] += rows.height
                    if name not in PARTITIONED:
                        whole[name].append(rows)
                        continue
                    file = _partition(folder, name, topology) / f"{number:04d}.parquet"
                    file.parent.mkdir(parents=True, exist_ok=True)
                    rows.write_parquet(file)
        for name in SCHEMAS:
            if name not in PARTITIONED:
                pl.concat([frame(name, []), *whole[name]]).write_parquet(folder / f"{name}.parquet")
        write_whole(folder / FRAMES, {"records": last, "rows": heights})


def load(folder: Path, name: str) -> pl.DataFrame:
    """A frame of the run in `folder`. `Refused` if it cannot be read."""
    has_journal = (folder / journal.FILE).exists()
    marker = _marker(folder)
    if not has_journal or (marker and marker.get("records") == _last(folder)):
        try:
            found = _from_parquet(folder, name)
            if marker and found.height != marker["rows"].get(name, 0):
                raise Refused(f"{found.height} of {marker['rows'][name]} rows are there")
            return found
        except (pl.exceptions.PolarsError, OSError, ValueError, KeyError, TypeError) as error:
            if not has_journal:
                text = str(error).splitlines()[0]
                raise Refused(f"the {name} of {folder} cannot be read: {text}") from error
    with Journal(folder) as book:
        parts = [
            _rows(name, records)
            for topology in book.topologies()
            for records in _batches(book.records(topology))
        ]
    return pl.concat([frame(name, []), *parts])


def _from_parquet(folder: Path, name: str) -> pl.DataFrame:
    files = [folder / f"{name}.parquet"]
    if name in PARTITIONED:
        trials = pl.read_parquet(folder / "trials.parquet", columns=["topology"])
        order = trials.get_column("topology").unique(maintain_order=True).to_list()
        files = [f for t in order for f in sorted(_partition(folder, name, t).glob("*.parquet"))]
    # An older kit did not write every frame.
    files = [file for file in files if file.exists() or name not in LATER]
    # The folder names repeat a column of trials; a frame has the fields of its schema alone.
    parts = [pl.read_parquet(file, hive_partitioning=False) for file in files]
    for file, part in zip(files, parts, strict=True):
        if not part.schema.items() <= SCHEMAS[name].items():
            raise Refused(f"{file} does not have the fields of {name}")
    # What an older kit did not record is null.
    return pl.concat([frame(name, []), *parts], how="diagonal")


def _rows(name: str, records: list[Record]) -> pl.DataFrame:
    return frame(name, (row for record in records for row in record.get(name, ())))


def _batches(records: Iterator[Record]) -> Iterator[list[Record]]:
    while batch := list(islice(records, TRIALS_A_FILE)):
        yield batch


def _partition(folder: Path, name: str, topology: str) -> Path:
    return folder / name / f"topology={quote(topology, safe='')}"


def _marker(folder: Path) -> dict[str, Any]:
    """What the Parquet files hold; empty if they are not whole."""
    try:
        return dict(json.loads((folder / FRAMES).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def _last(folder: Path) -> int:
    with Journal(folder) as book:
        return book.last()
