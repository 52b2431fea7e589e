"""Each of the four verdicts, what it rests on, and what must never move it."""

import re
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from results.questions.verdict.contrast import Verdict
from results.questions.verdict.decision import CEILINGS, MARGINS, TOLERATED, Bounds, decide, turns
from results.questions.verdict.harms import Harm
from results.questions.verdict.verdict import verdicts
from results.rules import DEFAULT, EXPLORATORY, FIXED, Rules, stated
from results.statistics.summary import summary

from .conftest import made_trials

GOOD = [8] * 30 + [7] * 10
POOR = [5, 6, 4, 7] * 10
STILL_OPEN = "not enough evidence"


def tasks(passes: list[int], n: int = 8) -> list[list[bool]]:
    return [[trial < c for trial in range(n)] for c in passes]


def judged(trials: pl.DataFrame, manifest: dict[str, Any] | None = None) -> list[Verdict]:
    names = trials.get_column("topology").unique().sort().to_list()
    return verdicts(trials, stated(manifest or {}, names, "single_thread", 8))


def one(
    single: list[int],
    team: list[int],
    rules: dict[str, float] | None = None,
    n: int = 8,
    **fields: Any,
) -> Verdict:
    outcomes = {"single_thread": tasks(single, n), "lead_subagents": tasks(team, n)}
    (found,) = judged(made_trials(outcomes, **fields), {"thresholds": rules or {}})
    return found


def test_a_gain_at_a_fair_price_without_harm_is_to_fan_out() -> None:
    found = one(POOR, GOOD)
    assert found.verdict == "fan out"
    difference, cost, harm, alone = found.reasons
    assert "pass^4 is 87.5% against 20.0%" in difference
    assert "all of it above the 5 points that matter" in difference
    assert "0.71x the dollars" in cost
    assert "within the ceiling of 2x" in cost
    assert harm.endswith("the bound is met.")
    assert alone.startswith("For these tasks alone, of which the trials are the sample: fan out;")
    assert found.changes[0] == "A cost ceiling below 0.76x would leave it open."
    assert not any("margin" in text for text in found.changes)


def test_a_loss_is_to_stay_single() -> None:
    found = one(GOOD, POOR)
    assert found.verdict == "stay single"
    assert "a loss of more than the 5 points" in found.reasons[0]
    assert found.changes[0].startswith("No sensible value of one rule alone would change it")


def test_equal_topologies_seen_often_make_no_difference_worth_its_cost() -> None:
    found = one(GOOD * 2, GOOD * 2, {"margin": 0.1})
    assert found.verdict == "no difference worth its cost"
    assert "all of it within the 10 points that matter" in found.reasons[0]
    assert found.changes == ("A margin below 1 point would leave it open.",)


def test_few_tasks_are_not_enough_and_it_says_what_would_settle_it() -> None:
    found = one(POOR[:10], [6, 6, 5, 7, 8] * 2, simulated=False)
    assert found.verdict == "not enough evidence"
    assert found.changes == (
        "If the true rates are those seen here, 70 tasks x 8 trials (fan out) would settle it in "
        "most runs; no number of trials up to 10x would.",
    )
    simulated = one(POOR[:10], [6, 6, 5, 7, 8] * 2)
    assert "sized by simulated variance" in simulated.changes[0]


def test_where_nothing_up_to_ten_times_would_settle_it_that_is_said() -> None:
    found = one([8, 6, 7, 5], [7, 7, 6, 7], {"margin": 0.001})
    assert found.verdict == "not enough evidence"
    assert found.changes[0].startswith("None up to 10x, of tasks or of trials, would settle it")


def test_what_would_settle_it_is_projected_by_the_interval_that_judges() -> None:
    sure = [8] * 12
    (told,) = one(sure, sure, {"margin": 0.1}).changes
    found = re.search(r"(\d+) tasks x 8 trials", told)
    assert found is not None
    assert "no number of trials up to 10x would" in told
    assert one([8] * int(found[1]), [8] * int(found[1]), {"margin": 0.1}).verdict != STILL_OPEN
    assert one([80] * 12, [80] * 12, {"margin": 0.1}, n=80).verdict == STILL_OPEN


def test_a_gain_at_too_high_a_price_is_to_stay_single() -> None:
    dear = one(POOR, GOOD, dollars=lambda name, _, __: 0.01 if name[0] == "s" else 0.1)
    assert dear.verdict == "stay single"
    assert "above the ceiling of 2x" in dear.reasons[1]
    assert dear.changes == ("A cost ceiling above 6.63x would leave it open.",)


def test_shown_harm_is_to_stay_single_whatever_the_gain() -> None:
    broken = one(
        POOR, GOOD, broken_invariants=lambda name, _, __: ["oversold"] if name[0] == "l" else []
    )
    assert broken.verdict == "stay single"
    assert any("harm is shown" in text for text in broken.reasons)


def test_a_rule_that_alone_would_not_change_it_is_not_offered() -> None:
    dear = one(
        GOOD,
        POOR,
        dollars=lambda name, _, __: 0.01 if name[0] == "s" else 0.1,
        broken_invariants=lambda name, _, __: ["oversold"] if name[0] == "l" else [],
    )
    assert dear.verdict == "stay single"
    (told,) = dear.changes
    assert told.startswith("No sensible value of one rule alone would change it")


def test_unknown_costs_or_harms_never_let_it_fan_out() -> None:
    for missing, named in (
        ({"dollars": None, "prompt_tokens": None}, "the cost of every trial"),
        ({"broken_invariants": None}, "whether each trial broke a declared invariant"),
    ):
        found = one(POOR, GOOD, **missing)
        assert found.verdict == "not enough evidence"
        assert found.changes[0] == f'Recording {named} could make it "fan out".'


def test_a_trial_without_a_time_is_not_graded_under_a_deadline_however_it_ended() -> None:
    def seconds(name: str, _: int, trial: int) -> float | None:
        return None if name[0] == "l" and trial % 2 else 1.0

    rules = {"deadline_seconds": 20.0, "k": 1, "margin": 0.1}
    found = one([6] * 40, [6] * 40, rules, seconds=seconds)
    assert found.verdict == "no difference worth its cost"
    assert "160 trials without a time could not be graded so" in found.reasons[0]
    assert "pass^1 is 75.0% against 75.0%" in found.reasons[1]


def test_silent_failures_count_where_the_rules_bound_them() -> None:
    bound = {"silent_failures": 0.02}
    loud = one(POOR, GOOD, bound, tool_errors=1)
    assert loud.verdict == "not enough evidence"
    assert "failed silently in 0.0% of its trials" in loud.reasons[3]
    quiet = one(POOR, POOR, bound)
    assert any("failed silently" in text and "harm is shown" in text for text in quiet.reasons)


def test_a_failure_is_silent_without_a_tool_error_and_without_a_word_of_being_blocked() -> None:
    trials = made_trials(
        {"single_thread": tasks([0, 0, 0, 8], n=1)},
        tool_errors=lambda _, task, __: float(task == 1),
        status=lambda _, task, __: ("done", "done", "blocked", "done")[task],
    )
    rates = summary(trials, ks=(1,), metrics=["silent_failures"])
    assert rates["silent_failures"].item() == 0.25
    unknown = summary(trials.with_columns(tool_errors=None), ks=(1,), metrics=["silent_failures"])
    assert unknown["silent_failures"].item() is None


def test_only_passes_within_the_deadline_count() -> None:
    slow = one(
        POOR,
        GOOD,
        {"deadline_seconds": 5},
        seconds=lambda name, _, __: 1.0 if name[0] == "s" else 9.0,
    )
    assert slow.verdict == "stay single"
    assert slow.reasons[0] == "A pass counts only within 5 s."
    untimed = one(POOR, GOOD, {"deadline_seconds": 5}, seconds=None)
    assert untimed.verdict == "not enough evidence"
    assert "640 trials without a time" in untimed.reasons[0]


def test_a_simulated_verdict_is_a_condition_and_a_real_one_names_model_and_date() -> None:
    simulated = one(POOR, GOOD)
    assert simulated.simulated
    assert "fan out for tasks like these, fan out for these tasks alone, if a model erred as " in (
        simulated.headline
    )
    assert "no verdict on any model" in simulated.assumes[0]
    real = one(POOR, GOOD, simulated=False, model="m-1", started_at="2026-03-01T08:00:00+00:00")
    assert not real.simulated
    assert real.assumes[0] == "It holds for m-1, 2026-03-01."


def mixed(answers: list[int]) -> pl.DataFrame:
    acting = {"single_thread": tasks(POOR), "lead_subagents": tasks(POOR[::-1])}
    reading = {"single_thread": tasks(POOR[: len(answers)]), "lead_subagents": tasks(answers)}
    return pl.concat([made_trials(acting), made_trials(reading, mode="answer")])


def test_read_only_tasks_never_move_a_verdict_on_writing() -> None:
    def writing(answers: list[int]) -> Verdict:
        return next(v for v in judged(mixed(answers)) if "(act" in v.cell)

    assert writing([8] * 40) == writing([0] * 40)
    reading = next(v for v in judged(mixed([8] * 40)) if "(answer" in v.cell)
    assert any("says nothing about work that writes" in text for text in reading.assumes)


def test_the_primary_family_has_simultaneous_intervals_and_the_rest_is_exploratory() -> None:
    outcomes = {"single_thread": tasks(POOR), "team": tasks(GOOD), "other": tasks(GOOD)}
    found = judged(made_trials(outcomes), {"contrasts": ["team vs single_thread"]})
    assert [(v.topology, v.status) for v in found] == [
        ("team", "primary, one of 1"),
        ("other", EXPLORATORY),
    ]
    both = judged(made_trials(outcomes))
    assert {v.status for v in both} == {"primary, one of 2"}
    assert "97.5% interval" in both[0].reasons[0]


def test_rules_say_where_they_come_from_and_are_hashed() -> None:
    names = ["single_thread", "team"]
    fixed = stated({"thresholds": {"k": 2, "margin": 0.1}}, names, "single_thread", 8)
    assert (fixed.status, fixed.rules.k, fixed.rules.margin) == (FIXED, 2, 0.1)
    assert "but for the kit's defaults of cost_ceiling" in fixed.sentence
    default = stated({}, names, "single_thread", 2)
    assert (default.status, default.rules.k) == (DEFAULT, 2)
    after = stated({}, names, "single_thread", 8, Rules(k=2, margin=0.1))
    assert after.status == EXPLORATORY
    assert after.hash == fixed.hash != default.hash


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ({"thresholds": {"margin": 2.0}}, "thresholds.margin is 2.0"),
        ({"contrasts": ["team"]}, "write it as lead_subagents vs single_thread"),
        ({"contrasts": ["team vs nobody"]}, "contrasts names 'nobody'"),
    ],
)
def test_rules_that_cannot_be_are_refused(manifest: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        stated(manifest, ["single_thread", "team"], "single_thread", 8)


limits = st.tuples(st.floats(-1, 1), st.floats(-1, 1)).map(sorted)
ratios = st.tuples(st.floats(0.1, 5), st.floats(0.1, 5)).map(sorted)
rates = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted)


@given(limits, ratios, rates)
@settings(deadline=None, max_examples=200)
def test_the_verdict_follows_the_table_of_the_rules(
    gain: list[float], cost: list[float], harm: list[float]
) -> None:
    rules = Rules()
    one_harm = Harm("broken_invariants", "broke", 0.1, None, harm[0], harm[1])
    word = decide(Bounds(gain[0], gain[1], cost[0], cost[1], (one_harm,)), rules)
    m, c = rules.margin, rules.cost_ceiling
    fan = gain[0] > m and cost[1] <= c and harm[1] <= 0.1
    level = -m < gain[0] and gain[1] < m
    single = gain[1] < m or cost[0] > c or harm[0] > 0.1
    assert word == (
        "fan out"
        if fan
        else "no difference worth its cost"
        if level
        else "stay single"
        if single
        else "not enough evidence"
    )


@given(limits, ratios)
@settings(deadline=None, max_examples=100)
def test_knowing_less_never_turns_into_fanning_out(gain: list[float], cost: list[float]) -> None:
    unknown = Harm("broken_invariants", "broke", 0.1, None, None, None)
    rules = Rules()
    for bounds in (
        Bounds(None, None, cost[0], cost[1]),
        Bounds(gain[0], gain[1], None, None),
        Bounds(gain[0], gain[1], cost[0], cost[1], (unknown,)),
    ):
        assert decide(bounds, rules) != "fan out"


def percents(low: int, high: int) -> st.SearchStrategy[list[float]]:
    both = st.tuples(st.integers(low, high), st.integers(low, high))
    return both.map(lambda pair: [value / 100 for value in sorted(pair)])


@given(percents(-100, 100), percents(10, 500), percents(0, 100))
@settings(deadline=None, max_examples=200)
def test_what_is_said_to_change_a_verdict_does_and_nothing_nearer(
    gain: list[float], cost: list[float], harm: list[float]
) -> None:
    rules = Rules()
    bounds = Bounds(*gain, *cost, (Harm("broken_invariants", "broke", 0.1, None, *harm),))
    verdict = decide(bounds, rules)

    def ruled(name: str, value: float) -> str:
        if name != "broken_invariants":
            return decide(bounds, replace(rules, **{name: value}))
        harms = (replace(bounds.harms[0], tolerated=value),)
        return decide(replace(bounds, harms=harms), rules)

    found = {(turn.rule, turn.above): turn for turn in turns(bounds, rules)}
    for name, now, (least, most) in (
        ("margin", rules.margin, MARGINS),
        ("cost_ceiling", rules.cost_ceiling, CEILINGS),
        ("broken_invariants", 0.1, TOLERATED),
    ):
        for above, end in ((False, least), (True, most)):
            turn = found.get((name, above))
            reach = end if turn is None else turn.value
            for part in (0.01, 0.3, 0.6, 0.99):
                assert ruled(name, now + part * (reach - now)) == verdict
            if turn is not None:
                away = 1e-4 if above else -1e-4
                assert ruled(name, turn.value + away) == turn.to != verdict
                assert least < turn.value < most
