"""Finds published figures that no trials could have produced, as GRIM does for means.

A share of T things is a whole number over T, and pass^1 to pass^n of tasks with n trials each all
come from one histogram: how many tasks passed c of n. If no histogram of whole numbers gives every
published figure to the digits printed, then crashes were dropped unevenly, tasks were left out, or
a figure is wrong.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, comb, floor
from typing import Any, cast

import numpy as np
from scipy import optimize as untyped  # pyright: ignore[reportMissingTypeStubs]

from results.refused import Refused

_optimize = cast("Any", untyped)

Figure = str | float | int | Decimal
MOST_WAYS = 10**10
"""Tasks x C(n, k) above which the solver's floats might take a possible figure for none."""


@dataclass(frozen=True)
class Published:
    """Figures of one system: pass^k in percent for each k, of `tasks` tasks x `trials` trials."""

    name: str
    tasks: int
    trials: int
    pass_k: Mapping[int, Figure]
    digits: int | None = None


def decimals(figures: Sequence[Figure]) -> int:
    """The most digits behind the point that any of the figures shows."""
    return max((len(str(figure).partition(".")[2]) for figure in figures), default=0)


def _bounds(figure: Figure, digits: int, of: int) -> tuple[int, int]:
    """Which whole numbers over `of` print as this percentage, halves rounded either way."""
    half = Fraction(1, 2 * 10**digits)
    value = Fraction(str(figure))
    return ceil((value - half) * of / 100), floor((value + half) * of / 100)


def possible_count(percent: Figure, of: int, digits: int | None = None) -> int | None:
    """A whole number that is `percent` of `of` to the digits shown; None if there is none."""
    low, high = _bounds(percent, decimals([percent]) if digits is None else digits, of)
    low, high = max(low, 0), min(high, of)
    return low if low <= high else None


def possible_histogram(published: Published) -> tuple[int, ...] | None:
    """Tasks with 0, 1, ... n passes that give every figure to its digits; None if there are none.

    sum_c h_c C(c,k) must print as pass^k once divided by tasks x C(n,k), for every k published.
    Found by integer programming (HiGHS) and checked in whole numbers. A k outside 1 to n, no
    task or trial, or more than can be decided for sure is `Refused`.
    """
    tasks, n, figures = published.tasks, published.trials, published.pass_k
    if tasks < 1 or n < 1 or not figures or any(k < 1 or k > n for k in figures):
        raise Refused(
            f"{published.name}: give at least one task, one trial and one pass^k with k from 1 to "
            f"{max(n, 1)}"
        )
    if max(tasks * comb(n, k) for k in figures) > MOST_WAYS:
        raise Refused(f"{published.name}: {tasks} tasks x {n} trials are too many to be sure")
    digits = decimals(list(figures.values())) if published.digits is None else published.digits
    rows = [[1] * (n + 1)] + [[comb(c, k) for c in range(n + 1)] for k in figures]
    limits = [(tasks, tasks)] + [
        _bounds(figure, digits, tasks * comb(n, k)) for k, figure in figures.items()
    ]
    if any(low > high for low, high in limits):
        return None
    found = _optimize.milp(
        np.zeros(n + 1),
        integrality=np.ones(n + 1),
        bounds=_optimize.Bounds(0, tasks),
        constraints=_optimize.LinearConstraint(
            np.array(rows), [low for low, _ in limits], [high for _, high in limits]
        ),
    )
    if found.x is None:
        return None
    histogram = tuple(round(float(count)) for count in found.x)
    sums = [sum(h * weight for h, weight in zip(histogram, row, strict=True)) for row in rows]
    exact = all(low <= total <= high for total, (low, high) in zip(sums, limits, strict=True))
    return histogram if exact else None


def lint(published: Sequence[Published]) -> Iterator[str]:
    """One sentence for each system whose figures cannot be; nothing for those that can."""
    for one in published:
        if possible_histogram(one) is not None:
            continue
        shown = ", ".join(f"pass^{k} {figure}%" for k, figure in sorted(one.pass_k.items()))
        digits = decimals(list(one.pass_k.values())) if one.digits is None else one.digits
        alone = [
            k
            for k, figure in sorted(one.pass_k.items())
            if possible_histogram(Published(one.name, one.tasks, one.trials, {k: figure}, digits))
            is None
        ]
        why = f"; {' and '.join(f'pass^{k}' for k in alone)} cannot be even alone" if alone else ""
        yield (
            f"{one.name}: no {one.tasks} tasks with {one.trials} trials each give {shown}{why}. "
            "Either trials were dropped, tasks were left out, or a figure is wrong."
        )
