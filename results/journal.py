"""The journal of a run: every trial's record, written the moment the trial ends.

One SQLite file in WAL mode with one compressed record a row, only ever added to. A process that is
killed at any moment loses nothing that was written. Rerunning a crashed trial adds a second
attempt; the newest attempt is the one that counts, and the cost of all of them does.
"""

import json
import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from results.disk import locked, of_the_disk, unwritable
from results.records import SCHEMAS
from results.refused import Refused

FILE = "journal.sqlite"

Record = Mapping[str, Sequence[Mapping[str, Any]]]
"""Frame name to rows, as in `results.records`, of a single trial."""

_TABLES = """
BEGIN;
CREATE TABLE IF NOT EXISTS records (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    trial_id TEXT NOT NULL, attempt INTEGER NOT NULL, position INTEGER NOT NULL,
    topology TEXT NOT NULL, ended TEXT NOT NULL, passed INTEGER, tokens INTEGER, dollars REAL,
    record BLOB NOT NULL,
    UNIQUE (trial_id, attempt)
);
CREATE TABLE IF NOT EXISTS sessions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    began TEXT NOT NULL, ended TEXT, outcome TEXT
);
CREATE TABLE IF NOT EXISTS spent (
    session INTEGER NOT NULL, trial_id TEXT NOT NULL,
    calls INTEGER NOT NULL, tokens INTEGER, dollars REAL,
    PRIMARY KEY (session, trial_id)
);
CREATE TRIGGER IF NOT EXISTS recorded AFTER INSERT ON records BEGIN
    DELETE FROM spent
    WHERE trial_id = NEW.trial_id AND session = (SELECT max(number) FROM sessions);
END;
COMMIT;
"""
_COLUMNS = {
    "records": "number, trial_id, position, topology, ended, passed, tokens, dollars, record",
    "sessions": "number, began, ended, outcome",
}
_NEWEST = "number IN (SELECT max(number) FROM records GROUP BY trial_id)"


class Entry(NamedTuple):
    """A trial's record, packed, and what is asked of it while a sweep runs.

    `tokens` (prompt and completion) and `dollars` are what was spent, whether or not it crashed.
    """

    trial_id: str
    topology: str
    ended: str
    passed: bool | None
    tokens: int | None
    dollars: float | None
    packed: bytes


class Spent(NamedTuple):
    """What a trial used that has no record of it; null where any call did not tell."""

    trial_id: str
    calls: int
    tokens: int | None
    dollars: float | None


@dataclass(frozen=True)
class Session:
    """One sitting in which trials were run; `ended` and `outcome` are null if it was killed."""

    began: str
    ended: str | None
    outcome: str | None


def entry(record: Record) -> Entry:
    """The record as it is written to a journal. `Refused` for what does not fit the schemas."""
    for name, rows in record.items():
        if name not in SCHEMAS:
            raise Refused(f"a record has no frame {name!r}; it has {', '.join(SCHEMAS)}")
        known = SCHEMAS[name]
        unknown = {key for row in rows for key in row if key not in known}
        if unknown:
            raise Refused(f"{name} has no field {', '.join(sorted(unknown))}")
    (trial,) = record["trials"]
    tokens, dollars = _spent(record.get("steps", ()))
    return Entry(
        trial_id=trial["trial_id"],
        topology=trial["topology"],
        ended=trial["ended"],
        passed=trial.get("passed"),
        tokens=tokens,
        dollars=dollars,
        packed=zlib.compress(json.dumps(record, ensure_ascii=False).encode(), level=1),
    )


def unpacked(packed: bytes) -> Record:
    """The record in an entry. `Refused` if it is torn, or no record."""
    try:
        record: Any = json.loads(zlib.decompress(packed))
        rows = [row for frame in record.values() for row in frame]
        (trial,) = record["trials"]
        if not all(type(row) is dict for row in rows) or "trial_id" not in trial:
            raise TypeError("no record")
    except (zlib.error, ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise Refused(str(error) or "no record") from error
    return record


def _spent(steps: Sequence[Mapping[str, Any]]) -> tuple[int | None, float | None]:
    """Tokens and dollars of all model calls that answered, in a trial that crashed too.

    Null if an answer came without its usage, or without a price.
    """
    answered = [row for row in steps if row.get("kind") == "model" and row.get("error") is None]
    answered = [row for row in answered if row.get("reply") is not None]
    counts = [row.get(name) for row in answered for name in ("prompt_tokens", "completion_tokens")]
    prices = [row.get("dollars") for row in answered]
    total = sum(int(count or 0) for count in counts)
    return (
        None if None in counts or total >= 2**63 else total,
        None if None in prices else sum(float(price or 0) for price in prices),
    )


class Journal:
    """An open journal. With `write` it is the only writer, until closed or until its process dies.

    `Refused`, in one line, when the file is not a journal or another process is writing.
    """

    def __init__(self, folder: Path, *, write: bool = False) -> None:
        self._file = folder / FILE
        self._lock: sqlite3.Connection | None = None
        if write:
            self._lock = locked(folder)
        elif not self._file.exists():
            raise Refused(f"{folder} has no {FILE}")
        try:
            self._db = sqlite3.connect(self._file, timeout=30, isolation_level=None)
            if not write and _unbegun(self._db):
                self._db.close()
                self._db = sqlite3.connect(":memory:", isolation_level=None)
                self._db.executescript(_TABLES)
            if write:
                self._db.execute("PRAGMA journal_mode = WAL")
                # The kernel keeps what a killed process wrote; only a power cut could lose the
                # last trials, and those would run again.
                self._db.execute("PRAGMA synchronous = NORMAL")
                self._db.executescript(_TABLES)
            for table, columns in _COLUMNS.items():
                self._db.execute(f"SELECT {columns} FROM {table} LIMIT 1").fetchall()
        except sqlite3.Error as error:
            self.close()
            if write and of_the_disk(error):
                raise unwritable(self._file, error) from error
            raise self._strange(error) from error

    def close(self) -> None:
        """Close, and let others write."""
        for connection in (getattr(self, "_db", None), self._lock):
            if connection is not None:
                connection.close()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, position: int, new: Entry) -> None:
        """Write one trial; `position` is its place in the order of the sweep.

        `Refused` if the disk is full, or cannot be written for another reason.
        """
        self._write(
            "INSERT INTO records "
            "(trial_id, attempt, position, topology, ended, passed, tokens, dollars, record) "
            "VALUES (?, (SELECT count(*) FROM records WHERE trial_id = ?), ?, ?, ?, ?, ?, ?, ?)",
            (new.trial_id, new.trial_id, position, *new[1:]),
        )

    def _read(self, sql: str, *values: object) -> Iterator[tuple[Any, ...]]:
        try:
            for row in self._db.execute(sql, values):  # noqa: UP028 (it would close a closed one)
                yield row
        except sqlite3.DatabaseError as error:
            raise self._strange(error) from error

    def _strange(self, error: object) -> Refused:
        return Refused(f"{self._file} is not the journal of a run ({error}); move it away to go on")

    def _write(self, sql: str, values: Sequence[object]) -> int:
        try:
            return self._db.execute(sql, values).lastrowid or 0
        except sqlite3.DatabaseError as error:
            raise unwritable(self._file, error) from error

    def spend(self, trial_id: str, tokens: int | None, dollars: float | None) -> None:
        """Count an answered call of a trial that is under way, until its record is added.

        What a session leaves behind here was used by trials that it did not bring to their end.
        """
        self._write(
            "INSERT INTO spent VALUES ((SELECT max(number) FROM sessions), ?, 1, ?, ?) "
            "ON CONFLICT DO UPDATE SET calls = calls + 1, tokens = tokens + excluded.tokens, "
            "dollars = dollars + excluded.dollars",
            (trial_id, tokens, dollars),
        )

    def interrupted(self) -> list[Spent]:
        """What trials had used that were under way when their session ended."""
        # The journal of an older kit has none.
        if not list(self._read("SELECT 1 FROM sqlite_schema WHERE name = 'spent'")):
            return []
        return [Spent(*row) for row in self._read(f"SELECT {', '.join(Spent._fields)} FROM spent")]

    def ids(self, *, crashed: bool = True) -> set[str]:
        """The trials that are recorded; without `crashed`, those whose newest attempt did not."""
        kept = "" if crashed else "AND ended != 'crashed'"
        rows = self._read(f"SELECT trial_id FROM records WHERE {_NEWEST} {kept}")
        return {trial_id for (trial_id,) in rows}

    def entries(self) -> Iterator[Entry]:
        """Every attempt as it was added, without its record (`packed` is empty)."""
        rows = self._read(
            "SELECT trial_id, topology, ended, passed, tokens, dollars FROM records ORDER BY number"
        )
        for trial_id, topology, ended, passed, tokens, dollars in rows:
            numbers = [value for value in (tokens, dollars) if value is not None]
            if not all(isinstance(value, int | float) for value in numbers):
                raise self._strange(f"of trial {trial_id} it says {tokens!r} tokens, {dollars!r}")
            known = None if passed is None else bool(passed)
            yield Entry(trial_id, topology, ended, known, tokens, dollars, b"")

    def last(self) -> int:
        """The number of the newest record, 0 for none."""
        ((number,),) = self._read("SELECT coalesce(max(number), 0) FROM records")
        return int(number)

    def topologies(self) -> list[str]:
        """In the order of the sweep."""
        rows = self._read("SELECT topology FROM records GROUP BY topology ORDER BY min(position)")
        return [topology for (topology,) in rows]

    def records(self, topology: str) -> Iterator[Record]:
        """The newest record of each trial of a topology, in the order of the sweep.

        `Refused` if one cannot be unpacked.
        """
        rows = self._read(
            f"SELECT trial_id, record FROM records WHERE topology = ? AND {_NEWEST} "
            "ORDER BY position, number",
            topology,
        )
        for trial_id, packed in rows:
            try:
                yield unpacked(packed)
            except Refused as error:
                raise Refused(
                    f"{self._file}: the record of trial {trial_id} is torn ({error})"
                ) from error

    def begin(self, now: str) -> int:
        """Start a session. `Refused` as in `add`."""
        return self._write("INSERT INTO sessions (began) VALUES (?)", (now,))

    def end(self, session: int, now: str, outcome: str) -> None:
        """End a session with what came of it. `Refused` as in `add`."""
        sql = "UPDATE sessions SET ended = ?, outcome = ? WHERE number = ?"
        self._write(sql, (now, outcome, session))

    def sessions(self) -> list[Session]:
        """All sessions, the oldest first."""
        rows = self._read("SELECT began, ended, outcome FROM sessions ORDER BY number")
        return [Session(*row) for row in rows]


def _unbegun(db: sqlite3.Connection) -> bool:
    """Whether whoever made the file was stopped before there were tables in it."""
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE sql NOT NULL")}
    begun = tables.issuperset(_COLUMNS) or tables - {*_COLUMNS, "sqlite_sequence"}
    return not begun and not any(
        db.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in tables
    )
