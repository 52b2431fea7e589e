"""The interval of pass^k covers what it says it covers."""

import itertools

import numpy as np
import pytest

from results.statistics.differences import all_pass
from results.statistics.intervals import wilson
from results.statistics.posterior import grid, grid_weights, pass_k_posterior
from results.statistics.quantiles import beta
from tests.bench.populations import share_below


def interval(c: list[int], n: list[int], k: int = 1, share: float = 1.0) -> tuple[float, float]:
    posterior = pass_k_posterior(np.array(c), np.array(n), k, share)
    assert posterior is not None
    return posterior.interval()


def population(mean: float, icc: float, k: int) -> tuple[float, float, float]:
    """Shapes of the beta and the true pass^k."""
    a, b = mean * (1 - icc) / icc, (1 - mean) * (1 - icc) / icc
    return a, b, float(np.prod([(a + drawn) / (a + b + drawn) for drawn in range(k)]))


@pytest.mark.parametrize(("tasks", "n"), [(12, 4), (20, 8)])
@pytest.mark.parametrize("k", [1, 4])
def test_the_interval_covers_about_95_percent(tasks: int, n: int, k: int) -> None:
    rng = np.random.default_rng(2024)
    hits: list[bool] = []
    for mean, icc in itertools.product((0.1, 0.6, 0.97), (0.15, 0.7)):
        a, b, truth = population(mean, icc, k)
        for _ in range(25):
            c = rng.binomial(n, rng.beta(a, b, tasks))
            low, high = interval(c.tolist(), [n] * tasks, k)
            hits.append(low <= truth <= high)
    assert 0.9 <= np.mean(hits) <= 0.99


def test_raising_an_interval_of_p_to_k_would_not_cover() -> None:
    rng = np.random.default_rng(7)
    a, b, truth = population(0.6, 0.4, 4)
    hits = 0
    for _ in range(100):
        c = rng.binomial(4, rng.beta(a, b, 20))
        low, high = wilson(int(c.sum()), 80) or (0.0, 1.0)
        hits += low**4 <= truth <= high**4
    assert hits < 60


def test_one_trial_a_task_is_nearly_a_plain_proportion() -> None:
    found = interval([1] * 30 + [0] * 10, [1] * 40)
    flat = [beta(at, 31, 11) for at in (0.025, 0.975)]
    assert found == pytest.approx(flat, abs=0.01)


def test_all_passed_or_none_passed_still_has_width() -> None:
    low, high = interval([8] * 24, [8] * 24, 8)
    assert 0.5 < low < high <= 1
    low, high = interval([0] * 24, [8] * 24)
    assert 0 <= low < high < 0.2


@pytest.mark.parametrize("k", [1, 4])
@pytest.mark.parametrize("level", [0.95, 0.9981])
def test_no_estimate_lies_outside_its_interval(k: int, level: float) -> None:
    rng = np.random.default_rng(11)
    samples = [np.full(9, 4), np.zeros(9, dtype=np.int64), np.array([4, *[0] * 8])]
    samples += [rng.binomial(4, rng.beta(0.3, 0.3, 9)) for _ in range(20)]
    for c in samples:
        posterior = pass_k_posterior(c, np.full(9, 4), k)
        assert posterior is not None
        estimate = float(all_pass(c, np.full(9, 4), k).mean())
        low, high = posterior.interval(level, estimate)
        assert low <= estimate <= high
        tails = posterior.interval(level)
        assert low <= tails[0] < tails[1] <= high
    assert pass_k_posterior(samples[0], samples[0], k).interval(level, 1.0)[1] == 1.0  # pyright: ignore[reportOptionalMemberAccess]


def test_fewer_than_two_tasks_with_trials_give_no_posterior() -> None:
    assert pass_k_posterior(np.array([3]), np.array([8])) is None
    assert pass_k_posterior(np.array([3, 0]), np.array([8, 0])) is None


def test_more_tasks_narrow_the_interval_but_copies_of_tasks_do_not() -> None:
    c, n = [1, 4, 6, 8, 8, 2], [8] * 6
    few, copied = interval(c, n, 4), interval(c * 4, n * 4, 4, share=1 / 4)
    many = interval(c * 4, n * 4, 4)
    assert copied == pytest.approx(few)
    assert many[1] - many[0] < 0.7 * (few[1] - few[0])


def test_tasks_that_differ_keep_pass_k_higher_than_tasks_all_alike() -> None:
    unlike = interval([8] * 10 + [0] * 10, [8] * 20, 4)
    alike = interval([4] * 20, [8] * 20, 4)
    assert unlike[0] > alike[1]


def test_hopeless_tasks_beside_good_ones_are_covered() -> None:
    rng = np.random.default_rng(3)
    hits = 0
    for _ in range(60):
        c = rng.binomial(8, rng.choice([0.0, 0.9], p=[0.3, 0.7], size=50))
        low, high = interval(c.tolist(), [8] * 50, 2)
        hits += low <= 0.7 * 0.81 <= high
    assert hits >= 52


def test_asking_many_posteriors_at_once_is_asking_each() -> None:
    rng = np.random.default_rng(5)
    for _ in range(30):
        c, k = rng.binomial(4, rng.beta(2, 1, 15)), int(rng.integers(1, 5))
        posterior = pass_k_posterior(c, np.full(15, 4), k)
        assert posterior is not None
        truth = float(rng.uniform())
        low, high = posterior.interval()
        below = float(grid_weights(c, np.full(15, 4)) @ share_below(k, truth))
        assert (low <= truth <= high) == (0.025 <= below <= 0.975)


def test_pass_k_of_every_population_falls_with_k() -> None:
    assert (grid().pass_k(2) <= grid().pass_k(1) + 1e-12).all()
