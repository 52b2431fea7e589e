"""Staying within an endpoint's requests and tokens per minute, over all trials of a process.

Providers count both in a budget that refills steadily. What a call will cost is only known when
it has ended, so it is let in on an estimate and the difference is settled afterwards; a budget
may thereby fall below zero, and the next calls wait until it has recovered. Calls are let in in
the order in which they ask. The clock is that of the running event loop.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass

from tasks.refused import Refused

_LOOK_AGAIN = 1.0  # seconds; meanwhile a call may have settled for less than estimated


@dataclass
class _Budget:
    """A budget of `per_minute` units that is full at first and refills evenly."""

    per_minute: float
    left: float
    at: float = -math.inf

    def refill(self, now: float) -> None:
        if self.at == -math.inf:
            self.at = now
        gained = max(0.0, now - self.at) * self.per_minute / 60
        self.left = min(self.per_minute, self.left + gained)
        self.at = now

    def seconds_until(self, amount: float) -> float:
        return max(0.0, min(amount, self.per_minute) - self.left) * 60 / self.per_minute


class RateLimit:
    """Lets calls in at no more than the given rates; None is no limit.

    `await admit(n)` before a call that may take n tokens (prompt and completion), `settle(n, m)`
    after it took m. A call that is larger than a whole minute's tokens is let in on a full
    budget. Raises `Refused` for a rate that is not above 0.
    """

    def __init__(
        self, requests_per_minute: float | None = None, tokens_per_minute: float | None = None
    ) -> None:
        self._requests = _budget("requests_per_minute", requests_per_minute)
        self._tokens = _budget("tokens_per_minute", tokens_per_minute)
        self._turn: tuple[asyncio.AbstractEventLoop, asyncio.Lock] | None = None

    async def admit(self, tokens: float) -> None:
        """Wait until one request of about `tokens` tokens fits, and take it from the budgets."""
        async with self._lock():
            while (seconds := self._seconds_until(tokens)) > 0:
                await asyncio.sleep(min(seconds, _LOOK_AGAIN))
            for budget, amount in ((self._requests, 1.0), (self._tokens, tokens)):
                if budget is not None:
                    budget.left -= amount

    def settle(self, estimated: float, used: float) -> None:
        """Correct the token budget once it is known what an admitted call really used."""
        if self._tokens is not None:
            self._tokens.left += estimated - used

    def _seconds_until(self, tokens: float) -> float:
        now = asyncio.get_running_loop().time()
        waits = [0.0]
        for budget, amount in ((self._requests, 1.0), (self._tokens, tokens)):
            if budget is not None:
                budget.refill(now)
                waits.append(budget.seconds_until(amount))
        longest = max(waits)
        return longest if longest > 1e-9 else 0.0  # the rest of a division is no reason to wait

    def _lock(self) -> asyncio.Lock:
        """First come, first served; a new loop (another notebook run) gets a new lock."""
        loop = asyncio.get_running_loop()
        if self._turn is None or self._turn[0] is not loop:
            self._turn = (loop, asyncio.Lock())
        return self._turn[1]


def _budget(name: str, per_minute: float | None) -> _Budget | None:
    if per_minute is None:
        return None
    if not per_minute > 0:
        raise Refused(f"{name} must be above 0, not {per_minute}; leave it out for no limit.")
    return _Budget(per_minute, per_minute)
