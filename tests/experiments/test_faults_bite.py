"""The law of biting: every fault, at rate 1, does what it says to a real trial, and says so."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from experiments.trials.spec import TrialSpec
from experiments.trials.trial import Record, run_trial
from tasks.faults import FAULTS, load_fault
from tasks.faults.plan import plan_of
from tests.trials import spec

pytestmark = pytest.mark.slow

ORDERS: dict[str, Any] = {"task_set": "orders", "width": 8, "coupling": 0.75, "index": 2}
RESEARCH: dict[str, Any] = {"task_set": "stdlib", "width": 2}

CASES: dict[str, dict[str, Any]] = {
    "rows_missing": RESEARCH,
    "stale": ORDERS | {"entry": {"occasions": ["*#2", "*#3"]}},
}
"""Where a fault has something to do, and how it is set; all others at the order desk."""

SETTINGS: dict[str, dict[str, Any]] = {
    "token_bucket": {"per_minute": 30, "burst": 2},
    "dropout": {"median": 4.0},
}


def faulted(name: str, **entry: Any) -> tuple[Record, Record]:
    """A trial with a fault at every first attempt (or as its case says), and its faultless twin."""
    case = dict(CASES.get(name, ORDERS))
    said = case.pop("entry", {"first": 1})
    plan = plan_of("law", [{"fault": name, **said, **entry}])
    twin = spec(model="perfect", **case)
    return run_trial(replace(twin, faults=plan)), _run(twin.trial_id, lambda: twin)


_made: dict[str, Record] = {}


def _run(key: str, made: Callable[[], TrialSpec]) -> Record:
    if key not in _made:
        _made[key] = run_trial(made())
    return _made[key]


def bitten(record: Record) -> list[dict[str, Any]]:
    """The steps in which a fault came as far as an agent."""
    return [step for step in record["steps"] if step["fault_effect"] == "reached"]


def of_step(record: Record, step: dict[str, Any]) -> list[dict[str, Any]]:
    """The accesses of a step."""
    return [one for one in record["accesses"] if one["step"] == step["step"]]


def same_call(record: Record, step: dict[str, Any]) -> dict[str, Any] | None:
    """The first call of another trial with the same tool and arguments."""
    like = (step["tool"], step["arguments"])
    return next((s for s in record["steps"] if (s["tool"], s["arguments"]) == like), None)


@cache
def kind_of(name: str) -> str | None:
    """What kind of fault it is."""
    return load_fault(name).kind


def of_kind(*kinds: str) -> list[str]:
    """The faults of tools that are of a kind."""
    return [n for n in FAULTS if kind_of(n) in kinds and load_fault(n).stands == "tool"]


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_there_is_fires_at_rate_1_and_its_twin_has_none(name: str) -> None:
    case = dict(CASES.get(name, {**ORDERS, "width": 4}))
    said = case.pop("entry", SETTINGS.get(name, {"first": 1}))
    plan = plan_of("law", [{"fault": name, **said}])
    twin = spec("lead_subagents", model="perfect", **case)
    record = run_trial(replace(twin, faults=plan))
    fired = [step for step in record["steps"] if step["fault_effect"] in ("fired", "reached")]
    assert fired
    for step in fired:
        assert (step["fault"], step["fault_kind"]) == (name, kind_of(name))
        assert step["fault_attempt"] >= 1
    known = _run(twin.trial_id, lambda: twin)["steps"]
    assert all(step["fault"] is step["reply_raw"] is None for step in known)
    plain = [(step["tool"], step["reply"], step["ended"]) for step in known]
    assert plain != [(step["tool"], step["reply"], step["ended"]) for step in record["steps"]]


@pytest.mark.parametrize("name", of_kind("explicit, before"))
def test_an_error_before_the_effect_is_read_and_nothing_was_done(name: str) -> None:
    record, twin = faulted(name)
    steps = bitten(record)
    assert steps
    for step in steps:
        assert step["error"]
        assert step["reply"] == f"Error: {step['error']}"
        assert step["reply_raw"] is None
        assert of_step(record, step) == []
        known = same_call(twin, step)
        assert known is None or known["error"] is None
    assert all(step["fault"] is None and step["fault_effect"] is None for step in twin["steps"])


def test_a_lost_reply_is_an_error_to_the_agent_and_was_done() -> None:
    record, _ = faulted("lost_reply")
    done = [step for step in bitten(record) if "Error" not in step["reply_raw"]]
    assert done
    for step in done:
        assert step["error"]
        assert "no answer" in step["reply"]
        assert any(access["op"] == "write" for access in of_step(record, step))
    assert record["trials"][0]["passed"] is False


def test_a_duplicated_delivery_is_in_the_history_twice_and_looks_like_any_other() -> None:
    record, twin = faulted("duplicated")
    steps = [step for step in bitten(record) if step["tool"] == "send_summary"]
    assert steps
    for step in steps:
        assert step["error"] is None
        assert step["reply_raw"] is None
        rows = [a for a in of_step(record, step) if a["op"] == "write" and not a["predicate"]]
        assert len({access["key"] for access in rows}) == 2
    assert twin["trials"][0]["passed"]
    assert not record["trials"][0]["passed"]


@pytest.mark.parametrize("name", of_kind("implicit, value"))
def test_a_changed_reply_is_not_the_tools_own_which_stands_beside_it(name: str) -> None:
    record, twin = faulted(name)
    steps = bitten(record)
    assert steps
    compared = 0
    for step in steps:
        assert step["error"] is None
        assert step["reply"] != step["reply_raw"]
        if step["step"] == steps[0]["step"] and name != "stale":
            known = same_call(twin, step)
            assert known is not None
            assert known["reply"] == step["reply_raw"]
            compared += 1
    assert compared or name == "stale"


def test_a_stale_reply_is_what_the_tool_said_before() -> None:
    record, _ = faulted("stale")
    for step in bitten(record):
        before = [
            other["reply_raw"] or other["reply"]
            for other in record["steps"][: step["step"]]
            if (other["tool"], other["arguments"]) == (step["tool"], step["arguments"])
        ]
        image = json.loads(step["reply"])
        assert step["reply"] in before or image.keys() == json.loads(step["reply_raw"]).keys()


def test_a_success_that_was_none_left_no_change() -> None:
    record, twin = faulted("no_op")
    steps = bitten(record)
    assert steps
    for step in steps:
        accesses = of_step(record, step)
        assert step["error"] is None
        assert accesses
        assert all(access["undone"] for access in accesses)
    assert twin["trials"][0]["passed"]
    assert not record["trials"][0]["passed"]
    assert record["trials"][0]["status"] == "done"


@pytest.mark.parametrize("name", ["slow", "out_of_order"])
def test_load_takes_time_where_a_tool_takes_none(name: str) -> None:
    record, twin = faulted(name)
    steps = bitten(record)
    assert steps
    assert all(step["ended"] > step["started"] for step in steps)
    tools = [step for step in twin["steps"] if step["kind"] == "tool"]
    assert all(step["ended"] == step["started"] for step in tools)
    assert record["trials"][0]["seconds"] > twin["trials"][0]["seconds"]


def test_calls_made_at_once_come_back_in_another_order() -> None:
    plan = plan_of("law", [{"fault": "out_of_order"}])
    many = spec(model="perfect?calls_per_message=8", **ORDERS)
    record = run_trial(replace(many, faults=plan))
    first = [s for s in record["steps"] if s["kind"] == "tool" and s["message"] == 1]
    ended = [step["ended"] for step in first]
    assert len(first) == 8
    assert ended != sorted(ended)


def test_a_team_meets_a_common_rate_limit_before_one_thread_does() -> None:
    plan = plan_of("law", [{"fault": "token_bucket", "per_minute": 60, "burst": 4}])
    refused: dict[str, int] = {}
    for topology in ("single_thread", "lead_subagents"):
        work = spec(topology=topology, model="perfect", task_set="orders", width=16)
        record = run_trial(replace(work, faults=plan))
        refused[topology] = sum("429" in (step["reply"] or "") for step in bitten(record))
    assert refused["lead_subagents"] > 2 * refused["single_thread"]


def test_what_changes_nothing_is_armed_and_does_not_fire() -> None:
    record, twin = faulted("tests.own_faults:idle")
    armed = [step for step in record["steps"] if step["fault"]]
    assert armed
    assert {step["fault_effect"] for step in armed} == {"armed"}
    outcome = [record["trials"][0][name] for name in ("passed", "tool_calls", "seconds")]
    assert outcome == [twin["trials"][0][name] for name in ("passed", "tool_calls", "seconds")]


def test_a_fault_of_someones_own_is_one_function_and_one_line() -> None:
    record, _ = faulted("tests.own_faults:shouted")
    steps = bitten(record)
    assert steps
    assert all(step["reply"] == step["reply_raw"].upper() for step in steps)
    assert all(step["fault"] == "tests.own_faults:shouted" for step in steps)


def test_a_fault_with_a_bug_is_told_as_such_and_not_graded() -> None:
    record, _ = faulted("tests.own_faults:broken")
    trial = record["trials"][0]
    assert trial["ended"] == "crashed"
    assert trial["passed"] is None
    assert "the fault tests.own_faults:broken has a bug: KeyError" in trial["crash"]


def test_what_happens_outside_meets_no_fault() -> None:
    plan = plan_of("law", [{"fault": "server_error", "permanent": True}])
    work = spec(model="perfect", ambient=1.0, **ORDERS)
    record = run_trial(replace(work, faults=plan))
    outside = [step for step in record["steps"] if step["agent"].startswith("outside")]
    assert outside
    assert all(step["fault"] is None for step in outside)
