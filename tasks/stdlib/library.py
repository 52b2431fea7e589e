"""Where the corpus is kept and asked: one read-only library per process, one world per trial.

The library is an in-memory SQLite database with a full-text index, made once per process in well
under a second and shared by all its trials. A trial's own world holds only rows that differ from
the library, normally none, so that starting one copies a few kilobytes.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from functools import cache

import apsw

from tasks import database
from tasks.database import Row
from tasks.image import Schema, build_image
from tasks.refused import Refused
from tasks.stdlib.reading import MODULES, entries, sources
from tasks.world import SqliteWorld

ENTRIES = "entries"
SCHEMA = Schema(
    "CREATE TABLE entries (name TEXT PRIMARY KEY, kind TEXT, module TEXT, parent TEXT,"
    " summary TEXT, doc TEXT, source TEXT, signature TEXT, parameters TEXT, bases TEXT)"
)
INDEX = (
    "CREATE INDEX entries_by_parent ON entries (parent, kind);"
    "CREATE VIRTUAL TABLE words USING fts5"
    " (name, summary, doc, content='entries', content_rowid='rowid');"
    "INSERT INTO words (words) VALUES ('rebuild')"
)
MOST_WORDS = 32
"""Of a search; SQLite's own limit is on how deep an expression is."""
COLUMNS = database.tables(SCHEMA.sql)[ENTRIES].columns[:-1]


class Library:
    """The entries of a corpus, by name, by parent and by words. `hash` is of its content."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._db = apsw.Connection(":memory:")
        digest = hashlib.blake2b(digest_size=16)
        with self._db:
            database.run(self._db, SCHEMA.sql)
            for row in sorted(rows, key=lambda row: str(row["name"])):
                digest.update(json.dumps(row, sort_keys=True).encode())
                database.insert(self._db, ENTRIES, row)
            database.run(self._db, INDEX)
        self.hash = digest.hexdigest()

    def row(self, name: str) -> Row | None:
        """The entry of that name."""
        rows = self._rows("name = ?", name)
        return rows[0] if rows else None

    def of_kind(self, kind: str) -> list[Row]:
        """All entries of a kind, by name."""
        return self._rows("kind = ?", kind)

    def members(self, parent: str, kind: str) -> list[Row]:
        """The entries of a kind that a module or class defines itself, by name."""
        return self._rows("parent = ? AND kind = ?", parent, kind)

    def search(self, query: str, limit: int) -> list[str]:
        """Names of entries, best first: those with all the words, or else with any of them."""
        words = [f'"{word}"' for word in re.findall(r"[^\W_]+", query)][:MOST_WORDS]
        if not words:
            return []
        for joint in (" AND ", " OR "):
            found = database.run(
                self._db,
                "SELECT e.name FROM words JOIN entries e ON e.rowid = words.rowid WHERE words"
                " MATCH ? ORDER BY bm25(words, 4.0, 8.0, 1.0), e.name LIMIT ?",
                (joint.join(words), limit),
            )
            if found:
                return [str(name) for (name,) in found]
        return []

    def _rows(self, where: str, *values: str) -> list[Row]:
        sql = f"SELECT * FROM entries WHERE {where} ORDER BY name"
        return [dict(zip(COLUMNS, row, strict=True)) for row in database.run(self._db, sql, values)]


@cache
def library() -> Library:
    """The library of the running Python. `Refused` if its source is not there to be read."""
    found = sources()
    if len(found) < len(MODULES) / 2:
        raise Refused(
            "this Python came without the source of its standard library, which the task set "
            "stdlib reads; use a Python that has it, or leave stdlib out of the sweep"
        )
    return Library(
        row for module, path in found.items() for row in entries(module, path.read_text("utf-8"))
    )


@cache
def unaltered() -> bytes:
    """The image of a world that differs from the library in nothing."""
    return altered(())


def altered(rows: Iterable[Row]) -> bytes:
    """The image of a world in which these whole rows stand in for the library's, or add to it."""
    return build_image(SCHEMA, {ENTRIES: rows})


class LibraryWorld(SqliteWorld):
    """A world over the shared library. Its `snapshot` holds only what differs from the library."""

    def __init__(self, image: bytes, shared: Library | None = None) -> None:
        super().__init__(image, SCHEMA)
        self._library = shared or library()

    def read(self, table: str, key: str) -> Row | None:
        """The row, this world's own one before the library's; a read at its version."""
        return super().read(table, key) or self._library.row(key)

    def members(self, parent: str, kind: str) -> list[str]:
        """Names of the members, in order: a read of that predicate."""
        self._note("read", ENTRIES, f"parent={parent}&kind={kind}", 0, predicate=True)
        own = {str(row["name"]): row for row in self.rows(ENTRIES)}
        names = {str(row["name"]) for row in self._library.members(parent, kind)} - set(own)
        mine = {n for n, row in own.items() if (row["parent"], row["kind"]) == (parent, kind)}
        return sorted(names | mine)

    def search(self, query: str, limit: int) -> list[str]:
        """Names of the best matches in the library, best first: a read of that predicate."""
        self._note("read", ENTRIES, f"search={query}", 0, predicate=True)
        return self._library.search(query, limit)
