"""What goes wrong once the call was carried out: it is done, and the agent does not know, or twice.

Their accesses stay in the history: it was really done.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random
from typing import NoReturn

from tasks.faults.before_effect import NO_ANSWER
from tasks.faults.fault import Ask, Fault, FaultError
from tasks.tools import ToolError


async def lost_reply(
    _ask: Ask, go: Callable[[], Awaitable[str]], _luck: Random, seconds: float = 30.0
) -> NoReturn:
    """The call is carried out, and its answer never comes."""
    with suppress(ToolError):
        await go()
    await asyncio.sleep(seconds)
    raise FaultError(NO_ANSWER.format(seconds))


async def duplicated(_ask: Ask, go: Callable[[], Awaitable[str]], _luck: Random) -> str:
    """The call is delivered twice and carried out twice; the first answer comes."""
    reply = await go()
    with suppress(ToolError):
        await go()
    return reply


async def process_killed(ask: Ask, go: Callable[[], Awaitable[str]], _luck: Random) -> str:
    """The process dies between effect and reply: all agents begin again, on the same world."""
    with suppress(ToolError):
        await go()
    return await ask.kill()


LOST_REPLY = Fault(lost_reply, "explicit, after", on=("writing",))
DUPLICATED = Fault(duplicated, "explicit, after", on=("writing",))
PROCESS_KILLED = Fault(process_killed, "explicit, after", on=("writing",))
