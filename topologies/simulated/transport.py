"""The simulated model as an endpoint inside the process, for any httpx2 client.

Give one `InProcessTransport` to both `httpx2.AsyncClient` and `httpx2.Client`, and those to an
OpenAI client: requests are written, sent, read and parsed as over a network, without sockets
and without threads. The asynchronous side waits for the reply's latency with `asyncio.sleep`,
which costs nothing in a virtual loop; the synchronous side does not wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator

import httpx2
from openai import OpenAIError

from topologies.simulated import wire
from topologies.virtual_time import TICK, TICKS_PER_SECOND, whole_ticks

BASE_URL = "http://simulated.invalid/v1"
"""An address that can never be reached by mistake (RFC 2606)."""

_JSON = {"content-type": "application/json"}
_EVENTS = {"content-type": "text/event-stream; charset=utf-8"}


class SimulatedModelError(OpenAIError):
    """The `respond` function failed; the cause is chained.

    An `OpenAIError`, because the client hands those on at once and as they are.
    """


class InProcessTransport(httpx2.AsyncBaseTransport, httpx2.BaseTransport):
    """Answers POST /v1/chat/completions and GET /v1/models by calling `respond`.

    `profiles` are the names that a request's `model` may carry. Bad requests get OpenAI's
    errors: 404 model_not_found for an unknown profile, 400 for a body that is malformed.
    """

    def __init__(self, respond: wire.Respond, profiles: Collection[str]) -> None:
        self._respond = respond
        self._profiles = tuple(profiles)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response, pieces, seconds = self._answer(request, await request.aread())
        if pieces is not None:
            return httpx2.Response(200, headers=_EVENTS, stream=_Stream(pieces, seconds))
        if seconds > 0:
            await asyncio.sleep(seconds)
        return response

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response, pieces, _ = self._answer(request, request.read())
        if pieces is not None:
            return httpx2.Response(200, headers=_EVENTS, stream=_Stream(pieces, 0.0))
        return response

    def _answer(
        self, request: httpx2.Request, body: bytes
    ) -> tuple[httpx2.Response, list[bytes] | None, float]:
        """The response, or the events of a stream in place of it, and the latency."""
        try:
            route = (request.method, request.url.path)
            if route == ("GET", "/v1/models"):
                return _json(200, wire.model_list(self._profiles)), None, 0.0
            if route != ("POST", "/v1/chat/completions"):
                raise wire.RequestError(f"There is no {' '.join(route)} here.", status=404)
            fields = wire.read_request(body, self._profiles)
            reply = self._respond(fields)
        except wire.RequestError as error:
            return _json(error.status, wire.error_body(error)), None, 0.0
        except Exception as error:
            raise SimulatedModelError(f"{type(error).__name__}: {error}") from error
        seconds = whole_ticks(reply.seconds)
        if fields.get("stream"):
            return _EMPTY, list(wire.event_stream(body, fields, reply)), seconds
        return _json(200, wire.completion(body, fields, reply)), None, seconds


class _Stream(httpx2.AsyncByteStream, httpx2.SyncByteStream):
    """The events of a reply; the asynchronous side spreads the latency over them.

    The ticks before the events add up to the latency of the reply exactly, so that a streamed
    reply ends when the same reply in one piece would have come.
    """

    def __init__(self, events: list[bytes], seconds: float) -> None:
        whole, count = round(seconds * TICKS_PER_SECOND), len(events)
        shares = [whole * (n + 1) // count - whole * n // count for n in range(count)]
        # One iterator for all who read: openai's client reads on after the last event to drain
        # the connection, and must not get the events (and wait for them) a second time.
        self._left = iter(zip(shares, events, strict=True))

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for ticks, event in self._left:
            if ticks:
                await asyncio.sleep(ticks * TICK)
            yield event

    def __iter__(self) -> Iterator[bytes]:
        for _, event in self._left:
            yield event


def _json(status: int, body: bytes) -> httpx2.Response:
    return httpx2.Response(status, headers=_JSON, content=body)


_EMPTY = httpx2.Response(200)
