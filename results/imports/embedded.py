"""What the text fields that hold JSON must hold, so that whatever reads them finds it there."""

import json
from collections.abc import Callable, Mapping
from typing import Any, cast

from results.refused import Refused

ROLES = ("system", "human", "ai", "tool")

OBJECT = "a JSON object"
MESSAGES = (
    'a JSON list of messages, as in [{"role": "human", "content": ".."}] '
    f"with the role {', '.join(ROLES[:-1])} or {ROLES[-1]}"
)
CALLS = 'given with tool_calls as in [{"id": "c1", "name": "get_order", "args": {"order": "O7"}}]'
TOOLS = "a JSON list of tool schemas, or the number of an earlier step that was offered the same"


def is_object(text: str) -> str | None:
    """What the text must be if it is no JSON object; None if it is one."""
    return None if isinstance(_value(text), dict) else OBJECT


def are_models(text: str) -> str | None:
    """The same for an object of role to model."""
    found = _value(text)
    fits = isinstance(found, dict) and all(
        isinstance(model, str) for model in cast("dict[str, object]", found).values()
    )
    return None if fits else 'a JSON object of role to model, as in {"default": "my-model"}'


def are_tools(text: str) -> str | None:
    """The same for the tools of a model call."""
    found = _value(text)
    if isinstance(found, list):
        return None if all(isinstance(one, dict) for one in cast("list[object]", found)) else TOOLS
    return None if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else TOOLS


def are_messages(text: str) -> str | None:
    """The same for the messages new to a model call."""
    found = _value(text)
    if not isinstance(found, list):
        return MESSAGES
    for message in cast("list[object]", found):
        if not isinstance(message, dict):
            return MESSAGES
        told = cast("dict[str, Any]", message)
        if told.get("role") not in ROLES:
            return MESSAGES
        if not _have_calls(told):
            return CALLS
    return None


def any_text(_: str) -> None:
    """A tool replies as it likes."""


def is_reply(text: str) -> str | None:
    """The same for what a model said: any text, but one that is a message must name its calls."""
    found = _value(text)
    if isinstance(found, dict) and not _have_calls(cast("dict[str, Any]", found)):
        return CALLS
    return None


EMBEDDED: Mapping[str, Callable[[str], str | None]] = {
    "settings": is_object,
    "models": are_models,
    "arguments": is_object,
    "tools": are_tools,
    "prompt": are_messages,
    "reply": any_text,
}
"""Fields that hold JSON (a file may also give the value itself), and what each must be."""


def _have_calls(message: Mapping[str, Any]) -> bool:
    calls: object = message.get("tool_calls")
    if calls is None:
        return True
    return isinstance(calls, list) and all(
        isinstance(call, dict)
        and isinstance(cast("dict[str, object]", call).get("name"), str)
        and "args" in call
        for call in cast("list[object]", calls)
    )


def _value(text: str) -> object:
    """The JSON value of a text; the text itself, which fits nothing, when it is none."""
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return text


def _no_number(name: str) -> float:
    raise Refused(name)
