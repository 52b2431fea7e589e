"""A process that dies between an effect and its reply: agents begin again, the world goes on."""

from dataclasses import replace
from typing import Any

import pytest

from experiments.trials.spec import Budget
from experiments.trials.trial import Record, run_trial
from tasks.faults.plan import plan_of
from tests.trials import spec

WORK: dict[str, Any] = {"task_set": "orders", "model": "perfect", "width": 4, "index": 2}
ONCE: dict[str, Any] = {"occasions": ["*"], "tools": "send_summary"}


def killed(topology: str = "single_thread", **entry: Any) -> Record:
    """A trial whose process is killed at the first summary, unless said otherwise."""
    plan = plan_of("law", [{"fault": "process_killed", **(entry or ONCE)}])
    return run_trial(replace(spec(topology, **WORK), faults=plan))


def at(record: Record) -> list[dict[str, Any]]:
    """The calls at which a process was killed."""
    return [step for step in record["steps"] if step["fault"]]


@pytest.mark.parametrize("topology", ["single_thread", "serial_team", "lead_subagents"])
def test_what_was_done_stays_and_the_agents_do_it_again(topology: str) -> None:
    record = killed(topology)
    twin = run_trial(spec(topology, **WORK))
    steps = at(record)
    assert steps
    for step in steps:
        assert step["fault_effect"] == "fired"
        assert step["reply"] is None
        assert step["error"] == "the process was killed"
        wrote = [a for a in record["accesses"] if a["step"] == step["step"] and a["op"] == "write"]
        assert wrote
    trial = record["trials"][0]
    assert trial["ended"] == "completed"
    assert trial["model_calls"] > twin["trials"][0]["model_calls"]
    assert "the process was killed" not in str(record["steps"][-1]["error"])
    assert {a["agent"] for a in record["reports"]} == {a["agent"] for a in twin["reports"]}


def test_the_agents_are_who_they_were_and_have_no_memory() -> None:
    record = killed()
    twin = run_trial(spec(**WORK))
    models = [step for step in record["steps"] if step["kind"] == "model"]
    assert {step["agent"] for step in models} == {"agent"}
    assert [step["message"] for step in models] == list(range(1, len(models) + 1))
    again = models[-1 - next(n for n, s in enumerate(models[::-1]) if "human" in s["prompt"])]
    assert again["message"] > 1
    assert again["prompt"] == twin["steps"][0]["prompt"]
    holds = [step["hold"] for step in record["steps"]]
    assert holds == sorted(holds)
    assert holds[-1] == 1 + len(at(record))


def test_who_looks_before_it_writes_at_all_does_not_write_a_summary_twice() -> None:
    record = killed()
    sent = [s for s in record["steps"] if s["tool"] == "send_summary"]
    done = [a for a in record["accesses"] if a["table"] == "emails" and a["op"] == "write"]
    assert len({a["key"] for a in done if not a["predicate"]}) == len(sent)


def test_a_process_that_is_killed_on_and_on_ends_at_a_limit() -> None:
    trial = killed(tools="refund", permanent=True)["trials"][0]
    assert (trial["ended"], trial["limit"]) in {("limit", "model_calls"), ("completed", None)}
    assert trial["passed"] is not None


def test_a_killed_trial_is_the_same_each_time() -> None:
    assert killed("lead_subagents", rate=0.3) == killed("lead_subagents", rate=0.3)


def test_what_was_used_before_counts_against_a_budget() -> None:
    plan = plan_of("law", [{"fault": "process_killed", "permanent": True}])
    budget = Budget("tokens", 60_000)
    one = replace(spec("lead_subagents", **WORK), faults=plan, budget=budget)
    record = run_trial(one)
    used = [(s["prompt_tokens"] or 0) + (s["completion_tokens"] or 0) for s in record["steps"]]
    assert record["trials"][0]["limit"] == "budget"
    assert 60_000 <= sum(used) < 75_000
