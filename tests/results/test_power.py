"""Plans hold in simulation, reproduce the published formula, and say what they rest on."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from results.questions.plan.plan import plan_from_rates, plan_from_run, plan_text
from results.questions.plan.power import (
    Price,
    power_at,
    sized_by_simulation,
    spread_of_rates,
    tasks_needed,
    trials_needed,
)
from results.questions.plan.simulated_power import leaves_out_zero, simulated_power
from results.statistics.differences import all_pass, paired_difference
from results.statistics.populations import Population
from results.statistics.spread import moments, paired_spread, split, within
from tests.bench.populations import POPULATIONS

from .conftest import made_trials

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("rate", "difference", "k", "icc", "alike", "trials"),
    [
        (0.6, 0.1, 1, 0.4, 0.5, 8),
        (0.5, 0.15, 1, 0.15, 0.9, 4),
        (0.6, 0.1, 4, 0.4, 0.5, 8),
        (0.7, 0.2, 2, 0.15, 0.0, 8),
    ],
)
def test_planned_power_is_simulated_power_within_three_points(
    rate: float, difference: float, k: int, icc: float, alike: float, trials: int
) -> None:
    spread, sides = spread_of_rates(rate, difference, k, icc, alike)
    tasks = tasks_needed(spread, difference, trials)
    assert tasks is not None
    planned = power_at(spread, difference, tasks, trials, 0.05)
    found = simulated_power(sides, alike, tasks, trials, k, repeats=2500)
    assert planned == pytest.approx(found, abs=0.03)


@pytest.mark.parametrize(
    ("rate", "difference", "k", "icc", "alike"),
    [(0.94, 0.05, 1, 0.3, 0.9), (0.8, 0.4, 8, 0.1, 0.5), (0.3, 0.1, 1, 0.5, 1.0)],
)
def test_a_plan_from_stated_rates_has_its_power_where_the_t_test_has_not(
    rate: float, difference: float, k: int, icc: float, alike: float
) -> None:
    spread, sides = spread_of_rates(rate, difference, k, icc, alike)
    first = tasks_needed(spread, difference, 8)
    assert first is not None
    tasks, power = sized_by_simulation(sides, alike, k, 0.8, 0.05)(first, 8)
    assert power >= 0.79
    assert power == pytest.approx(simulated_power(sides, alike, tasks, 8, k, seed=9), abs=0.04)


@given(st.integers(0, 10**6), st.sampled_from([(5, 4, 1), (12, 8, 4), (30, 2, 2)]))
@settings(deadline=None, max_examples=15)
def test_many_samples_at_once_are_judged_as_each_alone(
    seed: int, size: tuple[int, int, int]
) -> None:
    tasks, trials, k = size
    rng = np.random.default_rng(seed)
    shape, chance = (12, tasks), rng.beta(3, 1, (2, 1, tasks))
    first, second = (rng.binomial(trials, p * np.ones(shape)).astype(np.int64) for p in chance)
    n, units = np.full(tasks, trials), np.arange(tasks)
    alone = [
        paired_difference((one, n), (other, n), units, k, 0.9)
        for one, other in zip(first, second, strict=True)
    ]
    found = leaves_out_zero(first, second, trials, k, 0.9)
    assert found.tolist() == [gain.low > 0 or gain.high < 0 for gain in alone]


@pytest.mark.parametrize(("k", "trials"), [(1, 4), (2, 5), (4, 8)])
def test_what_trials_add_to_the_variance_is_exact(k: int, trials: int) -> None:
    for population in POPULATIONS[::6]:
        rates = population.at((np.arange(2000) + 0.5) / 2000)
        known = [float((rates**j).mean()) for j in range(2 * k + 1)]
        rng = np.random.default_rng(4)
        draws = rng.binomial(trials, rates, size=(400, rates.size))
        seen = all_pass(draws.ravel(), np.full(draws.size, trials), k).reshape(draws.shape)
        assert within(known, k, trials) == pytest.approx(seen.var(axis=0).mean(), rel=0.06)


def test_a_pilot_gives_back_the_spread_it_was_drawn_from() -> None:
    spread, (base, other) = spread_of_rates(0.6, 0.1, 2, 0.4, alike=0.0)
    rng = np.random.default_rng(8)
    n = np.full(3000, 6)
    found = paired_spread(
        (other.draw(rng, (3000,), 6), n), (base.draw(rng, (3000,), 6), n), np.arange(3000), 2
    )
    assert found is not None
    assert found.between == pytest.approx(spread.between, rel=0.08)
    assert found.variance(12) == pytest.approx(spread.variance(12), rel=0.08)


@given(st.floats(0.2, 0.8), st.floats(0.05, 0.15), st.sampled_from([1, 2, 4]))
@settings(deadline=None, max_examples=20)
def test_more_trials_never_need_more_tasks_and_larger_differences_fewer(
    rate: float, difference: float, k: int
) -> None:
    try:
        spread, _ = spread_of_rates(rate, difference, k)
    except ValueError:
        return
    few, many = (tasks_needed(spread, difference, n) or 10**9 for n in (4, 16))
    assert many <= few
    assert (tasks_needed(spread, 2 * difference, 4) or 10**9) <= few


def test_trials_alone_cannot_reach_the_power_where_tasks_differ() -> None:
    spread, _ = spread_of_rates(0.6, 0.1, 1, 0.4, 0.5)
    assert trials_needed(spread, 0.1, 20) is None
    assert trials_needed(spread, 0.1, 200) is not None


def pilot(**fields: Any) -> Any:
    rng = np.random.default_rng(1)
    outcomes = {
        name: [
            [bool(x) for x in rng.uniform(size=8) < p]
            for p in Population("", mean, 0.4).at(rng.uniform(size=12))
        ]
        for name, mean in (("single_thread", 0.6), ("team", 0.7))
    }
    return made_trials(outcomes, **fields)


def test_a_plan_from_a_pilot_says_tasks_trials_dollars_and_hours() -> None:
    (plan,) = plan_from_run(pilot(simulated=False), "team", "single_thread", 0.1, k=4)
    best = plan.best
    assert best is not None
    assert best.runs == 2 * best.tasks * best.trials
    assert best.dollars == pytest.approx(best.tasks * best.trials * 0.02)
    assert best.hours == pytest.approx(best.tasks * best.trials * 20 / 3600)
    assert all(way.power >= 0.8 for way in plan.ways)
    text = plan_text(plan)
    assert "Tasks are cheaper" in text
    assert "is itself uncertain" in text
    assert "simulated" not in text


def test_a_plan_from_simulated_runs_says_that_real_ones_must_not_be_sized_by_it() -> None:
    (plan,) = plan_from_run(pilot(), "team", "single_thread", 0.1)
    assert "The pilot is simulated" in plan.said[1]


def test_stated_rates_say_that_they_are_not_measured() -> None:
    costly = plan_from_rates(0.6, 0.1, price=Price(0.03, 60), task_dollars=5.0)
    free = plan_from_rates(0.6, 0.1, price=Price(0.03, 60))
    assert "Stated, not measured" in plan_text(costly)
    assert "Powers are shares of 1,000 samples drawn from these rates" in costly.said[-1]
    assert costly.best is not None
    assert free.best is not None
    assert costly.best.trials > free.best.trials


def test_what_cannot_be_planned_is_refused_in_one_line() -> None:
    with pytest.raises(ValueError, match="the pilot has no topology 'nobody'"):
        plan_from_run(pilot(), "nobody", "single_thread", 0.1)
    with pytest.raises(ValueError, match="at least 9 graded trials"):
        plan_from_run(pilot(), "team", "single_thread", 0.1, k=9)
    with pytest.raises(ValueError, match="state a smaller one"):
        plan_from_rates(0.95, 0.1)
    with pytest.raises(ValueError, match="between 0 and 1"):
        plan_from_rates(0.5, 10)
    for dollars in (-3, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="is 0 or more dollars"):
            plan_from_run(pilot(), "team", "single_thread", 0.1, task_dollars=dollars)
    with pytest.raises(ValueError, match="0 trials at a time: it must be at least 1"):
        plan_from_run(pilot(), "team", "single_thread", 0.1, at_once=0)
    with pytest.raises(ValueError, match="k counts trials, from 1 to 100"):
        plan_from_rates(0.5, 0.1, k=100_000)


def test_the_split_says_whether_tasks_or_trials_narrow_more() -> None:
    tasks = split(0.4, 8)
    trials = split(0.0, 1)
    assert tasks is not None
    assert trials is not None
    assert tasks.from_tasks == pytest.approx(0.4 / (0.4 + 0.6 / 8))
    assert tasks.advice == "tasks"
    assert trials.advice.startswith("either")
    assert "84% of the error lies between tasks at 8 trials" in tasks.sentence
    assert split(None, 8) is None


def test_moments_of_the_posterior_are_near_the_truth() -> None:
    population = POPULATIONS[10]
    c = population.draw(np.random.default_rng(2), (800,), 8)
    found = moments(c, np.full(800, 8), 4)
    assert found == pytest.approx([population.pass_k(j) for j in range(5)], abs=0.03)
