"""langgraph-swarm: peers who hand the conversation to each other, each with a part of the tools."""

from typing import Any

from langchain.agents import create_agent
from langgraph_swarm import create_handoff_tool, create_swarm

from topologies.kit import Kit

PEERS = ("alice", "bob")


def build(kit: Kit, split: bool = False) -> Any:
    """With `split` each has every other tool of the work; both can submit."""
    agents: list[Any] = []
    for place, name in enumerate(PEERS):
        seat = kit.seat(name)
        own = [tool for tool in seat.tools if tool.name != "submit"]
        submit = [tool for tool in seat.tools if tool.name == "submit"]
        kept = own[place::2] if split else own
        other = create_handoff_tool(agent_name=PEERS[1 - place])
        agents.append(
            create_agent(
                seat.model, [*kept, *submit, other], system_prompt=seat.instructions, name=name
            )
        )
    return create_swarm(agents, default_active_agent=PEERS[0]).compile()
