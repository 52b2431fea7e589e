"""The tables on consistency: pass^k with its interval, and tasks against trials."""

from collections.abc import Callable, Sequence

import polars as pl

from results.records import WITHOUT_GRADE
from results.statistics.bands import pass_k_bands
from results.statistics.consistency import CRASHES, consistency
from results.statistics.spread import split
from results.strata import cell_label
from results.table import Row, Table, grouped
from results.view import View
from results.words import number, percent, percent_interval


def consistency_tables(view: View, ks: Sequence[int]) -> tuple[Table, ...]:
    """Pass^k at each k, and, if any trial crashed or paused, under each way to treat that."""
    trials, by = view.trials, view.by
    bands = pass_k_bands(trials, ks, by)
    tables = [consistency_table(bands, by), split_table(bands, by)]
    if trials.get_column("ended").is_in(WITHOUT_GRADE).any():
        ways = pl.concat([consistency(trials, ks, by, crashed) for crashed in CRASHES])
        wide = ways.pivot(
            on="crash_convention",
            index=["topology", "task_set", *by, "k"],
            values="pass_hat",
        ).with_columns(cell_label(by))
        tables.append(
            grouped(
                wide.sort("task_set", *by, "topology", "k", nulls_last=True),
                "Pass^k under each way to treat crashed trials",
                [
                    ("topology", lambda row: row["topology"]),
                    ("k", lambda row: str(row["k"])),
                    ("drop (used)", lambda row: percent(row["drop"])),
                    ("failed", lambda row: percent(row["failed"])),
                    ("lowest_k", lambda row: percent(row["lowest_k"])),
                ],
            )
        )
    return tuple(tables)


def consistency_table(bands: pl.DataFrame, by: Sequence[str]) -> Table:
    """Pass^k with its interval and pass@k, from bands, and on how many tasks they rest."""
    columns: list[tuple[str, Callable[[Row], str]]] = [
        ("topology", lambda row: row["topology"]),
        ("k", lambda row: str(row["k"])),
        ("tasks with k trials", _rests_on),
        (
            "pass^k (95% posterior)",
            lambda row: percent_interval(row["pass_hat"], row["low"], row["high"]),
        ),
        ("pass@k", lambda row: percent(row["pass_at"])),
    ]
    return grouped(_celled(bands, by), "Consistency", columns, ROLLED_BACK)


ROLLED_BACK = (
    "Both rest on the tasks with k graded trials. On tasks that write, pass@k assumes that what a "
    "failed try wrote is rolled back before the next."
)


def _rests_on(row: Row) -> str:
    return f"{row['tasks']} of {row['tasks'] + row['tasks_short']}"


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
    if found is not None:
        return found.advice
    few = row["tasks"] < 2
    return f"not known: {'it takes 2 tasks' if few else 'all trials went alike'}"


def _celled(bands: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    return bands.with_columns(cell_label(by)).sort(
        "task_set", *by, "topology", "k", nulls_last=True
    )
