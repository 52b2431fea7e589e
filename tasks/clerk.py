"""How a competent worker does a kind of work, seeing only the conversation.

A task set brings a `Clerk`: how to read its items, and for each item a script, a generator that
yields the calls it needs and receives what was noted of their replies. `next_turn` replays the
scripts against the conversation (a worker has no memory but what was said), plans, delegates
when a delegate tool is there, reports when briefed, merges reports and submits. Everything a worker
states or notes passes through its `Mind`, where a simulated model's errors come in; `SOUND` is the
mind that makes none. A clerk knows no answers: it must not import its set's generator or solutions.

What a worker leaves in its conversation, and reads again, one a line:
`R1.2 = {"balance": 54}` (noted of the reply to item R1's second call), `R1: refunded 30` (the
outcome of an item), `Choice: refund_to = gift_card` (a convention nobody gave it).
"""

import json
import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field

from tasks.conversation import ITEM_LINE as ITEM_LINE
from tasks.conversation import Call as Call
from tasks.conversation import CallMade as CallMade
from tasks.conversation import Conversation as Conversation
from tasks.conversation import Item as Item
from tasks.conversation import Turn as Turn
from tasks.conversation import Values as Values
from tasks.conversation import items_in as items_in
from tasks.delegation import REPORT_REQUEST as REPORT_REQUEST
from tasks.delegation import delegation
from tasks.mind import SOUND as SOUND
from tasks.mind import Mind as Mind
from tasks.mind import SoundMind as SoundMind

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


FAILED = "failed"
NOT_WRITTEN = "not written"
MAX_ATTEMPTS = 3
NOTE_LINE = re.compile(r"^(\w+\.\d+) = (\{.*\})$", re.MULTILINE)


def next_turn(clerk: Clerk, conversation: Conversation, mind: Mind) -> Turn:
    """What the worker does next. Pure but for its `mind`."""
    delegate = _tool_with(conversation, "brief")
    briefs = [call for call in conversation.calls if call.tool == delegate]
    reports = "\n".join(call.reply or "" for call in briefs)
    desk = Desk(conversation, mind, reports)
    items = items_in(conversation.task)
    if not conversation.said and not conversation.calls:
        reason = clerk.blocked(desk.system, desk.task)
        if reason is not None and mind.notices("plan"):
            return _submit(desk, mind, [reason], "blocked", 0)
        if delegate is not None and len(items) > 1:
            return delegation(clerk.keys, conversation, mind, delegate, items)
    work = _Work(clerk, desk, mind, conversation)
    reported = _notes(reports)
    work.notes.update(reported)
    desk.proposed = frozenset(at.split(".")[0] for at in reported)
    for label, outcome in ITEM_LINE.findall(reports):
        if outcome != NOT_WRITTEN:
            desk.outcomes.setdefault(label, outcome)
    calls = work.advance([item for item in items if item.label not in desk.outcomes])
    if calls:
        return Turn("\n".join(desk.new_lines), tuple(calls))
    closing = clerk.closing(desk, items)
    calls = work.advance([item for item in closing if item.label not in desk.outcomes])
    if calls:
        return Turn("\n".join(desk.new_lines), tuple(calls))
    return _finish(clerk, desk, mind, items, closing, work)


class _Work:
    """One replay of the scripts against the conversation."""

    def __init__(self, clerk: Clerk, desk: Desk, mind: Mind, conversation: Conversation) -> None:
        self.clerk, self.desk, self.mind = clerk, desk, mind
        self.notes = _notes("\n".join([conversation.background, *conversation.said]))
        self.made: dict[str, list[CallMade]] = {}
        for call in conversation.calls:
            parts = call.id.split("_")
            if len(parts) == 4:
                self.made.setdefault(f"{parts[1]}.{parts[2]}", []).append(call)
        self.stated = set(ITEM_LINE.findall("\n".join(conversation.said)))
        self.errors_seen = 0

    def advance(self, items: Sequence[Item]) -> list[tuple[str, str, Values]]:
        """Finish what can be finished; the next calls, at most `calls_per_message` items' worth."""
        calls: list[tuple[str, str, Values]] = []
        for item in items:
            call = self._step(item)
            if call is not None:
                calls.append(call)
                if len(calls) == self.mind.calls_per_message:
                    break
        return calls

    def _step(self, item: Item) -> tuple[str, str, Values] | None:
        script = self.clerk.work(item, self.desk)
        received: Values | None = None
        step = 0
        while True:
            try:
                wanted = next(script) if received is None else script.send(received)
            except StopIteration as stop:
                return self._outcome(item, str(stop.value))
            step += 1
            at = f"{item.label}.{step}"
            made = self.made.get(at, [])
            if at not in self.notes:
                if wanted.tool not in self.desk.offers:
                    return self._outcome(item, NOT_WRITTEN)
                call = self._ask(at, wanted, made)
                if call is not None:
                    return call
            received = self.notes[at]
            self.errors_seen += _errors_in(made, wanted, received)
            if "assumed" in received or "gave_up" in received:
                return self._outcome(item, FAILED if "gave_up" in received else "done")

    def _ask(self, at: str, wanted: Call, made: list[CallMade]) -> tuple[str, str, Values] | None:
        """The call to make now; or None, with what is known of its reply noted."""
        if made and made[-1].reply is not None:
            values = _kept(made[-1].reply, wanted.keep)
            if values is not None:
                self._note(at, self.mind.note(at, values))
                return None
            if not self.mind.notices(f"{at}.{len(made)}"):
                self._note(at, {"assumed": True})
                return None
            reply = made[-1].reply or ""
            refused = next((words for words in wanted.refusals if words in reply), None)
            if refused is not None:
                self._note(at, {"refused": refused})
                return None
            if len(made) >= MAX_ATTEMPTS:
                self._note(at, {"gave_up": True})
                return None
        attempt = len(made) + 1
        call = self.mind.call(at, attempt, wanted)
        if call is None:
            self._note(at, {"ok": True})
            return None
        label, step = at.split(".")
        return f"call_{label}_{step}_{attempt}", call.tool, call.arguments

    def _note(self, at: str, values: Values) -> None:
        self.notes[at] = values
        self.desk.new_lines.append(f"{at} = {json.dumps(values, ensure_ascii=False)}")

    def _outcome(self, item: Item, outcome: str) -> None:
        self.desk.outcomes[item.label] = outcome
        if (item.label, outcome) not in self.stated:
            self.desk.new_lines.append(f"{item.label}: {outcome}")


def _errors_in(made: Sequence[CallMade], wanted: Call, noted: Values) -> int:
    """What went wrong in a step, as anyone can see who reads it again: it counts in every turn."""
    bad = [call for call in made if call.reply and _kept(call.reply, wanted.keep) is None]
    expected = 1 if "refused" in noted else 0
    return len(bad) - expected + bool(made and made[-1].arguments != wanted.arguments)


def _kept(reply: str, keep: tuple[str, ...]) -> Values | None:
    """The wanted fields of a reply; None if the reply is an error or lacks one of them."""
    try:
        data = json.loads(reply)
    except ValueError:
        return None
    if not keep:
        return {"ok": True}
    if not isinstance(data, dict) or any(name not in data for name in keep):
        return None
    return {name: data[name] for name in keep}


def _finish(
    clerk: Clerk,
    desk: Desk,
    mind: Mind,
    items: Sequence[Item],
    closing: Sequence[Item],
    work: _Work,
) -> Turn:
    done = [*items, *closing]
    undone = {item.label for item in done if desk.outcomes.get(item.label) == NOT_WRITTEN}
    lines = [
        f"{at} = {json.dumps(values, ensure_ascii=False)}"
        for at, values in work.notes.items()
        if at.split(".")[0] in undone
    ]
    written = [f"{item.label}: {desk.outcomes[item.label]}" for item in done]
    for i, line in enumerate([*written, *clerk.answer(desk, items)]):
        said = mind.line(f"answer.{line.split(':')[0]}.{i}", line)
        if said is not None:
            lines.append(said)
    failed = any(desk.outcomes.get(item.label) == FAILED for item in done)
    status = "blocked" if failed and not mind.claims_done() else "done"
    return _submit(desk, mind, lines, status, work.errors_seen)


def _submit(desk: Desk, mind: Mind, lines: list[str], status: str, errors_seen: int) -> Turn:
    submit = _tool_with(desk.conversation, "answer")
    answer = "\n".join(lines)
    if submit is None or any(call.tool == submit for call in desk.conversation.calls):
        return Turn(answer)
    arguments: Values = {"answer": answer, "status": status}
    arguments["confidence"] = mind.confidence(errors_seen)
    return Turn("\n".join(desk.new_lines), (("call_submit_1_1", submit, arguments),))


def _notes(text: str) -> dict[str, Values]:
    notes: dict[str, Values] = {}
    for at, values in NOTE_LINE.findall(text):
        try:
            notes[at] = json.loads(values)
        except ValueError:
            continue
    return notes


def _tool_with(conversation: Conversation, parameter: str) -> str | None:
    """The tool that takes `parameter`: tools are known by what they take, not by their names."""
    return next(
        (name for name, tool in conversation.tools.items() if parameter in tool["properties"]), None
    )
