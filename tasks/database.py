"""How SQLite is spoken to: apsw with the types we rely on, and what a table looks like.

apsw's own types name a class that Python 3.11 lacks, so they read as unknown there; the few calls
that carry values go through here.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import apsw

from tasks.judging import Value
from tasks.refused import Refused

Row = dict[str, Value]
VERSION = "_version"
TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"


class Table(NamedTuple):
    """The columns of a table in order, and the one that is its primary key."""

    columns: tuple[str, ...]
    key: str


class Difference(NamedTuple):
    """One row of a changeset: the values before (delete, update) and after (insert, update).

    Columns an update left alone are absent from `old` and `new`, but for the key.
    """

    table: str
    kind: Literal["insert", "update", "delete"]
    old: Row
    new: Row


def run(db: apsw.Connection, sql: str, values: Sequence[Value] = ()) -> list[tuple[Value, ...]]:
    """All rows of one statement."""
    cursor: Any = db.execute(sql, values)  # pyright: ignore[reportUnknownMemberType]
    return cursor.fetchall()


def opened(image: bytes) -> apsw.Connection:
    """A private in-memory database with the image's content."""
    db = apsw.Connection(":memory:")
    db.deserialize("main", image)  # pyright: ignore[reportUnknownMemberType]
    return db


def insert(db: apsw.Connection, table: str, row: Row) -> None:
    """Add a row as it is."""
    columns = ", ".join(f'"{column}"' for column in row)
    marks = ", ".join("?" for _ in row)
    run(db, f'INSERT INTO "{table}" ({columns}) VALUES ({marks})', tuple(row.values()))


@lru_cache
def tables(sql: str) -> Mapping[str, Table]:
    """The tables that `sql` makes, version column included.

    `Refused` if one has no primary key of a single column: the session extension does not see
    such a table.
    """
    db = apsw.Connection(":memory:")
    run(db, sql)
    found: dict[str, Table] = {}
    for (name,) in run(db, TABLES):
        columns = run(db, f'PRAGMA table_info("{name}")')
        keys = [str(column[1]) for column in columns if column[5]]
        if len(keys) != 1:
            raise Refused(f"table {name} needs a primary key of one column")
        found[str(name)] = Table((*(str(column[1]) for column in columns), VERSION), keys[0])
    return found


def undo(db: apsw.Connection, changeset: bytes) -> bool:
    """Take a changeset back; False, and nothing changed, if a later write is in the way."""
    inverse: bytes = apsw.Changeset.invert(changeset)  # pyright: ignore[reportUnknownMemberType]
    try:
        with db:
            apsw.Changeset.apply(  # pyright: ignore[reportUnknownMemberType]
                inverse, db, conflict=lambda _reason, _change: apsw.SQLITE_CHANGESET_ABORT
            )
    except apsw.AbortError:
        return False
    return True


def differences(changeset: bytes, known: Mapping[str, Table]) -> Iterator[Difference]:
    """The rows of a changeset."""
    kinds: dict[str, Literal["insert", "update", "delete"]] = {
        "INSERT": "insert",
        "UPDATE": "update",
        "DELETE": "delete",
    }
    items: Iterator[Any] = apsw.Changeset.iter(changeset)  # pyright: ignore[reportUnknownMemberType]
    for item in items:
        columns = known[item.name].columns
        old, new = _present(columns, item.old), _present(columns, item.new)
        yield Difference(item.name, kinds[item.op], old, new)


def _present(columns: tuple[str, ...], values: Any) -> Row:
    pairs = zip(columns, values or (), strict=False)
    return {column: value for column, value in pairs if value is not apsw.no_change}
