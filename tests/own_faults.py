"""Someone's own faults, from outside of the kit: each a function, named by where it is."""

from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

Go = Callable[[], Awaitable[str]]


async def shouted(_ask: Any, go: Go, _luck: Random) -> str:
    """The reply comes in capitals."""
    return (await go()).upper()


async def idle(_ask: Any, go: Go, _luck: Random) -> str:
    """Says that it is a fault, and changes nothing."""
    return await go()


async def broken(_ask: Any, _go: Go, _luck: Random) -> str:
    """Has a bug."""
    raise KeyError("oh")
