"""What the simulated model does where no clerk knows the tools: one sensible call, then an answer.

So that any client can be tried against it: it calls the tool that shares most words with what was
asked, with arguments found in the text, and then tells what came back.
"""

import re
from collections.abc import Mapping
from typing import Any

from tasks.workers.conversation import Conversation, Turn, Values
from tasks.workers.filling import limits


def next_turn(conversation: Conversation, must_call: bool | str = False) -> Turn:
    """The next turn. `must_call` is True for any tool, or the name of the one to call."""
    if conversation.calls and must_call is False:
        replies = "; ".join(call.reply or "" for call in conversation.calls)
        return Turn(f"The tools replied: {replies}")
    name = must_call if isinstance(must_call, str) else _best_tool(conversation, bool(must_call))
    if name is None or name not in conversation.tools:
        return Turn(f"Simulated answer. You asked: {conversation.task[:200]}")
    arguments = arguments_for(conversation.tools[name], conversation.task)
    return Turn("", ((f"call_plain_{len(conversation.calls) + 1}_1", name, arguments),))


def _best_tool(conversation: Conversation, must: bool) -> str | None:
    asked = _words(conversation.task)
    shared = {
        name: len(asked & _words(f"{name} {tool['description']} {' '.join(tool['properties'])}"))
        for name, tool in conversation.tools.items()
    }
    best = max(shared, key=lambda name: shared[name], default=None)
    return best if best is not None and (must or shared[best]) else None


def _words(text: str) -> set[str]:
    words = re.findall(r"[a-z]{3,}", text.lower().replace("_", " "))
    return set(words) - {"the", "and", "for", "what", "with"}


def arguments_for(tool: Mapping[str, Any], text: str) -> Values:
    """Arguments that a tool would take, from what a text says."""
    properties: dict[str, Any] = tool["properties"]
    required: list[str] = tool["required"]
    numbers = [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", text)]
    names = re.findall(r"(?:\bin|\bof|\bfor|\bto|\bat) ([A-Z]\w+)", text) or re.findall(
        r"[\"'`]([^\"'`]+)[\"'`]", text
    )
    values: Values = {}
    for name, schema in properties.items():
        kind = schema.get("type")
        if "enum" in schema:
            said = [choice for choice in schema["enum"] if str(choice).lower() in text.lower()]
            values[name] = (said or schema["enum"])[0]
        elif kind == "integer":
            low, high = limits(schema)
            fitting = [int(n) for n in numbers if low <= n <= high]
            values[name] = fitting[0] if fitting else int(min(max(1, low), high))
        elif kind == "number":
            low, high = limits(schema)
            fitting = [n for n in numbers if low <= n <= high]
            values[name] = fitting[0] if fitting else min(max(0.5, low), high)
        elif kind == "boolean":
            values[name] = True
        elif kind == "array":
            values[name] = []
        elif kind == "object":
            values[name] = {}
        else:
            values[name] = names.pop(0) if names else text.strip()[:80]
    return {name: value for name, value in values.items() if name in required or not required}
