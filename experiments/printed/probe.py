"""What a probe measured on a model, and where on a map of simulated ones it lies."""

from collections.abc import Iterator

import polars as pl

from experiments.printed.output import columns
from experiments.profiles.probe import Place, Probed
from experiments.running.estimate import Estimate
from results.questions.map.share_of_profiles import LEAST_PROFILES, MARGIN
from results.reports.sensitivity_section import estimated_words
from results.store import Run
from results.words import points


def spent(trials: pl.DataFrame) -> float | None:
    """Dollars of all trials; None if those of any are unknown."""
    dollars = trials.get_column("dollars")
    return None if dollars.has_nulls() else float(dollars.sum())


def measured_lines(found: Run, model: str, numbers: Probed, cost: Estimate) -> Iterator[str]:
    """The two numbers, and what they cost."""
    slope, spread = numbers.slope, numbers.spread
    yield ""
    yield f"{model}{' (simulated)' if model.startswith('simulated:') else ''}"
    counted = f"{slope.failed} of {slope.items} items failed, {slope.tasks} tasks"
    if slope.value is None or slope.low is slope.high is None:
        yield f"- How failures grow with the conversation cannot be told: {counted}."
    else:
        grown = _number(slope.value, slope.low, slope.high)
        yield (
            f"- For every 1,000 tokens more in the conversation failures grow by {grown} of those "
            f"in conversations of mean length ({counted}). That is what shows in the end; a "
            "profile's context slope is its cause."
        )
    if spread.share is None:
        yield (
            "- Whether two subagents choose alike cannot be told: in no trial did both choose "
            "where the text left it open. More --pairs may tell."
        )
    else:
        yield (
            f"- Two subagents chose differently in {_number(spread.share, spread.low, spread.high)}"
            f" of cases where the text left it open ({spread.differ} of {spread.pairs} trials in "
            "which both chose)."
        )
    took, thought = _dollars(spent(found.trials)), _dollars(cost.total("dollars"))
    yield f"- Cost: {took} for {found.trials.height} trials; the estimate was {thought}."
    yield f"- Run: {found.folder}"
    yield ""


def _dollars(value: float | None) -> str:
    return "an unknown number of dollars" if value is None else f"${value:.2g}"


def placed_lines(drawn: Run | None, place: Place | None) -> Iterator[str]:
    """Where the model lies on the map `drawn`, if there is one."""
    if drawn is None or place is None:
        yield "No sensitivity run to place it on: `fanout sensitivity phase` makes one."
        return
    if not place.standings:
        yield f"Nothing can be said from {drawn.folder}: this probe shares no cell with it."
        return
    yield f"On {drawn.folder.name} (simulated):"
    for at in place.standings:
        often = at.as_often <= at.as_seldom
        share, word = (at.as_often, "often") if often else (at.as_seldom, "seldom")
        yield (
            f"- {at.cell}: the single thread passes {at.passed} of {at.trials} trials; "
            f"{100 * share:.0f}% of the drawn profiles pass as {word} or more {word}."
        )
    if not place.cells:
        yield (
            "Nothing can be said of a team from it: weighed by how well they explain this probe, "
            f"its profiles are worth {place.worth:.1f} equal ones, and it takes "
            f"{LEAST_PROFILES}. The model lies at the edge of what was drawn; a run with more "
            "--profiles may have some that are like it."
        )
        return
    yield f"Profiles weighed by how well they explain this probe ({place.worth:.0f} equal ones):"
    if place.distraction is not None:
        middle, low, high = place.distraction
        yield (
            f"- They have a distraction of {middle:.2f} per 1,000 tokens "
            f"(95% of them {low:.2f} to {high:.2f})."
        )
    rows = [["cell", "team", "mean difference, points", "better", "worse", "worth profiles"]]
    for cell in place.cells:
        reach = cell.reach
        better, worse = (estimated_words(vars(told)) for told in (reach.better, reach.worse))
        mean = points(reach.mean, reach.mean_low, reach.mean_high)
        rows.append([cell.cell, cell.topology, mean, better, worse, f"{reach.profiles:.0f}"])
    yield from columns(rows)
    yield (
        f"Better and worse: by more than {100 * MARGIN:g} points of trials passed, in what share "
        "of these profiles. They are simulated: this is no verdict on the model."
    )


def _number(value: float, low: float | None, high: float | None) -> str:
    ends = ["unbounded" if end is None else f"{end:.2f}" for end in (low, high)]
    return f"{value:.2f} (95% interval {ends[0]} to {ends[1]})"
