"""Tools that read and write single rows: what they leave to the agent can be interrupted."""

from typing import Any

from tasks.orders.atomic import add_numbered
from tasks.orders.tables import TABLES, Table, fitting
from tasks.refused import Refused
from tasks.tools import Tool, ToolError
from tasks.world import Row, SqliteWorld

Given = dict[str, str | int | list[str] | None]


async def get_row(world: SqliteWorld, table: str, key: str) -> dict[str, Any]:
    """One row of a table.

    Args:
        table: The table's name.
        key: The row's key, such as C7.
    """
    _table(table)
    row = world.read(table, key.strip())
    if row is None:
        raise ToolError(f"{table} has no row {key!r}")
    return dict(row)


async def find_rows(world: SqliteWorld, table: str, column: str, value: str) -> dict[str, Any]:
    """All rows of a table in which a column has a value.

    Args:
        table: The table's name.
        column: A column that can be searched.
        value: The value it must have.
    """
    asked = _table(table).asked
    if column not in asked:
        raise ToolError(f"{table} can be searched by {', '.join(asked)}, not by {column!r}")
    return {"rows": world.find(table, column, value.strip())}


async def create_row(world: SqliteWorld, table: str, values: Given) -> dict[str, Any]:
    """Add a row to a table; all its columns must be given. Ids of records are made by the desk.

    Args:
        table: The table's name.
        values: Column to value; the labels of requests are a list.
    """
    spec = _table(table)
    given = dict(values)
    if spec.surrogate and given.get(spec.key) is not None:
        raise ToolError(f"the desk numbers {table} itself; leave {spec.key} out")
    key = given.pop(spec.key, None)
    row = _fit(table, given)
    missing = [name for name in spec.columns if name not in row and name not in spec.empty]
    if missing:
        raise ToolError(f"{table} also needs {', '.join(missing)}")
    row = {name: row.get(name) for name in spec.columns}
    if spec.surrogate:
        return {spec.key: add_numbered(world, table, row), **row}
    if not isinstance(key, str) or not key.strip():
        raise ToolError(f"{table} also needs {spec.key}")
    try:
        world.insert(table, {spec.key: key.strip(), **row})
    except ValueError as error:
        raise ToolError(str(error)) from error
    return {spec.key: key.strip(), **row}


async def update_row(world: SqliteWorld, table: str, key: str, values: Given) -> dict[str, Any]:
    """Set columns of a row to new values; the other columns stay.

    Args:
        table: The table's name.
        key: The row's key, such as C7.
        values: Column to new value.
    """
    _table(table)
    row = _fit(table, dict(values))
    if not row:
        raise ToolError("values is empty; name at least one column")
    try:
        world.update(table, key.strip(), row)
    except KeyError as error:
        raise ToolError(f"{table} has no row {key!r}") from error
    return {"updated": key.strip(), **row}


async def delete_row(world: SqliteWorld, table: str, key: str) -> dict[str, Any]:
    """Remove a row for good.

    Args:
        table: The table's name.
        key: The row's key, such as C7.
    """
    _table(table)
    try:
        world.delete(table, key.strip())
    except KeyError as error:
        raise ToolError(f"{table} has no row {key!r}") from error
    return {"deleted": key.strip()}


EVERY = tuple(TABLES)
ROW = ("table", "key")
CRUD = (
    Tool(get_row, readOnlyHint=True, idempotentHint=True, touches=EVERY, target=ROW),
    Tool(find_rows, readOnlyHint=True, idempotentHint=True, touches=EVERY),
    Tool(create_row, touches=EVERY, target=("table", "values")),
    Tool(update_row, destructiveHint=True, idempotentHint=True, touches=EVERY, target=ROW),
    Tool(delete_row, destructiveHint=True, idempotentHint=True, touches=EVERY, target=ROW),
)


def _table(table: str) -> Table:
    if table not in TABLES:
        raise ToolError(f"there is no table {table!r}; the tables are {', '.join(TABLES)}")
    return TABLES[table]


def _fit(table: str, values: Given) -> Row:
    spec = _table(table)
    if spec.key in values:
        raise ToolError(f"{table}.{spec.key} is the key and cannot be changed")
    unknown = [name for name in values if name not in spec.columns]
    if unknown:
        raise ToolError(f"{table} has no {unknown[0]!r}; it has {', '.join(spec.columns)}")
    try:
        return {name: fitting(table, name, value) for name, value in values.items()}
    except Refused as error:
        raise ToolError(str(error)) from error
