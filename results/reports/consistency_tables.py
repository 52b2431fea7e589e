"""The tables on consistency: pass^k with every interval that applies, and tasks against trials."""

from collections.abc import Callable, Sequence

import polars as pl

from results.reports.tables import Row, Table, grouped, number, percent, percent_interval, tenths
from results.statistics.spread import split
from results.statistics.strata import cell_label


def consistency_table(bands: pl.DataFrame, by: Sequence[str]) -> Table:
    """Pass^k with both intervals and pass@k, from bands."""
    columns: list[tuple[str, Callable[[Row], str]]] = [
        ("topology", lambda row: row["topology"]),
        ("k", lambda row: str(row["k"])),
        ("tasks", lambda row: number(row["tasks"])),
        ("too few trials", lambda row: number(row["tasks_short"])),
        (
            "pass^k (95% posterior)",
            lambda row: percent_interval(row["pass_hat"], row["low"], row["high"]),
        ),
        ("task bootstrap", _limits("boot")),
        ("pass@k", lambda row: percent(row["pass_at"])),
    ]
    if bands.get_column("wilson_low").null_count() < bands.height:
        columns[6:6] = [("Wilson", _limits("wilson")), ("Clopper-Pearson", _limits("exact"))]
    return grouped(_celled(bands, by), "Consistency", columns)


def split_table(bands: pl.DataFrame, by: Sequence[str]) -> Table:
    """Whether more tasks or more trials would narrow the interval of pass^1, from bands."""
    return grouped(
        _celled(bands.filter(pl.col("k") == 1), by),
        "Tasks or trials",
        [
            ("topology", lambda row: row["topology"]),
            ("ICC", lambda row: number(row["icc"], 2)),
            ("error between tasks", _of_split("from_tasks")),
            ("twice the tasks narrow by", _of_split("twice_the_tasks")),
            ("twice the trials narrow by", _of_split("twice_the_trials")),
            ("what to add", _advice),
        ],
        "Of the error of pass^1. ICC is the share of a single trial's variance that lies between "
        "tasks; trials of one task can never remove that share.",
    )


def _of_split(name: str) -> Callable[[Row], str]:
    def shown(row: Row) -> str:
        found = split(row["icc"], row["most"])
        return "-" if found is None else f"{100 * getattr(found, name):.0f}%"

    return shown


def _advice(row: Row) -> str:
    found = split(row["icc"], row["most"])
    return "not known: all trials went alike" if found is None else found.advice


def _limits(name: str) -> Callable[[Row], str]:
    def shown(row: Row) -> str:
        low, high = row[f"{name}_low"], row[f"{name}_high"]
        return "-" if low is None else f"{tenths(low):.1f} to {tenths(high):.1f}"

    return shown


def _celled(bands: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    return bands.with_columns(cell_label(by).alias("cell")).sort(
        "task_set", *by, "topology", "k", nulls_last=True
    )
