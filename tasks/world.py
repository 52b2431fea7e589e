"""The state of one trial: a real SQLite database whose rows carry versions.

`World` is what a trial needs of any world, so that a staging system can stand in. `SqliteWorld` is
ours. Inside `async with world.call(id) as log:` one tool call runs as one transaction; every row or
predicate it reads or writes is credited to that call alone, at the version it saw or made, even
when calls run in parallel. Version 0 is the initial state of every row, absent rows included.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from typing import Literal, Protocol

import apsw

from tasks import database
from tasks.call_log import Access as Access
from tasks.call_log import CallLog as CallLog
from tasks.database import VERSION, Difference
from tasks.database import Row as Row
from tasks.image import Schema as Schema
from tasks.image import build_image as build_image
from tasks.judging import Goal, Judgement, RowChange, Submission, Value, judge


class StaleUndoError(Exception):
    """A later write is in the way of undoing a call."""


class World(Protocol):
    """What a trial needs of a world; see `SqliteWorld` for what each part promises."""

    @property
    def calls(self) -> Mapping[str, CallLog]: ...
    def reset(self) -> None: ...
    def snapshot(self) -> bytes: ...
    def undo(self, call: str) -> None: ...
    def judge(self, goal: Goal, submission: Submission) -> Judgement: ...
    def call(self, call: str) -> AbstractAsyncContextManager[CallLog]: ...


_CALL: ContextVar[CallLog | None] = ContextVar("call", default=None)


class SqliteWorld:
    """An in-memory SQLite world cloned from an image.

    Reads and writes are only possible inside `call`. A call that raises leaves no trace but its
    reads. `undo` takes one ended call back (its rows return to the version they had), or raises
    `StaleUndoError` when another call wrote the same rows since.
    """

    def __init__(self, image: bytes, schema: Schema) -> None:
        self._image = image
        self._schema = schema
        self._tables = database.tables(schema.sql)
        self.reset()

    def reset(self) -> None:
        """Back to the initial state; all calls are forgotten."""
        self._db = database.opened(self._image)
        self._lock = asyncio.Lock()
        self._open: CallLog | None = None
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
        """One transaction, named by a `call` id new to this trial. Calls queue for their turn."""
        async with self._lock:
            if call in self.calls:
                raise ValueError(f"call {call} was already made")
            log = self.calls[call] = self._open = CallLog(call)
            token = _CALL.set(log)
            session = apsw.Session(self._db, "main")
            session.attach()
            counters = dict(self._absent), dict(self._asked)
            try:
                with self._db:
                    yield log
                log.changeset = session.changeset()
            except BaseException:
                self._absent, self._asked = counters
                log.leave_foreign_reads()
                raise
            finally:
                session.close()
                self._open = None
                _CALL.reset(token)

    def undo(self, call: str) -> None:
        """Take one ended call back.

        `StaleUndoError`, and nothing changed, if a later write is in the way. ValueError for a
        call that was not made or was undone before; RuntimeError while a call is under way.
        """
        if self._open is not None:
            raise RuntimeError(f"{call} cannot be undone while {self._open.call} is under way")
        log = self.calls.get(call)
        if log is None or log.undone:
            raise ValueError(f"there is no call {call} to undo")
        if not database.undo(self._db, log.changeset):
            raise StaleUndoError(f"{call}: a later write is in the way")
        self._absent.update(log.absent_before)
        for key, (before, after) in log.predicates.items():
            # With a later write in between, what is left was never there before: a new version.
            self._asked[key] = before if self._asked[key] == after else self._next(key)
        log.undone = True

    def before(self) -> "Iterator[SqliteWorld]":
        """The world as it was before its last change, before the one before that, and so on.

        It is one copy that goes back further at each step; what is done to it is nobody's.
        """
        past = SqliteWorld(self.snapshot(), self._schema)
        for log in reversed(list(self.calls.values())):
            if log.changeset and not log.undone and database.undo(past._db, log.changeset):
                yield past

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
        for difference in database.differences(self._since_reset.changeset(), self._tables):
            change = self._row_change(difference)
            if change is not None:
                found[change] += 1
        return found

    def judge(self, goal: Goal, submission: Submission) -> Judgement:
        """Whether the state (and the submitted answer) is what the goal asks for."""
        return judge(self.changes(), goal, submission)

    def rows(self, table: str) -> list[Row]:
        """All rows of a table, for judges and invariants; recorded nowhere, no tool may use it."""
        return [_clean(row) for row in self._select(table, "1", ())]

    # What tools use, inside a call.

    def read(self, table: str, key: str) -> Row | None:
        """The row, or None if there is none; either way a read at a version."""
        row = self._row(table, key)
        self._note("read", table, key, self._version(table, key, row))
        return None if row is None else _clean(row)

    def find(self, table: str, column: str, value: Value) -> list[Row]:
        """Rows whose `column` is `value`, by key: a read of the predicate and of each row."""
        if column not in self._schema.asked.get(table, ()):
            raise ValueError(f"{table}.{column} cannot be asked for; declare it in Schema.asked")
        asked = f"{column}={value}"
        self._note("read", table, asked, self._asked.get((table, asked), 0), predicate=True)
        rows = self._select(table, f'"{column}" IS ?', (value,))
        for row in rows:
            key = str(row[self._tables[table].key])
            self._note("read", table, key, self._version(table, key, row))
        return [_clean(row) for row in rows]

    def insert(self, table: str, row: Row) -> None:
        """Add a row. ValueError if its key is taken."""
        key = str(row[self._tables[table].key])
        if self._row(table, key) is not None:
            raise ValueError(f"{table} {key} is already there")
        self._log().absent_before.setdefault((table, key), self._absent.get((table, key), 0))
        database.insert(self._db, table, {**row, VERSION: self._written(table, key)})
        self._touch_predicates(table, self._row(table, key) or row)

    def update(self, table: str, key: str, values: Row) -> None:
        """Set columns of a row. KeyError if there is no such row, ValueError for a new key."""
        key_column = self._tables[table].key
        if str(values.get(key_column, key)) != key:
            raise ValueError(f"{table} {key}: a key cannot be changed; delete and insert")
        before = self._row(table, key)
        if before is None:
            raise KeyError(f"{table} {key}")
        settings = ", ".join(f'"{column}" = ?' for column in (*values, VERSION))
        sql = f'UPDATE "{table}" SET {settings} WHERE "{key_column}" = ?'
        database.run(self._db, sql, (*values.values(), self._written(table, key), key))
        self._touch_predicates(table, before, {**before, **values})

    def delete(self, table: str, key: str) -> None:
        """Remove a row. KeyError if there is no such row."""
        before = self._row(table, key)
        if before is None:
            raise KeyError(f"{table} {key}")
        self._absent[table, key] = self._written(table, key)
        sql = f'DELETE FROM "{table}" WHERE "{self._tables[table].key}" = ?'
        database.run(self._db, sql, (key,))
        self._touch_predicates(table, before)

    def has(self, table: str, column: str | None = None) -> bool:
        """Whether there is such a table (and column)."""
        return table in self._tables and (
            column is None or (column != VERSION and column in self._tables[table].columns)
        )

    def _log(self) -> CallLog:
        log = _CALL.get()
        if log is None or log is not self._open:
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

    def _next(self, key: tuple[str, str]) -> int:
        version = self._newest[key] = self._newest.get(key, 0) + 1
        return version

    def _written(self, table: str, key: str) -> int:
        version = self._next((table, key))
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
            version = self._asked[key] = self._next(key)
            log.predicates[key] = log.predicates.get(key, (before, before))[0], version
            self._note("write", table, name, version, predicate=True)

    def _row(self, table: str, key: str) -> Row | None:
        rows = self._select(table, f'"{self._tables[table].key}" = ?', (key,))
        return rows[0] if rows else None

    def _select(self, table: str, where: str, values: tuple[Value, ...]) -> list[Row]:
        columns, key = self._tables[table]
        sql = f'SELECT * FROM "{table}" WHERE {where} ORDER BY "{key}"'
        return [dict(zip(columns, row, strict=True)) for row in database.run(self._db, sql, values)]

    def _row_change(self, difference: Difference) -> RowChange | None:
        table, kind, old, new = difference
        key_column = self._tables[table].key
        values = {n: value for n, value in new.items() if n not in (VERSION, key_column)}
        if kind == "update" and not values:
            return None
        hidden = table in self._schema.surrogate and kind == "insert"
        key = "" if hidden else str((new if kind == "insert" else old)[key_column])
        return RowChange(table, key, kind, tuple(sorted(values.items())))


def _clean(row: Row) -> Row:
    return {column: value for column, value in row.items() if column != VERSION}
