"""A router with structured output that sends the work to one of two specialists, until finished."""

from typing import Any, Literal

from langchain_core.messages import AIMessage, HumanMessage
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import Command
from pydantic import BaseModel

from topologies.agent import agent_graph, last_words
from topologies.kit import Kit


class Route(BaseModel):
    """Who acts next."""

    next: Literal["librarian", "clerk", "FINISH"]


def build(kit: Kit, method: str = "json_schema") -> Any:
    """The router; its specialists report as named messages."""
    router = kit.seat("router")
    model = router.model.with_structured_output(Route, method=method)
    seats = {name: kit.seat(name, parent="router") for name in ("librarian", "clerk")}

    async def route(state: MessagesState) -> Command[Any]:
        told = "You supervise a librarian and a clerk. Say who acts next, or FINISH."
        found = await model.ainvoke([("system", told), *state["messages"]])
        if found.next == "FINISH":
            last = str(state["messages"][-1].text)
            return Command(goto=END, update={"messages": [AIMessage(last)]})
        return Command(goto=found.next)

    def specialist(name: str) -> Any:
        async def node(state: MessagesState) -> Command[Any]:
            final = await agent_graph(seats[name]).ainvoke({"messages": state["messages"][:1]})
            said = last_words(final["messages"])
            return Command(goto="route", update={"messages": [HumanMessage(said, name=name)]})

        return node

    graph = StateGraph(MessagesState)
    graph.add_node("route", route, destinations=("librarian", "clerk", END))
    for name in seats:
        graph.add_node(name, specialist(name), destinations=("route",))
    graph.add_edge(START, "route")
    return graph.compile()
