"""What the simulated model does about what goes wrong: tries again, looks, doubts, tells."""

from dataclasses import replace
from typing import Any

import pytest

from experiments.trials.spec import TrialSpec
from experiments.trials.trial import Record, run_trial
from tasks.faults.plan import plan_of
from tests.trials import passed, spec

LOST = {"fault": "lost_reply", "on": "writing", "rate": 0.1}
SOLVABLE = (1, 2, 3, 5)
BUSY: dict[str, Any] = {"task_set": "orders", "width": 16, "coupling": 0.5}


def under(
    entry: dict[str, Any], model: str, topology: str = "single_thread", **work: Any
) -> list[Record]:
    """A trial of some tasks that can be done, under a plan of one fault."""
    plan = plan_of("p", [entry])
    specs = [spec(topology=topology, model=model, index=i, **work) for i in SOLVABLE]
    return [recorded(replace(one, faults=plan)) for one in specs]


_made: dict[str, Record] = {}


def recorded(one: TrialSpec) -> Record:
    """The record of a trial, run once for all tests."""
    if one.trial_id not in _made:
        _made[one.trial_id] = run_trial(one)
    return _made[one.trial_id]


def tried(record: Record, tool: str) -> int:
    """The most calls of a tool with the same arguments."""
    calls = [step["arguments"] for step in record["steps"] if step["tool"] == tool]
    return max(map(calls.count, calls), default=0)


@pytest.mark.parametrize("topology", ["single_thread", "lead_subagents"])
def test_lost_replies_to_a_tenth_of_the_writes_undo_a_perfect_worker_that_does_not_look(
    topology: str,
) -> None:
    whole = under({**LOST, "rate": 0.0}, "perfect", topology, **BUSY)
    records = under(LOST, "perfect", topology, **BUSY)
    assert all(passed(whole))
    assert sum(passed(records)) <= 1
    reading = under(LOST, "perfect", topology, task_set="stdlib", width=16)
    assert all(passed(reading))


def test_every_doubled_effect_is_on_record() -> None:
    for record in under(LOST, "perfect", **BUSY):
        lost = [s for s in record["steps"] if s["fault_effect"] == "reached"]
        assert lost
        for step in lost:
            done = [a for a in record["accesses"] if a["step"] == step["step"]]
            refused = step["reply_raw"].startswith("Error")
            assert refused or any(access["op"] == "write" for access in done)


def test_who_looks_before_writing_again_doubles_nothing_that_can_be_seen() -> None:
    blind = under(LOST, "perfect", **BUSY)
    looking = under(LOST, "perfect?looks_first=1", **BUSY)
    sold = [[tried(r, "send_summary") for r in records] for records in (blind, looking)]
    assert max(sold[0]) == 2
    assert max(sold[1]) == 1
    assert sum(passed(looking)) > sum(passed(blind))


@pytest.mark.parametrize("style", ["atomic", "crud"])
def test_a_look_tells_what_was_done_from_what_was_not(style: str) -> None:
    work: dict[str, Any] = {"task_set": "orders", "width": 6, "style": style}
    nothing_done = {"fault": "timeout", "on": "writing", "first": 1}
    assert all(passed(under(nothing_done, "perfect?looks_first=1", **work)))


def test_it_tries_as_often_again_as_its_profile_says() -> None:
    always = {"fault": "server_error", "tools": "get_product", "permanent": True}
    for again in (0, 1, 4):
        records = under(always, f"perfect?tries_again={again}", task_set="orders", width=2)
        assert max(tried(record, "get_product") for record in records) == 1 + again
        assert {r["trials"][0]["status"] for r in records} <= {"blocked", "done"}
        assert any(r["trials"][0]["status"] == "blocked" for r in records)


def test_it_reads_again_what_contradicts_what_it_read_before() -> None:
    wrong = {"fault": "wrong_value", "tools": "get_customer", "occasions": ["*#2"]}
    work: dict[str, Any] = {"task_set": "orders", "width": 12, "coupling": 1.0}
    trusting = under(wrong, "perfect", **work)
    doubting = under(wrong, "perfect?sees_contradiction=1", **work)
    fired = sum(s["fault_effect"] == "reached" for r in trusting for s in r["steps"])
    assert fired
    calls = [sum(r["trials"][0]["tool_calls"] for r in rs) for rs in (trusting, doubting)]
    assert calls[1] > calls[0]


def test_it_tells_what_it_is_not_sure_of_and_a_lead_passes_that_on() -> None:
    for topology in ("single_thread", "lead_subagents"):
        told = under(LOST, "perfect?tells=1", topology, **BUSY)
        silent = under(LOST, "perfect", topology, **BUSY)
        assert any("(unsure of " in r["trials"][0]["answer"] for r in told)
        assert not any("unsure" in r["trials"][0]["answer"] for r in silent)
        assert passed(told) == passed(silent)
