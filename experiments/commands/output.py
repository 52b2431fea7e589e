"""How commands print: lines, JSON, and tables in columns that fit their content."""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from experiments.running.estimate import Estimate


def print_lines(lines: Iterable[str]) -> None:
    """Each on a line of its own."""
    for line in lines:
        print(line)


def print_json(value: Any) -> None:
    """One JSON document; a number that is none is null, an infinite one the text "infinite"."""
    print(json.dumps(_finite(value), indent=2, ensure_ascii=False, default=str))


def columns(rows: Sequence[Sequence[str]], indent: str = "  ") -> Iterator[str]:
    """Rows of texts, the first a heading: first column to the left, others to the right."""
    if not rows:
        return
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [text.rjust(width) for text, width in zip(row[1:], widths[1:], strict=True)]
        yield (indent + "  ".join(cells)).rstrip()


def estimate_lines(found: "Estimate") -> Iterator[str]:
    """An estimate as a table, with its total and what it rests on."""
    rows = [["cell", "topology", "trials", "model calls", "tokens", "dollars"]]
    for cell in found.cells:
        spent = (cell.calls, cell.tokens, cell.dollars)
        rows.append([cell.cell, cell.topology, f"{cell.trials:,}", *_amounts(*spent)])
    totals = [found.total(what) for what in ("calls", "tokens", "dollars")]
    rows.append(["total", "", f"{found.total('trials'):,}", *_amounts(*totals)])
    yield from columns(rows)
    yield f"This is {found.basis}."
    at_once = f"{found.workers} trial{'' if found.workers == 1 else 's'} at once"
    yield f"By the clock: {_clock(found.seconds)}, {at_once}."
    if found.unpriced:
        yield unpriced_words(found) + "."


def unpriced_words(found: "Estimate") -> str:
    """What is not known of prices, and what to do about it; "" if all are known."""
    if not found.unpriced:
        return ""
    return (
        f"the price of {', '.join(found.unpriced)} is not known: state input_price and "
        "output_price (dollars per million tokens) under [models] or the role"
    )


def _clock(seconds: float | None) -> str:
    if seconds is None:
        return "how long is not known"
    if seconds < 100:
        return f"about {max(1, round(seconds))} s"
    return f"about {seconds / 60:.0f} min" if seconds < 6000 else f"about {seconds / 3600:.1f} h"


def _amounts(calls: float | None, tokens: float | None, dollars: float | None) -> list[str]:
    money = (
        "not known"
        if dollars is None
        else f"${dollars:,.2f}"
        if dollars >= 1
        else f"${dollars:.2g}"
    )
    counts = ["not known" if count is None else f"{count:,.0f}" for count in (calls, tokens)]
    return [*counts, money]


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "infinite" if value > 0 else "-infinite"
    if isinstance(value, dict):
        return {str(key): _finite(part) for key, part in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]  # pyright: ignore[reportUnknownVariableType]
    return value
