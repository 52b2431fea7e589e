"""Whether the hazard of a failure climbs along the way: a constant one against Weibull's.

The chance to get through t steps is S(t) = 2^-((t / half-life)^shape). Of shape 1 it is p^t, each
step independent and alike (arXiv 2505.05115); above 1 the hazard climbs, below 1 it falls, as it
also does where some tasks are harder than others. Steps are whole: a failure at step t lies in
(t - 1, t], and one that shows only at the end of n steps lies somewhere in (0, n]. That is what
the likelihood takes of it (interval censoring), never that it was the last step's.
"""

from dataclasses import dataclass
from math import erfc, exp, log, sqrt
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from scipy import optimize as untyped  # pyright: ignore[reportMissingTypeStubs]

from results.statistics import quantiles
from results.statistics.horizon import half_lives

_optimize = cast("Any", untyped)

Floats = npt.NDArray[np.float64]
Units = npt.NDArray[np.generic]

WIDEST = log(20.0)
"""Shapes from 1/20 to 20 are looked at; at an edge the records do not tell the shape."""
LONGEST = 1e6
"""Half-lives up to this many times the longest trial are looked at, and down to its inverse."""
SMALL = 1e-4
FLAT = 1e-6


@dataclass(frozen=True)
class Spans:
    """Trials as a law takes them: a failure in (`after`, `by`], or none up to `by` steps."""

    after: Floats
    by: Floats
    failed: npt.NDArray[np.bool_]
    units: Units

    def log_likelihood(self, log_half: float, log_shape: float) -> Floats:
        """Of each trial, under the law with these parameters."""
        rate, shape = log(2), exp(log_shape)
        with np.errstate(over="ignore"):
            start, end = (rate * (t / exp(log_half)) ** shape for t in (self.after, self.by))
        with np.errstate(divide="ignore", invalid="ignore"):
            fell = -start + np.log(-np.expm1(start - end))
        return np.maximum(np.where(self.failed, fell, -end), -1e300)


@dataclass(frozen=True)
class Law:
    """A fitted law: `half` in steps, `shape`, and the errors of their logarithms.

    `these` is the covariance where trials are the sample, `tasks` where units are (None below two);
    `freedom` is units less one. `constant` says that shape 1 was given, not found.
    """

    half: float
    shape: float
    log_likelihood: float
    constant: bool
    these: Floats
    tasks: Floats | None
    freedom: int

    def survival(self, steps: float) -> float:
        """The chance to get through so many steps."""
        return 2 ** -((steps / self.half) ** self.shape)

    def length(self, success: float) -> float:
        """The length that is got through with this chance."""
        return self.half * half_lives(success, self.shape)

    def length_within(self, success: float, tasks: bool = True) -> tuple[float, float] | None:
        """The 95% interval of that length, by the delta method on its logarithm."""
        along = np.array([1.0, -log(half_lives(success)) / self.shape])
        return self._within(log(self.length(success)), along, tasks)

    def failed_within(self, steps: float, tasks: bool = True) -> tuple[float, float] | None:
        """The 95% interval of the chance to have failed by so many steps.

        By the delta method on log(-log S), which is straight in both logarithms.
        """
        gone = log(steps / self.half)
        along = np.array([-self.shape, self.shape * gone])
        found = self._within(self.shape * gone, along, tasks)
        if found is None:
            return None
        low, high = (-np.expm1(-log(2) * end) for end in found)
        return float(low), float(high)

    def shape_within(self) -> tuple[float, float] | None:
        """The 95% interval of the shape for tasks like these; None of a constant hazard."""
        return None if self.constant else self._within(log(self.shape), np.array([0.0, 1.0]), True)

    def _within(self, at: float, along: Floats, tasks: bool) -> tuple[float, float] | None:
        if tasks and self.tasks is None:
            return None
        along = along[: self.these.shape[0]]
        half = quantiles.normal(0.975) * sqrt(max(float(along @ self.these @ along), 0.0))
        if tasks and self.tasks is not None:
            # Few clusters that happen to be alike say less than they seem: never narrower.
            own = sqrt(max(float(along @ self.tasks @ along), 0.0))
            half = max(half, quantiles.student(0.975, self.freedom) * own)
        # Beyond this nothing is left of an interval but 0 and infinity.
        return (exp(at - half), exp(at + half)) if half < 300 else None


def fit(spans: Spans, constant: bool) -> Law | None:
    """The law of greatest likelihood, with shape 1 if `constant`.

    None where the records do not tell: nothing failed, or everything before anything could be seen,
    or (for a shape) all failures lie in spans of one length.
    """
    if not spans.failed.any():
        return None
    limits = _limits(spans)
    log_half, lost = _best_half(spans, 0.0, limits)
    if not constant:

        def lost_at(at: Floats) -> float:
            return -float(spans.log_likelihood(at[0], at[1]).sum())

        # Nelder and Mead's search: nothing here is large enough for threads to be worth their wait.
        found = _optimize.minimize(
            lost_at,
            np.array([log_half, 0.0]),
            method="Nelder-Mead",
            bounds=[limits, (-WIDEST, WIDEST)],
            options={"xatol": 1e-6, "fatol": 1e-9, "initial_simplex": _simplex(log_half)},
        )
        log_half, log_shape, lost = float(found.x[0]), float(found.x[1]), float(found.fun)
    else:
        log_shape = 0.0
    edge = min(log_half - limits[0], limits[1] - log_half, WIDEST - abs(log_shape))
    if edge < 0.01:
        return None
    at = np.array([log_half, log_shape][: 1 if constant else 2])
    covariances = _covariances(spans, at, constant)
    if covariances is None:
        return None
    these, tasks, units = covariances
    return Law(exp(log_half), exp(log_shape), -lost, constant, these, tasks, units - 1)


def _simplex(log_half: float) -> Floats:
    return np.array([[log_half, 0.0], [log_half - 0.3, 0.0], [log_half, 0.3]])


def _limits(spans: Spans) -> tuple[float, float]:
    longest = log(float(spans.by.max()))
    return longest - log(LONGEST), longest + log(LONGEST)


def _best_half(
    spans: Spans, log_shape: float, limits: tuple[float, float], near: float | None = None
) -> tuple[float, float]:
    """The likeliest logarithm of the half-life for a shape, and the log-likelihood lost there.

    It is looked for about `near` too: far from the best the likelihood is flat, and a search lost.
    """
    rough = log(log(2) * float(spans.by.sum()) / int(spans.failed.sum())) if near is None else near

    def lost(log_half: float) -> float:
        return -float(spans.log_likelihood(log_half, log_shape).sum())

    about = (max(limits[0], rough - 4), min(limits[1], rough + 4))
    tried = [
        _optimize.minimize_scalar(lost, bounds=ends, method="bounded", options={"xatol": 1e-7})
        for ends in (about, limits)
    ]
    best = min(tried, key=lambda found: float(found.fun))
    return float(best.x), float(best.fun)


def _covariances(
    spans: Spans, at: Floats, constant: bool
) -> tuple[Floats, Floats | None, int] | None:
    """The inverse of the information, and with the scores of units between two of it (sandwich)."""

    def each(moved: Floats) -> Floats:
        return spans.log_likelihood(moved[0], 0.0 if constant else moved[1])

    size = at.size
    move = SMALL * np.eye(size)
    scores = np.stack([(each(at + step) - each(at - step)) / (2 * SMALL) for step in move], axis=1)
    information = np.empty((size, size))
    for one in range(size):
        for other in range(size):
            a, b = move[one] * 10, move[other] * 10
            second = each(at + a + b) - each(at + a - b) - each(at - a + b) + each(at - a - b)
            information[one, other] = -second.sum() / (4 * (10 * SMALL) ** 2)
    values = np.linalg.eigvalsh((information + information.T) / 2)
    if not np.isfinite(values).all() or values[0] <= FLAT * max(values[-1], 1.0):
        return None
    inverse = np.asarray(np.linalg.inv(information), np.float64)
    names, unit = np.unique(spans.units, return_inverse=True)
    sums = np.zeros((names.size, size))
    np.add.at(sums, unit, scores)
    if names.size < 2:
        return inverse, None, names.size
    middle = sums.T @ sums * names.size / (names.size - 1)
    return inverse, np.asarray(inverse @ middle @ inverse, np.float64), names.size


@dataclass(frozen=True)
class Climb:
    """Whether a hazard climbs: the shape with its interval from the ratio of likelihoods, and p."""

    shape: float
    low: float
    high: float
    p: float


def climb(spans: Spans, free: Law, constant: Law) -> Climb:
    """Weibull's law against a constant hazard, where trials are the sample.

    `low` to `high` are the shapes that the likelihood ratio does not reject at 5%, `p` is that of
    shape 1 (chi-square with one degree of freedom, Wilks 1938). So 1 lies within them exactly where
    p is above .05. An end at the widest shapes that are looked at is that of them.
    """
    drop = quantiles.chi_square(0.95, 1) / 2
    best = max(free.log_likelihood, constant.log_likelihood)
    limits = _limits(spans)

    def short(log_shape: float) -> float:
        return best - drop + _best_half(spans, log_shape, limits, log(free.half))[1]

    ends: list[float] = []
    middle = log(free.shape)
    for edge in (-WIDEST, WIDEST):
        beyond = short(edge) > 0
        ends.append(exp(_optimize.brentq(short, middle, edge, xtol=1e-4) if beyond else edge))
    ratio = 2 * (best - constant.log_likelihood)
    return Climb(free.shape, ends[0], ends[1], erfc(sqrt(max(ratio, 0.0) / 2)))
