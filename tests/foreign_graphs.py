"""Graphs as people write them, on seats of the kit: several conversations on one seat."""

import asyncio
from operator import add
from typing import Annotated, Any, TypedDict

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import Command, Send

from topologies.agent import agent_graph
from topologies.kit import Kit, Seat

WORKERS = 3


class Reports(TypedDict):
    """The task, and what workers reported."""

    messages: Annotated[list[AnyMessage], add]
    reports: Annotated[list[str], add]


async def loop(seat: Seat, text: str) -> str:
    """A tool-calling loop in plain Python, which goes on after a submission as many do."""
    model, tools = seat.model.bind_tools(seat.tools), {tool.name: tool for tool in seat.tools}
    messages: list[AnyMessage] = [SystemMessage(seat.instructions), HumanMessage(text)]
    while True:
        reply = await model.ainvoke(messages)
        messages.append(reply)
        if not reply.tool_calls:
            return str(reply.text)
        calls = [
            tools[call["name"]].ainvoke({**call, "type": "tool_call"}) for call in reply.tool_calls
        ]
        messages += await asyncio.gather(*calls)


def _map_reduce(seats: list[Seat], chief: Seat | None = None) -> Any:
    async def start(_state: Reports) -> list[Send]:
        return [Send("worker", {"number": n}) for n in range(WORKERS)]

    async def worker(state: dict[str, int]) -> dict[str, Any]:
        number = state["number"]
        return {"reports": [await loop(seats[number % len(seats)], f"worker job {number + 1}")]}

    async def join(state: Reports) -> dict[str, Any]:
        text = " and ".join(sorted(state["reports"]))
        return {"messages": [AIMessage(await loop(chief, "chief, sum up") if chief else text)]}

    graph = StateGraph(Reports)
    graph.add_node("worker", worker)
    graph.add_node("join", join)
    graph.add_conditional_edges(START, start, ["worker"])
    graph.add_edge("worker", "join")
    graph.add_edge("join", END)
    return graph.compile()


def on_one_seat(kit: Kit) -> Any:
    """Three workers at once, all on one seat."""
    return _map_reduce([kit.seat("worker")])


def on_three_seats(kit: Kit) -> Any:
    """The same three, each on a seat of its own, and a chief whose submission is the answer."""
    chief = kit.seat("chief")
    return _map_reduce([kit.seat(name) for name in ("worker", "worker-2", "worker-3")], chief)


def gathered(kit: Kit) -> Any:
    """Three workers at once in one node, all on one seat."""
    seat = kit.seat("worker")

    async def work(_state: MessagesState) -> dict[str, Any]:
        jobs = [loop(seat, f"worker job {n + 1}") for n in range(WORKERS)]
        return {"messages": [AIMessage(" and ".join(await asyncio.gather(*jobs)))]}

    graph = StateGraph(MessagesState)
    graph.add_node("work", work)
    graph.add_edge(START, "work")
    return graph.compile()


def subgraphs(kit: Kit) -> Any:
    """Three workers at once, each a graph of its own on the same seat."""
    agent = agent_graph(kit.seat("worker"))

    async def start(_state: MessagesState) -> list[Send]:
        return [
            Send("worker", {"messages": [HumanMessage(f"worker job {n + 1}")]})
            for n in range(WORKERS)
        ]

    async def worker(state: MessagesState) -> dict[str, Any]:
        final = await agent.ainvoke(state)
        return {"messages": [AIMessage(str(final["messages"][-1].text))]}

    graph = StateGraph(MessagesState)
    graph.add_node("worker", worker)
    graph.add_conditional_edges(START, start, ["worker"])
    graph.add_edge("worker", END)
    return graph.compile()


def sent_to_nodes(kit: Kit) -> Any:
    """Three workers at once, whose models and tools are nodes of one graph: nothing nests."""
    seat = kit.seat("worker")
    model, node = seat.model.bind_tools(seat.tools), ToolNode(seat.tools)

    class Job(TypedDict):
        messages: list[AnyMessage]

    async def start(_state: Reports) -> list[Send]:
        return [
            Send("think", {"messages": [HumanMessage(f"worker job {n + 1}")]})
            for n in range(WORKERS)
        ]

    async def think(state: Job) -> Any:
        reply = await model.ainvoke([SystemMessage(seat.instructions), *state["messages"]])
        messages = [*state["messages"], reply]
        if not reply.tool_calls:
            return {"reports": [str(reply.text)]}
        done = await node.ainvoke({"messages": messages})
        return Command(goto=Send("think", {"messages": [*messages, *done["messages"]]}))

    async def join(state: Reports) -> dict[str, Any]:
        return {"messages": [AIMessage(" and ".join(sorted(state["reports"])))]}

    graph = StateGraph(Reports)
    graph.add_node("think", think, destinations=("think", "join"))
    graph.add_node("join", join, defer=True)
    graph.add_conditional_edges(START, start, ["think"])
    graph.add_edge("think", "join")
    return graph.compile()


class Pair(TypedDict):
    """The task, and what each of two was told apart from the other."""

    messages: Annotated[list[AnyMessage], add]
    left: Annotated[list[AnyMessage], add]
    right: Annotated[list[AnyMessage], add]


def _turns(graph: Any, seat: Seat, key: str, after: str) -> None:
    """A model and its tools as two nodes of a graph; without a call control goes on to `after`."""
    model, tools = seat.model.bind_tools(seat.tools), ToolNode(seat.tools)

    async def think(state: Any) -> dict[str, Any]:
        told = SystemMessage(f"{seat.instructions} You are {seat.name}.")
        return {key: [await model.ainvoke([told, *(state[key] or state["messages"])])]}

    async def use(state: Any) -> dict[str, Any]:
        return {key: (await tools.ainvoke({"messages": state[key]}))["messages"]}

    def route(state: Any) -> str:
        return f"{seat.name}_tools" if state[key][-1].tool_calls else after

    graph.add_node(seat.name, think)
    graph.add_node(f"{seat.name}_tools", use)
    graph.add_edge(f"{seat.name}_tools", seat.name)
    graph.add_conditional_edges(seat.name, route, [f"{seat.name}_tools", after])


def routed(kit: Kit) -> Any:
    """Two who share their messages and go on by turns, by plain routes of one graph."""
    graph = StateGraph(Pair)
    seats = [kit.seat(name) for name in ("left", "right")]
    for seat, other in zip(seats, reversed(seats), strict=True):
        _turns(graph, seat, "messages", other.name)
    graph.add_edge(START, "left")
    return graph.compile()


def side_by_side(kit: Kit) -> Any:
    """The same two at once, in one loop, one of them a superstep later."""

    async def wait(_state: Pair) -> dict[str, Any]:
        return {}

    graph = StateGraph(Pair)
    graph.add_node("wait", wait)
    for name in ("left", "right"):
        _turns(graph, kit.seat(name), name, END)
    graph.add_edge(START, "left")
    graph.add_edge(START, "wait")
    graph.add_edge("wait", "right")
    return graph.compile()
