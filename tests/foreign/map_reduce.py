"""Map and reduce with Send: a planner with a structured plan, workers at once, a reducer."""

from operator import add
from typing import Annotated, Any, TypedDict

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send
from pydantic import BaseModel, Field

from topologies.agent import agent_graph, last_words
from topologies.kit import Kit


class Plan(BaseModel):
    """The work in parts."""

    reasoning: str = Field(description="Why it is divided so.")
    subtasks: list[str] = Field(description="Each part with all that a worker needs to know.")


class State(TypedDict):
    """The task, its parts, what came of them."""

    messages: Annotated[list[AnyMessage], add]
    subtasks: list[str]
    results: Annotated[list[str], add]


def build(kit: Kit, sees_task: bool = True, method: str = "json_schema") -> Any:
    """`sees_task`: whether the reducer is told the task too, or only what came of its parts."""
    chief = kit.seat("reducer")
    seat = kit.seat("planner", parent="reducer")
    planner = seat.model.with_structured_output(Plan, method=method)
    submit = next(tool for tool in chief.tools if tool.name == "submit")
    spawned: list[str] = []

    async def plan(state: State) -> dict[str, Any]:
        told = "Break the task down into up to 3 subtasks that can be done at once."
        task = str(state["messages"][0].text)
        found = await planner.ainvoke([SystemMessage(told), HumanMessage(task)])
        return {"subtasks": found.subtasks}

    async def to_workers(state: State) -> list[Send]:
        return [Send("worker", {"subtask": one}) for one in state["subtasks"]]

    async def worker(state: dict[str, str]) -> dict[str, Any]:
        spawned.append(f"worker-{len(spawned) + 1}")
        seat = kit.seat(spawned[-1], parent="reducer")
        final = await agent_graph(seat).ainvoke({"messages": [HumanMessage(state["subtask"])]})
        return {"results": [last_words(final["messages"])]}

    async def reduce(state: State) -> dict[str, Any]:
        results = "\n\n".join(state["results"])
        task = f"The task was:\n{state['messages'][0].text}\n\n" if sees_task else ""
        told = f"{task}Combine these results into one answer and submit it.\n\n{results}"
        reply = await chief.model.bind_tools([submit]).ainvoke([HumanMessage(told)])
        for call in reply.tool_calls:
            await submit.ainvoke({**call, "type": "tool_call"})
        return {"messages": [AIMessage(str(reply.text))]}

    graph = StateGraph(State)
    graph.add_node("plan", plan)
    graph.add_node("worker", worker)
    graph.add_node("reduce", reduce)
    graph.add_edge(START, "plan")
    graph.add_conditional_edges("plan", to_workers, ["worker"])
    graph.add_edge("worker", "reduce")
    graph.add_edge("reduce", END)
    return graph.compile()
