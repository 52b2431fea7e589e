"""What a sweep would take, as a table."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from experiments.printed.output import columns
from experiments.running.estimate import Estimate


def estimate_lines(found: Estimate) -> Iterator[str]:
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


def estimate_data(found: Estimate) -> dict[str, Any]:
    """The same as data."""
    totals = {name: found.total(name) for name in ("trials", "calls", "tokens", "dollars")}
    return {**asdict(found), "total": totals}


def unpriced_words(found: Estimate) -> str:
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
