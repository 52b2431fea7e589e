"""What would change a verdict: other rules if it is settled, more tasks or trials if it is open."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from results.reports.sentences import in_points, many, signed
from results.verdicts.rules import FAN_OUT, NO_DIFFERENCE, NOT_ENOUGH, STAY_SINGLE, Rules
from results.verdicts.settle import Harm, Settling

if TYPE_CHECKING:
    from results.verdicts.verdict import Measured


def trial_range(row: Mapping[str, Any]) -> str:
    """How many trials a task had: "8 trials", or "6 to 8 trials"."""
    fewest, most = row["fewest"], row["most"]
    return f"{many(most, 'trial')}" if fewest == most else f"{fewest} to {most} trials"


def changes(
    verdict: str, one: "Measured", rules: Rules, settling: Settling | None
) -> Iterator[str]:
    """Sentences on what would change the verdict, with the numbers at which it would."""
    bounds = one.bounds
    low, high = bounds.low, bounds.high
    if verdict == FAN_OUT and low is not None and bounds.cost_high is not None:
        yield f"A margin of {in_points(low)} points or more would leave the gain unproved."
        yield f"A cost ceiling below {bounds.cost_high:.2f}x would leave the cost unproved."
        for harm in one.harms:
            if harm.high is not None:
                yield (
                    f"Tolerating less than {100 * harm.high:.1f}% of trials that "
                    f"{_plural(harm)} would leave "
                    "harm open."
                )
    if verdict == NO_DIFFERENCE and low is not None and high is not None:
        most = max(-low, high)
        yield f"A margin of {in_points(most)} points or less would open the question again."
    if verdict == STAY_SINGLE:
        if high is not None and high < rules.margin:
            yield (
                f"A margin of {signed(high)} points or less would open the question again."
                if high > 0
                else "No margin: there is no gain anywhere in the interval."
            )
        if bounds.cost_low is not None and bounds.cost_low > rules.cost_ceiling:
            yield f"A cost ceiling of {bounds.cost_low:.2f}x or more would no longer rule it out."
        for harm in one.harms:
            if harm.shown and harm.low is not None:
                yield (
                    f"Tolerating {100 * harm.low:.1f}% or more of trials that "
                    f"{_plural(harm)} would no "
                    "longer rule it out."
                )
    if verdict == NOT_ENOUGH:
        yield _settling(one, settling)


def _settling(one: "Measured", settling: Settling | None) -> str:
    row = one.row
    if settling is None:
        return "How much more it takes cannot be said: too few tasks have enough trials."
    ways: list[str] = []
    if settling.tasks is not None:
        ways.append(f"{settling.tasks} tasks x {trial_range(row)} ({settling.to_by_tasks})")
    if settling.trials is not None:
        ways.append(
            f"{many(row['tasks'], 'task')} x {settling.trials} trials ({settling.to_by_trials})"
        )
    if not ways:
        return (
            "None up to 10x, of tasks or of trials, would settle it if the rates stay as they are."
        )
    less = (
        ""
        if len(ways) == 2
        else "; no number of trials up to 10x would do"
        if settling.trials is None
        else "; no number of tasks up to 10x would do"
    )
    sizing = (
        " That is sized by simulated variance: it holds for simulated runs only."
        if row["simulated"]
        else ""
    )
    return f"If the rates stay as they are, it takes {', or '.join(ways)}{less}.{sizing}"


def _plural(harm: Harm) -> str:
    return harm.said.replace("broke", "break").replace("failed", "fail")
