"""Where a difference changes its sign as a parameter grows, and how sure that place is.

The mean difference at a value of the parameter is taken over whatever else varies. It is fitted as
a curve that only rises or only falls (isotonic regression over groups of equally many profiles), so
no shape is assumed beyond that, and the place where it passes 0 is the break-even value. Its
interval comes from drawing the profiles again. Where there is no such place, what the difference
comes to at the end of the range says by how much it is missed.
"""

import math
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from scipy import optimize as untyped  # pyright: ignore[reportMissingTypeStubs]

from results.statistics import quantiles
from results.statistics.intervals import Floats

_optimize = cast("Any", untyped)

GROUPS = 10
LEAST_PROFILES = 30
DRAWS = 400
ABOVE, BELOW = "above", "below"
HIGHEST, LOWEST = "highest", "lowest"


@dataclass(frozen=True)
class BreakEven:
    """`value` with 95% limits; the difference is above 0 on the side of it that `pays` names.

    A limit is null where it lies outside of the values seen. All is null where the curve does not
    pass 0, or where neither limit can be told.
    """

    pays: str
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Mean:
    """A mean difference over some profiles, with its 95% interval (Student's t)."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class End:
    """The profiles at the highest or lowest end of a range, `first` to `last`, and their mean.

    `places` says which ones they are.
    """

    side: str
    first: float
    last: float
    mean: Mean
    places: Any


def mean_of(differences: Floats, level: float = 0.95) -> Mean | None:
    """The mean over profiles; None below 2."""
    if differences.size < 2:
        return None
    value = float(differences.mean())
    error = float(differences.std(ddof=1)) / math.sqrt(differences.size)
    half = quantiles.student((1 + level) / 2, differences.size - 1) * error
    return Mean(value, value - half, value + half)


def end(at: Floats, difference: Floats) -> End | None:
    """The end of the range at which the mean difference is nearest to changing its sign.

    Which end follows from the direction over all profiles, not from the ends. None if it holds
    fewer than 2 profiles.
    """
    last = (_slope(at, difference) >= 0) == (difference.mean() < 0)
    places = groups(at)[-1 if last else 0]
    mean = mean_of(difference[places])
    if mean is None:
        return None
    side = HIGHEST if last else LOWEST
    return End(side, float(at[places].min()), float(at[places].max()), mean, places)


def break_even(at: Floats, difference: Floats, seed: int = 0, draws: int = DRAWS) -> BreakEven:
    """The break-even value of a difference over values `at` of a parameter, one entry a profile."""
    rising = _slope(at, difference) >= 0
    pays = ABOVE if rising else BELOW
    nothing = BreakEven(pays, None, None, None)
    if at.size < LEAST_PROFILES:
        return nothing
    signed = difference if rising else -difference
    value = crossing(at, signed)
    if not math.isfinite(value):
        return nothing
    rng = np.random.default_rng(seed)
    drawn = (rng.integers(0, at.size, at.size) for _ in range(draws))
    places = np.sort([crossing(at[rows], signed[rows]) for rows in drawn])
    # Order statistics, since places outside of the range (infinite) cannot be averaged.
    # They reach to the value, which rounding or an uneven sample could leave outside of them.
    low = min(float(places[math.floor(0.025 * (draws - 1))]), value)
    high = max(float(places[math.ceil(0.975 * (draws - 1))]), value)
    ends = [end if math.isfinite(end) else None for end in (low, high)]
    return nothing if ends == [None, None] else BreakEven(pays, value, ends[0], ends[1])


def crossing(at: Floats, rising: Floats) -> float:
    """Where the rising curve through (at, rising) passes 0.

    Minus infinity if it is above 0 throughout, infinity if it never rises above 0.
    """
    centres, means = curve(at, rising)
    if means[0] > 0:
        return -math.inf
    if means[-1] <= 0:
        return math.inf
    after = int(np.argmax(means > 0))
    level = means[after - 1]
    # The curve is flat where groups were pooled; it leaves the flat part at its last group.
    share = -level / (means[after] - level)
    return float(centres[after - 1] + share * (centres[after] - centres[after - 1]))


def curve(at: Floats, rising: Floats) -> tuple[Floats, Floats]:
    """Mean parameter of each group and the isotonic mean of `rising` there, in rising order."""
    parts = groups(at)
    centres = np.array([at[part].mean() for part in parts])
    means = np.array([rising[part].mean() for part in parts])
    weights = np.array([part.size for part in parts], dtype=np.float64)
    fitted: Any = _optimize.isotonic_regression(means, weights=weights)
    return centres, np.asarray(fitted.x, dtype=np.float64)


def groups(at: Floats) -> list[Any]:
    """Places of the profiles in 10 groups by rising value, or one a value where those are few."""
    values = np.unique(at)
    if values.size <= GROUPS:
        return [np.flatnonzero(at == value) for value in values]
    return list(np.array_split(np.argsort(at, kind="stable"), GROUPS))


def _slope(at: Floats, difference: Floats) -> float:
    return float(((at - at.mean()) * (difference - difference.mean())).sum())
