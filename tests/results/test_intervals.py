"""Intervals and standard errors of plain proportions, clusters and pairs."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from results.statistics.intervals import (
    clopper_pearson,
    icc,
    ratio_bootstrap,
    standard_error,
    task_bootstrap,
    wilson,
)


def floats(values: Any) -> npt.NDArray[np.float64]:
    return np.asarray(values, dtype=np.float64)


def test_intervals_of_proportions_are_as_computed_elsewhere(published: dict[str, Any]) -> None:
    for row in published["intervals_95"]["rows"]:
        x, n = row["x"], row["n"]
        assert wilson(x, n) == pytest.approx(row["wilson"], abs=6e-5)
        assert clopper_pearson(x, n) == pytest.approx(row["clopper_pearson"], abs=6e-5)


def test_no_trials_give_no_interval() -> None:
    assert wilson(0, 0) is clopper_pearson(0, 0) is None


def test_the_error_of_a_mean_is_as_published_and_one_score_has_none(
    published: dict[str, Any],
) -> None:
    source = published["clustered"]
    scores = floats(source["scores"])
    assert standard_error(scores) == pytest.approx(source["se_clt"], abs=1e-6)
    assert standard_error(scores[:1]) is None


def test_tau_bench_errors_and_icc_are_as_published(published: dict[str, Any]) -> None:
    source = published["tau_bench_gpt4o_airline"]
    c = np.array(source["successes_per_task"])
    n = np.full(c.size, source["trials_per_task"])
    for k, error in source["task_level_standard_error"].items():
        share = floats([math.comb(int(x), int(k)) / math.comb(4, int(k)) for x in c])
        assert standard_error(share) == pytest.approx(error, abs=1e-4)
        low, high = task_bootstrap(share, np.arange(c.size)) or (0.0, 0.0)
        assert (high - low) / 3.92 == pytest.approx(error, rel=0.06)
    every_trial = np.repeat([1.0, 0.0], [c.sum(), (n - c).sum()])
    assert standard_error(every_trial) == pytest.approx(
        source["naive_standard_error_pass_1"], abs=1e-4
    )
    assert icc(c, n) == pytest.approx(source["icc_1"], abs=1e-3)


def test_the_icc_is_one_when_tasks_are_settled_and_undefined_without_variance() -> None:
    n = np.array([4, 4, 4])
    assert icc(np.array([4, 0, 4]), n) == pytest.approx(1.0)
    assert icc(np.array([4, 4, 4]), n) is None
    assert icc(np.array([2]), np.array([4])) is None
    assert icc(np.array([1, 0]), np.array([1, 1])) is None
    assert icc(np.array([2, 2]), np.array([4, 4])) == pytest.approx(-1 / 3)


def test_a_bootstrap_is_repeatable_and_never_has_a_width_of_zero() -> None:
    values, units = floats([0, 0.5, 1, 1]), np.arange(4)
    assert task_bootstrap(values, units) == task_bootstrap(values, units)
    assert task_bootstrap(floats([1, 1, 1]), np.arange(3)) is None
    assert task_bootstrap(floats([1]), np.arange(1)) is None
    assert ratio_bootstrap(floats([2, 4]), floats([1, 2]), np.arange(2)) is None
    assert ratio_bootstrap(floats([2, 4]), floats([0, 2]), np.arange(2)) is None


def test_copies_of_a_task_do_not_narrow_the_bootstrap() -> None:
    values = floats([0, 0.2, 0.5, 0.9, 1])
    alone = task_bootstrap(values, np.arange(5))
    copied = task_bootstrap(np.repeat(values, 6), np.repeat(np.arange(5), 6))
    assert copied == pytest.approx(alone)
