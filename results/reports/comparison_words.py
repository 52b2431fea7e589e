"""What can be said of a comparison, in plain sentences made of its numbers and no others."""

from typing import Any

import polars as pl

from results.reports.parts import FEW
from results.words import in_points, many, on, signed, times

SENTENCES = {
    "task_set": pl.String(),
    "cell": pl.String(),
    "topology": pl.String(),
    "k": pl.Int64(),
    "simulated": pl.Boolean(),
    "difference": pl.Float64(),
    "settled": pl.Boolean(),
    "settled_on_these": pl.Boolean(),
    "interval": pl.Boolean(),
    "sentence": pl.String(),
}


def what_can_be_said(comparison: pl.DataFrame) -> pl.DataFrame:
    """One plain sentence for each row of `results.statistics.compare.compare`.

    Columns: task_set, cell, topology, k, simulated, `difference` (a share), `settled` (its interval
    for tasks like these leaves out 0), `settled_on_these` (that for these tasks alone does),
    `interval` (there is one for tasks like these), `sentence`. A simulated comparison says so in
    the sentence.
    """
    rows = [
        {name: row[name] for name in ("task_set", "cell", "topology", "k", "simulated")}
        | {"difference": row["difference"]}
        | {"settled": _settled(row), "settled_on_these": _settled(row, "these_")}
        | {"interval": row["low"] is not None, "sentence": sentence(row)}
        for row in comparison.iter_rows(named=True)
    ]
    return pl.DataFrame(rows, schema=SENTENCES, orient="row")


def told(said: pl.DataFrame) -> list[tuple[str, list[tuple[bool, str]]]]:
    """What can be said for a reader: by task set, whether it is settled and the sentence.

    Settled comparisons stand first. More than `FEW` that are open become one sentence, so that a
    large grid is read for what it shows.
    """
    return [
        (str(task_set), [*_told(rows, settled=True), *_told(rows, settled=False)])
        for (task_set,), rows in said.group_by("task_set", maintain_order=True)
    ]


def _told(said: pl.DataFrame, settled: bool) -> list[tuple[bool, str]]:
    rows = said.filter(pl.col("settled") == settled)
    if settled or rows.height <= FEW:
        return [(settled, text) for text in rows.get_column("sentence")]
    start = on(rows.get_column("simulated").any())
    differences = sorted(rows.get_column("difference").drop_nulls().to_list())
    reach = (
        f" (differences of {signed(differences[0])} to {signed(differences[-1])} points, each in "
        "the report's table of differences)"
        if differences
        else ""
    )
    return [
        (
            False,
            f"{start} {rows.item(0, 'task_set')} there is not enough evidence yet in "
            f"{rows.height} of {many(said.height, 'comparison')}: {_why_open(rows)}{reach}."
            f"{_settled_alone(rows)}",
        )
    ]


def _why_open(rows: pl.DataFrame) -> str:
    """What keeps comparisons open: an interval with 0 in it, or none for want of tasks."""
    included = int(rows.get_column("interval").sum())
    none = rows.height - included
    if not none:
        return "their intervals include 0"
    lacking = "no interval for tasks like these, which takes 2 tasks that both did often enough"
    return f"{none} have {lacking}" + (f", and {included} have 0 in it" if included else "")


def _settled_alone(rows: pl.DataFrame) -> str:
    alone = int(rows.get_column("settled_on_these").sum())
    if not alone:
        return ""
    are = "is" if alone == 1 else "are"
    return f" For these tasks alone {alone} of them {are} settled: see the verdicts."


def _settled(row: dict[str, Any], of: str = "") -> bool:
    low, high = row[f"{of}low"], row[f"{of}high"]
    return low is not None and (low > 0 or high < 0)


def sentence(row: dict[str, Any]) -> str:
    """The sentence of one row of a comparison."""
    start = ("In simulation, on " if row["simulated"] else "On ") + row["cell"]
    who, other = row["topology"], row["reference"]
    passed = "passed" if row["k"] == 1 else f"passed all {row['k']} of {row['k']} trials of a task"
    if row["difference"] is None:
        return (
            f"{start} there is no task that both {who} and {other} did in at least "
            f"{many(row['k'], 'graded trial')}: nothing can be compared."
        )
    gain = row["difference"]
    cost = _cost(row) if row["k"] == 1 else ""
    noise = _noise(row)
    word = "more" if gain > 0 else "less"
    if not _settled(row):
        alone = (
            f" For these tasks alone it did, {word} often ({_span(row, 'these_')})."
            if _settled(row, "these_")
            else ""
        )
        return (
            f"{start} there is not enough evidence yet to say whether {who} {passed} more or less "
            f"often than {other}: the difference is {signed(gain)} points ({_evidence(row)})"
            f"{cost}.{alone}{noise}"
        )
    size = f"{in_points(abs(gain))} points"
    said = (
        f"{passed} {size} {word} often than {other}"
        if row["k"] == 1
        else f"{passed} {word} often than {other}, by {size}"
    )
    return f"{start} {who} {said} ({_evidence(row)}){cost}.{noise}"


def _noise(row: dict[str, Any]) -> str:
    """How far the same arm differs from itself, where it was run twice."""
    if row.get("floor") is None:
        return ""
    within = abs(row["difference"]) <= abs(row["floor"])
    return (
        f" Run again, {row['floor_arm']} differs from itself by {signed(row['floor'])} points here "
        f"(95% interval {signed(row['floor_low'])} to {signed(row['floor_high'])} for these tasks "
        f"alone){': the difference is no larger' if within else ''}."
    )


def _evidence(row: dict[str, Any]) -> str:
    trials = (
        f"{row['fewest']}" if row["fewest"] == row["most"] else f"{row['fewest']} to {row['most']}"
    )
    size = f"{many(row['tasks'], 'task')} x {trials} trial{'' if trials == '1' else 's'}"
    if row["low"] is None:
        return f"no interval for tasks like these: it takes at least 2; {size}"
    return f"{_span(row)}; {size}"


def _span(row: dict[str, Any], of: str = "") -> str:
    """The interval with its level, in points either way, or without a sign where it is settled."""
    low, high = row[f"{of}low"], row[f"{of}high"]
    name = f"{100 * row['level']:.4g}% interval"
    if not _settled(row, of):
        return f"{name} {signed(low)} to {signed(high)}"
    near, far = sorted((abs(low), abs(high)))
    return f"{name} {in_points(near)} to {in_points(far)} points"


def _cost(row: dict[str, Any]) -> str:
    """The cost ratios that are known; dollars without caching only if they tell another story."""
    tokens, dollars, plain = (
        row[f"{name}_ratio"] for name in ("tokens", "dollars", "dollars_uncached")
    )
    parts = [
        f"{times(ratio)} the {name}"
        for name, ratio in (("tokens", tokens), ("dollars", dollars))
        if ratio is not None
    ]
    if dollars is not None and plain is not None and (dollars - 1) * (plain - 1) < 0:
        parts.append(f"{times(plain)} the dollars if nothing were cached")
    if not parts:
        return ""
    return ", at " + (parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1])
