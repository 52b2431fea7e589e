"""What load does: calls take time, share what there is of it, and come back in another order."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

from tasks.faults.fault import Ask, Fault, FaultError

Go = Callable[[], Awaitable[str]]


async def slow(_ask: Ask, go: Go, luck: Random, median: float = 1.0, spread: float = 0.5) -> str:
    """The call takes time: lognormal, its median in seconds, the spread that of its log."""
    await asyncio.sleep(median * luck.lognormvariate(0.0, spread))
    return await go()


async def token_bucket(
    ask: Ask, go: Go, _luck: Random, per_minute: float = 30.0, burst: float = 5.0
) -> str:
    """One rate limit for all agents of the trial: who finds no token left gets a 429."""
    now = asyncio.get_running_loop().time()
    since = now - ask.memory.get("at", now)
    left = min(burst, ask.memory.get("left", burst) + since * per_minute / 60)
    ask.memory["at"] = now
    if left < 1:
        ask.memory["left"] = left
        wait = (1 - left) * 60 / per_minute
        raise FaultError(f"429 too many requests; retry after {wait:.1f} s")
    ask.memory["left"] = left - 1
    return await go()


async def out_of_order(_ask: Ask, go: Go, luck: Random, most: float = 2.0) -> str:
    """Calls made at once are carried out and answered in an order of their own.

    Each waits before and after for up to `most` seconds.
    """
    await asyncio.sleep(luck.uniform(0, most))
    reply = await go()
    await asyncio.sleep(luck.uniform(0, most))
    return reply


SLOW = Fault(slow, "load")
TOKEN_BUCKET = Fault(token_bucket, "load")
OUT_OF_ORDER = Fault(out_of_order, "load")
