"""The tables of a report: numbers as text, grouped by cell, for Markdown and HTML alike."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from results.statistics.strata import cell_label
from results.text import markdown
from results.withheld import SIGN

Row = dict[str, Any]


@dataclass(frozen=True)
class Table:
    """A titled table: `groups` pairs a cell with its rows; the first column is text."""

    title: str
    columns: tuple[str, ...]
    groups: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]
    note: str = ""

    def markdown(self) -> list[str]:
        """The lines of the table in Markdown, the title a heading."""
        lines = ["", f"### {markdown(self.title)}"]
        for cell, rows in self.groups:
            lines += ["", f"**{markdown(cell)}**", "", _row(self.columns)]
            lines.append("|" + "|".join([":--", *["--:"] * (len(self.columns) - 1)]) + "|")
            lines += [_row(row) for row in rows]
        return [*lines, "", markdown(self.note)] if self.note else lines


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(markdown(cell) for cell in cells)} |"


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


def number(value: float | None, digits: int = 0) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def dollars(value: float | None) -> str:
    """Dollars to three digits that count."""
    if value is None:
        return "-"
    return f"${value:,.2f}" if value >= 1 or value == 0 else f"${value:.3g}"


def where_known(row: Row, name: str, shown: Callable[[float | None], str]) -> str:
    """A mean per trial; where it is not known of all, that over the others, and of how many."""
    known, some = row.get(f"{name}_known"), row.get(f"{name}_where_known")
    if row[name] is not None or not known or known == row["graded"] or some is None:
        return shown(row[name])
    return f"{shown(some)} in {known} of {row['graded']}"


def p_value(value: float | None) -> str:
    if value is None:
        return "-"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def grouped(
    frame: pl.DataFrame,
    title: str,
    columns: Sequence[tuple[str, Callable[[Row], str]]],
    note: str = "",
) -> Table:
    """The table whose columns are functions of a row of `frame`, grouped by its `cell`.

    A column that no row has anything in is named in the note instead.
    """
    lines = [
        (str(row["cell"]), [cell_of(row) for _, cell_of in columns])
        for row in frame.iter_rows(named=True)
    ]
    names = [name for name, _ in columns]
    full = [at for at in range(len(names)) if any(line[at] != "-" for _, line in lines)]
    lines = lines if len(full) > 1 else []
    empty = [name for at, name in enumerate(names) if at not in full]
    if empty:
        note = f"{note} Not known for any row: {', '.join(empty)}.".strip()
    groups: dict[str, list[tuple[str, ...]]] = {cell: [] for cell, _ in lines}
    for cell, line in lines:
        groups[cell].append(tuple(line[at] for at in full))
    shown = tuple((cell, tuple(rows)) for cell, rows in groups.items())
    return Table(title, tuple(names[at] for at in full), shown, note)


def _share(name: str) -> Callable[[Row], str]:
    return lambda row: percent_interval(row[name], row[f"{name}_low"], row[f"{name}_high"])


def _ratio(name: str) -> Callable[[Row], str]:
    return lambda row: ratio(
        row[f"{name}_ratio"], row[f"{name}_ratio_low"], row[f"{name}_ratio_high"]
    )


def named(row: Row) -> str:
    """A topology of a summary, with a sign if nothing is said of it."""
    return f"{row['topology']} ({SIGN})" if row["withheld"] else row["topology"]


def _rests_on(row: Row, k: int) -> str:
    return f"{row[f'pass_hat_{k}_tasks'] or 0} of {row['tasks']}"


def outcome_table(
    table: pl.DataFrame, by: Sequence[str], k: int, deadline: float | None = None
) -> Table:
    """How each topology did, from a summary that was given the same deadline (seconds)."""
    columns: list[tuple[str, Callable[[Row], str]]] = [
        ("topology", named),
        ("tasks", lambda row: number(row["tasks"])),
        ("graded trials", lambda row: number(row["graded"])),
        ("crashed", lambda row: number(row["crashed"])),
        ("passed", _share("success")),
        (f"pass^{k}", _share(f"pass_hat_{k}")),
        (f"tasks with {k} trials", lambda row: _rests_on(row, k)),
        ("partial credit", lambda row: percent(row["score"])),
        ("false claims", lambda row: percent(row["false_claim_rate"])),
        ("right refusals", lambda row: percent(row["right_refusals"])),
        ("invariants broken per trial", lambda row: number(row["invariants_broken"], 3)),
    ]
    if k == 1:
        del columns[5:7]
    elif (table.get_column(f"pass_hat_{k}_tasks") == table.get_column("tasks")).all():
        columns.pop(6)
    if deadline is not None:
        name = f"passed within {deadline:g} s"
        columns.append((name, lambda row: percent(row["passed_in_time"])))
    return grouped(table.with_columns(cell_label(by).alias("cell")), "Outcomes", columns)


def cost_table(table: pl.DataFrame, by: Sequence[str], reference: str, simulated: bool) -> Table:
    """What each topology took, from a summary."""
    columns: list[tuple[str, Callable[[Row], str]]] = [
        ("topology", named),
        ("tokens per trial", lambda row: where_known(row, "tokens", number)),
        ("of them cached", lambda row: number(row["cached_tokens"])),
        ("tokens per pass", lambda row: number(row["tokens_per_pass"])),
        ("tokens, ratio", _ratio("tokens")),
        ("dollars per trial", lambda row: where_known(row, "dollars", dollars)),
        ("dollars per pass", lambda row: dollars(row["dollars_per_pass"])),
        ("dollars, ratio", _ratio("dollars")),
        ("uncached dollars, ratio", _ratio("dollars_uncached")),
        (
            "simulated seconds per trial" if simulated else "seconds per trial",
            lambda row: number(row["seconds"], 1),
        ),
    ]
    if any(row.get("beside_tokens") for row in table.iter_rows(named=True)):
        beside = "beside: tokens of judges and users"
        columns.insert(4, (beside, lambda row: number(row["beside_tokens"])))
    note = f"Ratios are to {reference} on the same tasks, with a 95% bootstrap interval over tasks."
    if table.get_column("topology").n_unique() == 1:
        columns, note = [pair for pair in columns if not pair[0].endswith("ratio")], ""
    return grouped(table.with_columns(cell_label(by).alias("cell")), "Costs", columns, note)


def comparison_table(comparison: pl.DataFrame, reference: str) -> Table:
    """Paired differences to the reference, from a comparison."""
    columns: list[tuple[str, Callable[[Row], str]]] = [
        ("topology", lambda row: row["topology"]),
        ("measure", lambda row: "passed" if row["k"] == 1 else f"pass^{row['k']}"),
        ("tasks", lambda row: number(row["tasks"])),
        ("rate", lambda row: percent(row["estimate"])),
        ("reference rate", lambda row: percent(row["reference_estimate"])),
        *difference_columns(),
        ("interval", lambda row: row["interval"] or "-"),
    ]
    if "floor" in comparison.columns and comparison.get_column("floor").is_not_null().any():
        columns.append(("the same arm from itself, points", _floor))
    return grouped(comparison, f"Differences to {reference}, paired by task", columns, POPULATIONS)


def _floor(row: Row) -> str:
    if row["floor"] is None:
        return "-"
    floor = points(row["floor"], row["floor_low"], row["floor_high"])
    return f"{row['floor_arm']}: {floor}"


POPULATIONS = (
    "Tasks like these: base tasks are the sample. These tasks alone: their trials are. Both "
    "intervals are of the level named, which is also that of the verdict."
)


def difference_columns() -> list[tuple[str, Callable[[Row], str]]]:
    """The difference of a comparison for both populations, and the level of both intervals."""
    return [
        (
            "points, tasks like these",
            lambda row: points(row["difference"], row["low"], row["high"]),
        ),
        (
            "points, these tasks alone",
            lambda row: points(row["difference"], row["these_low"], row["these_high"]),
        ),
        ("level", lambda row: f"{100 * row['level']:.4g}%"),
    ]
