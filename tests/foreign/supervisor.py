"""langgraph-supervisor: one who only hands off, and workers who have the tools."""

from typing import Any

from langchain.agents import create_agent
from langgraph_supervisor import create_supervisor

from topologies.kit import Kit


def build(kit: Kit, helps: bool = False, output_mode: str = "last_message") -> Any:
    """With `helps` the supervisor has the tools of the work too."""
    chief = kit.seat("supervisor")
    workers = [
        create_agent(seat.model, work_tools(seat), system_prompt=seat.instructions, name=seat.name)
        for seat in (kit.seat(name, parent="supervisor") for name in ("alice", "bob"))
    ]
    submit = [tool for tool in chief.tools if tool.name == "submit" or helps]
    return create_supervisor(
        workers,
        model=chief.model,
        tools=submit,
        prompt="You supervise alice and bob. Hand the work to them, then submit the answer.",
        output_mode=output_mode,
    ).compile()


def work_tools(seat: Any) -> list[Any]:
    """The tools of the work without the one that ends it."""
    return [tool for tool in seat.tools if tool.name != "submit"]
