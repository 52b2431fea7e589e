"""Holds a row from a file to the schema of its frame, in words that say what to change."""

import json
import sys
from collections.abc import Collection, Mapping
from typing import Any, cast
from unicodedata import category

import polars as pl

from results.imports.embedded import EMBEDDED
from results.records import ENDINGS, OPS, SCHEMAS
from results.refused import Refused
from results.usage import COUNTS, MOST

MODEL_CALL, TOOL_CALL = "model", "tool"

CHOICES: dict[str, dict[str, tuple[str, ...]]] = {
    "trials": {
        "ended": ENDINGS,
        "mode": ("act", "answer"),
        "status": ("done", "blocked"),
        "budget_unit": ("dollars", "tokens", "output_tokens"),
    },
    "steps": {"kind": (MODEL_CALL, TOOL_CALL)},
    "accesses": {"op": OPS},
    "milestones": {},
}
"""Frame to its texts that are one of a few."""

SHARES = frozenset(
    ("coupling", "effective_coupling", "write_share", "ambient", "score", "confidence", "part")
)
"""Numbers from 0 to 1."""

FROM_ONE = frozenset(("width",))
ANY_NUMBER = frozenset(("seed",))

NOT_EMPTY = frozenset(
    (
        "trial_id",
        "sweep",
        "topology",
        "task_set",
        "task",
        "block",
        "agent",
        "parent",
        "role",
        "tool",
        "table",
        "milestone",
        "model",
        "encoding",
    )
)
"""Texts that name something."""

NEVER_NULL = ("trial_id", "sweep", "topology", "task_set", "settings", "simulated", "ended")
"""Fields of a trial that in JSON Lines follow from the rest of the line when they are left out."""

REQUIRED: dict[str, tuple[str, ...]] = {
    "trials": ("task", "trial", *NEVER_NULL),
    "steps": ("step", "kind", "agent"),
    "accesses": ("access", "op", "table", "key", "agent", "predicate", "undone"),
    "milestones": ("milestone", "weight"),
}
"""Frame to the fields without which a row says nothing."""

NO_LETTERS = ("Cc", "Zl", "Zp", "Cn")
"""Unicode categories: control characters, line and paragraph separators, what is no character."""

LARGEST = 2**63
LARGEST_NUMBER = sys.float_info.max


def checked_row(frame: str, row: Mapping[str, object], where: str) -> dict[str, Any]:
    """The row with each value fit for its column; `Refused` for one that is not."""
    schema = SCHEMAS[frame]
    unknown = sorted(set(row) - set(schema))
    if unknown:
        raise Refused(f"{where} has the unknown field {unknown[0]!r}; see the fields of {frame}")
    fit = {name: _fit(name, value, schema[name], where) for name, value in row.items()}
    for name, value in fit.items():
        if value is not None:
            _possible(frame, name, value, where)
    return fit


def with_required(
    frame: str, row: dict[str, Any], where: str, but: Collection[str] = ()
) -> dict[str, Any]:
    """The row; `Refused` if it lacks what its frame needs."""
    for name in REQUIRED[frame]:
        if row.get(name) is None and name not in but:
            raise Refused(f"{where} has no {name!r}")
    return row


def sequence(name: str, value: object) -> list[object]:
    """The list under `name` of a line; empty when it was left out."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Refused(f"{name!r} is not a list")
    return cast("list[object]", value)


def storable(text: str) -> bool:
    """Whether the text can be kept as UTF-8: half of a surrogate pair cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _fit(name: str, value: object, kind: pl.DataType, where: str) -> object:
    if value is None:
        return None
    if kind == pl.String:
        if isinstance(value, str):
            if not storable(value):
                raise Refused(f"{where}: {name} has half of a surrogate pair; it is not text")
            return value
        if name in EMBEDDED:
            text = json.dumps(value, ensure_ascii=False)
            if not storable(text):
                raise Refused(f"{where}: {name} has half of a surrogate pair; it is not text")
            return text
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
        if isinstance(value, (int, float)) and abs(value) <= LARGEST_NUMBER:
            return float(value)
    elif isinstance(value, list):
        texts = cast("list[object]", value)
        if all(isinstance(text, str) and storable(text) for text in texts):
            return texts
    shown = _shown(cast("object", value))
    raise Refused(f"{where}: {name} is {shown}; it must be {WORDS[str(kind)]} or null")


WORDS = {
    "String": "text",
    "Boolean": "true or false",
    "Int64": "a whole number",
    "Float64": "a number",
    "List(String)": "a list of texts",
}


def _named(text: str) -> bool:
    """Whether the text can name something in a line, a table and an XML file."""
    return bool(text.strip()) and not any(category(letter) in NO_LETTERS for letter in text)


def _possible(frame: str, name: str, value: object, where: str) -> None:
    """Hold a value of the right type to what it can be. `Refused` says what that is."""
    must = None
    choices = CHOICES[frame].get(name)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if name in SHARES:
            must = None if 0 <= value <= 1 else "from 0 to 1"
        elif name in COUNTS and value > MOST:
            must = f"at most {MOST:,}"
        elif name in FROM_ONE:
            must = None if value >= 1 else "1 or more"
        elif name not in ANY_NUMBER:
            must = None if value >= 0 else "0 or more"
    elif choices is not None and value not in choices:
        must = f"one of {', '.join(choices)}"
    elif name in NOT_EMPTY and not _named(str(value)):
        must = "a name on one line, without control characters"
    elif name in EMBEDDED:
        must = EMBEDDED[name](str(value))
    if must is not None:
        raise Refused(f"{where}: {name} is {_shown(value)}; it must be {must}")


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=True, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."
