"""The order desk's tables: what columns they have, what may stand in them, what can be asked for.

One description serves the database, the row tools (which check what they are given against it) and
the text that tells agents about the tables.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tasks.judging import Value
from tasks.refused import Refused
from tasks.world import Row, Schema

TEXT = "text"
WHOLE = "whole number"
LABELS = "request labels"
Kind = str | tuple[str, ...]
"""What a column holds; a tuple lists the words allowed."""

REASONS = ("too_old", "not_delivered", "already_refunded")
DESTINATIONS = ("card", "original")


@dataclass(frozen=True)
class Table:
    """`surrogate` keys carry no meaning and are given by the desk; `empty` columns may be null."""

    key: str
    columns: Mapping[str, Kind]
    asked: tuple[str, ...]
    surrogate: bool = False
    empty: tuple[str, ...] = ()


TABLES: dict[str, Table] = {
    "customers": Table(
        "id", {"name": TEXT, "contact": ("email", "none"), "gift_card": TEXT}, ("name",)
    ),
    "gift_cards": Table("id", {"customer": TEXT, "balance": WHOLE}, ("customer",)),
    "products": Table("sku", {"name": TEXT, "price": WHOLE, "stock": WHOLE}, ("name",)),
    "orders": Table(
        "id",
        {
            "customer": TEXT,
            "sku": TEXT,
            "quantity": WHOLE,
            "amount": WHOLE,
            "status": ("shipped", "delivered", "refunded"),
            "delivered_days_ago": WHOLE,
        },
        ("customer", "sku"),
        empty=("delivered_days_ago",),
    ),
    "payments": Table(
        "id",
        {"customer": TEXT, "sku": TEXT, "quantity": WHOLE, "amount": WHOLE},
        ("customer", "sku"),
        surrogate=True,
    ),
    "backorders": Table(
        "id", {"customer": TEXT, "sku": TEXT, "quantity": WHOLE}, ("customer", "sku"), True
    ),
    "refunds": Table(
        "id",
        {"order_id": TEXT, "customer": TEXT, "amount": WHOLE, "destination": DESTINATIONS},
        ("order_id", "customer"),
        surrogate=True,
    ),
    "declines": Table(
        "id",
        {"order_id": TEXT, "customer": TEXT, "reason": REASONS},
        ("order_id", "customer"),
        True,
    ),
    "emails": Table(
        "id",
        {"customer": TEXT, "kind": ("summary", "newsletter"), "requests": LABELS},
        ("customer",),
        surrogate=True,
        empty=("requests",),
    ),
}


def _sql() -> str:
    types = {WHOLE: "INTEGER"}
    statements: list[str] = []
    for name, table in TABLES.items():
        columns = ", ".join(
            f"{column} {types.get(kind, 'TEXT') if isinstance(kind, str) else 'TEXT'}"
            for column, kind in table.columns.items()
        )
        statements.append(
            f"CREATE TABLE {name} ({table.key} TEXT PRIMARY KEY NOT NULL, {columns});"
        )
    return "\n".join(statements)


SCHEMA = Schema(
    sql=_sql(),
    asked={name: table.asked for name, table in TABLES.items()},
    surrogate={name: table.key for name, table in TABLES.items() if table.surrogate},
)


def labels_text(labels: str | list[str]) -> str:
    """Request labels as they are kept: each once, by number, as in `R2,R10`.

    `Refused` if there is none, or if something is not a label.
    """
    parts = labels if isinstance(labels, list) else re.split(r"[\s,;]+", labels.strip())
    found = {part.strip().upper() for part in parts}
    if not found or any(not re.fullmatch(r"R[1-9]\d{0,3}", label) for label in found):
        raise Refused("request labels look like R1, R12; give at least one")
    return ",".join(sorted(found, key=lambda label: int(label[1:])))


def fitting(table: str, column: str, value: object) -> Value:
    """The value as the column keeps it. `Refused` says what the column takes instead."""
    kind = TABLES[table].columns[column]
    if value is None:
        if column in TABLES[table].empty:
            return None
        raise Refused(f"{table}.{column} cannot be empty")
    if isinstance(kind, tuple):
        word = str(value).strip().lower()
        if word not in kind:
            raise Refused(f"{table}.{column} is one of {', '.join(kind)}, not {value!r}")
        return word
    if kind == WHOLE:
        text = str(value).strip()
        if isinstance(value, bool) or not re.fullmatch(r"-?\d{1,12}", text):
            raise Refused(f"{table}.{column} is a whole number, not {value!r}")
        if int(text) < 0:
            raise Refused(f"{table}.{column} cannot be below 0")
        return int(text)
    if kind == LABELS:
        parts: list[object] = value if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownVariableType]
        return labels_text(" ".join(str(part) for part in parts))
    if isinstance(value, str) and value.strip():
        return value.strip()
    raise Refused(f"{table}.{column} is a text, not {value!r}")


def numbered(row: Row, taken: int) -> str:
    """A surrogate key for a new row; `taken` counts the ones that were not free."""
    about = row.get("order_id") or row.get("customer")
    return f"{about}.{taken + 1}"
