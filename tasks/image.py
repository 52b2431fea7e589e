"""What a world is made of before a trial: its tables, and their first rows as one image."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import apsw

from tasks import database
from tasks.database import VERSION, Row


@dataclass(frozen=True)
class Schema:
    """Tables of a world: SQL to make them, what can be asked for, which keys are surrogates.

    `asked` maps a table to the columns a search may name; each column=value is a predicate with a
    version. `surrogate` maps a table to its key column when that key carries no meaning.
    """

    sql: str
    asked: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    surrogate: Mapping[str, str] = field(default_factory=dict[str, str])


def build_image(schema: Schema, rows: Mapping[str, Iterable[Row]]) -> bytes:
    """A seeded database as bytes. `Refused` if a table has no single-column primary key."""
    tables = database.tables(schema.sql)
    db = apsw.Connection(":memory:")
    with db:
        database.run(db, schema.sql)
        for table in tables:
            database.run(
                db, f'ALTER TABLE "{table}" ADD COLUMN {VERSION} INTEGER NOT NULL DEFAULT 0'
            )
        for table, many in rows.items():
            for row in many:
                database.insert(db, table, row)
    return db.serialize("main")
