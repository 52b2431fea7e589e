"""What a topology is handed: seats for its agents, and nothing that names the task or the trial."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import ToolCall, ToolMessage
from langchain_core.tools import BaseTool


@dataclass(frozen=True)
class Seat:
    """One agent's place: a model and tools credited to it, and what it is told about the work.

    `tools` are the tools of the work and `submit`, by which an agent ends. For the agent that was
    seated first its submission ends the trial; for any other it is the report.
    """

    name: str
    role: str
    instructions: str
    model: BaseChatModel
    tools: list[BaseTool]


class Kit(Protocol):
    """How a topology gets its agents."""

    def seat(
        self, name: str, role: str = "agent", parent: str | None = None, writes: bool = True
    ) -> Seat:
        """Seat an agent. The model is chosen by `role`; without `writes` its tools only read."""
        ...

    async def own_call(
        self, seat: Seat, call: ToolCall, run: Callable[[], Awaitable[str]]
    ) -> ToolMessage:
        """Answer a call of the topology's own tool (delegating, handing off) with what `run` says.

        The call is recorded as the seat's, touches no world and ends the seat's hold of control.
        """
        ...
