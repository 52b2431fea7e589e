"""Graphs of the frameworks, with what must come of them written down."""

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("deepagents", reason="the frameworks need langchain-core 1.8")

from experiments.recorded.show import trajectory
from experiments.trials.trial import Record
from results.conflicts import find_conflicts
from results.journal import Journal, entry
from results.records import frame
from results.store import open_run, write_manifest
from tests.scripted_model import Say, play, submit

GRAPHS = "tests.framework_graphs"
TASK = "Fill the jars"
"""How the task begins, which a first agent is told."""


def look(jar: str) -> tuple[str, dict[str, Any]]:
    return "look", {"jar": jar}


def fill(jar: str, beans: int) -> tuple[str, dict[str, Any]]:
    return "fill", {"jar": jar, "beans": beans}


def brief(text: str, who: str = "general-purpose") -> tuple[str, dict[str, Any]]:
    return "task", {"description": text, "subagent_type": who}


JOBS = {
    "job 1": [
        Say(calls=[look("J1")]),
        Say(calls=[fill("J1", 1)]),
        Say(calls=[submit("one")]),
        Say("report 1"),
    ],
    "job 2": [
        Say(calls=[look("J1")], seconds=2),
        Say(calls=[fill("J1", 2)], seconds=3),
        Say(calls=[submit("two")]),
        Say("report 2"),
    ],
}


def ended(record: Record) -> tuple[Any, ...]:
    row = record["trials"][0]
    assert (row["crash"], row["ambiguous_calls"]) == (None, 0)
    return row["ended"], row["answer"], row["status"]


def used(record: Record) -> tuple[Any, ...]:
    row = record["trials"][0]
    return tuple(row[name] for name in ("agents", "model_calls", "tool_calls", "prompt_tokens"))


def calls(record: Record) -> list[tuple[Any, ...]]:
    """Agent, message, hold and tool of each tool call, in order."""
    return [
        (s["agent"], s["message"], s["hold"], s["tool"])
        for s in record["steps"]
        if s["kind"] == "tool"
    ]


def conflicts(record: Record) -> list[tuple[str, list[str]]]:
    found = find_conflicts(frame("accesses", record["accesses"]), frame("steps", record["steps"]))
    return sorted(found.select("kind", "agents").iter_rows())


def test_an_agent_of_langchain_is_one_agent_and_its_own_tool_a_step_without_a_world() -> None:
    script = {
        TASK: [
            Say(calls=[("calc", {"left": 1, "right": 2}), look("J1")]),
            Say(calls=[fill("J1", 3)]),
            Say(calls=[submit("filled")]),
        ]
    }
    record = play(f"{GRAPHS}:react", script)
    assert ended(record) == ("completed", "filled", "done")
    assert used(record) == (1, 3, 4, 10 * (2 + 5 + 7))
    assert calls(record) == [
        ("agent", 1, 1, "calc"),
        ("agent", 1, 1, "look"),
        ("agent", 2, 1, "fill"),
        ("agent", 3, 1, "submit"),
    ]
    calc = next(step for step in record["steps"] if step["tool"] == "calc")
    assert (calc["arguments"], calc["reply"]) == ('{"left": 1, "right": 2}', "3")
    assert calc["error"] is None
    assert calc["step"] not in {access["step"] for access in record["accesses"]}
    assert conflicts(record) == []


def test_a_list_of_what_is_to_be_done_is_a_step_without_a_world_and_ends_no_hold() -> None:
    todos = [{"content": "fill J1", "status": "in_progress"}]
    script = {
        TASK: [
            Say(calls=[look("J1")]),
            Say(calls=[("write_todos", {"todos": todos})]),
            Say(calls=[fill("J1", 3)]),
            Say(calls=[submit("filled")]),
        ]
    }
    record = play(f"{GRAPHS}:planned", script)
    assert ended(record) == ("completed", "filled", "done")
    assert used(record)[:3] == (1, 4, 4)
    assert calls(record) == [
        ("agent", 1, 1, "look"),
        ("agent", 2, 1, "write_todos"),
        ("agent", 3, 1, "fill"),
        ("agent", 4, 1, "submit"),
    ]
    (listed,) = [step for step in record["steps"] if step["tool"] == "write_todos"]
    assert json.loads(listed["arguments"]) == {"todos": todos}
    assert "fill J1" in listed["reply"]
    assert listed["error"] is None
    assert listed["step"] not in {access["step"] for access in record["accesses"]}
    assert conflicts(record) == []


def test_a_tool_of_the_graph_is_shown_with_what_it_gave(tmp_path: Path) -> None:
    script = {TASK: [Say(calls=[("calc", {"left": 1, "right": 2})]), Say(calls=[submit("3")])]}
    record = play(f"{GRAPHS}:react", script)
    write_manifest(tmp_path / "run", {"planned": 1})
    with Journal(tmp_path / "run", write=True) as journal:
        journal.add(0, entry(record))
    run = open_run(tmp_path / "run")
    text = "\n".join(trajectory(run, record["trials"][0]["trial_id"]))
    assert "calls calc(left=1, right=2)" in text
    assert "gets: 3" in text
    assert "never carried out" not in text


def test_subagents_of_a_deep_agent_are_agents_on_its_seat_and_their_submissions_reports() -> None:
    script = {
        TASK: [Say(calls=[brief("job 1"), brief("job 2")]), Say(calls=[submit("all")])],
        **JOBS,
    }
    record = play(f"{GRAPHS}:deep", script)
    assert ended(record) == ("completed", "all", "done")
    agents, model_calls, tool_calls, _ = used(record)
    assert (agents, model_calls, tool_calls) == (3, 2 + 4 + 4, 2 + 3 + 3 + 1)
    parents = {step["agent"]: step["parent"] for step in record["steps"]}
    assert parents == {"deep": None, "deep-2": "deep", "deep-3": "deep"}
    assert [call for call in calls(record) if call[0] == "deep"] == [
        ("deep", 1, 1, "task"),
        ("deep", 1, 1, "task"),
        ("deep", 2, 2, "submit"),
    ]
    told = [step["reply"] for step in record["steps"] if step["tool"] == "task"]
    assert told == ["report 1", "report 2"]
    assert ("G-single-item", ["deep-2", "deep-3"]) in conflicts(record)


def test_a_named_subagent_of_a_deep_agent_is_nested_in_it() -> None:
    script = {
        TASK: [Say(calls=[brief("job 1", "filler")]), Say(calls=[submit("all")])],
        **JOBS,
    }
    record = play(f"{GRAPHS}:deep_named", script)
    assert ended(record) == ("completed", "all", "done")
    assert used(record)[:3] == (2, 2 + 4, 1 + 3 + 1)
    assert {s["agent"]: (s["parent"], s["role"]) for s in record["steps"]} == {
        "deep": (None, "agent"),
        "filler": ("deep", "subagent"),
    }
    assert calls(record)[-1] == ("deep", 2, 2, "submit")
    assert conflicts(record) == []


@pytest.mark.filterwarnings("ignore:create_react_agent has been moved")
def test_a_supervisor_hands_over_and_each_hold_ends_where_control_passes() -> None:
    script = {
        "You are chief": [
            Say(calls=[look("J1")]),
            Say(calls=[("transfer_to_left", {})]),
            Say(),
            Say(),
            Say(calls=[fill("J1", 9)]),
            Say(calls=[submit("supervised")]),
        ],
        "You are left": [Say(), Say(), Say(calls=[fill("J1", 1)]), Say("left is done")],
    }
    record = play(f"{GRAPHS}:supervised", script)
    assert ended(record) == ("completed", "supervised", "done")
    assert used(record)[:3] == (2, 4 + 2, 4 + 1)
    assert calls(record) == [
        ("chief", 1, 1, "look"),
        ("chief", 2, 1, "transfer_to_left"),
        ("left", 1, 1, "fill"),
        ("chief", 3, 2, "fill"),
        ("chief", 4, 2, "submit"),
    ]
    kinds = [kind for kind, _ in conflicts(record)]
    assert "overwritten-work" not in kinds
    assert not [kind for kind in kinds if kind.startswith("G")]


def test_a_swarm_with_a_memory_hands_over_between_two_seats() -> None:
    script = {
        "You are left": [Say(calls=[fill("J1", 1)]), Say(calls=[("transfer_to_right", {})])],
        "You are right": [
            Say(),
            Say(),
            Say(calls=[look("J1")]),
            Say(calls=[("transfer_to_left", {})]),
        ],
    }
    script["You are left"] += [Say(), Say(), Say(calls=[submit("swarmed")])]
    record = play(f"{GRAPHS}:swarm", script)
    assert ended(record) == ("completed", "swarmed", "done")
    assert used(record)[:3] == (2, 5, 5)
    assert calls(record) == [
        ("left", 1, 1, "fill"),
        ("left", 2, 1, "transfer_to_right"),
        ("right", 1, 1, "look"),
        ("right", 2, 1, "transfer_to_left"),
        ("left", 3, 2, "submit"),
    ]
    assert record["trials"][0]["prompt_tokens"] == 10 * (2 + 4 + 6 + 8 + 10)
