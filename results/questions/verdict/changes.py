"""What would change a verdict: other rules if it is settled, more tasks or trials if it is open."""

from collections.abc import Iterator, Mapping
from typing import Any

from results.questions.verdict.contrast import Measured
from results.questions.verdict.decision import (
    CEILINGS,
    MARGINS,
    TOLERATED,
    Turn,
    decide,
    if_known,
    turns,
)
from results.questions.verdict.harms import Harm
from results.questions.verdict.more_tasks import Settling
from results.rules import NOT_ENOUGH, Rules
from results.statistics.pass_costs import UNKNOWN
from results.words import in_points, many


def trial_range(row: Mapping[str, Any]) -> str:
    """How many trials a task had: "8 trials", or "6 to 8 trials"."""
    fewest, most = row["fewest"], row["most"]
    return f"{many(most, 'trial')}" if fewest == most else f"{fewest} to {most} trials"


def changes(verdict: str, one: Measured, rules: Rules, settling: Settling | None) -> Iterator[str]:
    """Sentences on what would change the verdict, with the numbers at which it would."""
    shared = [harm for harm in one.harms if harm.shown and harm.shared]
    if verdict == NOT_ENOUGH and shared:
        yield from (_shared(harm, one.row) for harm in shared)
        return
    if verdict == NOT_ENOUGH:
        yield from _recorded(one, rules)
        yield _settling(one, settling)
        return
    found = list(turns(one.bounds, rules))
    yield from (_turn(turn, one) for turn in found)
    if not found:
        yield (
            "No sensible value of one rule alone would change it (margins up to "
            f"{100 * MARGINS[1]:g} points, ceilings of {CEILINGS[0]:g}x to {CEILINGS[1]:g}x, up to "
            f"{100 * TOLERATED[1]:g}% tolerated)."
        )


def _shared(harm: Harm, row: Mapping[str, Any]) -> str:
    return (
        f"Trials of both {row['topology']} and {row['reference']} {_plural(harm)} more often than "
        "tolerated: it takes a topology that keeps the bound, or another bound."
    )


def _turn(turn: Turn, one: Measured) -> str:
    side = "above" if turn.above else "below"
    to = "leave it open" if turn.to == NOT_ENOUGH else f'make it "{turn.to}"'
    if turn.rule == "margin":
        width = in_points(turn.value)
        return f"A margin {side} {width} point{'' if width == '1' else 's'} would {to}."
    if turn.rule == "cost_ceiling":
        return f"A cost ceiling {side} {turn.value:.2f}x would {to}."
    (harm,) = (harm for harm in one.harms if harm.name == turn.rule)
    more = "more" if turn.above else "less"
    return (
        f"Tolerating {more} than {100 * turn.value:.1f}% of trials that {_plural(harm)} would {to}."
    )


def _recorded(one: Measured, rules: Rules) -> Iterator[str]:
    """What a record that is missing could turn it to."""
    best = decide(if_known(one.bounds), rules)
    if best == NOT_ENOUGH:
        return
    unknown = one.row["dollars_per_pass_why"] in (None, UNKNOWN)
    lacking = ["the cost of every trial"] if one.bounds.cost_high is None and unknown else []
    lacking += [f"whether each trial {harm.said}" for harm in one.harms if harm.rate is None]
    if lacking:
        yield f'Recording {" and ".join(lacking)} could make it "{best}".'


def _settling(one: Measured, settling: Settling | None) -> str:
    row = one.row
    if settling is None:
        return "How much more it takes cannot be said: too few tasks have enough trials of both."
    ways: list[str] = []
    if settling.tasks is not None:
        ways.append(f"{settling.tasks} tasks x {trial_range(row)} ({settling.to_by_tasks})")
    if settling.trials is not None:
        ways.append(
            f"{many(row['tasks'], 'task')} x {settling.trials} trials ({settling.to_by_trials})"
        )
    if not ways:
        return (
            "None up to 10x, of tasks or of trials, would settle it in most runs, if the true "
            "rates are those seen here."
        )
    less = (
        ""
        if len(ways) == 2
        else "; no number of trials up to 10x would"
        if settling.trials is None
        else "; no number of tasks up to 10x would"
    )
    sizing = (
        " That is sized by simulated variance: it holds for simulated runs only."
        if row["simulated"]
        else ""
    )
    return (
        f"If the true rates are those seen here, {', or '.join(ways)} would settle it in most runs"
        f"{less}.{sizing}"
    )


def _plural(harm: Harm) -> str:
    return harm.said.replace("broke", "break").replace("failed", "fail")
