"""What a worker sees of its work: items, calls and their replies, and the turns it takes itself."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Values = dict[str, Any]
ITEM_LINE = re.compile(r"^([A-Z]\w*): (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Call:
    """A call a worker wants to make; `keep` names the fields of the reply that it will need.

    `refusals` are the words of error replies that its script knows how to go on from: it receives
    `{"refused": words}`. After any other error it tries again. `look` is how one sees whether a
    write was done all the same; None where there is no way.
    """

    tool: str
    arguments: Values
    keep: tuple[str, ...] = ()
    writes: bool = False
    refusals: tuple[str, ...] = ()
    look: "Look | None" = None


@dataclass(frozen=True)
class Look:
    """How to see whether something was done: a call, and whether what it `keep`s says so."""

    call: Call
    done: Callable[[Values], bool]


@dataclass(frozen=True)
class Item:
    """One separable piece of the work, as its text has it: `label: text`."""

    label: str
    text: str


@dataclass(frozen=True)
class CallMade:
    """A call in the conversation; `reply` is null while there is none."""

    id: str
    tool: str
    arguments: Values
    reply: str | None


@dataclass(frozen=True)
class Told:
    """A text that a worker sees: the `role` of whoever said it, and the name it goes by, if any."""

    role: str
    text: str
    name: str | None = None


@dataclass(frozen=True)
class Conversation:
    """All that a worker sees.

    `told` are all texts in their order, `said` those of the assistant. `background` is what was
    said to it beside its `task` or brief. `one_call` asks for one call in a message at
    most; `asked_again` is whether somebody else had the last word.
    """

    system: str
    background: str
    task: str
    said: tuple[str, ...] = ()
    calls: tuple[CallMade, ...] = ()
    tools: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    told: tuple[Told, ...] = ()
    one_call: bool = False
    asked_again: bool = False

    def tool_with(self, parameter: str) -> str | None:
        """The tool that takes it: tools are known by what they take, not by their names."""
        takes = (name for name, tool in self.tools.items() if parameter in tool["properties"])
        return next(takes, None)


@dataclass(frozen=True)
class Turn:
    """What the worker says and calls next; no calls ends the conversation.

    `lost` says why it did not understand what it was to do, if it did not.
    """

    text: str
    calls: tuple[tuple[str, str, Values], ...] = ()
    lost: str | None = None


def items_in(text: str) -> list[Item]:
    """The labelled lines of a task or brief."""
    return [
        Item(label, rest) for label, rest in ITEM_LINE.findall(text) if any(map(str.isdigit, label))
    ]
