"""A success that was none: said done, and not done."""

from collections.abc import Awaitable, Callable
from random import Random

from tasks.faults.fault import Ask, Fault


async def no_op(ask: Ask, go: Callable[[], Awaitable[str]], _luck: Random) -> str:
    """The call says what it says when all is well, and leaves no change."""
    reply = await go()
    ask.undo()
    return reply


NO_OP = Fault(no_op, "implicit, effect", on=("writing",))
