"""Pairs of trials that share their luck: how much oftener one side passed, on these tasks.

The interval is Tango's score interval for the difference of paired proportions (Statistics in
Medicine 17, 1998, 891-908), which covers at a handful of pairs too. Where McNemar's exact test (the
sign test of the pairs that differ) does not reject, it is drawn out to 0, so that the interval and
p never disagree. Pairs of several tasks are taken together: that the tasks differ makes the sum
vary less than is assumed here, never more.
"""

import math
from dataclasses import dataclass

from results.statistics import quantiles

HALVINGS = 60


@dataclass(frozen=True)
class PairedTrials:
    """First side minus second, as a share of the pairs, -1 to 1; null without pairs.

    `p` is that of McNemar's exact test; `low` to `high` holds 0 exactly where p is above alpha.
    """

    pairs: int
    estimate: float | None
    low: float | None
    high: float | None
    p: float | None


def paired_trials(
    only_first: int, only_second: int, pairs: int, alpha: float = 0.05
) -> PairedTrials:
    """Compare two sides of `pairs` trials, of which these passed on one side only.

    ValueError for counts that cannot be.
    """
    if min(only_first, only_second) < 0 or only_first + only_second > pairs:
        raise ValueError(f"{only_first} and {only_second} of {pairs} pairs cannot be")
    if not pairs:
        return PairedTrials(0, None, None, None, None)
    estimate = (only_first - only_second) / pairs
    z = quantiles.normal(1 - alpha / 2)
    low = _edge(only_first, only_second, pairs, z, -1.0, estimate)
    high = _edge(only_first, only_second, pairs, -z, estimate, 1.0)
    differ = only_first + only_second
    p = quantiles.binomial_p(only_first, differ) if differ else 1.0
    if p > alpha:
        low, high = min(low, 0.0), max(high, 0.0)
    return PairedTrials(pairs, estimate, low, high, p)


def _edge(first: int, second: int, pairs: int, z: float, low: float, high: float) -> float:
    """Where Tango's score falls to `z`, between two differences; it falls all the way."""
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if _score(first, second, pairs, middle) > z:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _score(first: int, second: int, pairs: int, difference: float) -> float:
    """Tango's score statistic, with the share of the second side fitted under the difference."""
    b = -first - second + (2 * pairs - first + second) * difference
    c = -second * difference * (1 - difference)
    fitted = (math.sqrt(max(b * b - 8 * pairs * c, 0.0)) - b) / (4 * pairs)
    variance = pairs * (2 * fitted + difference * (1 - difference))
    gap = first - second - pairs * difference
    if variance <= 0:
        return math.copysign(math.inf, gap) if abs(gap) > 1e-12 else 0.0
    return gap / math.sqrt(variance)
