"""Pass^k and pass@k: published values, their laws, and what crashes do to them."""

from itertools import combinations, pairwise
from statistics import mean
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from results.reports.consistency_tables import consistency_table
from results.reports.result_tables import outcome_table
from results.statistics.bands import pass_k_bands
from results.statistics.consistency import (
    consistency,
    over_tasks,
    pass_at,
    pass_hat,
    per_task,
    tally,
)
from results.statistics.summary import summary

from .conftest import made_trials

if TYPE_CHECKING:
    from .conftest import Make


def value(expression: pl.Expr, c: int, n: int) -> Any:
    return pl.DataFrame({"c": [c], "n": [n]}).select(expression).item()


def outcomes(c: int, n: int) -> list[bool]:
    return [True] * c + [False] * (n - c)


def test_pass_k_of_one_task_is_as_published(published: dict[str, Any]) -> None:
    for row in published["pass_k_single_task"]["rows"]:
        c, n, k = row["c"], row["n"], row["k"]
        assert value(pass_hat(k), c, n) == pytest.approx(row["pass_hat_k"], abs=1e-6)
        assert value(pass_at(k), c, n) == pytest.approx(row["pass_at_k"], abs=1e-6)


def test_with_very_many_trials_pass_k_is_the_compounding_table(published: dict[str, Any]) -> None:
    n = 10**9
    for row in published["compounding"]["rows"]:
        found = value(pass_hat(row["n"]), round(row["p"] * n), n)
        assert found == pytest.approx(row["value"], abs=1e-6)


def test_tau_bench_airline_is_as_published(make_trials: "Make", published: dict[str, Any]) -> None:
    source = published["tau_bench_gpt4o_airline"]
    n = source["trials_per_task"]
    trials = make_trials({"gpt-4o": [outcomes(c, n) for c in source["successes_per_task"]]})
    found = consistency(trials, (1, 2, 3, 4))
    assert found.get_column("pass_hat").to_list() == pytest.approx(
        list(source["pass_hat_k"].values()), abs=1e-6
    )
    assert found.get_column("pass_at").to_list() == pytest.approx(
        list(source["pass_at_k"].values()), abs=1e-6
    )


def test_the_tau2_leaderboard_is_as_published(
    make_trials: "Make", published: dict[str, Any]
) -> None:
    for row in published["tau2_leaderboard"]["rows"]:
        tasks = [outcomes(c, 4) for c, many in enumerate(row["hist_c0_to_c4"]) for _ in range(many)]
        found = consistency(make_trials({"board": tasks}), (1, 2, 3, 4))
        for percent, share in zip(
            row["published_pass_k_pct"], found.get_column("pass_hat"), strict=True
        ):
            digits = len(str(percent).partition(".")[2])
            assert 100 * share == pytest.approx(percent, abs=0.51 * 10**-digits)


counts = st.integers(1, 7).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts, st.integers(1, 7))
@settings(deadline=None, max_examples=60)
def test_pass_k_is_the_share_of_all_subsets(pair: tuple[int, int], k: int) -> None:
    c, n = pair
    subsets = list(combinations(outcomes(c, n), k))
    if not subsets:
        assert value(pass_hat(k), c, n) is None
        assert value(pass_at(k), c, n) is None
    else:
        assert value(pass_hat(k), c, n) == pytest.approx(mean(all(drawn) for drawn in subsets))
        assert value(pass_at(k), c, n) == pytest.approx(mean(any(drawn) for drawn in subsets))


@given(st.lists(counts, min_size=1, max_size=6))
@settings(deadline=None, max_examples=40)
def test_pass_k_never_rises_with_k_and_pass_at_k_never_falls(tasks: list[tuple[int, int]]) -> None:
    for c, n in tasks:
        hats = [value(pass_hat(k), c, n) for k in range(1, n + 1)]
        ats = [value(pass_at(k), c, n) for k in range(1, n + 1)]
        assert all(one >= other - 1e-12 for one, other in pairwise(hats))
        assert all(one <= other + 1e-12 for one, other in pairwise(ats))
        assert all(hat <= c / n + 1e-12 <= at + 2e-12 for hat, at in zip(hats, ats, strict=True))


@given(st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=15)
def test_the_order_of_the_rows_does_not_matter(random: Any) -> None:
    rows = [("a", f"t{task}", bool(trial % (task + 2))) for task in range(4) for trial in range(5)]
    frame = [
        {"topology": name, "task_set": "s", "task": task, "block": task, "passed": passed}
        for name, task, passed in rows
    ]
    before = consistency(pl.DataFrame(frame), (1, 2, 3))
    random.shuffle(frame)
    assert consistency(pl.DataFrame(frame), (1, 2, 3)).equals(before)


RAGGED = {"one": [[True, True, None, True], [True, False, True, False], [None, None, True, False]]}


def test_dropped_crashes_leave_out_a_task_only_where_it_has_too_few_trials(
    make_trials: "Make",
) -> None:
    found = consistency(make_trials(RAGGED), (1, 2, 3, 4, 5))
    assert found.get_column("tasks").to_list() == [3, 3, 2, 1, 0]
    assert found.get_column("tasks_short").to_list() == [0, 0, 1, 2, 3]
    assert found.get_column("pass_hat").to_list() == [
        pytest.approx((1 + 1 / 2 + 1 / 2) / 3),
        pytest.approx((1 + 1 / 6 + 0) / 3),
        pytest.approx((1 + 0) / 2),
        pytest.approx(0.0),
        None,
    ]
    assert found.get_column("crash_convention").unique().to_list() == ["drop"]


def test_failed_crashes_count_as_not_passed(make_trials: "Make") -> None:
    found = consistency(make_trials(RAGGED), (1, 4), crashed="failed")
    assert found.get_column("pass_hat").to_list() == pytest.approx([(3 / 4 + 2 / 4 + 1 / 4) / 3, 0])
    assert found.get_column("tasks").to_list() == [3, 3]


def test_the_lowest_common_k_ends_where_the_poorest_task_ends(make_trials: "Make") -> None:
    found = consistency(make_trials(RAGGED), (1, 2, 3), crashed="lowest_k")
    assert found.get_column("pass_hat").to_list() == [
        pytest.approx(2 / 3),
        pytest.approx((1 + 1 / 6) / 3),
        None,
    ]
    assert found.get_column("crash_convention").unique().to_list() == ["lowest_k"]


def test_a_task_whose_trials_all_crashed_is_there_without_a_rate(make_trials: "Make") -> None:
    counts = tally(make_trials({"one": [[None, None], [True, True]]}))
    assert counts.select("n", "c", "crashed_trials").rows() == [(0, 0, 2), (2, 2, 0)]
    assert over_tasks(per_task(counts, (1,))).select("pass_hat", "tasks", "tasks_short").rows() == [
        (1.0, 1, 1)
    ]


def test_a_convention_or_k_that_makes_no_sense_is_refused(make_trials: "Make") -> None:
    with pytest.raises(ValueError, match="use one of drop, failed, lowest_k"):
        tally(make_trials(RAGGED), crashed="ignore")
    with pytest.raises(ValueError, match="k = 0"):
        consistency(make_trials(RAGGED), (0,))
    with pytest.raises(ValueError, match="at least one k"):
        consistency(make_trials(RAGGED), ())


def test_pass_k_and_its_interval_rest_on_the_same_tasks_and_the_table_says_on_how_many() -> None:
    few = [[True] * 3] * 10
    enough = [[True] * 8, [False] * 4 + [True] * 4, [True] * 6 + [False] * 2]
    both, alone = (made_trials({"single_thread": tasks}) for tasks in (few + enough, enough))
    wide, narrow = (pass_k_bands(trials, [4]).row(0, named=True) for trials in (both, alone))
    for name in ("pass_hat", "low", "high", "tasks"):
        assert wide[name] == narrow[name]
    shown = consistency_table(pass_k_bands(both, [1, 4]), [])
    place = shown.columns.index("tasks with k trials")
    assert [row[place] for _, rows in shown.groups for row in rows] == ["13 of 13", "3 of 13"]
    assert "rolled back" in shown.note
    outcomes = outcome_table(summary(both, (), (1, 4)), [], 4)
    assert "3 of 13" in outcomes.groups[0][1][0]
