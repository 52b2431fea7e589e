"""What working together takes, by the definitions of others and our own."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from results.records import frame
from results.reports.attribution_section import attribution_section, regression_sentences
from results.reports.failure_section import failure_section
from results.statistics.clustered import least_squares
from results.tokens.attribution import attribution
from results.tokens.coordination import coordination, efficiency, overhead, repeats
from results.tokens.token_regression import token_regression
from results.view import view_of

if TYPE_CHECKING:
    from .conftest import MadeRun, Make


def test_overhead_and_efficiency_are_those_of_the_paper(published: dict[str, Any]) -> None:
    rows = published["scaling_agent_systems"]["rows"]
    single = rows[0]["turns"]
    for row in rows:
        assert 100 * overhead(row["turns"], single) == pytest.approx(row["overhead_pct"], abs=0.75)
        found = efficiency(row["success"], row["turns"], single)
        assert found == pytest.approx(row["efficiency"], abs=0.0006)


def test_a_topology_is_held_to_the_reference_on_the_tasks_both_did(make_trials: "Make") -> None:
    trials = make_trials(
        {"single_thread": [[True, False]] * 4, "team": [[True, True]] * 3},
        model_calls=lambda topology, task, _: (10 + task) * (3 if topology == "team" else 1),
        score=lambda topology, _, trial: 1.0 if topology == "team" or trial == 0 else 0.6,
    )
    table = coordination(trials, frame("steps", []), attribution(frame("steps", [])))
    (team,) = table.filter(pl.col("topology") == "team").to_dicts()
    assert team["overhead"] == pytest.approx(2)
    assert team["efficiency"] == pytest.approx(1 / 3)
    assert team["failure_ratio"] == 0
    assert team["error_amplification"] == 0
    assert team["handed"] is None
    (alone,) = table.filter(pl.col("topology") == "single_thread").to_dicts()
    assert alone["error_amplification"] == pytest.approx(1)


def test_beside_a_reference_that_never_failed_amplification_is_unknown(make_trials: "Make") -> None:
    trials = make_trials({"single_thread": [[True]] * 3, "team": [[False]] * 3})
    table = coordination(trials, frame("steps", []), attribution(frame("steps", [])))
    (team,) = table.filter(pl.col("topology") == "team").to_dicts()
    assert (team["failure_ratio"], team["error_amplification"]) == (None, None)


def test_a_call_is_redundant_if_another_agent_had_made_it() -> None:
    calls = [("a", "x"), ("b", "x"), ("a", "x"), ("b", "y"), ("b", "y")]
    steps = frame(
        "steps",
        [
            {
                "trial_id": "t",
                "step": step,
                "kind": "tool",
                "agent": agent,
                "tool": "look",
                "arguments": json.dumps({"at": key}),
            }
            for step, (agent, key) in enumerate(calls)
        ],
    )
    assert list(repeats(steps)) == [("t", 5, 2)]


def test_a_gain_that_follows_tokens_is_gone_at_equal_tokens(make_trials: "Make") -> None:
    levels = {"single_thread": (0, 1, 1, 2), "team": (1, 2, 2, 3)}
    trials = make_trials(
        {name: [[level >= 2 for level in own]] * 6 for name, own in levels.items()},
        prompt_tokens=lambda topology, _, trial: 1000 * 2 ** levels[topology][trial] - 100,
    )
    (row,) = token_regression(trials).to_dicts()
    assert row["difference"] == pytest.approx(0.5)
    assert row["at_equal_tokens"] == pytest.approx(0, abs=1e-9)
    assert row["per_doubling"] == pytest.approx(0.5)
    assert row["overlap"] == pytest.approx(0.75)


def test_without_overlap_nothing_is_said_of_equal_tokens(make_trials: "Make") -> None:
    passes = [[True, trial % 2 == 0, False, True] for trial in range(6)]
    trials = make_trials(
        {"single_thread": passes, "team": [[True] * 4] * 6},
        prompt_tokens=lambda topology, task, trial: (
            (9000 if topology == "team" else 900) + 10 * task + trial
        ),
    )
    (row,) = token_regression(trials).to_dicts()
    assert (row["overlap"], row["at_equal_tokens"]) == (0, None)
    assert row["low"] < row["difference"] < row["high"]
    (said,) = regression_sentences(token_regression(trials), "single_thread")
    assert "cannot be told: only 0% of its trials used tokens within the range" in said


def tokens_of(topology: str, task: int, trial: int) -> int:
    return (1000 if topology == "team" else 900) + 37 * (task % 5) + 60 * trial


def test_outcomes_without_an_exception_are_not_regressed(make_trials: "Make") -> None:
    trials = make_trials(
        {"single_thread": [[False] * 4] * 6, "team": [[True] * 4] * 6}, prompt_tokens=tokens_of
    )
    (row,) = token_regression(trials).to_dicts()
    assert (row["difference"], row["at_equal_tokens"]) == (None, None)
    (said,) = regression_sentences(token_regression(trials), "single_thread")
    assert "nothing is said of tokens" in said
    assert "without an exception" in said


@pytest.mark.parametrize("tasks", [2, 6])
def test_where_nothing_varies_it_is_said_that_nothing_can_be(
    make_trials: "Make", tasks: int
) -> None:
    alike = make_trials(
        {name: [[True] * 4] * tasks for name in ("single_thread", "team")}, prompt_tokens=tokens_of
    )
    (said,) = regression_sentences(token_regression(alike), "single_thread")
    assert ("on no task did outcomes vary" if tasks == 6 else "at least 3 base tasks") in said


def test_one_task_with_all_the_leverage_gives_no_interval(make_trials: "Make") -> None:
    passes = [[(trial + task) % 3 > 0 for trial in range(8)] for task in range(12)]
    trials = make_trials(
        {"single_thread": passes, "team": [one[::-1] for one in passes]},
        prompt_tokens=lambda topology, task, trial: (
            1000 * 4 ** ((trial + (topology == "team")) % 8)
            if task == 0
            else 1000 + trial % 2 + 2 * (topology == "team")
        ),
    )
    (row,) = token_regression(trials).to_dicts()
    assert row["per_doubling"] is row["doubling_low"] is None
    assert row["difference"] is not None


def test_clustered_errors_cover_where_one_of_few_clusters_has_much_of_the_leverage() -> None:
    rng = np.random.default_rng(4)
    clusters = np.repeat(np.arange(8), 4)
    reach = np.where(clusters == 0, 3.0, 1.0)
    held = 0
    for _ in range(400):
        matrix = (rng.normal(size=(32, 1)) * reach[:, None]).round(3)
        outcome = rng.normal(size=8)[clusters] * matrix[:, 0] + rng.normal(size=32)
        (one,), _ = least_squares(matrix, outcome, clusters)
        held += abs(one.estimate) <= one.half()
    assert held / 400 > 0.9


def test_balanced_clusters_have_one_degree_of_freedom_less_than_they_are() -> None:
    clusters = np.repeat(np.arange(10), 6)
    matrix = np.tile([-1.0, 1.0], 30)[:, None]
    outcome = np.random.default_rng(1).normal(size=60)
    (one,), _ = least_squares(matrix, outcome, clusters)
    means = (matrix[:, 0] * outcome).reshape(10, 6).mean(axis=1)
    assert one.freedom == pytest.approx(9)
    assert one.leverage == pytest.approx(0.1)
    assert one.error == pytest.approx(means.std(ddof=1) / np.sqrt(10))


def test_no_difference_beyond_all_or_nothing_is_ever_given(make_trials: "Make") -> None:
    bounded = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        trials = make_trials(
            {name: rng.uniform(size=(3, 2)).round().astype(bool).tolist() for name in ("a", "b")},
            prompt_tokens=lambda _, task, trial: int(1000 + 50 * task + 200 * trial),
        )
        told = token_regression(trials, "a")
        for row in told.to_dicts():
            nulls = [row["difference"] is None, row["at_equal_tokens"] is None]
            assert any(nulls) == (row["why"] is not None)
            for name in (
                ("difference", "low", "high"),
                ("at_equal_tokens", "equal_low", "equal_high"),
            ):
                estimate, low, high = (row[part] for part in name)
                if low is not None:
                    bounded += low == -1 or high == 1
                    assert -1 <= low < estimate < high <= 1
                    assert low > -1 or high < 1
    assert bounded


def test_the_section_is_left_out_without_usage_and_says_when_prompts_are_unknown(
    small_run: "MadeRun", make_trials: "Make"
) -> None:
    section = attribution_section(view_of(small_run))
    assert section is not None
    assert section.charts == {}
    assert "No prompt was recorded" in section.tables[0].note
    small = make_trials({"single_thread": [[True]]})
    bare = replace(small_run, trials=small, steps=frame("steps", []))
    assert attribution_section(view_of(bare)) is None


def test_failures_are_told_by_whether_any_tool_said_so(
    make_trials: "Make", small_run: "MadeRun"
) -> None:
    trials = make_trials(
        {"single_thread": [[True, False, False], [True, True, None]]},
        tool_errors=lambda _, task, trial: int((task, trial) in ((0, 1), (1, 0))),
    )
    run = replace(small_run, trials=trials)
    section = failure_section(view_of(run))
    assert section is not None
    assert [table.title for table in section.tables] == ["Failures and tool errors"]
    split = trials.with_columns(mode=pl.Series(["act", "answer"]).gather(trials["trial"] % 2))
    section = failure_section(view_of(replace(run, trials=split, manifest={"imported": {}})))
    assert section is not None
    assert "1 of the 2 failed trials of single_thread met no tool error" in section.sentences[0]
    assert "of the 2 trials that met one 1 passed" in section.sentences[0]
    assert section.tables[0].title == "Consistency over all tasks"
