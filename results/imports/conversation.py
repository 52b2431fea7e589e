"""Turns the chat messages of one agent (OpenAI's shape) into rows of `steps`."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from results.imports.fields import storable
from results.refused import Refused

Row = dict[str, Any]

ROLES = {"system": "system", "user": "human", "tool": "tool"}
"""Role in a chat message to role in a `prompt`; replies of the assistant are steps."""

ERROR = "Error"
"""How the reply of a tool call that went wrong begins."""


def steps_of(
    trial_id: str,
    messages: Sequence[object],
    model: str | None,
    counter: Callable[[str], int] | None,
    encoding: str,
) -> list[Row]:
    """One row for each assistant message and tool call, in order.

    With `counter` the text of prompts and completions is counted: every message before a call is
    its prompt, its content and calls are the completion. Messages that do not fit are `Refused`.
    """
    rows: list[Row] = []
    new: list[Row] = []
    open_calls: dict[str, Row] = {}
    spoken = counted = 0
    for position, entry in enumerate(messages):
        if not isinstance(entry, Mapping) or not isinstance(entry.get("role"), str):  # pyright: ignore[reportUnknownMemberType]
            raise Refused(f"message {position} is not an object with a role")
        message = cast("Mapping[str, Any]", entry)
        role, content = message["role"], _text(message.get("content"), position)
        if role in ROLES:
            told: Row = {"role": ROLES[role], "content": content}
            if role == "tool":
                told["tool_call_id"] = str(message.get("tool_call_id"))
                _answer(open_calls, told, position)
            elif content.startswith("API output:"):
                raise Refused(
                    f"message {position} is a tool reply sent as text (the act and react "
                    "strategies); only runs with tool calls can be read"
                )
            new.append(told)
            counted += counter(content) if counter else 0
            continue
        if role != "assistant":
            raise Refused(f"message {position} has the unknown role {role!r}")
        spoken += 1
        calls = [_call(call, position) for call in _calls(message, position)]
        said = json.dumps({"content": content, "tool_calls": calls}, ensure_ascii=False)
        rows.append(
            _step(trial_id, len(rows), "model", spoken)
            | {
                "model": model,
                "prompt": json.dumps(new, ensure_ascii=False),
                "reply": said,
                "prompt_tokens": counted if counter else None,
                "completion_tokens": None,
                "encoding": encoding if counter else None,
            }
        )
        if counter:
            written = counter(content) + sum(
                counter(call["name"]) + counter(json.dumps(call["args"], ensure_ascii=False))
                for call in calls
            )
            rows[-1]["completion_tokens"] = written
            counted += written
        new = []
        for call in calls:
            arguments = json.dumps(call["args"], ensure_ascii=False)
            row = _step(trial_id, len(rows), "tool", spoken) | {
                "tool": call["name"],
                "call_id": call["id"],
                "arguments": arguments,
                "reply": None,
                "error": None,
            }
            rows.append(row)
            open_calls[call["id"]] = row
    return rows


def _step(trial_id: str, step: int, kind: str, message: int) -> Row:
    return {
        "trial_id": trial_id,
        "step": step,
        "kind": kind,
        "agent": "agent",
        "role": "agent",
        "message": message,
        "hold": 1,
    }


def _answer(open_calls: dict[str, Row], told: Row, position: int) -> None:
    row = open_calls.pop(told["tool_call_id"], None)
    if row is None:
        raise Refused(
            f"message {position} answers tool call {told['tool_call_id']}, which was not made"
        )
    row["reply"] = told["content"]
    if told["content"].startswith(ERROR):
        row["error"] = told["content"].removeprefix(ERROR).lstrip(": ") or told["content"]


def _text(content: object, position: int) -> str:
    if content is None:
        return ""
    if isinstance(content, str) and storable(content):
        return content
    raise Refused(f"message {position} has content that is not text")


def _calls(message: Mapping[str, Any], position: int) -> list[object]:
    calls: object = message.get("tool_calls") or []
    if not isinstance(calls, list):
        raise Refused(f"message {position} has tool_calls that are not a list")
    return cast("list[object]", calls)


def _call(call: object, position: int) -> Row:
    try:
        made: Any = call
        name, arguments = made["function"]["name"], made["function"]["arguments"]
        args: object = json.loads(arguments) if isinstance(arguments, str) else arguments
        if not isinstance(name, str) or not isinstance(args, dict):
            raise TypeError
        if not storable(name) or not storable(json.dumps(args, ensure_ascii=False)):
            raise TypeError
        return {"id": str(made["id"]), "name": name, "args": args}
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise Refused(
            f"message {position} has a tool call that cannot be read; it must be as in "
            '{"id": "c1", "function": {"name": "get_user_details", "arguments": "{..}"}}'
        ) from error
