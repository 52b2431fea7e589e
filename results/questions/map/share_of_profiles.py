"""What share of profiles a conclusion is true of, whether or not each one's own trials can show it.

A profile is played only a few times, so most of them alone stay undecided. Together they tell more:
how far, `results.statistics.tail_share` finds without assuming how profiles are spread. Where that
is not far the share is withheld, since a number with an interval that wide would only mislead.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from results.questions.map.phase_map import BETTER, WORSE
from results.questions.map.sensitivity import SHARES, cells_of
from results.statistics import quantiles
from results.statistics.intervals import Floats
from results.statistics.tail_share import Seen, Share, shares_within, worth

WITHIN = "within the margin"
MARGIN = 0.05
LEAST_PROFILES = 5

WIDEST = 0.5
"""A share whose 95% interval is wider is withheld; the interval stays."""

EMPTY = 0.9
"""An interval that is wider says nothing, and is withheld with its share."""

ESTIMATED = pl.Schema(
    SHARES | {"mean": pl.Float64(), "mean_low": pl.Float64(), "mean_high": pl.Float64()}
)
"""SHARES as estimated; `profiles` is null (nobody knows which ones), `share` and its limits where
they are withheld. `mean` is the cell's mean difference over profiles with its 95% interval."""


@dataclass(frozen=True)
class Told:
    """A share with its 95% limits; null is withheld (see WIDEST, EMPTY)."""

    share: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Reach:
    """Shares of profiles: better and worse by more than the margin, and within it; the mean."""

    better: Told
    within: Told
    worse: Told
    mean: float
    mean_low: float
    mean_high: float
    profiles: float
    """How many profiles of equal weight all this is worth."""


def told(found: Share) -> Told:
    """A share as far as it may be told."""
    wide = found.high - found.low
    if wide > EMPTY:
        return Told(None, None, None)
    return Told(None if wide > WIDEST else found.value, found.low, found.high)


def reach(seen: Seen, margin: float = MARGIN) -> Reach | None:
    """The shares of weighed profiles. None where they are worth fewer than 5 equal ones."""
    number = worth(seen.weights)
    if number < LEAST_PROFILES:
        return None
    regions = [(margin, np.inf), (-margin - 1e-9, margin + 1e-9), (-np.inf, -margin)]
    better, within, worse = (told(share) for share in shares_within(seen, regions))
    weights = seen.weights / seen.weights.sum()
    mean = float(weights @ seen.differences)
    spread = float(weights @ (seen.differences - mean) ** 2) / (number - 1)
    half = quantiles.student(0.975, number - 1) * spread**0.5
    return Reach(better, within, worse, mean, mean - half, mean + half, number)


def estimated_shares(found: pl.DataFrame, margin: float = MARGIN) -> pl.DataFrame:
    """The frame ESTIMATED of `sensitivity.differences`; empty below 5 profiles."""
    rows = [
        key
        | {"conclusion": name, "profiles": None, "of": round(known.profiles)}
        | vars(share)
        | {"mean": known.mean, "mean_low": known.mean_low, "mean_high": known.mean_high}
        for key, known in weighed(found, margin=margin)
        for name, share in (
            (BETTER, known.better),
            (WITHIN, known.within),
            (WORSE, known.worse),
        )
    ]
    return pl.DataFrame(rows, schema=ESTIMATED, orient="row")


def weighed(
    found: pl.DataFrame, weights: Mapping[str, float] | None = None, margin: float = MARGIN
) -> list[tuple[dict[str, Any], Reach]]:
    """Each cell with its reach when profiles (models) are weighed, all alike without weights.

    Cells worth fewer than 5 profiles are left out.
    """
    cells: list[tuple[dict[str, Any], Reach]] = []
    for key, group in cells_of(found):
        models = group.get_column("model").to_list()
        weight = [1.0 if weights is None else weights.get(model, 0.0) for model in models]
        known = reach(_seen(group, np.array(weight)), margin)
        if known is not None:
            cells.append((key, known))
    return cells


def _seen(group: pl.DataFrame, weights: Floats) -> Seen:
    def column(name: str) -> Floats:
        return group.get_column(name).cast(pl.Float64).to_numpy()

    return Seen(
        column("difference"), column("variance"), column("passed"), column("trials"), weights
    )
