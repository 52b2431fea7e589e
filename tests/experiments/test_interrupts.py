"""Graphs with a memory, and graphs that ask for a person."""

from dataclasses import replace
from typing import Any, cast

import pytest
from langchain_core.messages import AIMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition
from langgraph.types import interrupt

from experiments.sweeps.sweep import canonical, difference
from experiments.trials.trial import run_trial
from results.records import frame
from results.statistics.summary import summary
from tests.experiments.conftest import small_sweep
from tests.scripted_model import Say, play, submit
from tests.trials import spec
from topologies.kit import Kit

HERE = "tests.experiments.test_interrupts"
MEMORY = InMemorySaver()
WORK = {
    "": [
        Say(calls=[("fill", {"jar": "J1", "beans": 1})]),
        Say(calls=[submit("filled")]),
        Say("not needed"),
    ]
}


def _graph(kit: Kit, asks: bool, memory: Any) -> Any:
    """A loop of model and tools; with `asks`, a person is asked before each call of a tool."""
    seat = kit.seat("agent")
    model, tools = seat.model.bind_tools(seat.tools), ToolNode(seat.tools)

    async def think(state: MessagesState) -> Any:
        return {"messages": [await model.ainvoke(state["messages"])]}

    async def act(state: MessagesState) -> Any:
        calls = cast("AIMessage", state["messages"][-1]).tool_calls
        if asks and not interrupt({"may": [call["name"] for call in calls]}):
            said_no = [ToolMessage("A person said no.", tool_call_id=call["id"]) for call in calls]
            return {"messages": said_no}
        return await tools.ainvoke(state)

    graph = StateGraph(MessagesState)
    graph.add_node("think", think)
    graph.add_node("tools", act)
    graph.add_edge(START, "think")
    graph.add_conditional_edges("think", tools_condition)
    graph.add_edge("tools", "think")
    return graph.compile(checkpointer=memory)


def remembers(kit: Kit) -> Any:
    """Keeps its state, in a place that all trials share."""
    return _graph(kit, asks=False, memory=MEMORY)


def asks(kit: Kit) -> Any:
    """Asks for a person before each call."""
    return _graph(kit, asks=True, memory=InMemorySaver())


def asks_without_memory(kit: Kit) -> Any:
    """Asks for a person, and cannot be answered."""
    return _graph(kit, asks=True, memory=None)


def round_and_round(kit: Kit) -> Any:
    """Says itself how many steps it may take."""
    return _graph(kit, asks=False, memory=None).with_config(recursion_limit=5)


def test_any_checkpointer_works_and_a_trial_begins_anew() -> None:
    first, again = (play(f"{HERE}:remembers", WORK) for _ in range(2))
    row = first["trials"][0]
    assert (row["ended"], row["answer"], row["model_calls"]) == ("completed", "filled", 2)
    assert first["steps"] == again["steps"]


def test_the_same_graph_has_the_same_record_with_a_memory_and_without() -> None:
    one, other = (
        run_trial(spec("single_thread", "orders", "typical", width=2, build=f"{HERE}:{name}"))
        for name in ("remembers", "round_and_round")
    )
    assert one["trials"][0]["ended"] == "completed"
    assert other["trials"][0]["limit"] == "recursion"
    shared = len(other["steps"])
    assert [s["reply"] for s in one["steps"]][:shared] == [s["reply"] for s in other["steps"]]


def test_the_graphs_own_recursion_limit_ends_a_trial_as_a_limit_that_is_graded() -> None:
    row = play(f"{HERE}:round_and_round", {"": [Say(calls=[("look", {"jar": "J1"})])]})["trials"][0]
    assert (row["ended"], row["limit"], row["passed"]) == ("limit", "recursion", False)
    assert row["model_calls"] == 3


def test_a_graph_that_asks_for_a_person_is_paused_and_not_graded_but_what_it_used_counts() -> None:
    record = play(f"{HERE}:asks", WORK)
    row = record["trials"][0]
    assert (row["ended"], row["passed"], row["score"], row["crash"]) == ("paused", None, None, None)
    assert (row["model_calls"], row["prompt_tokens"]) == (1, 10)
    assert not [step for step in record["steps"] if step["kind"] == "tool"]
    counts = summary(frame("trials", [row])).row(0, named=True)
    assert (counts["trials"], counts["graded"], counts["crashed"]) == (1, 0, 0)


@pytest.mark.parametrize(("policy", "filled"), [("approve", True), ("reject", False)])
def test_a_sweep_can_answer_for_the_person(policy: Any, filled: bool) -> None:
    record = play(f"{HERE}:asks", WORK, interrupts=policy)
    row = record["trials"][0]
    assert row["ended"] == "completed"
    assert row["answer"] == "filled" if filled else "not needed"
    assert [step["tool"] for step in record["steps"] if step["kind"] == "tool"] == (
        ["fill", "submit"] if filled else []
    )


def test_a_policy_without_a_checkpointer_is_said_in_one_line() -> None:
    row = play(f"{HERE}:asks_without_memory", WORK, interrupts="approve")["trials"][0]
    assert row["ended"] == "crashed"
    assert "compile(checkpointer=InMemorySaver())" in row["crash"]
    assert play(f"{HERE}:asks_without_memory", WORK)["trials"][0]["ended"] == "paused"


def test_the_policy_is_part_of_a_sweep_and_saying_the_default_changes_nothing() -> None:
    plain, said = small_sweep(), small_sweep(interrupts="pause")
    assert plain == said
    other = small_sweep(interrupts="reject")
    assert difference(canonical(plain), canonical(other)) == ['interrupts: nothing -> "reject"']
    base = spec()
    assert replace(base, interrupts="pause").trial_id == base.trial_id
    assert replace(base, interrupts="approve").trial_id != base.trial_id
    with pytest.raises(ValueError, match="interrupts is 'maybe'; it must be one of pause"):
        small_sweep(interrupts="maybe")
