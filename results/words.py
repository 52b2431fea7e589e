"""Numbers as text: shares, points, ratios, dollars and counts, alike wherever they are said."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

SHORT = 10
"""Letters of one of the kit's own trial ids that are shown; they find it."""
_OWN_ID = re.compile(r"[0-9a-f]{16,}")
ROUNDING = 1e-9
"""Points below which a difference is what adding binary fractions left over."""


def percent(value: float | None) -> str:
    """A share as a percentage: 72.4%; a dash for null."""
    return "-" if value is None else f"{tenths(value):.1f}%".replace("100.0%", "100%")


def tenths(share: float) -> float:
    """A share in percent to one digit, halves away from 0 as in published tables: .7125 is 71.3.

    Never -0.0.
    """
    rounded = math.floor(1000 * abs(share) + 0.5 + 1e-9) / 10
    return -rounded if share < 0 < rounded else rounded


def percent_interval(value: float | None, low: float | None, high: float | None) -> str:
    """A share with its interval: 72.4% (60.1 to 81.2)."""
    if value is None:
        return "-"
    if low is None or high is None:
        return f"{percent(value)} (no interval)"
    return f"{percent(value)} ({tenths(low):.1f} to {tenths(high):.1f})"


def points(value: float | None, low: float | None, high: float | None) -> str:
    """A difference of shares in points with its interval: -12.0 (-20.1 to -3.9)."""
    if value is None:
        return "-"
    if low is None or high is None:
        return f"{tenths(value):+.1f} (no interval)"
    return f"{tenths(value):+.1f} ({tenths(low):+.1f} to {tenths(high):+.1f})"


def ratio(value: float | None, low: float | None, high: float | None) -> str:
    """A ratio with its interval: 1.42x (1.30 to 1.55), infinite (from 2.31)."""
    if value is None:
        return "-"
    if value == math.inf:
        return "infinite" + ("" if low in (None, math.inf) else f" (from {low:.2f})")
    return f"{value:.2f}x" + ("" if low is None else f" ({low:.2f} to {high:.2f})")


def times(ratio: float) -> str:
    if ratio == math.inf:
        return "infinitely many times"
    return f"{ratio:.2f}x" if ratio < 0.995 else f"{ratio:.1f}x"


def in_points(share: float) -> str:
    """A share in percentage points, whole, or to one digit that is not 0 below 1."""
    value = 100 * share
    return f"{value:.0f}" if value >= 0.95 or value < ROUNDING else f"{value:.1g}"


def signed(share: float) -> str:
    size = in_points(abs(share))
    return size if size == "0" else f"{'+' if share > 0 else '-'}{size}"


def number(value: float | None, digits: int = 0) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def many(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def listed(names: Sequence[str]) -> str:
    """Names as in "a, b and c"."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def on(simulated: bool) -> str:
    """How a sentence about a cell begins."""
    return "In simulation, on" if simulated else "On"


def dollars(value: float | None) -> str:
    """Dollars to three digits that count."""
    if value is None:
        return "-"
    return f"${value:,.2f}" if value >= 1 or value == 0 else f"${value:.3g}"


def where_known(row: Mapping[str, Any], name: str, shown: Callable[[float | None], str]) -> str:
    """A mean per trial; where it is not known of all, that over the others, and of how many."""
    known, some = row.get(f"{name}_known"), row.get(f"{name}_where_known")
    if row[name] is not None or not known or known == row["graded"] or some is None:
        return shown(row[name])
    return f"{shown(some)} in {known} of {row['graded']}"


def p_value(value: float | None) -> str:
    if value is None:
        return "-"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def short_id(trial_id: str) -> str:
    """What names a trial in a sentence: the start of an id of the kit's, anyone else's whole."""
    return trial_id[:SHORT] if _OWN_ID.fullmatch(trial_id) else trial_id
