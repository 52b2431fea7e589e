"""A lead that delegates briefs to subagents and writes the answer from their reports.

The lead has the tools of the work too, and everyone gets the same instructions for the work. What
differs between teams is data: what a subagent sees, whether subagents work at once or in turn, who
may write, and how many there are.
"""

from typing import Annotated, Any, Literal, TypedDict

from langchain_core.messages import AnyMessage, HumanMessage, ToolCall
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send
from pydantic import Field

from topologies.agent import (
    Conversation,
    Graph,
    agent_graph,
    ask,
    at_place,
    called,
    last_words,
    place,
    submitted,
    transcript,
    use_tools,
)
from topologies.kit import Kit, OutOfBudgetError

DELEGATE = "delegate"
LEAD_KEEPS = 0.25
"""A lead's part of a budget; its subagents get equal parts of the rest."""
LEAD = (
    "You lead a team. You can hand parts of the work to subagents with the tool "
    f"`{DELEGATE}`, one brief a call, several calls in one message. A subagent knows these "
    "instructions{sees}, nothing else, and answers with a report. You remain responsible for the "
    "whole."
)
SEES = {"brief": " and its brief", "trace": ", this conversation so far and its brief"}


class Orders(TypedDict):
    """Delegate calls to carry out one after the other, and the lead's conversation so far."""

    calls: list[ToolCall]
    trace: list[AnyMessage]


ROLES = ("lead", "subagent")
"""Those of its agents, as a sweep may give each a model of its own."""


def build(
    kit: Kit,
    context: Literal["brief", "trace"] = "brief",
    schedule: Literal["parallel", "serial"] = "parallel",
    writers: Literal["all", "lead"] = "all",
    team: Annotated[int, Field(ge=1, le=256)] = 4,
) -> Graph:
    """The graph of a lead with `team` subagents.

    `context`: a subagent sees its brief, or also the lead's whole conversation and, in turn, those
    of the subagents before it. `writers`: with "lead", subagents can only read, and report what
    should be written.
    """
    lead = kit.seat("lead", role="lead", share=LEAD_KEEPS)
    spawned: list[str] = []

    async def work(brief: str, background: list[AnyMessage]) -> list[AnyMessage]:
        spawned.append(f"subagent-{len(spawned) + 1}")
        seat = kit.seat(
            spawned[-1],
            "subagent",
            parent=lead.name,
            writes=writers == "all",
            share=(1 - LEAD_KEEPS) / team,
        )
        start: list[AnyMessage] = [*background, HumanMessage(brief)]
        final = await agent_graph(seat).ainvoke({"messages": start})
        return final["messages"][len(background) :]

    async def subagents(state: Orders) -> Conversation:
        background: list[AnyMessage] = []
        if context == "trace":
            background.append(HumanMessage(transcript(state["trace"])))
        replies: list[AnyMessage] = []
        for call in state["calls"]:

            async def run(call: ToolCall) -> str:
                brief = str(call["args"].get("brief") or "")
                if not brief:
                    return "Error: a brief is needed."
                try:
                    messages = await work(brief, background)
                except OutOfBudgetError as stop:
                    return f"Error: {stop}"
                if context == "trace":
                    background.append(HumanMessage(transcript(messages)))
                return last_words(messages)

            replies.append(await kit.own_call(lead, call, run))
        return {"messages": replies}

    async def from_lead(state: Conversation) -> list[Send] | str:
        message = called(state["messages"])
        if message is None:
            return END
        sends: list[Send] = []
        briefs: list[ToolCall] = []
        for call in message.tool_calls:
            if call["name"] == DELEGATE:
                briefs.append(call)
            else:
                sends.append(Send("tools", [{**call, "type": "tool_call"}]))
        groups = [briefs] if schedule == "serial" else [[call] for call in briefs]
        for group in groups if briefs else []:
            sends.append(Send("subagents", Orders(calls=group, trace=state["messages"])))
        return sends

    async def to_lead(state: Conversation) -> str:
        return END if submitted(state["messages"]) else "lead"

    graph = StateGraph(Conversation)
    graph.add_node("lead", ask)
    graph.add_node("tools", use_tools)
    graph.add_node("subagents", subagents)
    graph.add_edge(START, "lead")
    graph.add_conditional_edges("lead", from_lead, ["tools", "subagents", END])
    graph.add_conditional_edges("tools", to_lead, ["lead", END])
    graph.add_edge("subagents", "lead")
    told = LEAD.replace("{sees}", SEES[context])
    return at_place(graph.compile(), place(lead, told, (delegate_tool(team),)))


def delegate_tool(team: int) -> dict[str, Any]:
    """The tool by which a lead hands out work, as a model sees it."""
    brief = {"type": "string", "description": "All that the subagent needs to know."}
    return {
        "type": "function",
        "function": {
            "name": DELEGATE,
            "description": f"Hand a part of the work to one of your {team} subagents.",
            "parameters": {
                "type": "object",
                "properties": {"brief": brief},
                "required": ["brief"],
            },
        },
    }
