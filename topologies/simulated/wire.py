"""What travels between a Chat Completions client and the simulated model, byte for byte.

The in-process transport and the HTTP server both speak through this module, so that a client
cannot tell them apart. Nothing here is random and nothing reads a clock: the id of a response
is derived from the bytes of its request, and `created` is always 0.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from topologies.simulated.refusals import (
    RequestError,
    check_messages,
    check_settings,
    check_tools,
)

Request = dict[str, Any]
"""The decoded JSON body of POST /v1/chat/completions."""

_CHARACTERS_PER_CHUNK = 24
_LOST = "simulated, not understood: "


@dataclass(frozen=True)
class Reply:
    """What the model answers to one request.

    `tool_calls` are (id, function name, arguments as a JSON string). Counts are tokens:
    `cached_tokens` is the part of `prompt_tokens` that a cache held, `reasoning_tokens` the part
    of `completion_tokens` that is not shown. `seconds` is the latency, which the transport
    rounds up to a whole tick of 2**-10 s. `finish_reason` of None means "tool_calls" or "stop",
    as fits. `lost` says why the model did not understand what it was to do, if it did not: that
    travels in the reply's `system_fingerprint`, which clients keep and graphs leave alone.
    """

    content: str | None
    tool_calls: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0
    seconds: float = 0.0
    finish_reason: str | None = None
    lost: str | None = None


Respond = Callable[[Request], Reply]
"""The model itself: a pure function of the request (and of its prompt cache)."""


def read_request(body: bytes, profiles: Collection[str]) -> Request:
    """Decode and check the body of a completion request; raises `RequestError`."""
    try:
        request: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"The body is not valid JSON: {error}.") from error
    if not isinstance(request, dict):
        raise RequestError("The body must be a JSON object.")
    request = cast("Request", request)
    model = request.get("model")
    if not isinstance(model, str):
        raise RequestError("'model' must be a string.", "model")
    if model.partition("?")[0] not in profiles:
        raise RequestError(
            f"The model '{model}' does not exist; there are: {', '.join(profiles)}.",
            "model",
            "model_not_found",
            404,
        )
    check_messages(request.get("messages"))
    check_tools(request.get("tools"))
    check_settings(request)
    return request


def completion(body: bytes, request: Request, reply: Reply) -> bytes:
    """The JSON of a `chat.completion` object."""
    message: dict[str, Any] = {"role": "assistant", "content": reply.content, "refusal": None}
    if reply.tool_calls:
        message["tool_calls"] = [
            {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
            for call_id, name, arguments in reply.tool_calls
        ]
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": _finish_reason(reply),
    }
    head = _head(body, request, "chat.completion", reply)
    return _dumps({**head, "choices": [choice], "usage": _usage(reply)})


def event_stream(body: bytes, request: Request, reply: Reply) -> Iterator[bytes]:
    """The server-sent events of a streamed completion, one `data:` block each.

    The last events are the chunk with the finish reason, the usage (only if
    `stream_options.include_usage` asks for it) and `[DONE]`.
    """
    head = _head(body, request, "chat.completion.chunk", reply)
    options = cast("dict[str, Any]", request.get("stream_options") or {})
    with_usage = bool(options.get("include_usage"))
    if with_usage:
        head["usage"] = None

    def chunk(delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return _event({**head, "choices": [choice]})

    yield chunk({"role": "assistant", "content": None if reply.content is None else ""})
    for piece in _pieces(reply.content or ""):
        yield chunk({"content": piece})
    for index, (call_id, name, arguments) in enumerate(reply.tool_calls):
        function = {"name": name, "arguments": ""}
        opening = {"index": index, "id": call_id, "type": "function", "function": function}
        yield chunk({"tool_calls": [opening]})
        for piece in _pieces(arguments):
            yield chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    yield chunk({}, _finish_reason(reply))
    if with_usage:
        yield _event({**head, "choices": [], "usage": _usage(reply)})
    yield b"data: [DONE]\n\n"


def model_list(profiles: Collection[str]) -> bytes:
    """The JSON that answers GET /v1/models."""
    models = [
        {"id": name, "object": "model", "created": 0, "owned_by": "simulated"} for name in profiles
    ]
    return _dumps({"object": "list", "data": models})


def error_body(error: RequestError) -> bytes:
    """The JSON of a refusal, in OpenAI's format."""
    kind = "server_error" if error.status >= 500 else "invalid_request_error"
    detail = {"message": error.message, "type": kind, "param": error.param, "code": error.code}
    return _dumps({"error": detail})


def lost_in(fingerprint: object) -> str | None:
    """Why the model did not understand, from the `system_fingerprint` of a reply."""
    text = str(fingerprint or "")
    return text.removeprefix(_LOST) if text.startswith(_LOST) else None


def _head(body: bytes, request: Request, kind: str, reply: Reply) -> dict[str, Any]:
    digest = hashlib.blake2b(body, digest_size=14).hexdigest()
    return {
        "id": f"chatcmpl-{digest}",
        "object": kind,
        "created": 0,
        "model": request["model"],
        "system_fingerprint": "simulated" if reply.lost is None else _LOST + reply.lost,
    }


def _usage(reply: Reply) -> dict[str, Any]:
    return {
        "prompt_tokens": reply.prompt_tokens,
        "completion_tokens": reply.completion_tokens,
        "total_tokens": reply.prompt_tokens + reply.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": reply.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": reply.reasoning_tokens},
    }


def _finish_reason(reply: Reply) -> str:
    return reply.finish_reason or ("tool_calls" if reply.tool_calls else "stop")


def _pieces(text: str) -> Iterator[str]:
    for start in range(0, len(text), _CHARACTERS_PER_CHUNK):
        yield text[start : start + _CHARACTERS_PER_CHUNK]


def _event(chunk: dict[str, Any]) -> bytes:
    return b"data: " + _dumps(chunk) + b"\n\n"


def _dumps(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
