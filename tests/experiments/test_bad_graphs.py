"""Graphs of one's own that cannot be, and such that end more than their trial."""

import re
import sys
from contextlib import suppress
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langgraph.graph import START, MessagesState, StateGraph

from experiments.sweeps.checks import check
from experiments.sweeps.sweep_grid import parse_sweep
from experiments.trials.trial import run_trial
from tests.scripted_model import Say, model, play
from tests.trials import spec
from topologies.models.model import ModelSettings

HERE = "tests.experiments.test_bad_graphs"


def nothing(_kit: Any) -> None:
    """Forgets to return its graph."""


async def unawaited(_kit: Any) -> None:
    """Is no plain function."""


def _graph(_kit: Any) -> Any:
    async def think(_state: MessagesState) -> None:
        sys.exit(3)

    graph = StateGraph(MessagesState)
    graph.add_node("think", think)
    graph.add_edge(START, "think")
    return graph


def uncompiled(kit: Any) -> Any:
    """Forgets to compile."""
    return _graph(kit)


def exits(kit: Any) -> Any:
    """Ends the process in a node."""
    return _graph(kit).compile()


def exits_early(_kit: Any) -> None:
    """Ends the process while it builds."""
    sys.exit("no key")


def test_an_asynchronous_builder_is_refused_before_anything_runs() -> None:
    table = {
        "name": "bad",
        "topologies": {"own": {"base": f"{HERE}:unawaited"}},
        "task_sets": {"ledger": {}},
    }
    with pytest.raises(ValueError, match=r"topologies\.own is asynchronous; .* plain def$"):
        check(parse_sweep(table))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing", f"MisuseError: {HERE}:nothing gives NoneType, which is no compiled graph"),
        (
            "uncompiled",
            f"MisuseError: {HERE}:uncompiled gives StateGraph, which is no compiled graph: end it "
            "with .compile()",
        ),
        ("exits", "SystemExit: 3"),
        ("exits_early", "SystemExit: no key"),
    ],
)
def test_a_graph_that_cannot_be_crashes_its_trial_alone_and_says_why(name: str, said: str) -> None:
    record = run_trial(spec(f"{HERE}:{name}", "ledger"))
    assert record["trials"][0]["ended"] == "crashed"
    assert record["trials"][0]["crash"] == said
    assert run_trial(spec("single_thread", "ledger"))["trials"][0]["ended"] == "completed"


def seatless(_kit: Any) -> Any:
    """Asks for no seat."""

    async def think(_state: MessagesState) -> Any:
        return {"messages": [AIMessage("done")]}

    graph = StateGraph(MessagesState)
    graph.add_node("think", think)
    graph.add_edge(START, "think")
    return graph.compile()


def unused(kit: Any) -> Any:
    """Asks for a seat and leaves it empty."""
    kit.seat("idle")
    return seatless(kit)


def _calling(call: Any) -> Any:
    """A graph whose one node does that."""

    async def think(state: MessagesState) -> Any:
        return {"messages": [await call(state["messages"])]}

    graph = StateGraph(MessagesState)
    graph.add_node("think", think)
    graph.add_edge(START, "think")
    return graph.compile()


def own_model(kit: Any) -> Any:
    """Asks a model of its own in place of that of its seat."""
    kit.seat("agent")
    return _calling(model("own_model", ModelSettings()).ainvoke)


def sync_tool(kit: Any) -> Any:
    """Calls a tool in a way that cannot be waited for, and takes no notice of what it is told."""
    seat = kit.seat("agent")
    (look,) = (tool for tool in seat.tools if tool.name == "look")

    async def call(messages: Any) -> Any:
        with suppress(Exception):
            look.invoke({"jar": "J1"})
        return await seat.model.ainvoke(messages)

    return _calling(call)


without_builder = seatless(None)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("seatless", "kit.seat(NAME)"),
        ("unused", "idle"),
        ("own_model", "think asks a model that is no seat's: use kit.seat(NAME).model"),
        ("sync_tool", "look was called with invoke: use ainvoke, in an async node"),
    ],
)
def test_what_a_graph_does_wrong_with_its_kit_is_said_with_what_to_do(name: str, says: str) -> None:
    row = play(f"{HERE}:{name}", {"": [Say("fine")]})["trials"][0]
    assert (row["ended"], row["blame"], row["passed"]) == ("crashed", "graph", None)
    assert says in row["crash"]


@pytest.mark.parametrize(
    ("base", "says"),
    [
        (f"{HERE}:without_builder", "give a function build(kit)"),
        (f"{HERE}:uncompiled", "end it with .compile()"),
        (f"{HERE}:nothing", "no compiled graph"),
        ("tests.toy_topologies:without_messages", "`messages`"),
    ],
)
def test_what_the_graph_alone_shows_is_refused_before_anything_runs(base: str, says: str) -> None:
    table = {"name": "bad", "topologies": {"own": {"base": base}}, "task_sets": {"ledger": {}}}
    with pytest.raises(ValueError, match=re.escape(says)):
        check(parse_sweep(table))
