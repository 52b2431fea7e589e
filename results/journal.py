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

from results.records import SCHEMAS
from results.refused import Refused

FILE = "journal.sqlite"
LOCK = "writer.lock"

Record = Mapping[str, Sequence[Mapping[str, Any]]]
"""Frame name to rows, as in `results.records`, of a single trial."""

_TABLES = """
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
"""
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
    """The record in an entry. `Refused` if it is torn."""
    try:
        return json.loads(zlib.decompress(packed))
    except (zlib.error, ValueError) as error:
        raise Refused(str(error)) from error


def _spent(steps: Sequence[Mapping[str, Any]]) -> tuple[int | None, float | None]:
    """Tokens and dollars of all model calls that answered, in a trial that crashed too.

    Null if an answer came without its usage, or without a price.
    """
    answered = [row for row in steps if row.get("kind") == "model" and row.get("error") is None]
    answered = [row for row in answered if row.get("reply") is not None]
    counts = [row.get(name) for row in answered for name in ("prompt_tokens", "completion_tokens")]
    prices = [row.get("dollars") for row in answered]
    return (
        None if None in counts else sum(int(count or 0) for count in counts),
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
            self._lock = _locked(folder)
        elif not self._file.exists():
            raise Refused(f"{folder} has no {FILE}")
        try:
            self._db = sqlite3.connect(self._file, timeout=30, isolation_level=None)
            if write:
                self._db.execute("PRAGMA journal_mode = WAL")
                # The kernel keeps what a killed process wrote; only a power cut could lose the
                # last trials, and those would run again.
                self._db.execute("PRAGMA synchronous = NORMAL")
                self._db.executescript(_TABLES)
            self._db.execute("SELECT trial_id, attempt, record FROM records LIMIT 1").fetchall()
        except sqlite3.Error as error:
            self.close()
            raise Refused(
                f"{self._file} is not the journal of a run ({error}); move it away to go on"
            ) from error

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
        """Write one trial; `position` is its place in the order of the sweep."""
        self._db.execute(
            "INSERT INTO records "
            "(trial_id, attempt, position, topology, ended, passed, tokens, dollars, record) "
            "VALUES (?, (SELECT count(*) FROM records WHERE trial_id = ?), ?, ?, ?, ?, ?, ?, ?)",
            (new.trial_id, new.trial_id, position, *new[1:]),
        )

    def ids(self, *, crashed: bool = True) -> set[str]:
        """The trials that are recorded; without `crashed`, those whose newest attempt did not."""
        kept = "" if crashed else "AND ended != 'crashed'"
        rows = self._db.execute(f"SELECT trial_id FROM records WHERE {_NEWEST} {kept}")
        return {trial_id for (trial_id,) in rows}

    def entries(self) -> Iterator[Entry]:
        """Every attempt as it was added, without its record (`packed` is empty)."""
        rows = self._db.execute(
            "SELECT trial_id, topology, ended, passed, tokens, dollars FROM records ORDER BY number"
        )
        for trial_id, topology, ended, passed, tokens, dollars in rows:
            known = None if passed is None else bool(passed)
            yield Entry(trial_id, topology, ended, known, tokens, dollars, b"")

    def last(self) -> int:
        """The number of the newest record, 0 for none."""
        (number,) = self._db.execute("SELECT coalesce(max(number), 0) FROM records").fetchone()
        return int(number)

    def topologies(self) -> list[str]:
        """In the order of the sweep."""
        rows = self._db.execute(
            "SELECT topology FROM records GROUP BY topology ORDER BY min(position)"
        )
        return [topology for (topology,) in rows]

    def records(self, topology: str) -> Iterator[Record]:
        """The newest record of each trial of a topology, in the order of the sweep.

        `Refused` if one cannot be unpacked.
        """
        rows = self._db.execute(
            f"SELECT trial_id, record FROM records WHERE topology = ? AND {_NEWEST} "
            "ORDER BY position, number",
            (topology,),
        )
        for trial_id, packed in rows:
            try:
                yield unpacked(packed)
            except Refused as error:
                raise Refused(
                    f"{self._file}: the record of trial {trial_id} is torn ({error})"
                ) from error

    def begin(self, now: str) -> int:
        """Start a session."""
        cursor = self._db.execute("INSERT INTO sessions (began) VALUES (?)", (now,))
        return int(cursor.lastrowid or 0)

    def end(self, session: int, now: str, outcome: str) -> None:
        """End a session with what came of it."""
        self._db.execute(
            "UPDATE sessions SET ended = ?, outcome = ? WHERE number = ?", (now, outcome, session)
        )

    def sessions(self) -> list[Session]:
        """All sessions, the oldest first."""
        rows = self._db.execute("SELECT began, ended, outcome FROM sessions ORDER BY number")
        return [Session(*row) for row in rows]


def _locked(folder: Path) -> sqlite3.Connection:
    """A lock that the operating system takes back when its holder dies, on every platform."""
    lock = sqlite3.connect(folder / LOCK, timeout=0, isolation_level=None)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        lock.close()
        raise Refused(
            f"another process is writing to {folder}; wait for it, or choose another name"
        ) from error
    return lock
