"""How a worker goes on with its items: their scripts, replayed against what was said and done."""

import json
import re
from collections.abc import Sequence
from itertools import takewhile

from tasks.workers.clerk import FAILED, NOT_WRITTEN, Clerk, Desk
from tasks.workers.conversation import ITEM_LINE, Call, CallMade, Conversation, Item, Values
from tasks.workers.mind import Mind

MAX_ATTEMPTS = 3
NOTE_LINE = re.compile(r"^(\w+\.\d+) = (\{.*\})$", re.MULTILINE)


class Work:
    """One replay of the scripts against the conversation."""

    def __init__(self, clerk: Clerk, desk: Desk, mind: Mind, conversation: Conversation) -> None:
        self.clerk, self.desk, self.mind = clerk, desk, mind
        self.notes = notes_in("\n".join([conversation.background, *conversation.said]))
        self.made: dict[str, list[CallMade]] = {}
        self.unplaced: list[CallMade] = []
        for call in conversation.calls:
            parts = call.id.split("_")
            if len(parts) == 4:
                self.made.setdefault(f"{parts[1]}.{parts[2]}", []).append(call)
            else:
                self.unplaced.append(call)
        self.stated = set(ITEM_LINE.findall("\n".join(conversation.said)))
        self.errors_seen = 0
        self.missing: dict[str, str] = {}

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
            made = self.made.get(at) or self._same(wanted)
            if at not in self.notes:
                if wanted.tool not in self.desk.offers:
                    self.missing.setdefault(wanted.tool, item.label)
                    return self._outcome(item, NOT_WRITTEN)
                call = self._ask(at, wanted, made)
                if call is not None:
                    return call
            received = self._read_again(at, wanted, made)
            self.errors_seen += _errors_in(made, wanted, received)
            if "assumed" in received or "gave_up" in received:
                return self._outcome(item, FAILED if "gave_up" in received else "done")

    def _same(self, wanted: Call) -> list[CallMade]:
        """Calls like it whose message no longer says what they were for: some graphs cut texts."""
        like = (wanted.tool, wanted.arguments)
        return [call for call in self.unplaced if (call.tool, call.arguments) == like]

    def _ask(self, at: str, wanted: Call, made: list[CallMade]) -> tuple[str, str, Values] | None:
        """The call to make now; or None, with what is known of its reply noted."""
        if made and made[-1].reply is not None:
            values = _kept(made[-1].reply, wanted.keep)
            if values is not None:
                before = next((v for v in self._read_before(made[-1], wanted) if v != values), None)
                if before is not None and self.mind.holds_to_first(at):
                    values = before
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

    def _read_again(self, at: str, wanted: Call, made: list[CallMade]) -> Values:
        """What was noted, or what the reply says if the note is not taken as it stands."""
        noted = self.notes[at]
        if not made or made[-1].reply is None or self.mind.cites(at):
            return noted
        said = _kept(made[-1].reply, wanted.keep)
        if said is None or said == noted or noted in self._read_before(made[-1], wanted):
            return noted
        return said

    def _read_before(self, made: CallMade, wanted: Call) -> list[Values]:
        """What the same call read earlier in the conversation, in order."""
        calls = self.desk.conversation.calls
        same = takewhile(lambda call: call.id != made.id, calls)
        found = (
            _kept(call.reply, wanted.keep)
            for call in same
            if call.reply and (call.tool, call.arguments) == (made.tool, made.arguments)
        )
        return [values for values in found if values is not None]

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


def notes_in(text: str) -> dict[str, Values]:
    """What a worker noted, by item and step: the last note of each."""
    notes: dict[str, Values] = {}
    for at, values in NOTE_LINE.findall(text):
        try:
            notes[at] = json.loads(values)
        except ValueError:
            continue
    return notes
