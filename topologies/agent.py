"""The agent loop: one model conversation that calls tools until it submits."""

import json
import operator
from typing import Annotated, Any, TypedDict

from langchain_core.messages import AIMessage, AnyMessage, SystemMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.prebuilt import ToolNode

from topologies.kit import Seat

SUBMIT = "submit"

Graph = CompiledStateGraph[Any, Any, Any, Any]


class Conversation(TypedDict):
    """The messages of one agent, in order. They are only ever added to."""

    messages: Annotated[list[AnyMessage], operator.add]


def model_node(
    seat: Seat, more_instructions: str = "", more_tools: tuple[dict[str, Any], ...] = ()
) -> Any:
    """A node that asks the seat's model what to do next. `more_tools` are the topology's own."""
    model = seat.model.bind_tools([*seat.tools, *more_tools])
    told = [text for text in (seat.instructions, more_instructions) if text]
    system = SystemMessage("\n\n".join(told))

    async def ask(state: Conversation, config: RunnableConfig) -> dict[str, list[AnyMessage]]:
        return {"messages": [await model.ainvoke([system, *state["messages"]], config)]}

    return ask


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


def agent_graph(seat: Seat) -> Graph:
    """One agent on its own: model, tools, model, ... until it submits."""

    async def to_tools(state: Conversation) -> str:
        return "tools" if called(state["messages"]) else END

    async def to_model(state: Conversation) -> str:
        return END if submitted(state["messages"]) else "model"

    graph = StateGraph(Conversation)
    graph.add_node("model", model_node(seat))
    graph.add_node("tools", ToolNode(seat.tools))
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", to_tools, ["tools", END])
    graph.add_conditional_edges("tools", to_model, ["model", END])
    return graph.compile()


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
