"""Someone's own topologies, from outside of the kit: one that works alone, and one that breaks."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, TypedDict

from langgraph.graph import START, MessagesState, StateGraph

from topologies.agent import Graph, agent_graph
from topologies.kit import Kit
from topologies.single_thread import build as single_thread


def build(kit: Kit) -> Graph:
    """A single thread under another name."""
    return single_thread(kit)


def needs_file(kit: Kit, file: str) -> Graph:
    """A single thread that crashes while a file is not there."""
    if not Path(file).exists():
        raise ConnectionError("the endpoint went away")
    return single_thread(kit)


def any_settings(kit: Kit, **settings: Any) -> Graph:
    """A single thread that takes any settings and minds none."""
    del settings
    return single_thread(kit)


def too_long(kit: Kit) -> Graph:
    """A single thread that is told more than a small model can read."""
    seat = kit.seat("agent")
    return agent_graph(replace(seat, instructions=f"{seat.instructions} {'word ' * 5000}"))


def dies(_kit: Kit) -> Any:
    """A graph that takes its whole process with it."""

    async def die(_state: MessagesState) -> None:
        os._exit(9)

    graph = StateGraph(MessagesState)
    graph.add_node("die", die)
    graph.add_edge(START, "die")
    return graph.compile()


class Elsewhere(TypedDict):
    """A state that has no messages."""

    question: str


def without_messages(kit: Kit) -> Any:
    """A graph whose state has no messages."""
    del kit

    async def nothing(state: Elsewhere) -> Elsewhere:
        return {"question": str(state)}

    graph = StateGraph(Elsewhere)
    graph.add_node("nothing", nothing)
    graph.add_edge(START, "nothing")
    return graph.compile()


def argues_from_memory(kit: Kit) -> Any:
    """One agent that works, after another that is told the task and has no tools for it."""
    agent = kit.seat("agent")
    memory = kit.seat("memory", parent="agent")

    async def work(state: MessagesState) -> dict[str, Any]:
        await memory.model.ainvoke(state["messages"])
        final = await agent_graph(agent).ainvoke({"messages": state["messages"]})
        return {"messages": final["messages"][1:]}

    graph = StateGraph(MessagesState)
    graph.add_node("work", work)
    graph.add_edge(START, "work")
    return graph.compile()
