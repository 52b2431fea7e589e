"""What topologies do with the same work: who is credited, who waits, who may write, how it ends."""

import json
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from experiments.trials.spec import Limits
from experiments.trials.trial import Record, run_trial
from tests.trials import spec
from topologies import TOPOLOGIES

Step = dict[str, Any]


def _trial(record: Record) -> dict[str, Any]:
    return record["trials"][0]


def _steps(record: Record, **wanted: Any) -> list[Step]:
    return [s for s in record["steps"] if all(s[name] == value for name, value in wanted.items())]


def _span(steps: Iterable[Step]) -> tuple[float, float]:
    times = [(s["started"], s["ended"]) for s in steps]
    return min(start for start, _ in times), max(end for _, end in times)


def test_a_single_thread_is_one_agent_that_does_all() -> None:
    record = run_trial(spec(width=3))
    assert {step["agent"] for step in record["steps"]} == {"agent"}
    assert _trial(record)["agents"] == 1
    assert _trial(record)["status"] == "done"


def test_every_call_is_credited_to_the_agent_that_made_it() -> None:
    record = run_trial(spec("lead_subagents", "orders", width=4))
    subagents = [f"subagent-{n}" for n in range(1, 5)]
    assert sorted({step["agent"] for step in record["steps"]}) == ["lead", *subagents]
    for step in record["steps"]:
        of_the_lead = step["agent"] == "lead"
        assert step["role"] == ("lead" if of_the_lead else "subagent")
        assert step["parent"] == (None if of_the_lead else "lead")
    said = {
        (step["agent"], call["name"], json.dumps(call["args"]))
        for step in _steps(record, kind="model")
        for call in json.loads(step["reply"])["tool_calls"]
    }
    done = {
        (step["agent"], step["tool"], json.dumps(json.loads(step["arguments"])))
        for step in _steps(record, kind="tool")
    }
    assert done == said
    assert {row["agent"] for row in record["accesses"]} <= {
        step["agent"] for step in record["steps"]
    }


def test_subagents_work_at_once_or_in_turn() -> None:
    together = run_trial(spec("lead_subagents", width=4))
    in_turn = run_trial(spec("serial_team", width=4))
    for record, overlap in ((together, True), (in_turn, False)):
        spans = sorted(_span(_steps(record, agent=f"subagent-{n}")) for n in range(1, 5))
        assert all((later[0] < earlier[1]) == overlap for earlier, later in pairwise(spans))
    assert _trial(in_turn)["seconds"] > _trial(together)["seconds"]
    assert _trial(in_turn)["prompt_tokens"] == _trial(together)["prompt_tokens"]


def test_with_a_shared_trace_a_subagent_sees_the_whole_task_and_those_before_it() -> None:
    task = json.loads(run_trial(spec(width=4))["steps"][0]["prompt"])[1]["content"]
    brief = run_trial(spec("lead_subagents", width=4))
    trace = run_trial(spec("shared_trace", width=4))
    for record, sees in ((brief, False), (trace, True)):
        first = _steps(record, agent="subagent-2", kind="model")[0]
        assert (task in json.dumps([m["content"] for m in json.loads(first["prompt"])])) is False
        told = "\n".join(m["content"] for m in json.loads(first["prompt"]))
        assert (task in told) == sees
    both = replace(
        spec("serial_team", width=4), topology_settings={"schedule": "serial", "context": "trace"}
    )
    record = run_trial(both)
    answer = _steps(record, agent="subagent-1", tool="submit")[0]["arguments"]
    second = _steps(record, agent="subagent-2", kind="model")[0]
    told = "\n".join(m["content"] for m in json.loads(second["prompt"]))
    assert json.loads(answer)["answer"] in told


@pytest.mark.parametrize("style", ["atomic", "crud"])
def test_with_a_single_writer_only_the_lead_writes(style: str) -> None:
    record = run_trial(spec("single_writer", "orders", width=4, coupling=1.0, style=style))
    writers = {row["agent"] for row in record["accesses"] if row["op"] == "write"}
    assert writers == {"lead"}
    assert _trial(record)["passed"]
    free = run_trial(spec("lead_subagents", "orders", width=4, style=style))
    assert "subagent-1" in {row["agent"] for row in free["accesses"] if row["op"] == "write"}


def test_a_team_of_two_is_told_so_and_gets_two_briefs() -> None:
    record = run_trial(replace(spec("lead_subagents", width=6), topology_settings={"team": 2}))
    assert len(_steps(record, tool="delegate")) == 2
    assert _trial(record)["agents"] == 3


def test_a_hold_of_control_ends_at_a_delegation() -> None:
    record = run_trial(spec("lead_subagents", "orders", width=4))
    models = _steps(record, agent="lead", kind="model")
    assert models[0]["hold"] < models[1]["hold"]
    for subagent in ("subagent-1", "subagent-2"):
        work = [s for s in _steps(record, agent=subagent) if s["tool"] != "submit"]
        assert len({step["hold"] for step in work}) == 1


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_a_limit_ends_a_trial_cleanly_and_is_graded(topology: str) -> None:
    record = run_trial(spec(topology, "orders", width=6, limits=Limits(model_calls=7)))
    row = _trial(record)
    assert (row["ended"], row["limit"], row["crash"]) == ("limit", "model_calls", None)
    assert row["passed"] is False
    assert row["status"] is None
    assert row["model_calls"] <= 7


@pytest.mark.parametrize(
    ("name", "limits"),
    [
        ("tokens", Limits(tokens=20_000)),
        ("dollars", Limits(dollars=0.001)),
        ("seconds", Limits(seconds=5.0)),
    ],
)
def test_each_limit_says_which_it_was(name: str, limits: Limits) -> None:
    row = _trial(run_trial(spec("lead_subagents", "orders", width=8, limits=limits)))
    assert (row["ended"], row["limit"]) == ("limit", name)


def test_a_graph_of_ones_own_runs_as_the_readme_shows() -> None:
    plain, own = (
        run_trial(spec("single_thread", "orders", "typical", width=4, build=build))
        for build in (None, "tests.own_graph:build")
    )
    assert {step["agent"] for step in own["steps"]} == {"researcher"}
    assert _trial(own)["ended"] == "completed"
    assert _trial(own)["passed"] == _trial(plain)["passed"]
    tools = [[(s["tool"], s["arguments"]) for s in _steps(r, kind="tool")] for r in (plain, own)]
    assert tools[0] == tools[1]


@pytest.mark.parametrize("index", [0, 1])
def test_the_first_submission_ends_a_graph_that_would_go_on(index: int) -> None:
    own = run_trial(spec("single_thread", "stdlib", index=index, build="tests.own_graph:build"))
    assert _steps(own)[-1]["tool"] == "submit"
    assert _trial(own)["ended"] == "completed"
    assert _trial(own)["status"] == ("blocked" if index == 0 else "done")
    assert _trial(own)["passed"]


def test_a_graph_that_never_submits_is_judged_by_its_last_message() -> None:
    row = _trial(run_trial(spec("single_thread", width=3, build="tests.own_graph:never_submits")))
    assert (row["status"], row["confidence"]) == (None, None)
    assert row["passed"]
    assert "L1:" in row["answer"]


def test_nested_and_parallel_agents_keep_their_own_credit() -> None:
    record = run_trial(spec("single_thread", width=2, build="tests.own_graph:nested"))
    parents = {step["agent"]: step["parent"] for step in record["steps"]}
    assert parents == {
        "chief": None,
        "left": "chief",
        "right": "chief",
        "left-clerk": "left",
        "right-clerk": "right",
    }
    for name in ("left", "right"):
        handed = _steps(record, agent=name, tool="hand_down")[0]
        inside = _steps(record, agent=f"{name}-clerk", kind="model")
        assert handed["started"] <= inside[0]["started"]
        assert inside[-1]["ended"] <= handed["ended"]
    usage = sum(step["prompt_tokens"] for step in _steps(record, kind="model"))
    assert usage == _trial(record)["prompt_tokens"]


def test_a_broken_graph_is_a_crash_and_not_a_failure() -> None:
    row = _trial(
        run_trial(
            replace(
                spec(width=2),
                build="tests.toy_topologies:needs_file",
                topology_settings={"file": "/no/such/file"},
            )
        )
    )
    assert row["ended"] == "crashed"
    assert "ConnectionError" in row["crash"]
    assert (row["passed"], row["score"]) == (None, None)


def test_a_graph_that_gives_no_messages_back_is_a_crash_of_that_trial() -> None:
    row = _trial(run_trial(spec(width=2, build="tests.toy_topologies:without_messages")))
    assert row["ended"] == "crashed"
    assert "\n" not in row["crash"]
