"""How a competent worker does a kind of work, seeing only the conversation.

A task set brings a `Clerk`: how to read its items, and for each item a script, a generator that
yields the calls it needs and receives what was noted of their replies. `tasks.workers.turns`
replays the scripts against the conversation (a worker has no memory but what was said), plans,
delegates when a delegate tool is there, reports when briefed, merges reports and submits.
Everything a worker states or notes passes through its `Mind`, where a simulated model's errors come
in; `SOUND` is the mind that makes none. A clerk knows no answers: it must not import its set's
generator or solutions.

What a worker leaves in its conversation, and reads again, one a line:
`R1.2 = {"balance": 54}` (noted of the reply to item R1's second call), `R1: refunded 30` (the
outcome of an item), `Choice: refund_to = gift_card` (a convention nobody gave it).
"""

import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from tasks.workers.conversation import ITEM_LINE as ITEM_LINE
from tasks.workers.conversation import Call as Call
from tasks.workers.conversation import CallMade as CallMade
from tasks.workers.conversation import Conversation as Conversation
from tasks.workers.conversation import Item as Item
from tasks.workers.conversation import Look as Look
from tasks.workers.conversation import Turn as Turn
from tasks.workers.conversation import Values as Values
from tasks.workers.conversation import items_in as items_in
from tasks.workers.finding import REPORT_REQUEST as REPORT_REQUEST
from tasks.workers.mind import SOUND as SOUND
from tasks.workers.mind import Mind as Mind
from tasks.workers.mind import SoundMind as SoundMind

Script = Generator[Call, Values, str]
"""Yields calls, receives the kept values ({} when there are none), returns the item's outcome."""


class Desk:
    """What a script may look at: the conversation, and what the other items came to.

    `outcomes` maps labels to the outcomes known so far, own and reported. `seen` is everything
    said and replied in the conversation, as text. `proposed` are the labels of items that someone
    else looked into and left to be written: what is known of them may have changed since.
    """

    def __init__(self, conversation: Conversation, mind: Mind, reports: str) -> None:
        self.conversation = conversation
        self.task = conversation.task
        self.system = conversation.system
        self.offers = frozenset(conversation.tools)
        self.outcomes: dict[str, str] = {}
        self.proposed: frozenset[str] = frozenset()
        self.new_lines: list[str] = []
        own = "\n".join(conversation.said)
        self.seen = "\n".join(
            [conversation.system, conversation.background, conversation.task, own, reports]
        )
        self._mind = mind

    def choose(self, what: str, options: Sequence[str]) -> str:
        """A convention: what the conversation says, else the own habit, which is then stated."""
        known = "\n".join([self.seen, *self.new_lines])
        for stated in re.findall(rf"Choice: {what} = (\S+)", known):
            if stated in options:
                return stated
        choice = self._mind.habit(what, options)
        self.new_lines.append(f"Choice: {what} = {choice}")
        return choice


@dataclass(frozen=True)
class Clerk:
    """How one kind of work is done.

    `tools` are the names of the tools it knows, by which a simulated model finds its clerk.
    `work(item, desk)` is the script of an item. `keys(item)` are the common things its text names,
    for partitioning. `blocked(text)` says why the work as a whole cannot be done, as far as the
    text shows. `closing(desk, items)` are further items once all are handled, as the text asks;
    `answer(desk, items)` the lines of the answer beyond the outcomes of the items.
    """

    tools: frozenset[str]
    work: Callable[[Item, Desk], Script]
    keys: Callable[[Item], frozenset[str]] = field(default=lambda _item: frozenset())
    blocked: Callable[[str, str], str | None] = field(default=lambda _system, _task: None)
    closing: Callable[[Desk, Sequence[Item]], list[Item]] = field(default=lambda _desk, _items: [])
    answer: Callable[[Desk, Sequence[Item]], list[str]] = field(default=lambda _desk, _items: [])


def _unreadable(_item: Item, _desk: Desk) -> Script:
    yield from ()
    return "unknown"


NO_CLERK = Clerk(frozenset(), _unreadable)
"""Of work that only real models do: a simulated one says that it did not understand it."""

FAILED = "failed"
NOT_WRITTEN = "not written"


@lru_cache(maxsize=8192)
def reads(clerk: Clerk, item: Item) -> bool:
    """Whether the line says what is to be done: whether its script calls a tool.

    A line that says what came of an item does not.
    """
    offered: dict[str, dict[str, Values]] = {name: {"properties": {}} for name in clerk.tools}
    line = Conversation("", "", f"{item.label}: {item.text}", tools=offered)
    try:
        next(clerk.work(item, Desk(line, SOUND, "")))
    except StopIteration:
        return False
    except Exception:
        # A script may trip over a line that is none of its kind of work.
        return False
    return True
