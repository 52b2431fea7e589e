"""Estimators that the kit has of its own, to start fast, beside those of statsmodels."""

from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import DescrStatsW

from results.questions.map.phase_map import corrected
from results.statistics.clustered import least_squares
from results.statistics.differences import t_interval
from results.statistics.intervals import clopper_pearson, icc, standard_error, wilson
from results.statistics.quantiles import power_of_t

LEVELS = (0.9, 0.95, 0.99)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("x", "n"), [(0, 5), (1, 5), (7, 20), (20, 20), (311, 400)])
def test_intervals_of_proportions(x: int, n: int, level: float) -> None:
    for own, theirs in ((wilson, "wilson"), (clopper_pearson, "beta")):
        found = proportion_confint(x, n, alpha=1 - level, method=theirs)
        assert own(x, n, level) == pytest.approx(found, abs=1e-12)


@given(st.lists(st.floats(-1, 1), min_size=3, max_size=30).filter(lambda xs: np.ptp(xs) > 1e-3))
def test_the_error_of_a_mean_and_its_t_interval(values: list[float]) -> None:
    gains = np.asarray(values)
    beside = DescrStatsW(gains)
    assert standard_error(gains) == pytest.approx(beside.std_mean)
    low, high = beside.tconfint_mean(alpha=0.05)
    assert t_interval(gains, 0.95) == pytest.approx((max(low, -1.0), min(high, 1.0)))


@pytest.mark.parametrize("units", [3, 12, 60])
@pytest.mark.parametrize("effect", [0.0, 0.2, 0.8])
def test_the_power_of_a_t_test(units: int, effect: float) -> None:
    theirs = TTestPower().power(effect, units, 0.05)
    assert power_of_t(effect * units**0.5, units - 1, 0.05) == pytest.approx(theirs, abs=1e-9)


def test_a_family_of_p_corrected_with_what_was_not_tested_left_out() -> None:
    ps = np.array([0.2, 0.001, np.nan, 0.03, 0.03, 0.9])
    tested = ~np.isnan(ps)
    theirs = multipletests(ps[tested], method="fdr_bh")[1]
    assert corrected(ps)[tested] == pytest.approx(theirs)
    assert np.isnan(corrected(ps)[2])


def test_least_squares_with_clusters_of_one_has_the_errors_named_hc2() -> None:
    rng = np.random.default_rng(5)
    matrix = np.column_stack([np.ones(25), rng.normal(size=25), rng.exponential(size=25)])
    outcome = matrix @ [1.0, 2.0, -1.0] + rng.normal(size=25) * matrix[:, 2]
    found, left = least_squares(matrix, outcome, np.arange(25))
    model: Any = sm.OLS(outcome, matrix)
    fit: Any = model.fit(cov_type="HC2")
    assert [one.estimate for one in found] == pytest.approx(list(fit.params))
    assert [one.error for one in found] == pytest.approx(list(fit.bse))
    assert left == pytest.approx(fit.resid)


def test_the_icc_from_the_mean_squares_of_a_one_way_analysis_of_variance() -> None:
    c, n = np.array([0, 1, 3, 4, 2, 6]), np.array([4, 4, 4, 4, 6, 6])
    task = np.repeat(np.arange(c.size), n)
    passed = np.concatenate([np.repeat([1.0, 0.0], [x, m - x]) for x, m in zip(c, n, strict=True)])
    matrix = sm.add_constant((task[:, None] == np.arange(1, c.size)).astype(np.float64))
    fit: Any = sm.OLS(passed, matrix).fit()
    between, within = fit.mse_model, fit.mse_resid
    size = (n.sum() - (n**2).sum() / n.sum()) / (c.size - 1)
    assert icc(c, n) == pytest.approx((between - within) / (between + (size - 1) * within))
