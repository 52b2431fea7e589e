"""How a worker goes on with its items: their scripts, replayed against what was said and done."""

import json
import re
from collections.abc import Sequence
from itertools import takewhile

from tasks.workers.clerk import FAILED, NOT_WRITTEN, Clerk, Desk
from tasks.workers.conversation import ITEM_LINE, Call, CallMade, Conversation, Item, Values
from tasks.workers.mind import Mind

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
        self.unsure: dict[str, str] = {}
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
            self._doubt(item, wanted, made, received)
            if "assumed" in received or "gave_up" in received:
                return self._outcome(item, FAILED if "gave_up" in received else "done")

    def _same(self, wanted: Call) -> list[CallMade]:
        """Calls like it whose message no longer says what they were for: some graphs cut texts."""
        like = (wanted.tool, wanted.arguments)
        return [call for call in self.unplaced if (call.tool, call.arguments) == like]

    def _ask(self, at: str, wanted: Call, made: list[CallMade]) -> tuple[str, str, Values] | None:
        """The call to make now; or None, with what is known of its reply noted."""
        call: Call | None = None
        if made and made[-1].reply is not None:
            known, call = self._after(at, wanted, made)
            if known is not None:
                self._note(at, known)
                return None
        attempt = len(made) + 1
        call = call or self.mind.call(at, attempt, wanted)
        if call is None:
            self._note(at, {"ok": True})
            return None
        label, step = at.split(".")
        return f"call_{label}_{step}_{attempt}", call.tool, call.arguments

    def _after(
        self, at: str, wanted: Call, made: list[CallMade]
    ) -> tuple[Values | None, Call | None]:
        """What is known after the last reply; if nothing is, what to look at first, if anything."""
        last, tries = made[-1], [call for call in made if not _is_look(call, wanted)]
        reply = last.reply or ""
        if wanted.look is not None and _is_look(last, wanted):
            seen = _kept(reply, wanted.look.call.keep)
            done = seen is not None and wanted.look.done(seen)
            return ({"looked": True} if done else None), None
        values = _kept(reply, wanted.keep)
        if values is not None:
            before = next((v for v in self._read_before(last, wanted) if v != values), None)
            if before is not None and len(tries) == 1 and self.mind.sees_contradiction(at):
                return None, None
            if before is not None and self.mind.holds_to_first(at):
                values = before
            return self.mind.note(at, values), None
        if not self.mind.notices(f"{at}.{len(made)}"):
            return {"assumed": True}, None
        refused = next((words for words in wanted.refusals if words in reply), None)
        if refused is not None:
            return {"refused": refused}, None
        if len(tries) > self.mind.tries_again:
            return {"gave_up": True}, None
        looks = wanted.look is not None and self.mind.looks_first(at, len(made))
        return None, wanted.look.call if looks and wanted.look is not None else None

    def _doubt(self, item: Item, wanted: Call, made: list[CallMade], noted: Values) -> None:
        """Keep what there is to be unsure of in an item, though it came to an end."""
        tries = [call for call in made if not _is_look(call, wanted)]
        if "gave_up" in noted:
            self.unsure[item.label] = f"{wanted.tool} came back as an error every time"
        elif wanted.writes and len(tries) > 1 and "looked" not in noted:
            self.unsure[item.label] = f"{wanted.tool} was done again after an error"
        elif len(tries) > 1 and any(v != noted for v in self._read_before(tries[-1], wanted)):
            self.unsure[item.label] = f"{wanted.tool} said different things"

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
    tries = [call for call in made if not _is_look(call, wanted)]
    bad = [call for call in tries if call.reply and _kept(call.reply, wanted.keep) is None]
    expected = 1 if "refused" in noted else 0
    return len(bad) - expected + bool(tries and tries[-1].arguments != wanted.arguments)


def _is_look(made: CallMade, wanted: Call) -> bool:
    """Whether a call was made to see if the wanted one was done."""
    look = wanted.look
    return look is not None and look.call.tool != wanted.tool and made.tool == look.call.tool


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
