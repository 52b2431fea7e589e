"""What each call of a simulated worker truly depended on.

A simulated worker does each item by its clerk's script, which makes the truth a matter of
experiment: the scripts of a trial are run again over the notes that the worker took, once as they
are and then with one note changed to what such a call told in other trials. A call that its item
then no longer makes needs that note's reply. A further attempt needs the one before; and
of two calls that touch one row, one of them writing, the later one needs the earlier, by the
versions in `accesses` (two rows added under one question do not disturb each other). Handing in is
left out. Known where everything is to be done and nothing only answered.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import polars as pl

from experiments.loading import load_task_set
from tasks.workers.clerk import SOUND, Call, Clerk, Conversation, Desk, Item, Values, items_in
from tasks.workers.replay import NOTE_LINE
from tests.bench.dependency_accuracy import TRUE_DEPENDENCIES
from topologies.simulated.reading import conversation_in

NO_REPLY: Values = {"assumed": True, "gave_up": True}
"""What a worker notes instead of a reply that it could not use."""

MOST_CHANGES = 24
"""About how many other values are tried for each note."""

ENDING = "submit"
Notes = dict[str, Values]
Frames = dict[str, pl.DataFrame]
Row = Mapping[str, Any]


@dataclass(frozen=True)
class _Worked:
    """A recorded trial as its scripts see it.

    `notes` and `made` go by step of an item (`R1.2`): what was noted of it, and the recorded steps
    of its attempts.
    """

    trial_id: str
    clerk: Clerk
    conversation: Conversation
    notes: Notes
    made: dict[str, list[int]]

    def replay(self, notes: Notes) -> dict[str, Call]:
        """The calls that the scripts ask for, given these notes."""
        desk = Desk(self.conversation, SOUND, "")
        items = items_in(self.conversation.task)
        calls: dict[str, Call] = {}
        for item in items:
            self._item(item, desk, notes, calls)
        for item in self.clerk.closing(desk, items):
            self._item(item, desk, notes, calls)
        return calls

    def _item(self, item: Item, desk: Desk, notes: Notes, calls: dict[str, Call]) -> None:
        """One item as far as it went; its outcome goes to the desk."""
        script = self.clerk.work(item, desk)
        received: Values | None = None
        step = 0
        while True:
            try:
                wanted = next(script) if received is None else script.send(received)
            except StopIteration as stop:
                desk.outcomes[item.label] = str(stop.value)
                return
            step += 1
            at = f"{item.label}.{step}"
            calls[at] = wanted
            received = notes.get(at)
            if received is None or NO_REPLY.keys() & received.keys():
                return


def true_dependencies(frames: Frames) -> pl.DataFrame:
    """The frame TRUE_DEPENDENCIES of single-thread trials by simulated workers."""
    parts = {
        name: frames[name].partition_by("trial_id", as_dict=True, maintain_order=True)
        for name in ("steps", "accesses")
    }
    worked = [
        _worked(load_task_set(task_set).clerk, trial_id, parts["steps"][(trial_id,)].to_dicts())
        for trial_id, task_set in frames["trials"].select("trial_id", "task_set").iter_rows()
    ]
    told: dict[tuple[str, tuple[str, ...]], dict[str, Values]] = {}
    for trial in worked:
        for at, call in trial.replay(trial.notes).items():
            note = trial.notes.get(at, NO_REPLY)
            if not NO_REPLY.keys() & note.keys():
                told.setdefault((call.tool, call.keep), {})[json.dumps(note)] = note
    rows: list[tuple[str, int, int]] = []
    for trial in worked:
        touched = parts["accesses"].get((trial.trial_id,))
        pairs = _by_script(trial, told)
        pairs |= _by_version([] if touched is None else touched.to_dicts())
        rows += [(trial.trial_id, *pair) for pair in sorted(pairs)]
    return pl.DataFrame(rows, schema=TRUE_DEPENDENCIES, orient="row")


def _by_script(
    trial: _Worked, told: Mapping[tuple[str, tuple[str, ...]], Mapping[str, Values]]
) -> set[tuple[int, int]]:
    """Pairs of steps: the second was asked for otherwise when what the first told was changed."""
    usual = trial.replay(trial.notes)
    pairs = {pair for attempts in trial.made.values() for pair in pairwise(attempts)}
    for at, call in usual.items():
        if at not in trial.notes or at not in trial.made:
            continue
        others = list(told[call.tool, call.keep].values())
        changed = {
            later
            for note in others[:: max(1, len(others) // MOST_CHANGES)]
            for now in [_by_item(trial.replay(trial.notes | {at: note}))]
            for later, asked in usual.items()
            if asked not in now.get(_item_of(later), ())
        }
        source = trial.made[at][-1]
        pairs |= {(source, step) for later in changed for step in trial.made.get(later, ())}
    return {(first, second) for first, second in pairs if first < second}


def _by_item(calls: Mapping[str, Call]) -> dict[str, list[Call]]:
    found: dict[str, list[Call]] = {}
    for at, call in calls.items():
        found.setdefault(_item_of(at), []).append(call)
    return found


def _item_of(at: str) -> str:
    return at.partition(".")[0]


def _worked(clerk: Clerk, trial_id: str, steps: Sequence[Row]) -> _Worked:
    conversation = conversation_in(_request(steps))
    made: dict[str, list[int]] = {}
    tools = [row for row in steps if row["kind"] == "tool"]
    for call, row in zip(conversation.calls, tools, strict=True):
        parts = call.id.split("_")
        if row["tool"] != ENDING and len(parts) == 4:
            made.setdefault(f"{parts[1]}.{parts[2]}", []).append(row["step"])
    notes = {at: json.loads(v) for at, v in NOTE_LINE.findall("\n".join(conversation.said))}
    return _Worked(trial_id, clerk, conversation, notes, made)


def _request(steps: Sequence[Row]) -> dict[str, Any]:
    """The last request of a trial's one agent, with its last reply added."""
    roles = {"human": "user", "ai": "assistant"}
    messages: list[dict[str, Any]] = []
    tools: list[dict[str, Any]] = []
    for row in steps:
        if row["kind"] != "model":
            continue
        tools = json.loads(row["tools"]) if row["step"] == 0 else tools
        new: list[dict[str, Any]] = json.loads(row["prompt"])
        messages += [
            {**message, "role": roles.get(message["role"], message["role"])} for message in new
        ]
        said: dict[str, Any] = json.loads(row["reply"])
        calls = [
            {
                "id": call["id"],
                "function": {
                    "name": call["name"],
                    "arguments": json.dumps(call["args"], ensure_ascii=False),
                },
            }
            for call in said["tool_calls"]
        ]
        messages.append({"role": "assistant", "content": said["content"], "tool_calls": calls})
    return {"messages": messages, "tools": tools}


def _by_version(accesses: Sequence[Row]) -> set[tuple[int, int]]:
    """Reads after the write they saw, writes after the write and the reads they replaced."""
    pairs: set[tuple[int, int]] = set()
    last_write: dict[tuple[str, str], int] = {}
    reads: dict[tuple[str, str], set[int]] = {}
    added: dict[tuple[str, str], set[int]] = {}
    for row in accesses:
        if row["undone"]:
            continue
        key, step = (row["table"], row["key"]), row["step"]
        before = {last_write[key]} if key in last_write else set[int]()
        if row["op"] == "read":
            pairs |= {(other, step) for other in before | added.get(key, set())}
            reads.setdefault(key, set()).add(step)
        elif row["predicate"]:
            pairs |= {(other, step) for other in reads.get(key, set())}
            added.setdefault(key, set()).add(step)
        else:
            pairs |= {(other, step) for other in before | reads.pop(key, set())}
            last_write[key] = step
    return {(first, second) for first, second in pairs if first < second}
