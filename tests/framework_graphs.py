"""Graphs of the frameworks that people build with, on seats of the kit."""

from typing import Any

from deepagents import create_deep_agent
from langchain.agents import create_agent
from langchain.agents.middleware import TodoListMiddleware
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph_supervisor import create_supervisor
from langgraph_swarm import create_handoff_tool, create_swarm

from topologies.kit import Kit


@tool
def calc(left: int, right: int) -> int:
    """Add two numbers."""
    return left + right


def react(kit: Kit) -> Any:
    """One agent of LangChain's, with a tool of its own."""
    seat = kit.seat("agent")
    return create_agent(
        model=seat.model, tools=[*seat.tools, calc], system_prompt=seat.instructions
    )


def planned(kit: Kit) -> Any:
    """One agent of LangChain's that keeps a list of what is to be done."""
    seat = kit.seat("agent")
    return create_agent(
        model=seat.model,
        tools=seat.tools,
        system_prompt=seat.instructions,
        middleware=[TodoListMiddleware()],
    )


def deep(kit: Kit) -> Any:
    """A deep agent, whose `general-purpose` subagents share its seat."""
    seat = kit.seat("deep")
    return create_deep_agent(model=seat.model, tools=seat.tools, system_prompt=seat.instructions)


def deep_named(kit: Kit) -> Any:
    """A deep agent with a subagent on a seat of its own."""
    seat, filler = kit.seat("deep"), kit.seat("filler", role="subagent")
    return create_deep_agent(
        model=seat.model,
        tools=seat.tools,
        system_prompt=seat.instructions,
        subagents=[
            {
                "name": "filler",
                "description": "Fills jars.",
                "system_prompt": f"{filler.instructions} You are the filler.",
                "model": filler.model,
                "tools": filler.tools,
            }
        ],
    )


def supervised(kit: Kit) -> Any:
    """A supervisor that hands over to two workers, each on a seat of its own."""
    chief = kit.seat("chief", role="lead")
    seats = [kit.seat(name, role="subagent") for name in ("left", "right")]
    workers = [
        create_agent(
            model=seat.model,
            tools=seat.tools,
            system_prompt=f"{seat.instructions} You are {seat.name}.",
            name=seat.name,
        )
        for seat in seats
    ]
    graph = create_supervisor(
        workers, model=chief.model, tools=chief.tools, prompt=f"{chief.instructions} You are chief."
    )
    return graph.compile()


def swarm(kit: Kit) -> Any:
    """Two agents that hand over to one another, with a memory."""
    seats = [kit.seat(name) for name in ("left", "right")]
    agents = [
        create_agent(
            model=seat.model,
            tools=[*seat.tools, create_handoff_tool(agent_name=other.name)],
            system_prompt=f"{seat.instructions} You are {seat.name}.",
            name=seat.name,
        )
        for seat, other in zip(seats, reversed(seats), strict=True)
    ]
    return create_swarm(agents, default_active_agent="left").compile(checkpointer=InMemorySaver())
