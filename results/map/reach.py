"""What share of profiles a conclusion is true of, whether or not each one's own trials can show it.

A profile is played only a few times, so most of them alone stay undecided. Together they tell more:
the differences seen vary by what profiles truly differ by and by the luck of their trials, and how
much of it is luck is known from the tasks of each profile. What is left is taken as normal, and the
share of it beyond a margin is the share of profiles for which a conclusion holds.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from results.map.phase_map import BETTER, WORSE
from results.map.sensitivity import SHARES, cells_of
from results.statistics import quantiles
from results.statistics.intervals import Floats

WITHIN = "within the margin"
MARGIN = 0.05
DRAWS = 1000
LEAST_PROFILES = 5


@dataclass(frozen=True)
class Reach:
    """Shares of profiles: better and worse by more than the margin, and within it; their mean."""

    better: float
    within: float
    worse: float
    mean: float


def reach(
    differences: Floats, variances: Floats, weights: Floats, margin: float = MARGIN
) -> Reach | None:
    """The shares, from each profile's difference, the variance of its luck, and its weight.

    What differs beyond luck has the weighed variance of the differences less the mean variance of
    luck; where nothing is left all profiles lie where their mean does. None without weight.
    """
    if differences.size < 2 or not weights.sum() > 0:
        return None
    mean, spread = _moments(differences, variances, weights / weights.sum())
    better = _beyond(mean - margin, spread)
    worse = _beyond(-margin - mean, spread)
    return Reach(better, 1 - better - worse, worse, mean)


def estimated_shares(found: pl.DataFrame, margin: float = MARGIN, seed: int = 0) -> pl.DataFrame:
    """`results.map.sensitivity.SHARES` for better, within the margin and worse, as estimated.

    From `results.map.sensitivity.differences`; the 95% interval comes from drawing profiles again.
    `profiles` is null: nobody knows which ones they are. Empty below 5 profiles.
    """
    rows: list[dict[str, Any]] = []
    for key, group in cells_of(found):
        gains, luck = (group.get_column(name).to_numpy() for name in ("difference", "variance"))
        ones = np.ones_like(gains)
        told = reach(gains, luck, ones, margin)
        if told is None or gains.size < LEAST_PROFILES:
            continue
        ends = _drawn_again(gains, luck, ones, margin, seed)
        for place, (name, share) in enumerate(
            ((BETTER, told.better), (WITHIN, told.within), (WORSE, told.worse))
        ):
            rows.append(
                key
                | {"conclusion": name, "profiles": None, "of": gains.size, "share": share}
                | {"low": float(ends[0, place]), "high": float(ends[1, place])}
            )
    return pl.DataFrame(rows, schema=SHARES, orient="row")


def weighed(
    found: pl.DataFrame, weights: Mapping[str, float], margin: float = MARGIN
) -> list[tuple[dict[str, Any], Reach, Floats, float]]:
    """Each cell with its reach when profiles (models) are weighed, limits, and their worth.

    The limits are 95% ones of better, within and worse, shape (2, 3). Profiles are worth 1 / sum of
    squared weights equally weighed ones; cells below 5 are left out.
    """
    cells: list[tuple[dict[str, Any], Reach, Floats, float]] = []
    for key, group in cells_of(found):
        weight = np.array([weights.get(model, 0.0) for model in group.get_column("model")])
        if not weight.sum() > 0:
            continue
        worth = float(weight.sum() ** 2 / (weight**2).sum())
        gains, luck = (group.get_column(name).to_numpy() for name in ("difference", "variance"))
        told = reach(gains, luck, weight, margin)
        if told is not None and worth >= LEAST_PROFILES:
            cells.append((key, told, _drawn_again(gains, luck, weight, margin), worth))
    return cells


def _moments(differences: Floats, variances: Floats, weights: Floats) -> tuple[float, float]:
    mean = float(weights @ differences)
    # Weights use up degrees of freedom: 1 - sum of squares is (n - 1) / n when all are equal.
    seen = float(weights @ (differences - mean) ** 2) / max(1 - float(weights @ weights), 1e-9)
    return mean, math.sqrt(max(seen - float(weights @ variances), 0.0))


def _beyond(distance: float, spread: float) -> float:
    if spread == 0:
        return float(distance > 0)
    return quantiles.normal_below(distance / spread)


def _drawn_again(
    gains: Floats, luck: Floats, weights: Floats, margin: float, seed: int = 0
) -> Floats:
    """The 2.5 and 97.5 percentiles of the three shares when profiles are drawn again."""
    rng = np.random.default_rng(seed)
    shares: list[tuple[float, float, float]] = []
    for _ in range(DRAWS):
        rows = rng.integers(0, gains.size, gains.size)
        told = reach(gains[rows], luck[rows], weights[rows], margin)
        if told is not None:
            shares.append((told.better, told.within, told.worse))
    return np.quantile(np.array(shares), [0.025, 0.975], axis=0)
