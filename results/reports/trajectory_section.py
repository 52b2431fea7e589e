"""Report: the way beside the outcome: errors met and recovered, what was hidden, how far."""

from collections.abc import Callable, Iterator

import polars as pl

from results.reports.first_wrong_table import wrong_table
from results.reports.long_run_tables import hazard_sentences, long_run_tables
from results.reports.parts import Section
from results.resilience.long_run import spans
from results.resilience.trajectory import trajectory_scores
from results.strata import cell_label
from results.table import Row, Table, grouped
from results.view import View
from results.words import number, percent


def trajectory_section(view: View) -> Section | None:
    """The section; None where no trial is graded, or tool calls were not counted."""
    graded = view.trials.filter(pl.col("passed").is_not_null())
    if graded.is_empty() or graded.get_column("tool_calls").null_count():
        return None
    by, simulated = view.by, view.simulated
    scores = trajectory_scores(graded, view.steps, by).with_columns(cell_label(by))
    scores = scores.sort("task_set", *by, "topology", nulls_last=True)
    found = spans(view)
    return Section(
        "Trajectories, and the long run",
        (
            *trajectory_sentences(trajectory_scores(graded, view.steps), simulated),
            *hazard_sentences(found, simulated),
        ),
        (trajectory_table(scores), wrong_table(view), *long_run_tables(found, by)),
    )


def trajectory_sentences(scores: pl.DataFrame, simulated: bool = False) -> Iterator[str]:
    """What a pass hid and what a failure did not show, one sentence a row that has any."""
    start = "In simulation, on" if simulated else "On"
    for row in scores.iter_rows(named=True):
        parts = [
            f"{percent(row[name])} {what}"
            for name, what in (
                ("masked_errors", "passed with an error on the way"),
                ("silent_failures", "failed without any, and did not say so"),
                ("fabricated", "claimed to be done over an error that was left, and were not"),
            )
            if row[name]
        ]
        if parts:
            yield (
                f"{start} {row['task_set']} of the {number(row['trials'])} graded trials of "
                f"{row['topology']} {'; '.join(parts)}."
            )


def trajectory_table(scores: pl.DataFrame) -> Table:
    """The trajectories of each topology, from `trajectory_scores`."""
    shares: tuple[tuple[str, str], ...] = (
        ("errors per call", "error_rate"),
        ("recovered", "recovery_rate"),
        ("passed with errors", "masked_errors"),
        ("hard failures", "hard_failures"),
        ("silent failures", "silent_failures"),
        ("fabricated success", "fabricated"),
    )
    return grouped(
        scores,
        "The way to the outcome",
        [
            ("topology", lambda row: row["topology"]),
            ("graded trials", lambda row: number(row["trials"])),
            ("calls per trial", lambda row: number(row["length"], 1)),
            *((title, _share(name)) for title, name in shares),
            ("implied success of a step", _step),
        ],
        "Recovered: of the tool calls that came back as an error, those after which the same agent "
        "called that tool without one. Hard: ended by a limit or on an error. Silent: no error was "
        "met and nothing said. Fabricated: said to be done, over an error that was left. The "
        "implied success of a step is success^(1/calls), as if steps were independent, with the "
        "95% interval of success over tasks.",
    )


def _share(name: str) -> Callable[[Row], str]:
    return lambda row: percent(row[name])


def _step(row: Row) -> str:
    """To a hundredth of a percent, since 99.9% and 99.99% a step are far apart."""
    if row["per_step"] is None:
        return "-"
    told = f"{100 * row['per_step']:.2f}%"
    low, high = row["per_step_low"], row["per_step_high"]
    return told if low is None else f"{told} ({100 * low:.2f} to {100 * high:.2f})"
