"""Quantiles and exact tests from SciPy, with types: the only place that knows it has no stubs."""

from typing import Any, cast

import numpy as np
import numpy.typing as npt
from scipy import stats as untyped  # pyright: ignore[reportMissingTypeStubs]

_stats = cast("Any", untyped)

Floats = npt.NDArray[np.float64]


def normal(at: float) -> float:
    """The quantile of the standard normal distribution."""
    return float(_stats.norm.ppf(at))


def normal_below(at: float) -> float:
    """The chance that a standard normal value lies below."""
    return float(_stats.norm.cdf(at))


def student(at: float, freedom: float) -> float:
    """The quantile of Student's t with `freedom` degrees of freedom."""
    return float(_stats.t.ppf(at, freedom))


def beta(at: float, a: float, b: float) -> float:
    """The quantile of the beta distribution with shapes a and b."""
    return float(_stats.beta.ppf(at, a, b))


def binomial_p(x: int, n: int) -> float:
    """Exact two-sided p of x heads in n tosses of a fair coin."""
    return float(_stats.binomtest(x, n, 0.5).pvalue)


def betas(at: Floats, a: float, b: float) -> Floats:
    """The quantiles of the beta distribution with shapes a and b."""
    return np.asarray(_stats.beta.ppf(at, a, b), dtype=np.float64)


def power_of_t(noncentral: float, freedom: int, alpha: float) -> float:
    """The chance that a two-sided t test at `alpha` rejects, for a mean so many errors from 0."""
    edge = student(1 - alpha / 2, freedom)
    # SciPy gives nan for tails that are far out; below 1e-9 nothing is left to count.
    upper = 1.0 if noncentral > edge + 10 else float(_stats.nct.sf(edge, freedom, noncentral))
    lower = 0.0 if noncentral > 4 else float(_stats.nct.cdf(-edge, freedom, noncentral))
    return upper + lower


def chi_square(at: float, freedom: int) -> float:
    """The quantile of the chi-square distribution."""
    return float(_stats.chi2.ppf(at, freedom))


def rank_correlation(one: Floats, other: Floats) -> tuple[float, float, float, float]:
    """Spearman's rank correlation, its 95% limits (Bonett and Wright 2000) and p."""
    found = _stats.spearmanr(one, other)
    value = float(found.statistic)
    inside = min(max(value, -0.999999), 0.999999)
    half = normal(0.975) * np.sqrt((1 + inside**2 / 2) / (one.size - 3))
    low, high = (float(np.tanh(np.arctanh(inside) + end)) for end in (-half, half))
    return value, low, high, float(found.pvalue)


def kruskal(groups: list[Floats]) -> tuple[float, float]:
    """Kruskal and Wallis's statistic of several groups, and its p."""
    found = _stats.kruskal(*groups)
    return float(found.statistic), float(found.pvalue)


def false_discovery(ps: Floats) -> Floats:
    """Benjamini and Hochberg's adjusted p of one family."""
    return np.asarray(_stats.false_discovery_control(ps, method="bh"), dtype=np.float64)
