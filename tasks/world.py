"""The state of one trial: a real SQLite database whose rows carry versions.

`World` is what a trial needs of any world, so that a staging system can stand in. `SqliteWorld` is
ours. Inside `async with world.call(id) as log:` one tool call runs as one transaction; every row or
predicate it reads or writes is credited to that call alone, at the version it saw or made, even
when calls run in parallel. Version 0 is the initial state of every row, absent rows included.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

import apsw

from tasks.judging import Goal, Judgement, RowChange, Submission, Value, judge

Row = dict[str, Value]
VERSION = "_version"


class Access(NamedTuple):
    """One row (or, with `predicate`, one question such as `customer_id=C7`) seen at a version."""

    op: Literal["read", "write"]
    table: str
    key: str
    version: int
    predicate: bool = False


@dataclass
class CallLog:
    """What one call did: its accesses in order and, once it ended, its changeset."""

    call: str
    accesses: list[Access] = field(default_factory=list[Access])
    changeset: bytes = b""
    absent_before: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    predicates: dict[tuple[str, str], tuple[int, int]] = field(
        default_factory=dict[tuple[str, str], tuple[int, int]]
    )
    undone: bool = False


class StaleUndo(Exception):
    """A later write is in the way of undoing a call."""


class World(Protocol):
    """What a trial needs of a world; see `SqliteWorld` for what each part promises."""

    def reset(self) -> None: ...
    def snapshot(self) -> bytes: ...
    def undo(self, call: str) -> None: ...
    def judge(self, goal: Goal, submission: Submission) -> Judgement: ...
    def call(self, call: str) -> AbstractAsyncContextManager[CallLog]: ...


@dataclass(frozen=True)
class Schema:
    """Tables of a world: SQL to make them, which columns can be asked for, which keys are surrogates.

    `asked` maps a table to the columns a search may name; each column=value is a predicate with a
    version. `surrogate` maps a table to its key column when that key carries no meaning.
    """

    sql: str
    asked: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    surrogate: Mapping[str, str] = field(default_factory=dict[str, str])


def build_image(schema: Schema, rows: Mapping[str, Iterable[Row]]) -> bytes:
    """A seeded database as bytes. ValueError if a table has no single-column primary key."""
    connection = apsw.Connection(":memory:")
    connection.execute(schema.sql)
    tables = [str(name) for (name,) in connection.execute(TABLES)]
    for table in tables:
        if _key_column(connection, table) is None:
            raise ValueError(f"table {table} needs a primary key of one column")
        connection.execute(f'ALTER TABLE "{table}" ADD COLUMN {VERSION} INTEGER NOT NULL DEFAULT 0')
    for table, many in rows.items():
        for row in many:
            _insert(connection, table, row)
    return connection.serialize("main")


class SqliteWorld:
    """An in-memory SQLite world cloned from an image.

    Reads and writes are only possible inside `call`. A call that raises leaves no trace but its
    reads. `undo` takes one ended call back (its rows return to the version they had), or raises
    `StaleUndo` when another call wrote the same rows since.
    """

    def __init__(self, image: bytes, schema: Schema) -> None:
        self._image = image
        self._schema = schema
        self.reset()

    def reset(self) -> None:
        """Back to the initial state; all calls are forgotten."""
        self._db = apsw.Connection(":memory:")
        self._db.deserialize("main", self._image)
        self._keys = {
            str(t): _key_column(self._db, str(t)) or "" for (t,) in self._db.execute(TABLES)
        }
        self._lock = asyncio.Lock()
        self._current: ContextVar[CallLog | None] = ContextVar("call", default=None)
        self._newest: dict[tuple[str, str], int] = {}
        self._absent: dict[tuple[str, str], int] = {}
        self._asked: dict[tuple[str, str], int] = {}
        self.calls: dict[str, CallLog] = {}
        self._since_reset = apsw.Session(self._db, "main")
        self._since_reset.attach()

    def snapshot(self) -> bytes:
        """The whole state as a database image, versions included."""
        return self._db.serialize("main")

    @asynccontextmanager
    async def call(self, call: str) -> AsyncGenerator[CallLog]:
        """One transaction, named by a `call` id unused in this trial. Calls queue for their turn."""
        if call in self.calls:
            raise ValueError(f"call {call} was already made")
        async with self._lock:
            log = self.calls[call] = CallLog(call)
            token = self._current.set(log)
            session = apsw.Session(self._db, "main")
            session.attach()
            counters = dict(self._absent), dict(self._asked)
            try:
                with self._db:
                    yield log
                log.changeset = session.changeset()
            except BaseException:
                self._absent, self._asked = counters
                log.accesses = [access for access in log.accesses if access.op == "read"]
                raise
            finally:
                session.close()
                self._current.reset(token)

    def undo(self, call: str) -> None:
        """Take one ended call back. `StaleUndo` if a later write is in the way, nothing changed."""
        log = self.calls.get(call)
        if log is None or log.undone:
            raise ValueError(f"there is no call {call} to undo")
        try:
            with self._db:
                apsw.Changeset.apply(
                    apsw.Changeset.invert(log.changeset), self._db, conflict=_refuse
                )
        except apsw.AbortError as error:
            raise StaleUndo(f"{call}: a later write is in the way") from error
        self._absent.update(log.absent_before)
        for key, (before, after) in log.predicates.items():
            if self._asked[key] == after:
                self._asked[key] = before
        log.undone = True

    def savepoint(self) -> int:
        """A mark to roll back to: the number of calls made so far."""
        return len(self.calls)

    def rollback(self, savepoint: int) -> None:
        """Undo every call made since `savepoint`, newest first."""
        for call in reversed(list(self.calls)[savepoint:]):
            if not self.calls[call].undone:
                self.undo(call)

    def changes(self) -> Counter[RowChange]:
        """The net row changes since the start, as a multiset; rewriting the same value is none."""
        found: Counter[RowChange] = Counter()
        for item in apsw.Changeset.iter(self._since_reset.changeset()):
            change = self._row_change(item)
            if change is not None:
                found[change] += 1
        return found

    def judge(self, goal: Goal, submission: Submission) -> Judgement:
        """Whether the state (and the submitted answer) is what the goal asks for."""
        return judge(self.changes(), goal, submission)

    def rows(self, table: str) -> list[Row]:
        """All rows of a table, for judges and invariants; recorded nowhere, no tool may use it."""
        return [self._clean(row) for row in self._select(table, "1", ())]

    # What tools use, inside a call.

    def read(self, table: str, key: str) -> Row | None:
        """The row, or None if there is none; either way a read at a version."""
        row = self._row(table, key)
        self._note("read", table, key, self._version(table, key, row))
        return None if row is None else self._clean(row)

    def find(self, table: str, column: str, value: Value) -> list[Row]:
        """Rows whose `column` is `value`, by key: a read of the predicate and of each row."""
        if column not in self._schema.asked.get(table, ()):
            raise ValueError(f"{table}.{column} cannot be asked for; declare it in Schema.asked")
        asked = f"{column}={value}"
        self._note("read", table, asked, self._asked.get((table, asked), 0), predicate=True)
        rows = self._select(table, f'"{column}" = ?', (value,))
        for row in rows:
            self._note("read", table, str(row[self._keys[table]]), int(str(row[VERSION])))
        return [self._clean(row) for row in rows]

    def insert(self, table: str, row: Row) -> None:
        """Add a row. ValueError if its key is taken."""
        key = str(row[self._keys[table]])
        if self._row(table, key) is not None:
            raise ValueError(f"{table} {key} is already there")
        self._log().absent_before[table, key] = self._absent.get((table, key), 0)
        _insert(self._db, table, {**row, VERSION: self._written(table, key)})
        self._touch_predicates(table, row)

    def update(self, table: str, key: str, values: Row) -> None:
        """Set columns of a row. KeyError if there is no such row."""
        before = self._row(table, key)
        if before is None:
            raise KeyError(f"{table} {key}")
        version = self._written(table, key)
        settings = ", ".join(f'"{column}" = ?' for column in (*values, VERSION))
        self._db.execute(
            f'UPDATE "{table}" SET {settings} WHERE "{self._keys[table]}" = ?',
            (*values.values(), version, key),
        )
        self._touch_predicates(table, before, {**before, **values})

    def delete(self, table: str, key: str) -> None:
        """Remove a row. KeyError if there is no such row."""
        before = self._row(table, key)
        if before is None:
            raise KeyError(f"{table} {key}")
        self._absent[table, key] = self._written(table, key)
        self._db.execute(f'DELETE FROM "{table}" WHERE "{self._keys[table]}" = ?', (key,))
        self._touch_predicates(table, before)

    def has(self, table: str, column: str | None = None) -> bool:
        """Whether there is such a table (and column)."""
        return table in self._keys and (
            column is None
            or any(column == row[1] for row in self._db.execute(f'PRAGMA table_info("{table}")'))
        )

    def _log(self) -> CallLog:
        log = self._current.get()
        if log is None:
            raise RuntimeError("a world is touched only inside a call")
        return log

    def _note(
        self,
        op: Literal["read", "write"],
        table: str,
        key: str,
        version: int,
        predicate: bool = False,
    ) -> None:
        self._log().accesses.append(Access(op, table, key, version, predicate))

    def _written(self, table: str, key: str) -> int:
        version = self._newest.get((table, key), 0) + 1
        self._newest[table, key] = version
        self._note("write", table, key, version)
        return version

    def _version(self, table: str, key: str, row: Row | None) -> int:
        return self._absent.get((table, key), 0) if row is None else int(str(row[VERSION]))

    def _touch_predicates(self, table: str, *states: Row) -> None:
        log = self._log()
        asked = {
            f"{column}={state.get(column)}"
            for column in self._schema.asked.get(table, ())
            for state in states
            if len(states) == 1 or states[0].get(column) != states[1].get(column)
        }
        for name in sorted(asked):
            key = table, name
            before = self._asked.get(key, 0)
            version = self._asked[key] = self._newest.get(key, 0) + 1
            self._newest[key] = version
            log.predicates[key] = log.predicates.get(key, (before, before))[0], version
            self._note("write", table, name, version, predicate=True)

    def _row(self, table: str, key: str) -> Row | None:
        rows = self._select(table, f'"{self._keys[table]}" = ?', (key,))
        return rows[0] if rows else None

    def _select(self, table: str, where: str, values: tuple[Value, ...]) -> list[Row]:
        cursor = self._db.execute(
            f'SELECT * FROM "{table}" WHERE {where} ORDER BY "{self._keys[table]}"', values
        )
        rows = cursor.fetchall()
        if not rows:
            return []
        names = self._columns(table)
        return [dict(zip(names, row, strict=True)) for row in rows]  # pyright: ignore[reportReturnType]

    def _columns(self, table: str) -> list[str]:
        return [str(row[1]) for row in self._db.execute(f'PRAGMA table_info("{table}")')]

    def _clean(self, row: Row) -> Row:
        return {column: value for column, value in row.items() if column != VERSION}

    def _row_change(self, item: apsw.TableChange) -> RowChange | None:
        names, table = self._columns(item.name), item.name
        key_column = self._keys[table]
        place = names.index(key_column)
        old, new = item.old or (), item.new or ()
        kind = {"INSERT": "insert", "UPDATE": "update", "DELETE": "delete"}[item.op]
        key = str((new if kind == "insert" else old)[place])
        values = {
            name: value
            for name, value in zip(names, new, strict=False)
            if value is not apsw.no_change and name not in (VERSION, key_column)
        }
        if kind == "update" and not values:
            return None
        shown = "" if table in self._schema.surrogate and kind == "insert" else key
        pairs = tuple(sorted(values.items())) if kind != "delete" else ()
        return RowChange(table, shown, kind, pairs)  # pyright: ignore[reportArgumentType]


TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"


def _key_column(connection: apsw.Connection, table: str) -> str | None:
    keys = [str(row[1]) for row in connection.execute(f'PRAGMA table_info("{table}")') if row[5]]
    return keys[0] if len(keys) == 1 else None


def _insert(connection: apsw.Connection, table: str, row: Row) -> None:
    columns = ", ".join(f'"{column}"' for column in row)
    marks = ", ".join("?" for _ in row)
    connection.execute(f'INSERT INTO "{table}" ({columns}) VALUES ({marks})', tuple(row.values()))


def _refuse(_reason: int, _change: apsw.TableChange) -> int:
    return apsw.SQLITE_CHANGESET_ABORT
