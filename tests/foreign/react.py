"""`create_agent` of langchain: one loop of model and tools."""

from typing import Any

from langchain.agents import create_agent
from langchain_core.messages import AIMessage
from langgraph.graph import START, MessagesState, StateGraph
from pydantic import BaseModel, Field

from topologies.kit import Kit


class Outcome(BaseModel):
    """What came of the work."""

    answer: str
    confidence: float = Field(description="From 0 to 1.")


def build(kit: Kit, formed: bool = False) -> Any:
    """With `formed` it ends with a structured answer and not with `submit`."""
    seat = kit.seat("agent")
    if not formed:
        return create_agent(seat.model, seat.tools, system_prompt=seat.instructions)
    tools = [tool for tool in seat.tools if tool.name != "submit"]
    agent = create_agent(
        seat.model, tools, system_prompt=seat.instructions, response_format=Outcome
    )

    async def work(state: MessagesState) -> dict[str, Any]:
        final = await agent.ainvoke({"messages": state["messages"]})
        return {"messages": [AIMessage(final["structured_response"].answer)]}

    graph = StateGraph(MessagesState)
    graph.add_node("work", work)
    graph.add_edge(START, "work")
    return graph.compile()
