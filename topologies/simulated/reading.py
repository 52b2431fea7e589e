"""From a Chat Completions request to the conversation a worker sees, and back.

A worker knows which step a call of its was for from its own text: each message with calls ends in a
line `Next: R1.2.1 R2.1.1` (item, step, attempt), in the order of the calls.
"""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from tasks.workers.conversation import CallMade, Conversation, Told, Turn
from topologies.simulated.wire import Request

_NEXT = re.compile(r"^Next: (.+)$", re.MULTILINE)


def conversation_in(request: Request) -> Conversation:
    """What was said, called and replied so far, and what can be called."""
    replies = {
        message["tool_call_id"]: text_of(message)
        for message in request["messages"]
        if message["role"] == "tool"
    }
    offered: list[dict[str, Any]] = request.get("tools") or []
    functions: list[dict[str, Any]] = [tool["function"] for tool in offered]
    system: list[str] = []
    users: list[str] = []
    told: list[Told] = []
    said: list[str] = []
    calls: list[CallMade] = []
    for message in request["messages"]:
        text = text_of(message)
        role = "system" if message["role"] == "developer" else message["role"]
        told.append(Told(role, text, message.get("name")))
        if role == "system":
            system.append(text)
        elif role == "user":
            users.append(text)
        elif role == "assistant":
            said.append(text)
            made: list[dict[str, Any]] = message.get("tool_calls") or []
            places = _places(text)
            for number, call in enumerate(made):
                place = places[number] if number < len(places) else call["id"]
                function = call["function"]
                arguments = _arguments(function["arguments"])
                reply = replies.get(call["id"])
                calls.append(CallMade(place, function["name"], arguments, reply))
    return Conversation(
        system="\n".join(system),
        background="\n".join(users[:-1]),
        task=users[-1] if users else "",
        said=tuple(said),
        calls=tuple(calls),
        tools={str(function["name"]): _tool(function) for function in functions},
        told=tuple(told),
        one_call=request.get("parallel_tool_calls") is False,
        asked_again=bool(said) and told[-1].role == "user",
    )


def written(turn: Turn, calls_before: int) -> tuple[str, list[tuple[str, str, str]]]:
    """The text and the tool calls (id, name, arguments as JSON) of a turn, as sent."""
    calls = [
        (f"call_{calls_before + number}", name, json.dumps(arguments, ensure_ascii=False))
        for number, (_, name, arguments) in enumerate(turn.calls, 1)
    ]
    places = " ".join(".".join(place.split("_")[1:]) for place, _, _ in turn.calls)
    text = "\n".join(part for part in (turn.text, f"Next: {places}" if places else "") if part)
    return text, calls


def text_of(message: Mapping[str, Any]) -> str:
    """The text of a message, whether it is a string or a list of parts."""
    content: Any = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "".join(str(part.get("text", "")) for part in content)


@lru_cache(maxsize=4096)
def _places(text: str) -> tuple[str, ...]:
    found = _NEXT.findall(text)
    return tuple("call_" + place.replace(".", "_") for place in found[-1].split()) if found else ()


def _tool(function: Mapping[str, Any]) -> dict[str, Any]:
    parameters: dict[str, Any] = function.get("parameters") or {}
    return {
        "description": function.get("description", ""),
        "properties": parameters.get("properties", {}),
        "required": parameters.get("required", []),
        "schema": parameters,
    }


@lru_cache(maxsize=4096)
def _parsed(arguments: str) -> Any:
    try:
        return json.loads(arguments)
    except ValueError:
        return {}


def _arguments(arguments: str) -> dict[str, Any]:
    parsed: Any = _parsed(arguments)
    return {**parsed} if isinstance(parsed, dict) else {}
