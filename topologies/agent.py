"""The agent loop: one model conversation that calls tools until it submits."""

import json
import operator
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, TypedDict

from langchain_core.messages import AIMessage, AnyMessage, SystemMessage, ToolMessage
from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.prebuilt import ToolNode

from topologies.kit import Seat
from topologies.models.replies import with_calls

SUBMIT = "submit"

Graph = CompiledStateGraph[Any, Any, Any, Any]


class Conversation(TypedDict):
    """The messages of one agent, in order. They are only ever added to."""

    messages: Annotated[list[AnyMessage], operator.add]


@dataclass(frozen=True)
class Place:
    """A seat made ready for a graph: what it is told, its model with its tools, its tools."""

    system: SystemMessage
    model: Runnable[Any, AIMessage]
    tools: ToolNode


def place(
    seat: Seat, more_instructions: str = "", more_tools: tuple[dict[str, Any], ...] = ()
) -> Place:
    """Make a seat ready. `more_tools` are the topology's own, which its graph must carry out."""
    told = "\n\n".join(text for text in (seat.instructions, more_instructions) if text)
    model = seat.model.bind_tools([*seat.tools, *more_tools])
    return Place(SystemMessage(told), model, ToolNode(seat.tools))


def at_place(graph: Graph, ready: Place) -> Graph:
    """The same compiled graph, with this agent in it. Compiling costs more than a model call."""
    return graph.with_config(configurable={"place": ready})


def placed(config: RunnableConfig) -> Place:
    """The agent that a graph runs with."""
    return config.get("configurable", {})["place"]


def agent_graph(seat: Seat) -> Graph:
    """One agent on its own: model, tools, model, ... until it submits."""
    return at_place(_agent_loop(), place(seat))


@cache
def _agent_loop() -> Graph:
    async def to_tools(state: Conversation) -> str:
        return "tools" if called(state["messages"]) else END

    async def to_model(state: Conversation) -> str:
        return END if submitted(state["messages"]) else "model"

    graph = StateGraph(Conversation)
    graph.add_node("model", ask)
    graph.add_node("tools", use_tools)
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", to_tools, ["tools", END])
    graph.add_conditional_edges("tools", to_model, ["model", END])
    return graph.compile()


async def ask(state: Conversation, config: RunnableConfig) -> dict[str, list[AnyMessage]]:
    """A node: the model says what to do next."""
    agent = placed(config)
    reply = await agent.model.ainvoke([agent.system, *state["messages"]], config)
    return {"messages": [with_calls(reply)]}


async def use_tools(state: Any, config: RunnableConfig) -> Any:
    """A node: carry out the calls of the last message, or those that were sent here, at once."""
    return await placed(config).tools.ainvoke(state, config)


def called(messages: list[AnyMessage]) -> AIMessage | None:
    """The last message, if it is a model's and calls tools."""
    last = messages[-1]
    return last if isinstance(last, AIMessage) and last.tool_calls else None


def submitted(messages: list[AnyMessage]) -> bool:
    """Whether the newest tool replies include an accepted submission."""
    for message in reversed(messages):
        if not isinstance(message, ToolMessage):
            return False
        if message.name == SUBMIT and message.status == "success":
            return True
    return False


def last_words(messages: list[AnyMessage]) -> str:
    """What an agent ended with: the answer it submitted, else the text of its last message."""
    for message in reversed(messages):
        if isinstance(message, AIMessage):
            for call in message.tool_calls:
                if call["name"] == SUBMIT:
                    return str(call["args"].get("answer", ""))
            return str(message.text)
    return ""


def transcript(messages: list[AnyMessage]) -> str:
    """The messages as text another agent can read."""
    parts: list[str] = []
    for message in messages:
        if message.text:
            parts.append(f"[{message.type}]\n{message.text}")
        if isinstance(message, AIMessage):
            parts += [f"[calls] {c['name']} {json.dumps(c['args'])}" for c in message.tool_calls]
    return "\n".join(parts)
