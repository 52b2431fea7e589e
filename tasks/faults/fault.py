"""What a fault is: something the world does wrong, at one call, in a way that is known.

A fault of a tool is `async (ask, go, luck, **settings) -> reply`. It stands inside the recorded
step and outside the transaction: `go()` makes the call, a transaction of its own each time, and
gives the tool's reply or raises its `ToolError`. A fault may go no times, once or twice, raise a
`ToolError` of its own, wait, or change the reply. Faults of a model's channel and of what agents
are handed have the same shape and other asks (`Sent`, `Handed`). Whether one bit is never the
fault's word: whoever lets it stand there compares what came with what would have come.
"""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal, NoReturn

from tasks.refused import Refused
from tasks.tools import ToolError

Kind = Literal[
    "explicit, before",
    "explicit, after",
    "implicit, value",
    "implicit, effect",
    "load",
    "given",
    "model",
]
"""The words of `fault_kind` in the records."""

Stands = Literal["tool", "model", "brief"]
"""Where a fault stands: before a tool, in a model's channel, where briefs and reports pass."""

Way = Literal["reading", "writing"]
"""What a tool does, by its hint."""

FIXED = ("ask", "go", "luck")


class FaultError(ToolError):
    """An error that the world made up: to the agent it is an error reply like any other."""


@dataclass(frozen=True)
class Ask:
    """A call of a tool as its fault sees it.

    `target` is what the call is about, `attempt` which one on it this is, from 1. `memory` is this
    fault's own in the trial. `past()` gives the replies that the call would have had from older
    states of the world, newest first; none where the world cannot tell. `undo()` takes back what
    the last `go` did. `kill()` ends the process: all agents begin again, on this world.
    """

    tool: str
    arguments: Mapping[str, Any]
    target: str
    attempt: int
    memory: dict[str, Any]
    past: Callable[[], AsyncIterator[str]]
    undo: Callable[[], None]
    kill: Callable[[], Awaitable[NoReturn]]


@dataclass(frozen=True)
class Answer:
    """What an endpoint sends back: HTTP status, headers and the JSON body; None if it is none."""

    status: int
    body: Mapping[str, Any] | None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Sent:
    """A model call on its way; `go()` gives the endpoint's `Answer`.

    A fault may raise TimeoutError or ConnectionError, as a network does.
    """

    request: Mapping[str, Any]
    attempt: int
    memory: dict[str, Any]


@dataclass(frozen=True)
class Handed:
    """A brief on its way to another agent; `go(brief)` lets it be worked on, and gives the report.

    A fault may give the agent another brief, not let it begin, or give another report.
    """

    brief: str
    attempt: int
    memory: dict[str, Any]


Run = Callable[..., Awaitable[Any]]
"""`async (ask, go, luck, **settings)`; `luck` is a `random.Random` of this call alone."""


@dataclass(frozen=True)
class Fault:
    """One thing that can go wrong. `on` is what kinds of tools it is about if a plan says nothing.

    `kind` is None for one that does not say.
    """

    run: Run
    kind: Kind | None = None
    stands: Stands = "tool"
    on: tuple[Way, ...] = ("reading", "writing")

    @property
    def about(self) -> str:
        """What it does, in the first line of its docstring."""
        return (inspect.getdoc(self.run) or "").partition("\n")[0]

    @property
    def settings(self) -> dict[str, Any]:
        """What it can be set to, and its defaults."""
        parameters = list(inspect.signature(self.run).parameters.values())
        return {one.name: one.default for one in parameters[len(FIXED) :]}


def as_fault(name: str, found: object) -> Fault:
    """A fault, or a plain async function as one of a tool. `Refused` for anything else."""
    fault = found if isinstance(found, Fault) else None
    if fault is None and inspect.iscoroutinefunction(found):
        fault = Fault(found)
    if fault is None:
        raise Refused(f"{name} is no fault: it must be an async function of (ask, go, luck)")
    if len(inspect.signature(fault.run).parameters) < len(FIXED):
        raise Refused(f"{name} takes too little: a fault is async (ask, go, luck) -> reply")
    return fault


Luck = Random
