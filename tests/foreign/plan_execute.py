"""Plan and execute: a plan, an executor step by step, and a replanner who answers or goes on."""

from operator import add
from typing import Annotated, Any, TypedDict

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langgraph.graph import END, START, StateGraph
from pydantic import BaseModel, Field

from topologies.agent import agent_graph, last_words
from topologies.kit import Kit


class Plan(BaseModel):
    """Plan to follow in future."""

    steps: list[str] = Field(description="Different steps to follow, in sorted order.")


class Response(BaseModel):
    """Response to user."""

    response: str


class Act(BaseModel):
    """Action to perform: Response to answer the user, Plan if there is more to do."""

    action: Response | Plan


class State(TypedDict):
    """The task, the steps left, and what came of the others."""

    messages: Annotated[list[AnyMessage], add]
    plan: list[str]
    past: Annotated[list[tuple[str, str]], add]


def build(kit: Kit) -> Any:
    """As LangGraph's tutorial has it."""
    planner = kit.seat("planner")
    spawned: list[str] = []

    async def plan(state: State) -> dict[str, Any]:
        told = "For the given objective, come up with a simple step by step plan."
        model = planner.model.with_structured_output(Plan)
        found = await model.ainvoke([("system", told), state["messages"][0]])
        return {"plan": found.steps}

    async def execute(state: State) -> dict[str, Any]:
        spawned.append(f"executor-{len(spawned) + 1}")
        steps = "\n".join(f"{n}. {step}" for n, step in enumerate(state["plan"], 1))
        first = state["plan"][0]
        told = f"For the following plan:\n{steps}\n\nYou are tasked with executing step 1, {first}."
        seat = kit.seat(spawned[-1], parent="planner")
        final = await agent_graph(seat).ainvoke({"messages": [HumanMessage(told)]})
        return {"past": [(first, last_words(final["messages"]))]}

    async def replan(state: State) -> dict[str, Any]:
        task = state["messages"][0].text
        told = (
            f"Your objective was this:\n{task}\n\nYour original plan was this:\n{state['plan']}\n\n"
            f"You have currently done the follow steps:\n{state['past']}\n\nUpdate your plan "
            "accordingly. If no more steps are needed, respond to the user."
        )
        found = await planner.model.with_structured_output(Act).ainvoke([HumanMessage(told)])
        if isinstance(found.action, Response):
            return {"messages": [AIMessage(found.action.response)], "plan": []}
        return {"plan": found.action.steps}

    async def on(state: State) -> str:
        return "execute" if state["plan"] else END

    graph = StateGraph(State)
    graph.add_node("plan", plan)
    graph.add_node("execute", execute)
    graph.add_node("replan", replan)
    graph.add_edge(START, "plan")
    graph.add_edge("plan", "execute")
    graph.add_edge("execute", "replan")
    graph.add_conditional_edges("replan", on, ["execute", END])
    return graph.compile()
