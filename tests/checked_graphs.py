"""Graphs with something to change, each for one finding of `fanout check`."""

import itertools
from typing import Any

from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI
from langgraph.graph import END, START, MessagesState, StateGraph
from pydantic import SecretStr

from tests.own_graph import one_node, tool_loop
from topologies.agent import agent_graph
from topologies.kit import Kit

TRIALS = itertools.count()


def own_model(kit: Kit) -> Any:
    """Asks a model that is no seat's."""
    seat = kit.seat("agent")
    return tool_loop(ChatOpenAI(api_key=SecretStr("none")), seat.tools, seat.instructions)


def own_callbacks(kit: Kit) -> Any:
    """Asks its model beside its own work too, where nobody sees it."""
    seat = kit.seat("agent")

    async def first(state: MessagesState) -> dict[str, Any]:
        await seat.model.ainvoke([HumanMessage(str(state["messages"][0].text))], {"callbacks": []})
        return {}

    graph = StateGraph(MessagesState)
    graph.add_node("first", first)
    graph.add_node("work", agent_graph(seat))
    graph.add_edge(START, "first")
    graph.add_edge("first", "work")
    return graph.compile()


def own_rules(kit: Kit) -> Any:
    """Tells its agent something else than the rules of the work."""
    seat = kit.seat("agent")
    return tool_loop(seat.model, seat.tools, "You are a helpful assistant.")


def remembers(kit: Kit) -> Any:
    """Tells its agent how many trials there were before."""
    seat = kit.seat("agent")
    return tool_loop(seat.model, seat.tools, f"{seat.instructions} This is trial {next(TRIALS)}.")


def sync_tools(kit: Kit) -> Any:
    """Calls the tools of the work in a node that is a plain function."""
    seat = kit.seat("agent")
    model, tools = seat.model.bind_tools(seat.tools), {tool.name: tool for tool in seat.tools}

    def work(state: MessagesState) -> dict[str, Any]:
        reply = model.invoke([("system", seat.instructions), *state["messages"]])
        done = [tools[c["name"]].invoke({**c, "type": "tool_call"}) for c in reply.tool_calls]
        return {"messages": [reply, *done]}

    return _repeated(work)


def sync_calls(kit: Kit) -> Any:
    """Asks its model as it should, and calls the tools of the work with invoke."""
    seat = kit.seat("agent")
    model, tools = seat.model.bind_tools(seat.tools), {tool.name: tool for tool in seat.tools}

    async def work(state: MessagesState) -> dict[str, Any]:
        reply = await model.ainvoke([("system", seat.instructions), *state["messages"]])
        done = [tools[c["name"]].invoke({**c, "type": "tool_call"}) for c in reply.tool_calls]
        return {"messages": [reply, *done]}

    return _repeated(work)


def _repeated(work: Any) -> Any:
    graph = StateGraph(MessagesState)
    graph.add_node("work", work)
    graph.add_edge(START, "work")
    graph.add_conditional_edges(
        "work", lambda state: "work" if state["messages"][-1].type == "tool" else END
    )
    return graph.compile()


def riddles(kit: Kit) -> Any:
    """Tells its agent of the work in words that are not the task's."""
    seat = kit.seat("agent")
    agent = agent_graph(seat)

    async def work(_state: MessagesState) -> dict[str, Any]:
        final = await agent.ainvoke({"messages": [HumanMessage("Do what has to be done today.")]})
        return {"messages": final["messages"][-1:]}

    return one_node(work)


def spare_seat(kit: Kit) -> Any:
    """Seats someone who never works."""
    seat = kit.seat("agent")
    kit.seat("spare", parent="agent")
    return agent_graph(seat)


def not_compiled(kit: Kit) -> Any:
    """A graph that cannot be run yet."""
    kit.seat("agent")
    return StateGraph(MessagesState)
