"""A table of text, grouped by cell, for Markdown and HTML alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from results.text import markdown
from results.words import points

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
