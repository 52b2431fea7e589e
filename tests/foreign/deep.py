"""deepagents: a lead with a todo list, files and a `task` tool for subagents."""

from typing import Any

from deepagents import create_deep_agent

from topologies.kit import Kit


def build(kit: Kit, named: bool = True) -> Any:
    """With `named` there is a researcher beside the general-purpose subagent."""
    lead = kit.seat("lead")
    tools = [tool for tool in lead.tools if tool.name != "submit"]
    subagents: list[Any] = []
    if named:
        worker = kit.seat("researcher", parent="lead")
        subagents.append(
            {
                "name": "researcher",
                "description": "Does a part of the work and reports it.",
                "system_prompt": worker.instructions,
                "tools": [tool for tool in worker.tools if tool.name != "submit"],
                "model": worker.model,
            }
        )
    del tools
    return create_deep_agent(
        model=lead.model, tools=lead.tools, subagents=subagents, system_prompt=lead.instructions
    )
