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
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

Values = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """A call a worker wants to make; `keep` names the fields of the reply that it will need.

    `refusals` are the words of error replies that its script knows how to go on from: it receives
    `{"refused": words}`. After any other error it tries again.
    """

    tool: str
    arguments: Values
    keep: tuple[str, ...] = ()
    writes: bool = False
    refusals: tuple[str, ...] = ()


Script = Generator[Call, Values, str]
"""Yields calls, receives the kept values ({} when there are none), returns the item's outcome."""


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
class Conversation:
    """All that a worker sees. `background` is what was said to it before its `task` or brief."""

    system: str
    background: str
    task: str
    said: tuple[str, ...] = ()
    calls: tuple[CallMade, ...] = ()
    tools: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])


@dataclass(frozen=True)
class Turn:
    """What the worker says and calls next; no calls ends the conversation."""

    text: str
    calls: tuple[tuple[str, str, Values], ...] = ()


class Mind(Protocol):
    """Where a worker's luck and habits come in. `at` names the step, as in `R1.2`."""

    calls_per_message: int
    partition: str
    lead_keeps: str

    def call(self, at: str, attempt: int, call: Call) -> Call | None:
        """The call as it is really made; None if it is forgotten."""
        ...

    def note(self, at: str, values: Values) -> Values:
        """The values as they are really noted."""
        ...

    def line(self, at: str, text: str) -> str | None:
        """A line of a brief, report or answer as it is really written; None if left out."""
        ...

    def passes_on(self, at: str) -> bool:
        """Whether a brief carries this line of the common part."""
        ...

    def notices(self, at: str) -> bool:
        """Whether something that is wrong (a bad reply, a contradiction) is seen."""
        ...

    def habit(self, what: str, options: Sequence[str]) -> str:
        """What this worker does when nobody said."""
        ...

    def claims_done(self) -> bool:
        """Whether it says done although it knows better."""
        ...

    def confidence(self, errors_seen: int) -> float:
        """How sure it says it is, given how many of its own errors are in plain sight."""
        ...

    def shuffled(self, labels: Sequence[str]) -> list[str]:
        """The labels in an order of no meaning."""
        ...


class SoundMind:
    """Makes no errors; the first option is its habit."""

    calls_per_message = 1
    partition = "item"
    lead_keeps = "closing"

    def call(self, at: str, attempt: int, call: Call) -> Call | None:  # noqa: ARG002
        return call

    def note(self, at: str, values: Values) -> Values:  # noqa: ARG002
        return values

    def line(self, at: str, text: str) -> str | None:  # noqa: ARG002
        return text

    def passes_on(self, at: str) -> bool:  # noqa: ARG002
        return True

    def notices(self, at: str) -> bool:  # noqa: ARG002
        return True

    def habit(self, what: str, options: Sequence[str]) -> str:  # noqa: ARG002
        return options[0]

    def claims_done(self) -> bool:
        return False

    def confidence(self, errors_seen: int) -> float:
        return 1.0 if errors_seen == 0 else 0.5

    def shuffled(self, labels: Sequence[str]) -> list[str]:
        return list(labels)


SOUND = SoundMind()


class Desk:
    """What a script may look at: the conversation, and what the other items came to.

    `outcomes` maps labels to the outcomes known so far, own and reported. `seen` is everything
    said and replied in the conversation, as text.
    """

    def __init__(self, conversation: Conversation, mind: Mind, reports: str) -> None:
        self.conversation = conversation
        self.task = conversation.task
        self.system = conversation.system
        self.offers = frozenset(conversation.tools)
        self.outcomes: dict[str, str] = {}
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
ITEM_LINE = re.compile(r"^([A-Z]\w*): (.+)$", re.MULTILINE)
NOTE_LINE = re.compile(r"^(\w+\.\d+) = (\{.*\})$", re.MULTILINE)
REPORT_REQUEST = "Report one line per item, starting with its label."


def items_in(text: str) -> list[Item]:
    """The labelled lines of a task or brief."""
    return [
        Item(label, rest) for label, rest in ITEM_LINE.findall(text) if any(map(str.isdigit, label))
    ]


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
            return _delegation(clerk, desk, mind, delegate, items)
    work = _Work(clerk, desk, mind, conversation)
    work.notes.update(_notes(reports))
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
            if made and made[-1].arguments != wanted.arguments:
                self.errors_seen += 1
            if at not in self.notes:
                if wanted.tool not in self.desk.offers:
                    return self._outcome(item, NOT_WRITTEN)
                call = self._ask(at, wanted, made)
                if call is not None:
                    return call
            received = self.notes[at]
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
                self.errors_seen += 1
                self._note(at, {"assumed": True})
                return None
            reply = made[-1].reply or ""
            refused = next((words for words in wanted.refusals if words in reply), None)
            if refused is not None:
                self._note(at, {"refused": refused})
                return None
            self.errors_seen += 1
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


def _delegation(clerk: Clerk, desk: Desk, mind: Mind, delegate: str, items: Sequence[Item]) -> Turn:
    team = _team_size(desk.conversation.tools[delegate], len(items))
    opening, closing = _common_lines(desk.task)
    calls: list[tuple[str, str, Values]] = []
    for number, group in enumerate(_partition(clerk, mind, items, team), 1):
        at = f"brief{number}"
        kept = [line for i, line in enumerate(opening) if mind.passes_on(f"{at}.opening{i}")]
        lines = [mind.line(f"{at}.{item.label}", f"{item.label}: {item.text}") for item in group]
        ending = closing if mind.lead_keeps == "nothing" else []
        brief = [*kept, *(line for line in lines if line is not None), *ending, REPORT_REQUEST]
        calls.append((f"call_brief_{number}_1", delegate, {"brief": "\n".join(brief)}))
    plan = f"Plan: {len(items)} items in {len(calls)} briefs."
    return Turn(plan, tuple(calls))


def _partition(clerk: Clerk, mind: Mind, items: Sequence[Item], team: int) -> list[list[Item]]:
    """Groups of items, none empty: by item in turn, by shared key, or at random."""
    if mind.partition == "key":
        groups: list[list[Item]] = []
        keys: list[set[str]] = []
        for item in items:
            mine, members = set(clerk.keys(item)), [item]
            for i in reversed([i for i, k in enumerate(keys) if k & mine]):
                mine |= keys.pop(i)
                members = groups.pop(i) + members
            groups.append(members)
            keys.append(mine)
        shares: list[list[Item]] = [[] for _ in range(team)]
        for group in sorted(groups, key=len, reverse=True):
            min(shares, key=len).extend(group)
    else:
        order = {item.label: item for item in items}
        labels = mind.shuffled(list(order)) if mind.partition == "random" else list(order)
        shares = [[order[label] for label in labels[i::team]] for i in range(team)]
    place = {item.label: i for i, item in enumerate(items)}
    return [sorted(share, key=lambda item: place[item.label]) for share in shares if share]


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


def _team_size(delegate: Mapping[str, Any], most: int) -> int:
    number = re.search(r"\d+", str(delegate.get("description", "")))
    return max(1, min(int(number.group()) if number else most, most))


def _common_lines(task: str) -> tuple[list[str], list[str]]:
    """The lines before the first item, and those after it that are not items."""
    opening: list[str] = []
    closing: list[str] = []
    labels = {item.label for item in items_in(task)}
    target = opening
    for line in task.splitlines():
        if line.split(":")[0] in labels:
            target = closing
        elif line.strip():
            target.append(line)
    return opening, closing
