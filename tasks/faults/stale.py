"""A reply that was so once: what the call would have said before what it is about was changed."""

from collections.abc import Awaitable, Callable
from random import Random

from tasks.faults.fault import Ask, Fault


async def stale(ask: Ask, go: Callable[[], Awaitable[str]], _luck: Random) -> str:
    """The reply is the one of an older version, as a cache or a replica would give it.

    The newest that differs; where nothing was changed yet there is none.
    """
    reply = await go()
    async for older in ask.past():
        if older != reply:
            return older
    return reply


STALE = Fault(stale, "implicit, value", on=("reading",))
