"""The table of the rules: which of the four verdicts follows from the limits that were measured."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from results.questions.verdict.harms import Harm
from results.rules import FAN_OUT, NO_DIFFERENCE, NOT_ENOUGH, STAY_SINGLE, Rules


@dataclass(frozen=True)
class Bounds:
    """Limits of the paired difference, of the cost ratio per pass, and of each harm's rate."""

    low: float | None
    high: float | None
    cost_low: float | None
    cost_high: float | None
    harms: tuple[Harm, ...] = ()


def decide(bounds: Bounds, rules: Rules) -> str:
    """The verdict on these bounds: the first of the four that holds.

    An unknown limit never meets a condition: without a cost or a harm rate nothing fans out. A
    harm that the reference does as often is no reason to stay with it.
    """
    low, high = bounds.low, bounds.high
    cheap = bounds.cost_high is not None and bounds.cost_high <= rules.cost_ceiling
    dear = bounds.cost_low is not None and bounds.cost_low > rules.cost_ceiling
    if low is not None and low > rules.margin and cheap and all(one.met for one in bounds.harms):
        return FAN_OUT
    if low is not None and high is not None and -rules.margin < low and high < rules.margin:
        return NO_DIFFERENCE
    if (high is not None and high < rules.margin) or dear or any(h.mended for h in bounds.harms):
        return STAY_SINGLE
    return NOT_ENOUGH


@dataclass(frozen=True)
class Turn:
    """The nearest value of one rule, `above` or below the one in force, beyond which it is `to`.

    `rule` is `margin`, `cost_ceiling` or the name of a harm, whose tolerated rate it then is.
    """

    rule: str
    above: bool
    value: float
    to: str


def turns(bounds: Bounds, rules: Rules) -> Iterator[Turn]:
    """Where another value of one rule, all others as they are, would turn the verdict.

    Only values that someone might state are offered: those of SENSIBLE, or nearer ones.
    """
    verdict = decide(bounds, rules)
    for rule, now, ends, (least, most) in _levers(bounds, rules):
        known = sorted({end for end in ends if end is not None and least < end < most})
        for above in (False, True):
            beyond = [end for end in known if (end >= now if above else end <= now)]
            # Between two ends the verdict is the same, so any value between them stands for all.
            path = [*beyond, most] if above else [*reversed(beyond), least]
            for end, after in pairwise(path):
                to = decide(*_with(bounds, rules, rule, (end + after) / 2))
                if to != verdict:
                    yield Turn(rule, above, end, to)
                    break


MARGINS, CEILINGS, TOLERATED = (0.005, 0.25), (0.1, 10.0), (0.0, 0.25)
"""The least and the most that a margin, a cost ceiling and a tolerated share may sensibly be."""


def _levers(
    bounds: Bounds, rules: Rules
) -> Iterator[tuple[str, float, tuple[float | None, ...], tuple[float, float]]]:
    """Each rule, its value, the limits at which a verdict may turn on it, and its range."""
    low, high = bounds.low, bounds.high
    yield "margin", rules.margin, (low, high, None if low is None else -low), MARGINS
    yield "cost_ceiling", rules.cost_ceiling, (bounds.cost_low, bounds.cost_high), CEILINGS
    for harm in bounds.harms:
        yield harm.name, harm.tolerated, (harm.low, harm.high, harm.reference_low), TOLERATED


def _with(bounds: Bounds, rules: Rules, rule: str, value: float) -> tuple[Bounds, Rules]:
    if rule in ("margin", "cost_ceiling"):
        return bounds, replace(rules, **{rule: value})
    harms = tuple(
        replace(harm, tolerated=value) if harm.name == rule else harm for harm in bounds.harms
    )
    return replace(bounds, harms=harms), rules


def if_known(bounds: Bounds) -> Bounds:
    """The same limits, with what is not known of costs and harms as good as it could be."""
    costs = (bounds.cost_low, bounds.cost_high)
    low, high = (0.0, 0.0) if None in costs else costs
    harms = tuple(
        replace(harm, low=0.0, high=0.0) if harm.high is None else harm for harm in bounds.harms
    )
    return replace(bounds, cost_low=low, cost_high=high, harms=harms)
