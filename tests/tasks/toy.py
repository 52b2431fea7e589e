"""A toy kind of work: look a shelf's number up, write its double down, and sum up."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tasks.workers.clerk import (
    SOUND,
    Call,
    CallMade,
    Clerk,
    Conversation,
    Desk,
    Item,
    Mind,
    Script,
    Turn,
    Values,
)
from tasks.workers.turns import next_turn

TASK = """Double what each shelf holds.
Shelves are counted from one.
A1: shelf s1
A2: shelf s2
A3: shelf s3
A4: shelf s1
Then add a line `sum: `."""
TOOLS: dict[str, dict[str, Any]] = {
    "look": {"properties": {"shelf": {}}},
    "put": {"properties": {"shelf": {}, "units": {}}},
}
SUBMIT: dict[str, dict[str, Any]] = {
    "submit": {"properties": {"answer": {}, "status": {}, "confidence": {}}}
}


def work(item: Item, desk: Desk) -> Script:
    shelf = item.text.split()[-1]
    found = yield Call("look", {"shelf": shelf}, ("units",))
    style = desk.choose("style", ("words", "digits"))
    units = 2 * int(found.get("units", 0))
    yield Call("put", {"shelf": shelf, "units": units}, writes=True)
    return f"{style} {units}"


def answer(desk: Desk, items: Sequence[Item]) -> list[str]:
    found = [re.search(r"\d+$", desk.outcomes.get(item.label, "")) for item in items]
    return [f"sum: {sum(int(m.group()) for m in found if m)}"]


TOY = Clerk(
    tools=frozenset(TOOLS),
    work=work,
    keys=lambda item: frozenset({item.text}),
    blocked=lambda _system, task: "it is forbidden" if "forbidden" in task else None,
    answer=answer,
)


@dataclass
class Shop:
    """A shop with shelves that answers calls, and remembers what each agent did."""

    holds: dict[str, int] = field(default_factory=lambda: {"s1": 1, "s2": 2, "s3": 3})
    put: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    broken: frozenset[str] = frozenset()
    submitted: Values = field(default_factory=dict[str, Any])
    briefs: list[str] = field(default_factory=list[str])
    ends: dict[str, Conversation] = field(default_factory=dict[str, Conversation])
    subagent_tools: tuple[str, ...] = ("look", "put")

    def run(self, name: str, conversation: Conversation, mind: Mind = SOUND) -> str:
        for _ in range(100):
            turn = next_turn(TOY, conversation, mind)
            conversation = self.step(conversation, turn)
            self.ends[name] = conversation
            if not turn.calls or turn.calls[0][1] == "submit":
                return turn.text
        raise AssertionError("the worker never ends")

    def step(self, conversation: Conversation, turn: Turn) -> Conversation:
        made = [CallMade(*call, self.reply(*call)) for call in turn.calls]
        said = (*conversation.said, turn.text)
        return replace(conversation, said=said, calls=(*conversation.calls, *made))

    def reply(self, _id: str, tool: str, arguments: Values) -> str:
        if tool == "submit":
            self.submitted = arguments
            return '"ok"'
        if tool == "delegate":
            self.briefs.append(arguments["brief"])
            tools = {name: TOOLS[name] for name in self.subagent_tools}
            brief = Conversation("", "", arguments["brief"], tools=tools)
            return self.run(f"sub{len(self.briefs)}", brief)
        if arguments["shelf"] in self.broken:
            return "error: the shelf is stuck"
        if tool == "put":
            self.put.append((arguments["shelf"], arguments["units"]))
            return '{"ok": true}'
        return json.dumps({"units": self.holds[arguments["shelf"]], "colour": "red"})


def alone(task: str = TASK) -> Conversation:
    return Conversation("Be good.", "", task, tools={**TOOLS, **SUBMIT})


def lead(team: int = 2) -> Conversation:
    delegate: dict[str, Any] = {
        "properties": {"brief": {}},
        "description": f"At most {team} at once.",
    }
    return replace(alone(), tools={**TOOLS, **SUBMIT, "delegate": delegate})


RIGHT = "A1: words 2\nA2: words 4\nA3: words 6\nA4: words 2\nsum: 14"
