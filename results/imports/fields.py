"""Holds a row from a file to the schema of its frame, in words that say what to change."""

import json
import sys
from collections.abc import Mapping
from typing import Any, cast

import polars as pl

from results.records import SCHEMAS

AS_JSON = frozenset(("settings", "models", "arguments", "tools", "prompt", "reply"))
"""Text fields that hold JSON; a file may also give the value itself."""

LARGEST = 2**63
MOST = sys.float_info.max


def checked_row(frame: str, row: Mapping[str, object], where: str) -> dict[str, Any]:
    """The row with each value fit for its column; ValueError for one that is not."""
    schema = SCHEMAS[frame]
    unknown = sorted(set(row) - set(schema))
    if unknown:
        raise ValueError(f"{where} has the unknown field {unknown[0]!r}; see the fields of {frame}")
    return {name: _fit(name, value, schema[name], where) for name, value in row.items()}


def sequence(name: str, value: object) -> list[object]:
    """The list under `name` of a line; empty when it was left out."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError(f"{name!r} is not a list")
    return cast("list[object]", value)


def _fit(name: str, value: object, kind: pl.DataType, where: str) -> object:
    if value is None:
        return None
    if kind == pl.String:
        if isinstance(value, str):
            if not _storable(value):
                raise ValueError(f"{where}: {name} has half of a surrogate pair; it is not text")
            return value
        if name in AS_JSON:
            return json.dumps(value, ensure_ascii=False)
        if name in ("task", "block") and isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    elif kind == pl.Boolean:
        if isinstance(value, bool):
            return value
    elif isinstance(value, bool):
        pass
    elif kind == pl.Int64:
        if isinstance(value, int) and -LARGEST <= value < LARGEST:
            return value
    elif kind == pl.Float64:
        if isinstance(value, (int, float)) and abs(value) <= MOST:
            return float(value)
    elif isinstance(value, list):
        texts = cast("list[object]", value)
        if all(isinstance(text, str) and _storable(text) for text in texts):
            return texts
    shown = json.dumps(value, ensure_ascii=False)
    raise ValueError(f"{where}: {name} is {shown[:60]}; it must be {WORDS[str(kind)]} or null")


WORDS = {
    "String": "text",
    "Boolean": "true or false",
    "Int64": "a whole number",
    "Float64": "a number",
    "List(String)": "a list of texts",
}


def _storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
