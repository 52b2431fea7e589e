"""How often a model call was sent and how long it was kept waiting, whichever way it was sent.

The openai client repeats a call by itself, and httpx's timeouts bound the pause between two bytes,
never a whole answer. `Client` stands under both: it counts attempts, and bounds each in all its
bytes by the timeout that the request carries. Times are those of the running event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx2
import openai

Interval = tuple[float, float]
Go = Callable[[], Awaitable[httpx2.Response]]
Channel = Callable[[httpx2.Request, Go], Awaitable[httpx2.Response]]
"""What stands between a client and its endpoint, at each attempt."""


@dataclass(eq=False)
class Sending:
    """One model call on its way: how often it was sent, and when it was not being answered.

    It waits for the rate limit, in attempts that fail, and between them. `changed` is told when a
    wait begins or ends. Each attempt goes through `channel`, if there is one.
    """

    attempts: int = 0
    waits: list[Interval] = field(default_factory=list[Interval])
    waiting_since: float | None = None
    timeouts: int = 0
    changed: Callable[[], None] = lambda: None
    channel: Channel | None = None

    def wait(self, since: float | None = None) -> None:
        """The call waits from now on, or has done since a moment."""
        self.waiting_since = asyncio.get_running_loop().time() if since is None else since
        self.changed()

    def go(self) -> None:
        """The call waits no more."""
        if self.waiting_since is not None:
            self.waits.append((self.waiting_since, asyncio.get_running_loop().time()))
            self.waiting_since = None
            self.changed()


SENDING: ContextVar[Sending | None] = ContextVar("sending", default=None)
"""The call on its way in this task; whoever wants to know of it puts one there."""


def sending() -> Sending:
    """The call on its way."""
    return SENDING.get() or Sending()


def seconds_of(intervals: Iterable[Interval]) -> float:
    """How long intervals last in all; where they overlap they count once."""
    total, until = 0.0, float("-inf")
    for start, end in sorted(intervals):
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total


class Client(openai.DefaultAsyncHttpxClient):
    """openai's own HTTP client, with every attempt counted and bounded.

    An attempt that runs out of time is repeated once, and not at all before the endpoint has
    answered anything: what does not answer in time seldom does the next time.
    """

    answered = False

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """Send a request once. `httpx2.ReadTimeout`, or openai's own at last, for one too long."""
        call, now = sending(), asyncio.get_running_loop().time()
        call.go()
        call.attempts += 1
        seconds: float | None = request.extensions.get("timeout", {}).get("read")
        go: Go = partial(super().send, request, **options)
        try:
            async with asyncio.timeout(seconds):
                response = await (call.channel(request, go) if call.channel else go())
        except (TimeoutError, httpx2.TimeoutException) as error:
            call.wait(now)
            call.timeouts += 1
            told = str(error) if seconds is None else f"no whole answer in {seconds:g} s"
            late = httpx2.ReadTimeout(told, request=request)
            if self.answered and call.timeouts < 2:
                raise late from error
            raise openai.APITimeoutError(request=request) from late
        except httpx2.HTTPError:
            call.wait(now)
            raise
        if response.is_success:
            self.answered = True
        else:
            call.wait(now)
        if options.get("stream") and seconds is not None:
            response.stream = _Bounded(response.stream, now + seconds, request)
        return response


class _Bounded(httpx2.AsyncByteStream):
    """The bytes of a streamed answer until its time is up."""

    def __init__(self, stream: Any, until: float, request: httpx2.Request) -> None:
        self._stream, self._until, self._request = stream, until, request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = aiter(self._stream)
        while True:
            try:
                async with asyncio.timeout_at(self._until):
                    piece = await anext(pieces, None)
            except TimeoutError as error:
                raise httpx2.ReadTimeout(
                    "the stream took too long", request=self._request
                ) from error
            if piece is None:
                return
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()
