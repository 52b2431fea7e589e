"""What OpenAI's API would refuse: a broken conversation must not pass here and fail for real."""

from __future__ import annotations

from typing import Any, TypeGuard, cast

ROLES = ("system", "developer", "user", "assistant", "tool")
CHOICES = ("auto", "none", "required")


class RequestError(ValueError):
    """A request that OpenAI's API would refuse; a `respond` function may raise it too."""

    def __init__(
        self, message: str, param: str | None = None, code: str | None = None, status: int = 400
    ) -> None:
        super().__init__(message)
        self.message, self.param, self.code, self.status = message, param, code, status


def check_messages(messages: Any) -> None:
    """Each message has a role and text; a tool's says which call it answers."""
    if not isinstance(messages, list) or not messages:
        raise RequestError("'messages' must be an array with at least one message.", "messages")
    for place, message in enumerate(cast("list[Any]", messages)):
        where = f"messages[{place}]"
        if not _is_object(message):
            raise RequestError(f"'{where}' must be an object.", where)
        if message.get("role") not in ROLES:
            raise RequestError(
                f"'{where}.role' must be one of {', '.join(ROLES)}.", f"{where}.role"
            )
        _check_content(message.get("content"), f"{where}.content")
        _check_calls(message.get("tool_calls"), f"{where}.tool_calls")
        if message["role"] == "tool" and not isinstance(message.get("tool_call_id"), str):
            raise RequestError(f"'{where}.tool_call_id' is missing.", f"{where}.tool_call_id")


def check_answers(messages: list[dict[str, Any]]) -> None:
    """Every call is answered before anything else is said, and nothing else is."""
    open_calls: set[str] = set()
    for place, message in enumerate(messages):
        where = f"messages[{place}]"
        if message["role"] != "tool":
            _all_answered(open_calls, where)
            calls: list[dict[str, Any]] = message.get("tool_calls") or []
            open_calls = {str(call["id"]) for call in calls}
        elif message["tool_call_id"] in open_calls:
            open_calls.discard(message["tool_call_id"])
        else:
            raise RequestError(f"'{where}' answers no call of a message before it.", where)
    _all_answered(open_calls, "the reply")


def check_choice(choice: Any, tools: list[dict[str, Any]]) -> None:
    """A tool that must be called is offered."""
    names = {tool["function"]["name"] for tool in tools}
    if choice == "required" and not names:
        raise RequestError("'tool_choice' is required, but there are no tools.", "tool_choice")
    if _is_object(choice):
        function: Any = choice.get("function")
        if not _is_object(function) or function.get("name") not in names:
            raise RequestError("'tool_choice' must name a function that is offered.", "tool_choice")


def _all_answered(open_calls: set[str], where: str) -> None:
    if open_calls:
        unanswered = ", ".join(sorted(open_calls))
        raise RequestError(f"before {where} these calls were not answered: {unanswered}.", where)


def check_tools(tools: Any) -> None:
    """Each tool has a name and, if it takes anything, parameters."""
    if tools is None:
        return
    if not isinstance(tools, list):
        raise RequestError("'tools' must be an array.", "tools")
    for place, tool in enumerate(cast("list[Any]", tools)):
        where = f"tools[{place}]"
        function: Any = tool.get("function") if _is_object(tool) else None
        if not _is_object(function) or not isinstance(function.get("name"), str):
            raise RequestError(f"'{where}.function.name' is missing.", where)
        if not _is_object(function.get("parameters") or {}):
            raise RequestError(f"'{where}.function.parameters' must be an object.", where)


def check_settings(request: dict[str, Any]) -> None:
    """The choice of a tool is one; numbers and switches are such."""
    choice: Any = request.get("tool_choice")
    if not _is_object(choice) and choice not in (None, *CHOICES):
        raise RequestError(
            f"'tool_choice' must be one of {', '.join(CHOICES)}, or name a function.", "tool_choice"
        )
    for name, kind, words in (
        ("seed", int, "a whole number"),
        ("stream", bool, "true or false"),
        ("stream_options", dict, "an object"),
        ("max_tokens", int, "a whole number"),
        ("max_completion_tokens", int, "a whole number"),
    ):
        value = request.get(name)
        if value is not None and (
            not isinstance(value, kind) or (kind is int and isinstance(value, bool))
        ):
            raise RequestError(f"'{name}' must be {words}.", name)
    if request.get("n") not in (None, 1):
        raise RequestError("'n' must be 1: the simulated model gives one choice.", "n")


def _check_content(content: Any, where: str) -> None:
    if not isinstance(content, str | list | None):
        raise RequestError(f"'{where}' must be text or parts.", where)
    if isinstance(content, list) and not all(map(_is_object, cast("list[Any]", content))):
        raise RequestError(f"'{where}' must be text or parts.", where)


def _check_calls(calls: Any, where: str) -> None:
    if calls is None:
        return
    for call in cast("list[Any]", calls) if isinstance(calls, list) else [None]:
        function: Any = call.get("function") if _is_object(call) else None
        written = _is_object(function) and all(
            isinstance(function.get(name), str) for name in ("name", "arguments")
        )
        if not written or not _is_object(call) or not isinstance(call.get("id"), str):
            raise RequestError(f"'{where}' must be calls with id, name and arguments.", where)


def _is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)
