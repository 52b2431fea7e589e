"""A verdict in words: its reasons, what it assumes, and what would change it, all from numbers."""

import math
from collections.abc import Iterator
from typing import Any

import polars as pl

from results.questions.verdict.changes import changes, trial_range
from results.questions.verdict.contrast import Measured, Verdict
from results.questions.verdict.harms import Harm
from results.questions.verdict.more_tasks import Settling
from results.records import WITHOUT_GRADE
from results.rules import Rules
from results.simulation import simulation
from results.words import in_points, many, points, ratio, signed, tenths

READ_ONLY = (
    "These tasks only read and answer: this says nothing about work that writes, and no verdict on "
    "such work rests on them."
)


def worded(
    verdict: str,
    on_these: str,
    one: Measured,
    rules: Rules,
    status: str,
    settling: Settling | None,
) -> Verdict:
    """The verdict with its sentences."""
    row = one.row
    cell = one.cell.filter(pl.col("topology").is_in([row["topology"], row["reference"]]))
    simulated = bool(row["simulated"])
    models = ", ".join(cell.get_column("model").drop_nulls().unique().sort().to_list())
    headline = f"{row['cell']}: {verdict} for tasks like these, {on_these} for these tasks alone"
    if simulated and simulation(cell) == "partly simulated":
        headline += ", with models that are partly simulated"
    elif simulated:
        headline += f", if a model erred as {models or 'the simulated one'} does here"
    return Verdict(
        cell=str(row["cell"]),
        task_set=str(row["task_set"]),
        topology=str(row["topology"]),
        reference=str(row["reference"]),
        verdict=verdict,
        on_these=on_these,
        headline=f"{headline} ({row['topology']} against {row['reference']})",
        difference=points(row["difference"], row["low"], row["high"]),
        cost=_cost_text(one, ""),
        difference_on_these=points(row["difference"], row["these_low"], row["these_high"]),
        cost_on_these=_cost_text(one, "these_"),
        status=status,
        simulated=simulated,
        reasons=(*_reasons(one, rules, cell), _these_alone(on_these, one)),
        assumes=tuple(_assumes(cell, models, simulated, row)),
        changes=tuple(changes(verdict, one, rules, settling)),
    )


def _cost_text(one: Measured, of: str) -> str:
    if one.free:
        return "both free"
    return "-" if one.cost is None else ratio(*_cost_ratio(one, of))


def _these_alone(verdict: str, one: Measured) -> str:
    """The second answer, with the limits it rests on."""
    row, bounds = one.row, one.bounds_on_these
    if bounds.low is None or bounds.high is None:
        return f"For these tasks alone: {verdict}, as nothing can be compared."
    rests = [
        f"{signed(row['difference'])} points ({100 * one.level:.4g}% interval "
        f"{signed(bounds.low)} to {signed(bounds.high)})"
    ]
    if one.cost is not None and not one.free:
        rests.append(f"at {ratio(*_cost_ratio(one, 'these_'))} the {one.cost} a passed trial")
    rests += [
        f"{harm.said} in {tenths(harm.low):.1f} to {tenths(harm.high):.1f}%"
        for harm in bounds.harms
        if harm.low is not None and harm.high is not None
    ]
    return (
        f"For these tasks alone, of which the trials are the sample: {verdict}; {', '.join(rests)}."
    )


def _reasons(one: Measured, rules: Rules, cell: pl.DataFrame) -> Iterator[str]:
    row, level = one.row, f"{100 * one.level:.4g}%"
    if rules.deadline_seconds is not None:
        graded = ~pl.col("ended").is_in(WITHOUT_GRADE)
        untimed = cell.filter(graded, pl.col("seconds").is_null()).height
        lost = f"; {many(untimed, 'trial')} without a time could not be graded so"
        yield f"A pass counts only within {rules.deadline_seconds:g} s{lost if untimed else ''}."
    size = f"{many(row['tasks'], 'task')} x {trial_range(row)}"
    if row["low"] is None:
        yield (
            f"No interval of the difference in pass^{row['k']} for tasks like these: it takes at "
            "least 2 tasks that "
            f"both did in at least {many(row['k'], 'graded trial')}; here "
            f"{many(row['tasks'], 'task')}."
        )
    else:
        yield (
            f"pass^{row['k']} is {tenths(row['estimate']):.1f}% against "
            f"{tenths(row['reference_estimate']):.1f}%: a difference of "
            f"{signed(row['difference'])} points ({level} interval {signed(row['low'])} to "
            f"{signed(row['high'])} for tasks like these; {size}), "
            f"{_against_margin(row['low'], row['high'], rules.margin)}."
        )
    yield _cost(one, rules)
    yield from (_harm(harm, row, level) for harm in one.harms)
    shared = {harm.name for harm in one.harms if harm.shown and harm.shared}
    for harm in one.reference_harms:
        if harm.shown and harm.name not in shared:
            rate = 100 * (harm.rate or 0.0)
            yield (
                f"{row['reference']} itself {harm.said} in {rate:.1f}% of its trials, shown to be "
                "above what is tolerated."
            )


def _against_margin(low: float, high: float, margin: float) -> str:
    width = in_points(margin)
    if low > margin:
        return f"all of it above the {width} points that matter"
    if -margin < low and high < margin:
        return f"all of it within the {width} points that matter"
    if high < -margin:
        return f"all of it a loss of more than the {width} points that matter"
    if high < margin:
        return f"all of it below a gain of the {width} points that matter"
    return f"which leaves open whether it gains the {width} points that matter"


def _cost(one: Measured, rules: Rules) -> str:
    row, reference = one.row, one.row["reference"]
    if one.free:
        return "Both are free, so that neither costs more a passed trial than the other."
    if one.cost is None:
        why = row["dollars_per_pass_why"] if row["tasks"] else None
        return (
            f"The cost ratio per passed trial is not known{f' ({why})' if why else ''}, so nothing "
            "can be worth its cost."
        )
    times, low, high = _cost_ratio(one)
    noun = one.cost if one.cost == "dollars" else "tokens (dollars are not known)"
    at = f"{100 * one.level:.4g}% interval"
    ceiling = rules.cost_ceiling
    if times == math.inf:
        what = (
            f"{reference} is free" if low == math.inf else f"no trial of {row['topology']} passed"
        )
        least = "" if low is None or low == math.inf else f" ({at} from {low:.2f}x on)"
        over = ", above" if low is not None and low > ceiling else ", which leaves open"
        return f"As {what}, a passed trial takes infinitely more {noun}{least}{over} {ceiling:g}x."
    if low is None or high is None:
        return f"Each passed trial took {times:.2f}x the {noun}, without an interval."
    where = "within" if high <= ceiling else "above" if low > ceiling else "on both sides of"
    return (
        f"Each passed trial took {times:.2f}x the {noun} of {reference} "
        f"({100 * one.level:.4g}% interval {low:.2f} to {high:.2f}), {where} the ceiling of "
        f"{ceiling:g}x."
    )


def _cost_ratio(one: Measured, of: str = "") -> tuple[float, float | None, float | None]:
    ends = ("", f"_{of}low", f"_{of}high")
    value, low, high = (one.row[f"{one.cost}_per_pass_ratio{end}"] for end in ends)
    return value, low, high


def _harm(harm: Harm, row: Any, level: str) -> str:
    topology = row["topology"]
    if harm.rate is None:
        return f"Whether {topology} {harm.said} is not known for every trial."
    if harm.low is None or harm.high is None:
        return (
            f"{topology} {harm.said} in {tenths(harm.rate):.1f}% of its trials; one task is too "
            "few for an interval."
        )
    state = (
        "the bound is met"
        if harm.met
        else f"harm is shown, and {row['reference']} ({tenths(harm.reference_rate or 0):.1f}%) is "
        "not shown to do it less often, so staying with it would not mend that"
        if harm.shown and harm.shared
        else "harm is shown"
        if harm.shown
        else "neither harm nor its absence is shown"
    )
    return (
        f"{topology} {harm.said} in {tenths(harm.rate):.1f}% of its trials ({level} interval "
        f"{tenths(harm.low):.1f} to {tenths(harm.high):.1f}%; tolerated "
        f"{100 * harm.tolerated:g}%): {state}."
    )


def _assumes(cell: pl.DataFrame, models: str, simulated: bool, row: Any) -> Iterator[str]:
    dates = cell.get_column("started_at").drop_nulls().str.slice(0, 10).unique().sort().to_list()
    if simulated:
        yield (
            f"{simulation(cell).capitalize()} ({models}): a condition on how models err, for one "
            "setting of its parameters; it is no verdict on any model."
        )
    else:
        when = f", {dates[0]}" + (f" to {dates[-1]}" if len(dates) > 1 else "") if dates else ""
        who = models or "a model that was not recorded"
        yield f"It holds for {who}{when or ', date not recorded'}."
    splits = ", ".join(cell.get_column("split").drop_nulls().unique().sort().to_list())
    if row["tasks"]:
        yield (
            f"It speaks of more tasks like the {row['tasks']} of {row['cell']}"
            f"{f' ({splits} split)' if splits else ''}, not of other work."
        )
    if row.get("mode") == "answer" or row.get("write_share") == 0:
        yield READ_ONLY
    ungraded = int(cell.get_column("ended").is_in(WITHOUT_GRADE).sum())
    if ungraded:
        lost = many(ungraded, "ungraded trial")
        yield f"{lost} of {cell.height} would have gone as the others did."
