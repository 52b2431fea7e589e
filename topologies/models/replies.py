"""What is made of an odd reply: something that every framework can go on with.

A call that is none (broken JSON, arguments that are no object, no name) becomes a call whose one
argument is `MALFORMED`, with the raw text as its value. It is offered to the graph as any other, so
that the agent reads an error in reply to it, in whatever framework; LangChain's own
`invalid_tool_calls` are passed over by all of them, and end the agent's loop without a word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, cast
from uuid import uuid4

from langchain_core.messages import AIMessage, InvalidToolCall, ToolCall, ToolCallChunk
from langchain_core.messages.tool import tool_call_chunk

MALFORMED = "malformed_call"
Fields = dict[str, Any]
Offered = Collection[Mapping[str, Any]]
DEEPEST = 100
FIT_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
"""What OpenAI takes for the name of a function when it reads a conversation again."""


class UnreadableReplyError(ValueError):
    """An endpoint's answer is no reply of a model; `usage` and `model` are what it says of it."""

    def __init__(self, text: str, answer: Mapping[str, Any] | None = None) -> None:
        super().__init__(text)
        self.usage: object = (answer or {}).get("usage")
        self.model: object = (answer or {}).get("model")


class NoCallError(ValueError):
    """The arguments of a call are no JSON object."""


def readable(completion: object, offered: Offered = ()) -> Fields:
    """A chat completion in the one shape that is read from here on; its first choice only.

    `offered` are the tools of the request, whose names fit as they are. `UnreadableReplyError` for
    what is no completion.
    """
    if not isinstance(completion, dict):
        raise UnreadableReplyError(f"is no JSON object: {_short(completion)}")
    fields = cast("Fields", completion)
    if fields.get("error"):
        raise UnreadableReplyError(f"is an error: {_short(fields['error'])}", fields)
    choices: object = fields.get("choices")
    choice: object = cast("list[object]", choices)[0] if choices and _is_list(choices) else None
    message: object = cast("Fields", choice).get("message") if isinstance(choice, dict) else None
    if not isinstance(message, dict):
        raise UnreadableReplyError(f"has no message of a model: {_short(fields)}", fields)
    first = {**cast("Fields", choice), "message": _message(cast("Fields", message), offered)}
    reason: object = first.get("finish_reason")
    first["finish_reason"] = None if reason is None else str(reason)
    return {**fields, "choices": [first]}


def _message(given: Fields, offered: Offered) -> Fields:
    raw: object = given.get("tool_calls") or []
    calls = cast("list[object]", raw) if _is_list(raw) else [raw]
    legacy: object = given.get("function_call")
    if legacy and not calls:
        calls = [{"function": legacy}]
    refusal: object = given.get("refusal")
    refused = None if refusal is None else _text(refusal)
    content = _content(given.get("content")) or refused or ""
    message: Fields = {"role": "assistant", "content": content, "refusal": refused}
    if calls:
        message["tool_calls"] = [
            _wire(call) for call in mended(_read_call(c, offered) for c in calls)
        ]
    if isinstance(given.get("audio"), dict):
        message["audio"] = given["audio"]
    return message


def mended(calls: Iterable[ToolCall]) -> list[ToolCall]:
    """The calls with an id each that no other call of the message has."""
    found: list[ToolCall] = []
    taken: set[str] = set()
    for call in calls:
        name = call["id"] or f"call_{uuid4().hex[:16]}"
        number, unique = 1, name
        while unique in taken:
            number += 1
            unique = f"{name}_{number}"
        taken.add(unique)
        found.append({**call, "id": unique})
    return found


def tool_call(name: object, arguments: object, call_id: object, offered: Offered = ()) -> ToolCall:
    """A call as it came, or a malformed one. Nothing for arguments is none, which is fine."""
    call: ToolCall = {"name": "", "args": {}, "id": _id(call_id), "type": "tool_call"}
    if not isinstance(name, str) or not (FIT_NAME.fullmatch(name) or _offers(offered, name)):
        said = "" if name is None else _text(name)
        fit = re.sub(r"[^a-zA-Z0-9_-]", "_", said)[:64]
        raw = f"{said} {_text(arguments or '')}".strip()
        return {**call, "name": fit or "unnamed", "args": {MALFORMED: printable(raw)}}
    try:
        found = _arguments(arguments)
    except (ValueError, RecursionError):
        found = {MALFORMED: printable(_text(arguments))}
    return {**call, "name": name, "args": found}


def _arguments(given: object) -> Fields:
    """The arguments of a call. ValueError (`NoCallError` is one) for what cannot be sent again."""
    if given is None or (isinstance(given, str) and not given.strip()):
        return {}
    text = given if isinstance(given, str) else json.dumps(given)
    if text.count("[") + text.count("{") > DEEPEST and _depth(text) > DEEPEST:
        raise NoCallError("nested too deeply")
    found: object = json.loads(text, strict=False, parse_float=_finite, parse_constant=_finite)
    if not isinstance(found, dict):
        raise NoCallError("no object")
    return cast("Fields", printable(found))


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")) or number != number:
        raise NoCallError(f"{text} is no number")
    return number


def _depth(text: str) -> int:
    deepest = depth = 0
    for mark in re.findall(r'"(?:[^"\\]|\\.)*"|[\[{\]}]', text):
        depth += (mark in "[{") - (mark in "]}")
        deepest = max(deepest, depth)
    return deepest


def stream_calls(chunks: Iterable[ToolCallChunk], offered: Offered) -> list[ToolCallChunk]:
    """The calls of a stream, each in one piece."""
    calls = mended(tool_call(c["name"], c["args"], c["id"], offered) for c in chunks)
    return [
        tool_call_chunk(
            name=call["name"],
            args=json.dumps(call["args"], ensure_ascii=False),
            id=call["id"],
            index=index,
        )
        for index, call in enumerate(calls)
    ]


def with_calls(message: AIMessage) -> AIMessage:
    """A message whose invalid calls are calls, as `readable` makes them; else as it is."""
    if not message.invalid_tool_calls:
        return message
    invalid = [_read_invalid(call) for call in message.invalid_tool_calls]
    calls = mended([*message.tool_calls, *invalid])
    return message.model_copy(update={"tool_calls": calls, "invalid_tool_calls": []})


def malformed(calls: Iterable[Mapping[str, Any]]) -> list[Fields]:
    """Those of a message's calls that are none: `id`, `name` and the raw `arguments`.

    Both kinds: those made here, and LangChain's own, whose arguments are text.
    """
    found: list[Fields] = []
    for call in calls:
        raw = call["args"]
        if isinstance(raw, dict):
            if MALFORMED not in raw:
                continue
            raw = cast("Fields", raw)[MALFORMED]
        found.append({"id": call["id"], "name": call["name"], "arguments": raw})
    return found


def printable(value: Any) -> Any:
    """The same without halves of characters (lone surrogates), which nothing can send on."""
    if isinstance(value, str):
        if value.isascii():
            return value
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, dict):
        return {printable(k): printable(v) for k, v in cast("Fields", value).items()}
    if isinstance(value, list):
        return [printable(item) for item in cast("list[Any]", value)]
    return value


def _offers(offered: Offered, name: str) -> bool:
    return any(tool.get("function", tool).get("name") == name for tool in offered)


def _read_call(given: object, offered: Offered) -> ToolCall:
    fields = cast("Fields", given) if isinstance(given, dict) else {}
    function: object = fields.get("function")
    if not isinstance(function, dict):
        return tool_call(None, cast("object", given), fields.get("id"))
    named = cast("Fields", function)
    return tool_call(named.get("name"), named.get("arguments"), fields.get("id"), offered)


def _read_invalid(call: InvalidToolCall) -> ToolCall:
    made = tool_call(call["name"], "", call["id"])
    return {**made, "args": {MALFORMED: call["args"] or ""}}


def _wire(call: ToolCall) -> Fields:
    arguments = json.dumps(call["args"], ensure_ascii=False)
    function = {"name": call["name"], "arguments": arguments}
    return {"id": call["id"], "type": "function", "function": function}


def _content(given: object) -> str | list[Any]:
    if not isinstance(given, list):
        return "" if given is None else _text(given)
    parts = cast("list[object]", given)
    return [part if isinstance(part, dict) else _text(part) for part in parts]


def _id(given: object) -> str:
    return "" if given is None else _text(given)


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _short(value: object) -> str:
    return _text(value)[:200]
