"""What a sensitivity run shows, in words: shares of profiles, and what a difference depends on."""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from results.questions.map.phase_map import BETTER, WORSE
from results.questions.map.sensitivity import ALPHA
from results.questions.map.share_of_profiles import MARGIN
from results.statistics.break_even import ABOVE, HIGHEST
from results.words import listed

Row = Mapping[str, Any]

LEADING = 3
"""The strongest deciders of a cell have a sentence of their own; the table has all."""

WORDS = {
    "slip": ("rate of slips", " per step"),
    "omission": ("rate of omissions", " per step"),
    "hallucination": ("rate of hallucinations", " per reply"),
    "context_slope": ("context slope", " per 1,000 tokens"),
    "distraction": ("distraction by length", " per 1,000 tokens"),
    "poisoning": ("poisoning by wrong notes", ""),
    "confusion": ("confusion by what is of no use", " per 10 tools and texts"),
    "clash": ("clash of earlier with later values", ""),
    "task_spread": ("spread of task difficulty", " (log)"),
    "item_spread": ("spread of item difficulty", " (log)"),
    "shared_error": ("share of luck in common", ""),
    "habits": ("number of habits", ""),
    "habit_scope": ("what habits are drawn for", ""),
    "miss_bad_reply": ("chance to miss a bad reply", ""),
    "false_claim": ("chance of a false claim", ""),
    "tries_again": ("times it tries again", ""),
    "looks_first": ("chance to look before writing again", ""),
    "sees_contradiction": ("chance to read a contradiction again", ""),
    "tells": ("chance to tell what is unsure", ""),
    "confidence_skill": ("skill of stated confidence", ""),
    "partition": ("how the lead divides the work", ""),
    "lead_keeps": ("what the lead keeps for itself", ""),
    "brief_completeness": ("completeness of briefs", " of the lines in common"),
    "calls_per_message": ("calls per message", ""),
    "reasoning_tokens": ("reasoning", " tokens per call"),
    "seconds_per_call": ("delay of a call", " seconds"),
    "seconds_per_token": ("time per token", " seconds"),
    "seconds_spread": ("spread of latency", " (log)"),
}
"""Parameter to its name in a sentence, and the unit that follows its value."""


def name_of(row: Row) -> str:
    """A parameter as it is spoken of; one that is not known here by its own name."""
    name = str(row["parameter"])
    return WORDS.get(name, (name.replace("_", " "), ""))[0]


def unit_of(row: Row) -> str:
    return WORDS.get(str(row["parameter"]), ("", ""))[1]


def share_sentences(held: pl.DataFrame, reference: str, likely: pl.DataFrame) -> Iterator[str]:
    """What holds for what share of profiles, one sentence for each cell and topology."""
    for (cell, topology), rows in held.group_by(["cell", "topology"], maintain_order=True):
        by = {row["conclusion"]: row for row in rows.iter_rows(named=True)}
        told = estimates(likely, str(cell), str(topology))
        start = f"In simulation, on {cell}: that {topology} does"
        shown = (
            f"{100 * by[WORSE]['share']:.0f}% show worse and {100 * by[BETTER]['share']:.0f}% "
            f"better in their own trials alone"
        )
        if not told:
            yield f"{start} better or worse than {reference}: {shown} ({by[WORSE]['of']} profiles)."
            continue
        yield (
            f"{start} worse than {reference} by more than {100 * MARGIN:g} points of trials passed "
            f"holds for {share_words(told[WORSE])}, better for {share_words(told[BETTER])}. The "
            f"mean difference over profiles is {mean_words(told[WORSE], 'mean')}; {shown} "
            f"({by[WORSE]['of']} profiles)."
        )


def estimates(likely: pl.DataFrame, cell: str, topology: str) -> dict[str, Row]:
    """Conclusion to its row of `results.questions.map.share_of_profiles.ESTIMATED`."""
    mine = likely.filter(pl.col("cell") == cell, pl.col("topology") == topology)
    return {row["conclusion"]: row for row in mine.iter_rows(named=True)}


def share_words(row: Row) -> str:
    """A share of plausible profiles as far as it can be told."""
    if row["low"] is None:
        return "a share of plausible profiles that these trials cannot tell"
    low, high = 100 * row["low"], 100 * row["high"]
    if row["share"] is None:
        return f"somewhere from {low:.0f}% to {high:.0f}% of plausible profiles"
    known = f"{100 * row['share']:.0f}% (95% interval {low:.0f} to {high:.0f})"
    return f"an estimated {known} of plausible profiles"


def mean_words(row: Row, name: str) -> str:
    """A mean difference in points with its interval."""
    value, low, high = (100 * row[key] for key in (name, f"{name}_low", f"{name}_high"))
    return f"{value:+.1f} points (95% interval {low:+.1f} to {high:+.1f})"


def decider_sentences(decided: pl.DataFrame, reference: str) -> Iterator[str]:
    """What each cell's difference depends on, and its break-even values."""
    for (cell, topology), rows in decided.group_by(["cell", "topology"], maintain_order=True):
        holds = rows.filter(pl.col("q") <= ALPHA).sort(pl.col("strength").abs(), descending=True)
        start = f"In simulation, on {cell}"
        if holds.is_empty():
            yield (
                f"{start}: none of the parameters is known to move the difference of {topology} "
                f"to {reference}."
            )
            continue
        leading = list(holds.head(LEADING).iter_rows(named=True))
        yield (
            f"{start}: the difference of {topology} to {reference} depends most on "
            f"{listed([_with_direction(row) for row in leading])}."
        )
        for row in leading:
            told = _best_choice if row["kind"] == "choice" else _break_even
            yield f"{start}: {told(row, str(topology), reference)}"


def _with_direction(row: Row) -> str:
    if row["kind"] == "choice":
        return f"{name_of(row)} (best for the team: {row['best']})"
    side = "more" if row["strength"] > 0 else "less"
    return (
        f"the {name_of(row)} (the higher, the {side} in the team's favour; rank correlation "
        f"{row['strength']:+.2f})"
    )


def _break_even(row: Row, topology: str, reference: str) -> str:
    if row["break_even"] is not None:
        return (
            f"{topology} pays {row['pays']} a {name_of(row)} of {break_even_words(row)} against "
            f"{reference}, on average over all else."
        )
    if row["end_mean"] is None:
        return f"no break-even value of the {name_of(row)} can be told."
    start = (
        f"with the {row['end']} {name_of(row)} of the range ({end_words(row)}) {topology} differs "
        f"from {reference} by {mean_words(row, 'end_mean')}, where "
        f"{100 * row['end_passed']:.0f}% of all trials pass"
    )
    best = (row["end"] == HIGHEST) == (row["pays"] == ABOVE)
    if best and row["end_mean_high"] < 0:
        return f"even {start}, so no break-even value is seen in the range."
    if not best and row["end_mean_low"] > 0:
        return f"even {start}, so it pays over the whole range."
    return f"{start}: whether it breaks even in the range these profiles cannot tell."


def _best_choice(row: Row, topology: str, reference: str) -> str:
    if row["end_mean"] is None:
        return f"no difference can be told for {name_of(row)}."
    start = (
        f"with the best choice of {name_of(row)} ({row['best']}) {topology} differs from "
        f"{reference} by {mean_words(row, 'end_mean')}"
    )
    if row["end_mean_high"] < 0:
        return f"even {start}, so it does not pay there on average."
    if row["end_mean_low"] > 0:
        return f"{start}, so it pays there on average."
    return f"{start}: whether it pays there these profiles cannot tell."


def end_words(row: Row) -> str:
    """The part of a parameter's range that `end_mean` is of."""
    first, last = row["end_first"], row["end_last"]
    span = f"{first:.2g}" if first == last else f"{first:.2g} to {last:.2g}"
    return f"{span}{unit_of(row)}"


def break_even_words(row: Row) -> str:
    """A break-even value with its interval; a limit out of the range is said to be."""
    low, high = row["break_even_low"], row["break_even_high"]
    ends = [
        "below the range" if low is None else f"{low:.2g}",
        "above the range" if high is None else f"{high:.2g}",
    ]
    return f"{row['break_even']:.2g}{unit_of(row)} (95% interval {ends[0]} to {ends[1]})"
