"""How commands print: lines, JSON, and tables in columns that fit their content."""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any


def print_lines(lines: Iterable[str]) -> None:
    """Each on a line of its own."""
    for line in lines:
        print(line)


def print_json(value: Any) -> None:
    """One JSON document; a number that is none is null, an infinite one the text "infinite"."""
    print(json.dumps(_finite(value), indent=2, ensure_ascii=False, default=str))


def print_told(as_json: bool, data: Any, lines: Iterable[str]) -> None:
    """The same for a program, as JSON, or for people, as lines."""
    if as_json:
        print_json(data)
    else:
        print_lines(lines)


def columns(rows: Sequence[Sequence[str]], indent: str = "  ") -> Iterator[str]:
    """Rows of texts, the first a heading: first column to the left, others to the right."""
    if not rows:
        return
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [text.rjust(width) for text, width in zip(row[1:], widths[1:], strict=True)]
        yield (indent + "  ".join(cells)).rstrip()


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "infinite" if value > 0 else "-infinite"
    if isinstance(value, dict):
        return {str(key): _finite(part) for key, part in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]  # pyright: ignore[reportUnknownVariableType]
    return value
