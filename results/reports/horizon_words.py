"""Horizons in words and a table: what `fanout horizon` prints."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from results.refused import Refused
from results.resilience.horizons import SUCCESSES, Curve, growth, horizons
from results.table import Row, Table, grouped
from results.words import many, number

BEYOND = "*"


def horizon_table(curves: list[Curve]) -> Table:
    """The horizons of each agent. `Refused`, with the reason, where nobody has one."""
    found = horizons(curves)
    if found["slope"].null_count() == found.height:
        reasons = "; ".join(f"{_who(row)}: {row['why']}" for row in found.to_dicts())
        raise Refused(
            f"no horizon: {reasons}; it takes tasks of several lengths, some of which passed"
        )
    return grouped(
        found.with_columns(cell=pl.lit("human minutes")),
        "Horizons",
        [
            ("agent", _who),
            ("released", lambda row: row["model_released"] or "-"),
            ("tasks", lambda row: number(row["tasks"])),
            ("families", lambda row: number(row["families"])),
            ("trials", lambda row: number(row["trials"])),
            ("tried", lambda row: f"{minutes(row['shortest'])} to {minutes(row['longest'])}"),
            *(
                (f"at {100 * success:.0f}%", lambda row, at=success: _horizon(row, at))
                for success in SUCCESSES
            ),
            ("no horizon, since", lambda row: row["why"] or "-"),
        ],
        "The length of work, in minutes of a person who knows it, at which that share of trials "
        "passes: a logistic of log2 minutes, with the 95% interval from drawing families of "
        f"tasks again. {BEYOND} outside of the lengths that were tried: the curve's word more than "
        "the records'.",
    )


def growth_sentences(curves: list[Curve]) -> Iterator[str]:
    """How fast the 50% horizon doubles over the release dates of models."""
    found = growth(curves)
    for row in found.to_dicts():
        start = f"Over the release dates of {many(row['models'], 'model')} ({_who(row)})"
        if row["days_low"] is None:
            ends = (
                "no interval"
                if row["low"] is None
                else f"95% interval {row['low']:.2f} to {row['high']:.2f}"
            )
            yield (
                f"{start} the 50% horizon is not shown to grow: "
                f"{row['doublings_per_year']:.2f} doublings a year ({ends})."
            )
        else:
            yield (
                f"{start} the 50% horizon doubles every {number(row['doubling_days'])} days (95% "
                f"interval {number(row['days_low'])} to {number(row['days_high'])})."
            )
    if found.is_empty():
        yield "No doubling time: it takes horizons of models with two release dates or more."


def _who(row: dict[str, Any]) -> str:
    parts = [row["topology"], row.get("model"), row["faults"] and f"faults {row['faults']}"]
    parts.append(None if row["budget"] is None else f"budget {row['budget']:g}")
    return ", ".join(part for part in parts if part)


def _horizon(row: Row, success: float) -> str:
    name = f"horizon_{100 * success:.0f}"
    if row[name] is None:
        return "-"
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    flag = BEYOND if row[f"{name}_extrapolated"] else ""
    if low is None and high is None:
        return f"{minutes(row[name])} (no interval){flag}"
    if high is None:
        return f"{minutes(row[name])} (from {minutes(low)}){flag}"
    ends = f"up to {minutes(high)}" if low is None else f"{minutes(low)} to {minutes(high)}"
    return f"{minutes(row[name])} ({ends}){flag}"


def minutes(value: float | None) -> str:
    """Minutes to three digits that count, in seconds, hours or years where those say it better."""
    if value is None:
        return "-"
    for size, unit in ((525_960, "years"), (60, "h"), (1, "min")):
        if value >= size:
            return f"{value / size:.3g} {unit}" if value < 1000 * size else f"over 999 {unit}"
    return f"{60 * value:.3g} s"
