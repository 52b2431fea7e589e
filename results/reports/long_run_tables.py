"""The tables of the report on the long run: half-lives, lengths done, silent failures by a step."""

from collections.abc import Iterator, Sequence

import polars as pl

from results.resilience.long_run import SHARES, STEPS, hazards, lengths_done, silent_by
from results.strata import cell_label
from results.table import Row, Table, grouped
from results.words import number, p_value, percent

BOUNDLESS = 1e6
"""An interval whose ends are so many times apart bounds nothing: the records do not tell."""
BEYOND = "*"
"""Stands at what lies outside of the lengths that trials had."""

EVENT = (
    "The event is the first wrong step where the records say (a call that left a row wrong, a "
    "report that was not so), else the failure at the trial's end, which may have been any "
    "step's; trials that passed are censored at their length. Lengths are in tool calls; trials "
    "without one are left out."
)


def long_run_tables(found: pl.DataFrame, by: Sequence[str]) -> tuple[Table, ...]:
    """Of `results.resilience.long_run.spans`: hazards, lengths done, silent failures."""
    label = cell_label(by).alias("cell")
    tables = (
        _hazard_table(hazards(found, by).with_columns(label)),
        _length_table(lengths_done(found, by).with_columns(label)),
        _silent_table(silent_by(found, by).with_columns(label)),
    )
    return tuple(table for table in tables if table.groups)


def hazard_sentences(found: pl.DataFrame, simulated: bool) -> Iterator[str]:
    """Where a hazard was shown to climb or fall, over all settings of a task set."""
    start = "In simulation, on" if simulated else "On"
    for row in hazards(found).to_dicts():
        if row["hazard"] in ("climbs", "falls"):
            yield (
                f"{start} {row['task_set']} the hazard of {row['topology']} {row['hazard']} along "
                f"the way (Weibull shape {_within(row, 'shape')} on these tasks), so that p^n, "
                f"which takes it to be constant, is no guide to other lengths."
            )


def _hazard_table(rows: pl.DataFrame) -> Table:
    return grouped(
        rows,
        "Half-lives",
        [
            ("topology", lambda row: row["topology"]),
            ("graded trials", lambda row: number(row["trials"])),
            ("failures", lambda row: number(row["failures"])),
            ("of them dated", lambda row: number(row["dated"])),
            ("longest trial", lambda row: number(row["longest"])),
            ("success of a step", lambda row: _fine(row["per_step"])),
            ("half-life", lambda row: _span(row["half_life"], row["half_low"], row["half_high"])),
            ("shape, these tasks", lambda row: _within(row, "shape")),
            ("p of a constant hazard", lambda row: p_value(row["p"])),
            ("shape, tasks like these", _tasks_shape),
            ("the hazard", lambda row: row["hazard"] or "-"),
        ],
        f"{EVENT} Half-life and success of a step are those of a constant hazard, with the 95% "
        "interval for tasks like these. The shape is Weibull's: above 1 the hazard climbs. Its "
        "interval is by likelihood ratio for these tasks, by errors clustered by task for tasks "
        "like these; the hazard is said to climb or fall where both leave out 1. Tasks that "
        "differ in difficulty make it fall.",
    )


def _length_table(rows: pl.DataFrame) -> Table:
    rows = rows.with_columns(_law_name().alias("law"))
    wide = rows.group_by("cell", "topology", "law", maintain_order=True).agg(
        pl.struct("share", "length", "low", "high", "extrapolated").alias("at")
    )
    return grouped(
        wide,
        "Length done with a chance",
        [
            ("topology", lambda row: row["topology"]),
            ("hazard", lambda row: row["law"]),
            *(
                (f"{100 * share:.0f}%", lambda row, at=at: _done(row["at"][at]))
                for at, share in enumerate(SHARES)
            ),
        ],
        f"In tool calls, with the 95% interval for tasks like these. {BEYOND} outside of the "
        "lengths that trials had: the law's word more than the records'.",
    )


def _silent_table(rows: pl.DataFrame) -> Table:
    keys = ["cell", "topology", "law"]
    told = pl.struct("steps", "share", "low", "high", "extrapolated").alias("at")
    silent = rows.with_columns(pl.format("silent, {} hazard", _law_name()).alias("law"))
    # The same beside every law, so that one of them is enough.
    any_failure = rows.unique(["cell", "topology", "steps"], maintain_order=True).with_columns(
        pl.lit("any, 1 - p^n").alias("law"),
        pl.col("compounded").alias("share"),
        pl.lit(None, pl.Float64).alias("low"),
        pl.lit(None, pl.Float64).alias("high"),
    )
    wide = (
        pl.concat([silent, any_failure])
        .group_by(keys, maintain_order=True)
        .agg(told)
        .sort("cell", "topology", maintain_order=True)
    )
    return grouped(
        wide,
        "A silent failure has happened by step",
        [
            ("topology", lambda row: row["topology"]),
            ("failure", lambda row: row["law"]),
            *((str(n), lambda row, at=at: _by_step(row["at"][at])) for at, n in enumerate(STEPS)),
        ],
        "With the 95% interval for tasks like these; other trials are censored where they ended. "
        f"{BEYOND} beyond the longest trial. Beside it any failure, if each step succeeded with "
        "the one chance p of a constant hazard.",
    )


def _law_name() -> pl.Expr:
    """As in "constant hazard" or "Weibull hazard"."""
    return pl.col("law").replace({"weibull": "Weibull"})


def _fine(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f}%"


def _span(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return "-"
    if low is not None and high is not None and high > BOUNDLESS * low:
        return "not told"
    return _steps(value) + (
        " (no interval)" if low is None or high is None else f" ({_steps(low)} to {_steps(high)})"
    )


def _steps(value: float) -> str:
    """Steps to three digits that count, at most one of them behind the point."""
    if value >= 1e5:
        return "over 100,000"
    return f"{float(f'{value:.3g}'):,.{0 if value >= 100 else 1}f}"


def _within(row: Row, name: str) -> str:
    if row[name] is None:
        return "-"
    return f"{row[name]:.2f} ({row[f'{name}_low']:.2f} to {row[f'{name}_high']:.2f})"


def _tasks_shape(row: Row) -> str:
    if row["shape_tasks_low"] is None:
        return "-"
    return f"{row['shape_tasks_low']:.2f} to {row['shape_tasks_high']:.2f}"


def _done(point: Row) -> str:
    told = _span(point["length"], point["low"], point["high"])
    return told + (BEYOND if point["extrapolated"] and told[0].isdigit() else "")


def _by_step(point: Row) -> str:
    flag = BEYOND if point["extrapolated"] else ""
    if point["low"] is None:
        return f"{percent(point['share'])}{flag}"
    ends = " to ".join(f"{100 * point[end]:.1f}" for end in ("low", "high"))
    return f"{percent(point['share'])} ({ends}){flag}"
