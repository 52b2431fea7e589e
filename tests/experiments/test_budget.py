"""One budget for every topology: shares, what goes back, and budgets that could not do."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from experiments.running.least_budget import least_budget
from experiments.running.runner import run_sweep
from experiments.sweeps.sweep import specs
from experiments.trials.allowance import Purse
from experiments.trials.spec import Budget
from experiments.trials.trial import run_trial
from results.infeasible import counted, feasible
from results.records import frame
from results.statistics.budget import passed_by_use, success_by_budget
from tests.trials import grid, spec
from topologies.kit import OutOfBudgetError


def used(amount: int) -> dict[str, Any]:
    return {"prompt_tokens": amount, "completion_tokens": 0, "dollars": None}


def test_what_a_subagent_leaves_goes_back_to_its_lead() -> None:
    purse = Purse(Budget("tokens", 100))
    purse.set_aside("lead", 0.25, draws=True)
    for name in ("a", "b", "c"):
        purse.set_aside(name, 0.25, draws=False)
    assert purse.left("lead") == 25
    purse.spend("a", used(10))
    assert (purse.left("a"), purse.left("lead")) == (15, 25)
    purse.give_back("a")
    assert (purse.left("a"), purse.left("lead")) == (0, 40)
    purse.spend("lead", used(30))
    assert purse.left("lead") == 10
    purse.spend("b", used(25))
    with pytest.raises(OutOfBudgetError, match="b was stopped"):
        purse.check("b")
    purse.check("c")
    assert purse.stopped == ["b"]


def test_no_share_is_more_than_what_is_left() -> None:
    purse = Purse(Budget("tokens", 100))
    purse.set_aside("lead", 0.25, draws=True)
    purse.spend("lead", used(90))
    purse.set_aside("late", 0.5, draws=False)
    assert purse.left("late") == 10
    assert purse.left("lead") == 0


def test_agents_without_a_share_draw_on_what_is_nobodys() -> None:
    purse = Purse(Budget("output_tokens", 10))
    purse.set_aside("one", None, draws=True)
    purse.set_aside("other", None, draws=False)
    purse.spend("one", {"completion_tokens": 4})
    purse.spend("never seated", {"completion_tokens": 5})
    assert purse.left("one") == purse.left("other") == purse.left("unheard of") == 1


def test_an_unknown_price_is_said_and_not_taken_for_nothing() -> None:
    purse = Purse(Budget("dollars", 1.0))
    with pytest.raises(ValueError, match="a budget in dollars cannot hold"):
        purse.spend("agent", used(5))


def test_every_agent_is_told_its_part() -> None:
    budgeted = replace(spec("lead_subagents", width=4), budget=Budget("tokens", 200_000))
    told = {
        step["agent"]: json.loads(step["prompt"])[0]["content"]
        for step in reversed(run_trial(budgeted)["steps"])
        if step["kind"] == "model"
    }
    lead, subagent = told["lead"], told["subagent-1"]
    assert "of 200,000 tokens for the whole work, 50,000 tokens are for you, and what" in lead
    assert "of 200,000 tokens for the whole work, 37,500 tokens are for you. Who" in subagent
    assert "Budget" not in str(run_trial(spec(width=2))["steps"][0]["prompt"])


def test_a_single_thread_is_stopped_by_its_budget_and_the_trial_is_graded() -> None:
    row = run_trial(replace(spec(width=4), budget=Budget("tokens", 5_000)))["trials"][0]
    assert (row["ended"], row["limit"], row["passed"]) == ("limit", "budget", False)
    assert (row["budget"], row["budget_unit"]) == (5_000, "tokens")


def test_a_lead_goes_on_where_a_subagent_was_stopped() -> None:
    one = spec("lead_subagents", width=4)
    whole = run_trial(one)
    spent = sum(s["completion_tokens"] or 0 for s in whole["steps"])
    for percent in (100, 80, 60):
        row = run_trial(replace(one, budget=Budget("output_tokens", spent * percent / 100)))
        told = [s["reply"] for s in row["steps"] if s["tool"] == "delegate"]
        stopped = [reply for reply in told if "was stopped" in reply]
        if stopped and row["trials"][0]["ended"] == "completed":
            assert row["trials"][0]["limit"] == "budget"
            return
    raise AssertionError("no subagent was stopped while its lead went on")


@pytest.mark.parametrize("topology", ["single_thread", "lead_subagents", "self_consistency"])
def test_just_below_the_least_budget_perfect_fails_and_with_it_it_passes(topology: str) -> None:
    tasks = grid([1, 2], 1, topology=topology, model="typical", width=2)
    found = least_budget(tasks, "tokens")
    assert found is not None
    short, least = found
    assert short < least < 1.15 * short

    def all_pass(amount: float) -> bool:
        budgeted = [
            replace(t, models={"default": "simulated:perfect?calls_per_message=2"}) for t in tasks
        ]
        return all(
            run_trial(replace(t, budget=Budget("tokens", amount)))["trials"][0]["passed"]
            for t in budgeted
        )

    assert all_pass(least)
    assert not all_pass(short)


def test_specs_without_what_came_later_keep_their_names() -> None:
    one = spec()
    later = ("budget", "faults", "interrupts", "replicate", "role_settings")
    known = {key: value for key, value in asdict(one).items() if key not in later}
    text = json.dumps(known, sort_keys=True, default=dict)
    assert one.trial_id == hashlib.blake2b(text.encode(), digest_size=10).hexdigest()
    assert one.trial_id != replace(one, budget=Budget("tokens", 1)).trial_id


def test_budgets_are_an_axis_of_the_grid(make_sweep: Callable[..., Any]) -> None:
    sweep = make_sweep(budget={"unit": "tokens", "amounts": [1000, 2000]})
    assert len(specs(sweep)) == 24
    assert {one.budget for one in specs(sweep)} == {Budget("tokens", 1000), Budget("tokens", 2000)}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"unit": "euros", "amounts": [1]}, "budget.unit is 'euros'; it must be one of dollars"),
        ({"unit": "tokens"}, "budget.amounts is missing; it must be numbers above 0"),
        ({"amounts": [0]}, "budget.amounts has 0; it must be numbers above 0"),
        ({"amounts": [1, 1]}, "budget.amounts has this twice: 1.0"),
        ({"amount": [1]}, "budget has no key 'amount'; did you mean 'amounts'"),
    ],
)
def test_a_budget_that_cannot_be_is_refused_in_one_line(
    make_sweep: Callable[..., Any], given: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said.replace(".", r"\.")):
        make_sweep(budget=given)


def test_points_below_the_least_budget_are_infeasible_and_no_failures(
    make_sweep: Callable[..., Any], tmp_path: Path
) -> None:
    sweep = make_sweep(budget={"unit": "tokens", "amounts": [500, 500_000]})
    run = run_sweep(sweep, tmp_path / "run", engine="here")
    low = run.trials.filter(pl.col("budget") == 500)
    assert low.get_column("infeasible").all()
    assert low.get_column("passed").null_count() == low.height == 12
    assert low.get_column("ended").unique().to_list() == ["limit"]
    assert counted(run.trials).height == 12
    curve = success_by_budget(run.trials)
    assert curve.filter(pl.col("infeasible")).get_column("success").null_count() == 2
    high = curve.filter(~pl.col("infeasible"))
    assert high.get_column("success").null_count() == 0
    assert high.get_column("stopped").to_list() == [0, 0]
    amounts = [row["amount"] for row in run.manifest["least_budgets"]]
    assert len(amounts) == 2
    assert all(500 < amount < 500_000 for amount in amounts)


def test_without_least_budgets_nothing_is_marked() -> None:
    trials = frame("trials", [{"trial_id": "a", "passed": False, "budget": 1.0}])
    assert feasible(trials, []).equals(trials)


def test_use_tells_how_many_had_passed_by_then() -> None:
    rows = [
        {"trial_id": str(n), "topology": "t", "task_set": "s", "passed": ok, "dollars": paid}
        for n, (ok, paid) in enumerate([(True, 0.1), (False, 0.2), (True, 0.3), (True, None)])
    ]
    found = passed_by_use(frame("trials", rows))
    assert found.get_column("budget").to_list() == [0.1, 0.2, 0.3]
    assert found.get_column("success").to_list() == [0.25, 0.25, 0.5]
