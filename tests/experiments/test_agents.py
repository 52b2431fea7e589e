"""An agent is a conversation: on one seat as on three, what each did is its own."""

import json
from typing import Any

import pytest

from experiments.trials.trial import Record, run_trial
from results.conflicts import find_conflicts
from results.records import frame
from tests.scripted_model import Say, play, submit
from tests.trials import spec

GRAPHS = "tests.foreign_graphs"
RACE = {
    f"worker job {n}": [
        Say(calls=[("look", {"jar": "J1"})], seconds=n),
        Say(calls=[("fill", {"jar": "J1", "beans": n})], seconds=3),
        Say(calls=[submit(f"did {n}")]),
        Say(f"report {n}"),
    ]
    for n in (1, 2, 3)
} | {"chief": [Say(calls=[submit("all is done")]), Say("never said")]}
"""All look at one jar before any fills it; calls carry the same ids."""


def _trial(record: Record) -> dict[str, Any]:
    return record["trials"][0]


def _credits(record: Record) -> list[tuple[Any, ...]]:
    return [
        (s["agent"], s["message"], s["hold"], s["tool"])
        for s in record["steps"]
        if s["kind"] == "tool"
    ]


def _conflicts(record: Record) -> list[tuple[str, list[str]]]:
    found = find_conflicts(frame("accesses", record["accesses"]), frame("steps", record["steps"]))
    return sorted(found.select("kind", "agents").iter_rows())


@pytest.mark.parametrize("graph", ["on_one_seat", "gathered", "subgraphs", "sent_to_nodes"])
def test_workers_that_share_a_seat_race_as_those_that_have_one_each(graph: str) -> None:
    shared, apart = (play(f"{GRAPHS}:{name}", RACE) for name in (graph, "on_three_seats"))
    row = _trial(shared)
    assert (row["ended"], row["agents"], row["ambiguous_calls"]) == ("completed", 3, 0)
    names = ["worker", "worker-2", "worker-3"]
    assert sorted({step["agent"] for step in shared["steps"]}) == names
    workers = [credit for credit in _credits(apart) if credit[0] != "chief"]
    assert sorted(_credits(shared)) == sorted(workers)
    found = _conflicts(shared)
    assert found == _conflicts(apart)
    assert ("G-single-item", ["worker", "worker-2"]) in found


def test_the_submission_of_the_first_seat_ends_a_trial_and_others_report() -> None:
    row = _trial(play(f"{GRAPHS}:on_three_seats", RACE))
    assert (row["answer"], row["status"], row["agents"]) == ("all is done", "done", 4)
    assert row["model_calls"] == 3 * 4 + 1


def test_each_call_is_of_the_message_that_issued_it() -> None:
    record = play(f"{GRAPHS}:on_one_seat", RACE)
    said = {
        (s["agent"], s["message"], call["name"], json.dumps(call["args"]))
        for s in record["steps"]
        if s["kind"] == "model"
        for call in json.loads(s["reply"])["tool_calls"]
    }
    done = {
        (s["agent"], s["message"], s["tool"], s["arguments"])
        for s in record["steps"]
        if s["kind"] == "tool"
    }
    assert done == said
    assert len(said) == 9


def test_where_workers_of_the_first_seat_overlap_the_end_of_the_graph_decides() -> None:
    row = _trial(play(f"{GRAPHS}:on_one_seat", RACE))
    assert row["answer"] == "report 1 and report 2 and report 3"
    assert (row["status"], row["model_calls"]) == (None, 12)
    assert row["prompt_tokens"] == 3 * 10 * (2 + 4 + 6 + 8)
    assert row["completion_tokens"] == 12 * 5


def look(jar: str) -> tuple[str, dict[str, Any]]:
    return "look", {"jar": jar}


def fill(jar: str, beans: int) -> tuple[str, dict[str, Any]]:
    return "fill", {"jar": jar, "beans": beans}


def test_a_hold_ends_where_a_graph_routes_to_another_agent_and_back() -> None:
    script = {
        "You are left": [
            Say(calls=[look("J1")]),
            Say("over to you"),
            Say(),
            Say(),
            Say(calls=[fill("J1", 9)]),
            Say(calls=[submit("done in turns")]),
        ],
        "You are right": [Say(), Say(), Say(calls=[fill("J1", 1)]), Say("back to you")],
    }
    record = play(f"{GRAPHS}:routed", script)
    row = _trial(record)
    assert (row["answer"], row["agents"], row["ambiguous_calls"]) == ("done in turns", 2, 0)
    assert _credits(record) == [
        ("left", 1, 1, "look"),
        ("right", 1, 1, "fill"),
        ("left", 3, 2, "fill"),
        ("left", 4, 2, "submit"),
    ]
    assert not [kind for kind, _ in _conflicts(record) if kind.startswith("G")]


def test_a_hold_goes_on_while_another_agent_works_beside_in_the_same_loop() -> None:
    does = [Say(calls=[look("J1")]), Say(calls=[fill("J1", 1)]), Say("done")]
    record = play(f"{GRAPHS}:side_by_side", {f"You are {who}": does for who in ("left", "right")})
    assert _trial(record)["crash"] is None
    assert sorted(_credits(record)) == [
        (who, message, 1, tool)
        for who in ("left", "right")
        for message, tool in ((1, "look"), (2, "fill"))
    ]


def test_simulated_conversations_on_one_seat_have_lucks_of_their_own_and_equal_records() -> None:
    made = spec(f"{GRAPHS}:gathered", "orders", "typical", width=4)
    one, again = run_trial(made), run_trial(made)
    assert one == again
    first = [s for s in one["steps"] if s["kind"] == "model" and s["message"] == 1]
    assert [s["agent"] for s in first] == ["worker", "worker-2", "worker-3"]
    assert len({s["ended"] - s["started"] for s in first}) == 3
