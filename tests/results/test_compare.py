"""Which topology did better, and the sentences that say so."""

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from results.reports.comparison_words import told, what_can_be_said
from results.reports.report_words import caveats
from results.statistics.compare import compare
from results.words import signed

if TYPE_CHECKING:
    from .conftest import Make


def tasks(*passes: int, n: int = 8) -> list[list[bool]]:
    return [[trial < c for trial in range(n)] for c in passes]


GOOD = tasks(*[8, 7, 8, 6, 7, 8, 8, 7, 6, 8, 7, 8])
POOR = tasks(*[6, 6, 7, 4, 6, 5, 7, 6, 4, 7, 5, 6])


def said(trials: pl.DataFrame, **options: Any) -> list[str]:
    return what_can_be_said(compare(trials, **options)).get_column("sentence").to_list()


def test_a_clear_difference_is_said_with_its_interval_and_its_cost(make_trials: "Make") -> None:
    trials = make_trials(
        {"single_thread": GOOD, "lead_subagents": POOR},
        prompt_tokens=lambda topology, _, __: 900 if topology[0] == "s" else 1300,
    )
    row = compare(trials).row(0, named=True)
    assert row["difference"] == pytest.approx(-19 / 96)
    assert row["estimate"] - row["reference_estimate"] == pytest.approx(row["difference"])
    assert row["low"] < row["difference"] < row["high"] < 0
    assert (row["interval"], row["tasks"], row["simulated"]) == ("paired t", 12, True)
    assert said(trials, ks=(1,)) == [
        "In simulation, on orders (act, width 4, coupling 0.5) lead_subagents passed 20 points "
        "less often than single_thread (95% interval 14 to 25 points; 12 tasks x 8 trials), at "
        "1.4x the tokens and 1.0x the dollars."
    ]


def test_the_same_difference_of_a_real_model_is_not_called_simulated(make_trials: "Make") -> None:
    trials = make_trials({"single_thread": POOR, "lead_subagents": GOOD}, simulated=False)
    first, second = said(trials)
    assert first.startswith(
        "On orders (act, width 4, coupling 0.5) lead_subagents passed 20 points"
    )
    assert "more often" in first
    assert "passed all 4 of 4 trials of a task more often than single_thread, by" in second
    assert caveats(trials) == [
        "With a real model, topologies are paired by task only: trials of the same number share no "
        "luck."
    ]


def test_an_interval_that_includes_0_is_not_enough_evidence(make_trials: "Make") -> None:
    trials = make_trials({"single_thread": GOOD, "lead_subagents": GOOD[::-1]})
    found = what_can_be_said(compare(trials))
    assert found.get_column("settled").to_list() == [False, False]
    assert all("not enough evidence yet" in text for text in found.get_column("sentence"))


def test_two_perfect_topologies_are_not_shown_to_be_equal(make_trials: "Make") -> None:
    row = compare(make_trials({"single_thread": tasks(8, 8, 8), "lead_subagents": tasks(8, 8, 8)}))
    assert row.get_column("interval").unique().to_list() == ["paired t, widened"]
    assert row.select((pl.col("low") < 0) & (pl.col("high") > 0)).to_series().all()


def test_one_task_or_no_common_task_is_not_enough(make_trials: "Make") -> None:
    alone = said(make_trials({"single_thread": tasks(8), "lead_subagents": tasks(2)}), ks=(1,))
    assert "no interval for tasks like these: it takes at least 2; 1 task x 8 trials" in alone[0]
    without = said(make_trials({"lead_subagents": GOOD}), ks=(1,))
    assert "nothing can be compared" in without[0]
    assert compare(make_trials({"single_thread": GOOD})).is_empty()


def test_one_task_has_an_answer_of_its_own(make_trials: "Make") -> None:
    trials = make_trials({"single_thread": tasks(20, n=20), "lead_subagents": tasks(1, n=20)})
    row = compare(trials, ks=(1,)).row(0, named=True)
    assert row["low"] is row["high"] is None
    assert -1 <= row["these_low"] < row["difference"] < row["these_high"] < -0.6
    (sentence,) = said(trials, ks=(1,))
    assert "not enough evidence yet" in sentence
    assert "For these tasks alone it did, less often (95% interval" in sentence


def test_each_topology_has_the_level_it_is_given(make_trials: "Make") -> None:
    trials = make_trials({"single_thread": GOOD, "lead_subagents": POOR, "team": POOR})
    levels = {"single_thread": 0.95, "lead_subagents": 0.95, "team": 0.99}
    lead, team = compare(trials, ks=(1,), level=levels).to_dicts()
    for low in ("low", "these_low", "dollars_per_pass_ratio_low"):
        assert team[low] < lead[low]
    assert "99% interval" in said(trials, ks=(1,), level=levels)[1]


def test_each_setting_is_compared_within_itself(make_trials: "Make") -> None:
    trials = make_trials(
        {"single_thread": GOOD, "lead_subagents": POOR[:6] + GOOD[6:]},
        mode=lambda _, task, __: "act" if task < 6 else "answer",
    )
    found = compare(trials, ks=(1,))
    assert found.get_column("cell").to_list() == [
        "orders (act, width 4, coupling 0.5)",
        "orders (answer, width 4, coupling 0.5)",
    ]
    assert found.get_column("difference").to_list() == pytest.approx([-10 / 48, 0.0])


def test_caveats_name_simulation_crashes_and_mixed_counts(make_trials: "Make") -> None:
    trials = make_trials(
        {"single_thread": [[True, None], [True, True]]},
        encoding=lambda _, task, __: f"encoding-{task}",
    )
    simulated, mixed, crashed = caveats(trials)
    assert "no evidence about any real model" in simulated
    assert "2 ways (encoding-0, encoding-1)" in mixed
    assert crashed.startswith("1 of 4 trials crashed")


def test_only_the_simulated_cells_of_a_mixed_run_are_called_simulated(make_trials: "Make") -> None:
    trials = pl.concat(
        make_trials({"single_thread": GOOD, "lead_subagents": POOR}, simulated=flag, model=model)
        for flag, model in ((True, "simulated:typical"), (False, "real"))
    )
    first, second = said(trials, ks=(1,))
    assert first.startswith("On orders (act, width 4, coupling 0.5, model real) lead_subagents")
    assert second.startswith(
        "In simulation, on orders (act, width 4, coupling 0.5, model simulated"
    )


def test_many_open_comparisons_are_told_as_one_behind_those_that_are_settled(
    make_trials: "Make",
) -> None:
    even = {f"team_{number}": GOOD[number:] + GOOD[:number] for number in range(1, 8)}
    trials = make_trials({"single_thread": GOOD, **even, "weak_team": POOR})
    all_said = what_can_be_said(compare(trials, ks=(1,)))
    ((task_set, sentences),) = told(all_said)
    assert (task_set, [settled for settled, _ in sentences]) == ("orders", [True, False])
    assert "weak_team passed 20 points less often" in sentences[0][1]
    assert sentences[1][1].startswith(
        "In simulation, on orders there is not enough evidence yet in 7 of 8 comparisons: their "
        "intervals include 0 (differences of 0 to 0 points,"
    )
    few = all_said.filter(pl.col("topology").is_in(["team_1", "weak_team"]))
    assert len(told(few)[0][1]) == 2


def test_comparisons_that_are_open_for_want_of_tasks_say_so_and_what_these_tasks_alone_settle(
    make_trials: "Make",
) -> None:
    one_task = {f"team_{number}": [[False] * 12] for number in range(7)}
    trials = make_trials({"single_thread": [[True] * 12], **one_task})
    (((_, text),),) = (rows for _, rows in told(what_can_be_said(compare(trials, ks=(1,)))))
    assert "include 0" not in text
    assert "7 have no interval for tasks like these" in text
    assert "For these tasks alone 7 of them are settled" in text


def test_what_adding_binary_fractions_leaves_over_is_no_difference() -> None:
    assert [signed(share) for share in (-9e-18, 0.0, 0.0004, -0.004)] == ["0", "0", "+0.04", "-0.4"]


def test_calls_whose_agent_could_not_be_told_are_a_caveat(make_trials: "Make") -> None:
    trials = make_trials({"mine": [[True, False]]}, ambiguous_calls=lambda _, __, trial: 3 * trial)
    assert any(
        "made 3 calls in 1 trial of mine could not be told" in one for one in caveats(trials)
    )
