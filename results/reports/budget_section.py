"""Report: what each topology makes of the same budget, and where a budget could not do."""

from collections.abc import Iterator, Sequence

import polars as pl

from results.infeasible import LEAST
from results.reports.parts import Section
from results.statistics.budget import UNITS, least_of_cells, success_by_budget
from results.strata import cell_label
from results.table import Row, Table, grouped
from results.view import View
from results.words import dollars, listed, number, on, percent_interval


def budget_section(view: View) -> Section | None:
    """The section; None for a run that set no budgets."""
    trials = view.trials
    if trials.get_column("budget").null_count() == trials.height:
        return None
    by = [name for name in view.by if name != "budget"]
    least = least_of_cells(trials, view.manifest.get(LEAST) or [], by)
    points = success_by_budget(trials, by).join(
        least, on=["topology", "task_set", *by], how="left", nulls_equal=True
    )
    points = points.with_columns(cell_label(by))
    return Section(
        "What a budget buys",
        tuple(budget_sentences(points, view.simulated)),
        (budget_table(points),),
    )


def budget_sentences(points: pl.DataFrame, simulated: bool) -> Iterator[str]:
    """For each cell and topology: its least budget, and which of those set are infeasible."""
    if points.get_column("infeasible").null_count() == points.height:
        yield (
            "No least budget is known, since it is looked for with simulated models alone: a "
            "budget that is too small to do the work at all shows as failures here."
        )
        return
    start = on(simulated)
    for (cell, topology), rows in points.group_by("cell", "topology", maintain_order=True):
        unit, least = rows["budget_unit"][0], rows["least"][0]
        if rows.get_column("infeasible").null_count() == rows.height:
            yield (
                f"{start} {cell} no least budget of {topology} was found: even without an error "
                "it did not pass with any."
            )
            continue
        short = rows.filter("infeasible").get_column("budget").to_list()
        if short:
            yield (
                f"{start} {cell} {topology} needs at least {amount(least, unit)} even without an "
                f"error: {listed([amount(one, unit) for one in short])} "
                f"{'is' if len(short) == 1 else 'are'} infeasible, which is no failure."
            )


def budget_table(points: pl.DataFrame) -> Table:
    """Each topology's least budget, and how often it passed with each budget that was set."""
    sizes: list[float] = points.get_column("budget").unique().sort().to_list()
    unit = str(points.get_column("budget_unit").drop_nulls()[0])
    rows = points.group_by("cell", "topology", maintain_order=True).agg(
        pl.col("least").first(),
        pl.struct("budget", "infeasible", "success", "low", "high").alias("at"),
    )
    return grouped(
        rows,
        "Passed within each budget",
        [
            ("topology", lambda row: row["topology"]),
            ("least budget", lambda row: amount(row["least"], unit)),
            *((amount(size, unit), lambda row, size=size: _at(row["at"], size)) for size in sizes),
        ],
        "Share of graded trials that passed, with its 95% posterior interval. The least budget is "
        "the one with which the topology does the work if nobody errs, found by halving on the "
        "tasks that take most (at most a tenth too high). A point is infeasible, with all of its "
        "trials, where the budget was not enough for one of those.",
    )


def _at(points: Sequence[Row], budget: float) -> str:
    for point in points:
        if point["budget"] == budget:
            if point["infeasible"]:
                return "infeasible"
            return percent_interval(point["success"], point["low"], point["high"])
    return "-"


def amount(value: float | None, unit: str) -> str:
    """A budget in its unit, such as $0.0163 or 12,000 output tokens; a dash for null."""
    if value is None or unit == "dollars":
        return dollars(value)
    return f"{number(value)} {UNITS[unit]}"
