"""Report: how trials failed. In the open, after a tool call that came back as an error, or not."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import polars as pl

from results.reports.consistency_tables import consistency_table
from results.reports.parts import Section
from results.statistics.bands import pass_k_bands
from results.statistics.consistency import group_columns
from results.strata import cell_label
from results.table import Row, Table, grouped
from results.view import View
from results.words import number, on, percent


def failure_section(view: View) -> Section | None:
    """The section; None where tool errors were not counted, or nothing was graded.

    Where nobody chose the settings, as in an imported run, and they differ, pass^k at every k over
    all tasks of a task set together comes first.
    """
    graded = view.trials.filter(pl.col("passed").is_not_null())
    if graded.is_empty() or graded.get_column("tool_errors").null_count():
        return None
    by = view.by
    cells = (
        failures(graded, by)
        .with_columns(cell_label(by))
        .sort("task_set", *by, "topology", nulls_last=True)
    )
    whole = failures(graded)
    tables = [_table(cells)]
    if "imported" in view.manifest and cells.height > whole.height:
        most = int(str(graded.group_by("topology", "task_set", "task").len()["len"].max()))
        over_all = consistency_table(pass_k_bands(view.trials, range(1, most + 1)), ())
        everything = whole.with_columns(pl.col("task_set").alias("cell"))
        tables = [
            replace(over_all, title="Consistency over all tasks"),
            _table(pl.concat([everything, cells], how="diagonal")),
        ]
    sentences = failure_sentences(whole, view.simulated)
    return Section("How trials failed", tuple(sentences), tuple(tables))


def failures(trials: pl.DataFrame, by: Sequence[str] = ()) -> pl.DataFrame:
    """One row for each topology, task set and combination of `by`, over its graded trials.

    `trials`; `failed`; of these `without_error`, in which no tool call came back as an error;
    `with_error`, trials in which one did; and `recovered`, those of them that passed.
    """
    keys = group_columns(by)
    passed, erred = pl.col("passed"), pl.col("tool_errors") > 0
    return (
        trials.filter(passed.is_not_null())
        .group_by(keys)
        .agg(
            pl.len().cast(pl.Int64).alias("trials"),
            (~passed).sum().cast(pl.Int64).alias("failed"),
            (~passed & ~erred).sum().cast(pl.Int64).alias("without_error"),
            erred.sum().cast(pl.Int64).alias("with_error"),
            (passed & erred).sum().cast(pl.Int64).alias("recovered"),
        )
        .sort(keys, nulls_last=True)
    )


def failure_sentences(found: pl.DataFrame, simulated: bool = False) -> Iterator[str]:
    """What can be said of `failures`, one sentence a row that has any."""
    start = on(simulated)
    for row in found.filter(pl.col("failed") > 0).iter_rows(named=True):
        said = (
            f"{start} {row['task_set']} {row['without_error']} of the {row['failed']} failed "
            f"trials of {row['topology']} met no tool error, so that no tool told of it"
        )
        if row["with_error"]:
            said += f"; of the {row['with_error']} trials that met one {row['recovered']} passed"
        yield said + "."


def _table(found: pl.DataFrame) -> Table:
    def share(part: str, whole: str) -> Callable[[Row], str]:
        def told(row: Row) -> str:
            return percent(row[part] / row[whole] if row[whole] else None)

        return told

    return grouped(
        found,
        "Failures and tool errors",
        [
            ("topology", lambda row: row["topology"]),
            ("graded trials", lambda row: number(row["trials"])),
            ("failed", lambda row: number(row["failed"])),
            ("without a tool error", lambda row: number(row["without_error"])),
            ("share of failures", share("without_error", "failed")),
            ("trials with a tool error", lambda row: number(row["with_error"])),
            ("of them passed", lambda row: number(row["recovered"])),
            ("share", share("recovered", "with_error")),
        ],
    )
