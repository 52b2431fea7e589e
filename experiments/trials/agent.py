"""One agent of a trial: a model conversation, its calls, and what runs in its name."""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from langchain_core.messages import AIMessage

from experiments.trials.places import Place


class Reply(NamedTuple):
    """What a reply is known by: its message's id, and failing that its calls' ids and text."""

    id: str | None
    said: tuple[tuple[str | None, ...], str]


def reply_of(message: AIMessage) -> Reply:
    """What this one is known by."""
    return Reply(message.id, (tuple(call["id"] for call in message.tool_calls), message.text))


@dataclass(eq=False)
class Agent:
    """One model conversation.

    `message` counts its model messages, `hold` its holds of control, in which it `acted` or not
    yet; `ordinal` is its part of the luck. `above` is the agent in whose tool run or own call it
    began. `seen` and `last` are the length and last text of the prompt it saw last,
    `cut_short` its replies in a row that hit `max_tokens`, `before` its messages of a process that
    was killed.
    """

    name: str
    role: str
    parent: str | None
    seat: str
    ordinal: int = 0
    message: int = 0
    hold: int = 1
    acted: bool = False
    waiting: bool = False
    submitted: bool = False
    above: "Agent | None" = None
    at: Place = field(default_factory=Place)
    replies: list[Reply] = field(default_factory=list[Reply])
    seen: int = 0
    last: str = ""
    cut_short: int = 0
    before: int = 0

    @property
    def begun(self) -> bool:
        """Whether it said anything, since it last took its seat."""
        return self.message > self.before

    def begin_again(self, parent: str | None) -> None:
        """It takes its seat again, with nothing of what was said: its numbers go on."""
        self.end_hold()
        self.before, self.parent, self.above, self.at = self.message, parent, None, Place()
        self.waiting = self.submitted = False
        self.replies.clear()
        self.seen, self.last, self.cut_short = 0, "", 0

    @property
    def busy(self) -> bool:
        """Whether it waits for a reply, or its last one called for more."""
        called = bool(self.replies) and bool(self.replies[-1].said[0])
        return self.waiting or (called and not self.submitted)

    @property
    def used(self) -> bool:
        """Whether it did anything at all."""
        return self.acted or self.hold > 1

    def end_hold(self) -> None:
        """Control passes to another agent; a hold in which nothing happened goes on."""
        self.hold += self.acted
        self.acted = False


class Issued(NamedTuple):
    """A tool call of a reply."""

    agent: Agent
    message: int
    tool: str
    arguments: Mapping[str, Any]


class Credit(NamedTuple):
    """Whose a tool call is; without a `message` it is known by its seat alone."""

    agent: Agent
    message: int | None


@dataclass(eq=False)
class Above:
    """A tool run or own call under way; what begins within it is nested in its agent.

    `passed` says that control went to another agent meanwhile.
    """

    agent: Agent
    passed: bool = False


ABOVE: ContextVar[Above | None] = ContextVar("above", default=None)
IN_WORLD: ContextVar[bool] = ContextVar("in_world", default=False)
"""Whether a tool of the work runs: a model that it asks plays a part of the world."""
HERE: ContextVar[Agent | None] = ContextVar("here", default=None)
"""The agent that asked its model last in this context."""
