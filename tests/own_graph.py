"""Someone's own LangGraph graph, wrapped for fanout as the README shows; and two that go deeper."""

import asyncio
from typing import Any

from langchain_core.messages import HumanMessage, ToolCall
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition

from topologies.agent import agent_graph, last_words
from topologies.kit import Kit


def tool_loop(model: Any, tools: list[Any], told: str) -> Any:
    """A plain tool-calling graph, as the README shows it."""
    bound = model.bind_tools(tools)

    async def think(state: MessagesState) -> dict[str, Any]:
        return {"messages": [await bound.ainvoke([("system", told), *state["messages"]])]}

    graph = StateGraph(MessagesState)
    graph.add_node("think", think)
    graph.add_node("tools", ToolNode(tools))
    graph.add_edge(START, "think")
    graph.add_conditional_edges("think", tools_condition)
    graph.add_edge("tools", "think")
    return graph.compile()


def one_node(work: Any) -> Any:
    """A graph of one node."""
    graph = StateGraph(MessagesState)
    graph.add_node("work", work)
    graph.add_edge(START, "work")
    return graph.compile()


def build(kit: Kit) -> Any:
    """A plain tool-calling graph."""
    seat = kit.seat("researcher")
    return tool_loop(seat.model, seat.tools, seat.instructions)


def never_submits(kit: Kit) -> Any:
    """The same without the tool by which an agent ends: its last message is the answer."""
    seat = kit.seat("researcher")
    tools = [tool for tool in seat.tools if tool.name != "submit"]
    return tool_loop(seat.model, tools, seat.instructions)


def nested(kit: Kit) -> Any:
    """A chief who has two deputies at once, each of whom has the work done by a clerk."""
    chief = kit.seat("chief", role="lead")

    async def deputy(name: str, text: str) -> str:
        seat = kit.seat(name, role="deputy", parent="chief")
        clerk = kit.seat(f"{name}-clerk", role="subagent", parent=name)
        call = ToolCall(name="hand_down", args={"brief": text}, id=f"call_{name}", type="tool_call")

        async def run(call: ToolCall) -> str:
            brief = HumanMessage(call["args"]["brief"])
            final = await agent_graph(clerk).ainvoke({"messages": [brief]})
            return last_words(final["messages"])

        reply = await kit.own_call(seat, call, run)
        checked = await agent_graph(seat).ainvoke({"messages": [HumanMessage(text)]})
        return str(reply.text) + last_words(checked["messages"])

    async def work(state: MessagesState) -> dict[str, Any]:
        text = str(state["messages"][0].text)
        await asyncio.gather(deputy("left", text), deputy("right", text))
        final = await agent_graph(chief).ainvoke({"messages": state["messages"]})
        return {"messages": final["messages"][1:]}

    return one_node(work)
