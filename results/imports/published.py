"""Reads published figures of pass^k, one system a row, from CSV or JSON, digits kept as printed."""

import csv
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from results.refused import Refused
from results.statistics.lint import Published

PASS_K = re.compile(r"(?:pass|p)[\s_]?(?:\^|hat)?[\s_]?(\d+)", re.IGNORECASE)
"""How a column of pass^k may be called: pass^4, pass_4, pass_hat_4."""
MOST = 10_000


def read_published(path: Path) -> list[Published]:
    """The systems of a file with columns `name`, `tasks`, `trials` and `pass^1`, `pass^2`, ...

    JSON is a list of objects with these names; `pass_k` may be a list (from k = 1) or an object by
    k in place of columns. Figures are in percent, with as many digits as were printed. Whatever
    else the file holds is `Refused`, with its row.
    """
    rows = _from_json(path) if path.suffix == ".json" else _from_csv(path)
    if not rows:
        raise Refused(f"{path} has no rows")
    return [_published(row, f"row {place} of {path}") for place, row in enumerate(rows, start=1)]


def _from_csv(path: Path) -> Sequence[Mapping[str, Any]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [dict(row) for row in csv.DictReader(file, strict=True)]
    except (csv.Error, UnicodeDecodeError) as error:
        raise Refused(f"{path} is no CSV: {error}") from error


def _from_json(path: Path) -> Sequence[Mapping[str, Any]]:
    try:
        found: object = json.loads(path.read_text(encoding="utf-8"), parse_float=str)
    except (ValueError, RecursionError) as error:
        raise Refused(f"{path} is no JSON: {error}") from error
    rows = cast("list[object]", found if isinstance(found, list) else [])
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise Refused(f"{path} must hold a list of objects, one a system")
    return cast("list[Mapping[str, Any]]", rows)


def _published(row: Mapping[str, Any], where: str) -> Published:
    figures = {
        k: text for k, figure in _figures(row) if (text := _percent(figure, f"{where}: pass^{k}"))
    }
    if not figures:
        raise Refused(f"{where} has no figure; name columns pass^1, pass^2, ...")
    if all(0 < float(text) <= 1 for text in figures.values()):
        raise Refused(f"{where}: figures are in percent, 71.3 and not .713")
    name = str(row.get("name") or row.get("model") or where)
    return Published(name, _count(row, "tasks", where), _count(row, "trials", where), figures)


def _figures(row: Mapping[str, Any]) -> list[tuple[int, Any]]:
    together: object = row.get("pass_k")
    if isinstance(together, list):
        return list(enumerate(cast("list[Any]", together), start=1))
    if isinstance(together, dict):
        row = {f"pass^{k}": figure for k, figure in cast("dict[str, Any]", together).items()}
    named = ((PASS_K.fullmatch(str(column).strip()), figure) for column, figure in row.items())
    return [(int(found[1]), figure) for found, figure in named if found]


def _percent(figure: object, where: str) -> str:
    """The figure as it was printed, without its sign; empty where there is none."""
    text = "" if figure is None else str(figure).strip().removesuffix("%").strip()
    if text and not re.fullmatch(r"\d{1,3}(\.\d{1,12})?", text):
        raise Refused(f"{where} is {figure!r:.40}; it must be a percentage, as in 71.3")
    return text


def _count(row: Mapping[str, Any], name: str, where: str) -> int:
    given = row.get(name)
    text = str(given).strip()
    if not text.isdecimal() or not 1 <= int(text) <= MOST:
        raise Refused(f"{where}: {name} is {given!r:.40}; it must be a number from 1 to {MOST:,}")
    return int(text)
