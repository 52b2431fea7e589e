"""One agent, one conversation, all tools."""

from topologies.agent import Graph, agent_graph
from topologies.kit import Kit

ROLES = ("agent",)
"""Those of its agents, as a sweep may give each a model of its own."""


def build(kit: Kit) -> Graph:
    """The graph of a single agent."""
    return agent_graph(kit.seat("agent"))
