"""What goes wrong between an agent and its model: an endpoint that fails, or half a reply.

They stand where a client sends its requests, so that its own retries and limits meet them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from random import Random
from typing import Any, NoReturn, cast

from tasks.faults.fault import Answer, Fault, Sent

Go = Callable[[], Awaitable[Answer]]
NO_CALLS: Mapping[str, Any] = {"tool_calls": None}
REFUSAL = "I'm sorry, but I can't help with that."


async def model_rate_limited(
    _sent: Sent, _go: Go, _luck: Random, retry_after: float = 2.0
) -> Answer:
    """429 from the model's endpoint, with the time after which to try again."""
    headers = {"retry-after-ms": f"{1000 * retry_after:.0f}"}
    return Answer(429, _error("Rate limit reached.", "rate_limit_exceeded"), headers)


async def model_server_error(_sent: Sent, _go: Go, _luck: Random) -> Answer:
    """500 from the model's endpoint."""
    return Answer(500, _error("The server had an error.", "server_error"))


async def model_timeout(_sent: Sent, _go: Go, _luck: Random, seconds: float = 60.0) -> NoReturn:
    """The model's endpoint does not answer in time."""
    await asyncio.sleep(seconds)
    raise TimeoutError(f"no answer within {seconds:g} s")


async def cut_off(_sent: Sent, go: Go, luck: Random) -> Answer:
    """The model's reply breaks off at its limit, before it has called anything."""
    answer = await go()

    def cut(message: Mapping[str, Any]) -> Mapping[str, Any]:
        text = str(message.get("content") or "")
        return {"content": text[: int(len(text) * luck.uniform(0.25, 0.75))], **NO_CALLS}

    return _said(answer, cut, "length")


async def malformed_call(_sent: Sent, go: Go, luck: Random) -> Answer:
    """A call in the model's reply has arguments that are no JSON."""
    answer = await go()

    def broken(message: Mapping[str, Any]) -> Mapping[str, Any]:
        calls: list[dict[str, Any]] = [dict(call) for call in message.get("tool_calls") or ()]
        if calls:
            one = calls[luck.randrange(len(calls))]
            text = str(one["function"]["arguments"])
            one["function"] = {**one["function"], "arguments": text[: max(1, len(text) * 2 // 3)]}
        return {"tool_calls": calls or None}

    return _said(answer, broken, None)


async def empty_reply(_sent: Sent, go: Go, _luck: Random) -> Answer:
    """The model's reply has nothing in it."""
    return _said(await go(), lambda _: {"content": "", **NO_CALLS}, "stop")


async def refusal(_sent: Sent, go: Go, _luck: Random) -> Answer:
    """The model declines to do what it is asked for."""
    return _said(await go(), lambda _: {"content": None, "refusal": REFUSAL, **NO_CALLS}, "stop")


def _said(
    answer: Answer, change: Callable[[Mapping[str, Any]], Mapping[str, Any]], reason: str | None
) -> Answer:
    """The answer with another message; as it is, where it has none in the form that is known."""
    body = answer.body
    choices = cast("list[dict[str, Any]] | None", body.get("choices")) if body else None
    if not body or not choices or "message" not in choices[0]:
        return answer
    first = choices[0]
    message = {**first["message"], **change(first["message"])}
    message = {name: value for name, value in message.items() if name != "tool_calls" or value}
    said = {**first, "message": message, "finish_reason": reason or first.get("finish_reason")}
    return Answer(answer.status, {**body, "choices": [said, *choices[1:]]}, answer.headers)


def _error(text: str, code: str) -> dict[str, Any]:
    return {"error": {"message": text, "type": code, "param": None, "code": code}}


MODEL_RATE_LIMITED = Fault(model_rate_limited, "model", "model")
MODEL_SERVER_ERROR = Fault(model_server_error, "model", "model")
MODEL_TIMEOUT = Fault(model_timeout, "model", "model")
CUT_OFF = Fault(cut_off, "model", "model")
MALFORMED_CALL = Fault(malformed_call, "model", "model")
EMPTY_REPLY = Fault(empty_reply, "model", "model")
REFUSED = Fault(refusal, "model", "model")
