"""Errors in plain sight, and nothing was done: the call never came to the tool.

What they say is what such errors say: that nothing was done, an agent has to find out.
"""

import asyncio
from random import Random
from typing import Any, NoReturn

from tasks.faults.fault import Ask, Fault, FaultError

NO_ANSWER = "no answer within {:g} s; the connection was closed"
"""What is known when a call got no answer: also when it was carried out, and the answer lost."""


async def timeout(_ask: Ask, _go: Any, _luck: Random, seconds: float = 30.0) -> NoReturn:
    """The call gets no answer in time; it never came to the tool."""
    await asyncio.sleep(seconds)
    raise FaultError(NO_ANSWER.format(seconds))


async def rate_limited(_ask: Ask, _go: Any, _luck: Random, retry_after: float = 5.0) -> NoReturn:
    """429: too many requests, with the time after which to try again."""
    raise FaultError(f"429 too many requests; retry after {retry_after:g} s")


async def server_error(_ask: Ask, _go: Any, _luck: Random) -> NoReturn:
    """500: the service failed before it did anything."""
    raise FaultError("500 internal server error")


async def connection_reset(_ask: Ask, _go: Any, _luck: Random) -> NoReturn:
    """The connection breaks before the call has come to the tool."""
    raise FaultError("connection reset by peer")


async def permission_denied(ask: Ask, _go: Any, _luck: Random) -> NoReturn:
    """The service says that the agent may not do this, though it may."""
    raise FaultError(f"403 permission denied: you may not use {ask.tool} on {ask.target}")


async def validation_error(ask: Ask, _go: Any, luck: Random) -> NoReturn:
    """The service says that an argument is not valid, though it is."""
    name = luck.choice(sorted(ask.arguments) or ["request"])
    raise FaultError(f"422 unprocessable: {name} is not valid")


TIMEOUT = Fault(timeout, "explicit, before")
RATE_LIMITED = Fault(rate_limited, "explicit, before")
SERVER_ERROR = Fault(server_error, "explicit, before")
CONNECTION_RESET = Fault(connection_reset, "explicit, before")
PERMISSION_DENIED = Fault(permission_denied, "explicit, before")
VALIDATION_ERROR = Fault(validation_error, "explicit, before")
