"""What share of units truly lies in a region, when each was seen only through the luck of trials.

The differences seen vary by what units truly differ by and by luck. Nothing is assumed about how
the true ones are spread: of all spreads over a grid that give a region the same share, the one that
makes what was seen most likely stands for that share (nonparametric maximum likelihood), and the
interval holds every share that is not too much less likely than the best (likelihood ratio). Units
that pass about as often are taken together, each such part with a spread and a luck of its own,
since where hardly a trial passes both are small. `tests/results/test_tail_share.py` checks by
simulation that the intervals hold.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from results.statistics.intervals import Floats

GRID: Floats = np.round(np.linspace(-1, 1, 101), 9)
"""True differences in shares of trials, -1 to 1."""

SHARES: Floats = np.clip(np.linspace(0, 1, 26), 1e-6, 1 - 1e-6)
STEPS = 200
ROUNDS = 300
DROP = 1.92
"""Half of the 95% quantile of chi-square with one degree of freedom."""

PARTS = 2


@dataclass(frozen=True)
class Seen:
    """Units: differences seen, the variance that luck gives each, trials of both sides that passed
    of all, and weights."""

    differences: Floats
    variances: Floats
    passed: Floats
    trials: Floats
    weights: Floats


@dataclass(frozen=True)
class Share:
    """The most likely share, with 95% limits."""

    value: float
    low: float
    high: float


def worth(weights: Floats) -> float:
    """How many units of equal weight these are worth: 1 over the sum of squares (Kish)."""
    total = float(weights.sum())
    return total**2 / float(weights @ weights) if total > 0 else 0.0


def shares_within(seen: Seen, regions: Sequence[tuple[float, float]]) -> list[Share]:
    """For each region (ends left out) the share of units whose true difference lies in it."""
    weights = seen.weights * worth(seen.weights) / seen.weights.sum()
    parts = alike(seen)
    ends = np.cumsum([0.0, *(weights[part].sum() for part in parts)]) / weights.sum()
    steps = np.diff(np.rint(ends * STEPS).astype(np.int64))
    found: list[Share] = []
    for low, high in regions:
        inside = (low < GRID) & (high > GRID)
        total = np.zeros(1)
        for part, count in zip(parts, steps, strict=True):
            likely = _likelihoods(seen, part, weights)
            known = _profile(likely, inside, weights[part])
            at = np.linspace(0, 1, int(count) + 1) if count else np.array([0.5])
            total = _together(total, np.interp(at, SHARES, known))
        kept = np.flatnonzero(total >= total.max() - DROP) / STEPS
        found.append(Share(float(total.argmax()) / STEPS, float(kept[0]), float(kept[-1])))
    return found


def alike(seen: Seen) -> list[Any]:
    """Places of the units that pass about as often; all or none passed is a part of its own."""
    rate = seen.passed / seen.trials
    ends = (rate == 0) | (rate == 1)
    order = np.argsort(rate, kind="stable")
    parts = [np.flatnonzero(ends), *np.array_split(order[~ends[order]], PARTS)]
    return [part for part in parts if seen.weights[part].sum() > 0]


def _likelihoods(seen: Seen, part: Any, weights: Floats) -> Floats:
    """How likely each unit's difference is at each true one, units by GRID.

    Luck is normal with the part's mean variance, and at least what one trial of a side makes: a
    unit without any luck seen has been played too little to show it.
    """
    least = float((2 / seen.trials[part]).max()) ** 2
    luck = max(float(np.average(seen.variances[part], weights=weights[part])), least)
    away = (seen.differences[part][:, None] - GRID) ** 2 / luck
    return np.exp(-0.5 * (away - away.min(axis=1, keepdims=True)))


def _profile(likely: Floats, inside: Any, weights: Floats) -> Floats:
    """The greatest log likelihood at each of SHARES, by expectation and maximisation."""
    beside = ~inside
    each = weights / weights.sum()
    # Rows are SHARES, columns GRID: a spread for each share, even over both regions at first.
    spread: Floats = SHARES[:, None] * (inside / inside.sum())
    spread = spread + (1 - SHARES)[:, None] * (beside / beside.sum())
    for _ in range(ROUNDS):
        spread = spread * ((each / (spread @ likely.T)) @ likely)
        for region, share in ((inside, SHARES), (beside, 1 - SHARES)):
            spread[:, region] *= (share / np.maximum(spread[:, region].sum(1), 1e-300))[:, None]
    return np.log(np.maximum(spread @ likely.T, 1e-300)) @ weights


def _together(one: Floats, other: Floats) -> Floats:
    """The greatest sum at each share of both parts together."""
    best = np.full(one.size + other.size - 1, -np.inf)
    for place, value in enumerate(other):
        window = best[place : place + one.size]
        np.maximum(window, one + value, out=window)
    return best
