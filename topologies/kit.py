"""What a topology is handed: seats for its agents, and nothing that names the task or the trial."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import ToolCall, ToolMessage
from langchain_core.tools import BaseTool


class OutOfBudgetError(Exception):
    """An agent used up its share of the trial's budget; the text says so in words.

    Raised out of the agent's graph. A topology that catches it goes on without that agent.
    """


@dataclass(frozen=True)
class Seat:
    """An agent's place: a model and tools credited to it, and what it is told about the work.

    Several conversations may share it, each an agent of its own. `tools` are the tools of the work
    and `submit`, by which an agent ends. For the agent that was seated first its submission ends
    the trial (private copies do not count); for any other, and below another's call, it is the
    report.
    """

    name: str
    role: str
    instructions: str
    model: BaseChatModel
    tools: list[BaseTool]


@dataclass(frozen=True)
class Draft:
    """What an agent came to on its private copy of the world.

    Its submission (null if it never submitted), and its calls that wrote, in order, as
    (tool, arguments).
    """

    answer: str | None
    status: str | None
    confidence: float | None
    writes: tuple[tuple[str, Mapping[str, Any]], ...]


class Kit(Protocol):
    """How a topology gets its agents."""

    def seat(
        self,
        name: str,
        role: str = "agent",
        parent: str | None = None,
        writes: bool = True,
        private: bool = False,
        share: float | None = None,
    ) -> Seat:
        """Seat an agent. The model is chosen by `role`; without `writes` its tools only read.

        With `private` they work on a copy of the world of its own, as it was at the start.
        `share` is the part of the trial's budget, if there is one, that is set aside for it until
        it submits or the own call it was seated in ends. Without one it draws on what is set aside
        for nobody, and so does the agent seated first beyond its share.
        """
        ...

    async def own_call(
        self, seat: Seat, call: ToolCall, run: Callable[[ToolCall], Awaitable[str]]
    ) -> ToolMessage:
        """Answer a call of the topology's own tool (delegating, handing off) with what `run` says.

        The call is recorded as the seat's, touches no world and ends the seat's hold of control.
        `run` is given the call as it comes to whoever it is for: where a trial has faults, its
        brief may not be as it was written, and its report may not come.
        """
        ...

    def draft(self, seat: Seat) -> Draft:
        """What the agent of a private seat came to. Its work is over: its share goes back."""
        ...

    async def carry_out(self, seat: Seat, draft: Draft) -> list[str]:
        """Make the draft's writes on the shared world, as calls of `seat`; what was refused.

        They go the one tool path, like any agent's calls.
        """
        ...
