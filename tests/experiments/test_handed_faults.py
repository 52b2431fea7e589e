"""The law of biting for what agents hand each other: briefs, reports, and agents that drop out."""

import json
from dataclasses import replace
from typing import Any

import pytest

from experiments.trials.trial import Record, run_trial
from tasks.faults.plan import plan_of
from tests.trials import spec

WORK: dict[str, Any] = {"task_set": "orders", "model": "perfect", "width": 4, "index": 2}


def faulted(name: str, topology: str = "lead_subagents", **entry: Any) -> Record:
    """A team's trial with a fault at every brief."""
    plan = plan_of("law", [{"fault": name, **entry}])
    return run_trial(replace(spec(topology, **WORK), faults=plan))


def handed(record: Record) -> list[dict[str, Any]]:
    """The calls by which the lead hands work on."""
    return [step for step in record["steps"] if step["tool"] == "delegate"]


def written(step: dict[str, Any]) -> str:
    """The brief as the lead wrote it."""
    return json.loads(step["arguments"])["brief"]


def briefed(record: Record) -> list[str]:
    """The briefs as subagents were given them."""
    first = [s for s in record["steps"] if s["kind"] == "model" and s["message"] == 1]
    prompts = [json.loads(s["prompt"]) for s in first if s["role"] == "subagent"]
    return [next(m["content"] for m in prompt if m["role"] == "human") for prompt in prompts]


@pytest.fixture(scope="module")
def twin() -> Record:
    """The same trial without faults."""
    return run_trial(spec("lead_subagents", **WORK))


def test_a_line_that_is_lost_is_in_the_brief_as_written_and_not_as_given(twin: Record) -> None:
    record = faulted("brief_line_lost")
    steps = handed(record)
    assert [written(step) for step in steps] == [written(step) for step in handed(twin)]
    for step, given in zip(steps, briefed(record), strict=True):
        lost = set(written(step).splitlines()) - set(given.splitlines())
        assert len(lost) == 1
        assert step["fault_effect"] == "reached"
    work = [s for s in record["steps"] if s["role"] == "subagent" and s["tool"] == "get_customer"]
    assert twin["trials"][0]["passed"]
    assert work == []


def test_a_line_that_is_altered_says_another_value() -> None:
    record = faulted("brief_line_altered")
    for step, given in zip(handed(record), briefed(record), strict=True):
        pairs = zip(written(step).splitlines(), given.splitlines(), strict=True)
        changed = [pair for pair in pairs if pair[0] != pair[1]]
        assert len(changed) == 1
        assert changed[0][0].split(":")[0] == changed[0][1].split(":")[0]
    assert not record["trials"][0]["passed"]


def test_a_lost_report_is_an_error_to_the_lead_and_the_work_was_done(twin: Record) -> None:
    record = faulted("report_lost", first=1)
    for step in handed(record):
        assert "no report came" in step["error"]
        assert step["reply_raw"].startswith("R")
        assert step["fault_effect"] == "reached"
    wrote = {a["agent"] for a in record["accesses"] if a["op"] == "write"}
    assert {a["agent"] for a in twin["accesses"] if a["op"] == "write"} - {"lead"} <= wrote


def test_a_hollow_report_comes_of_nobodys_work() -> None:
    record = faulted("report_hollow")
    assert briefed(record) == []
    for step in handed(record):
        assert step["error"] is None
        assert step["reply"].startswith("R")
        assert step["fault_effect"] == "reached"
    assert not record["trials"][0]["passed"]


def test_an_agent_that_drops_out_leaves_what_it_did_and_no_report(twin: Record) -> None:
    record = faulted("dropout", median=4.0)
    stopped = [step for step in handed(record) if step["error"]]
    assert stopped
    assert all("stopped responding" in step["error"] for step in stopped)
    asked = [s for s in record["steps"] if s["role"] == "subagent"]
    assert 0 < len(asked) < len([s for s in twin["steps"] if s["role"] == "subagent"])


@pytest.mark.parametrize(
    "name", ["brief_line_lost", "brief_line_altered", "report_lost", "report_hollow", "dropout"]
)
def test_a_trial_with_faulty_briefs_is_the_same_each_time(name: str) -> None:
    assert faulted(name, rate=0.5) == faulted(name, rate=0.5)


def test_teams_at_once_and_in_turn_meet_the_same_faulty_briefs() -> None:
    hit = [
        {written(s) for s in handed(faulted("brief_line_lost", topology, rate=0.8)) if s["fault"]}
        for topology in ("lead_subagents", "serial_team")
    ]
    assert hit[0] == hit[1]
    assert len(hit[0]) == 2


def test_one_thread_has_no_briefs_to_go_wrong() -> None:
    record = faulted("brief_line_lost", "single_thread")
    assert record["trials"][0]["passed"]
    assert not any(step["fault"] for step in record["steps"])
