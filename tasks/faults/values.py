"""Replies that look like answers and are not so: a value, rows, half of it, or all of it amiss."""

import re
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

from tasks.faults.fault import Ask, Fault
from tasks.faults.replies import (
    changed,
    is_full_list,
    is_number,
    is_text,
    parsed,
    places,
    written,
)

Go = Callable[[], Awaitable[str]]


async def wrong_value(_ask: Ask, go: Go, luck: Random) -> str:
    """One value of the reply is a little off: a number by up to a tenth, or else a text."""
    reply = parsed(await go())
    found = list(places(reply, is_number)) or list(places(reply, is_text))
    return written(changed(reply, luck.choice(found), lambda v: _off(v, luck)) if found else reply)


async def truncated(_ask: Ask, go: Go, luck: Random) -> str:
    """The reply breaks off somewhere in its middle half."""
    reply = await go()
    return reply[: int(len(reply) * luck.uniform(0.25, 0.75))]


async def rows_missing(_ask: Ask, go: Go, luck: Random) -> str:
    """A list in the reply lacks some of its rows, at least one."""
    reply = parsed(await go())
    found = list(places(reply, is_full_list))

    def shortened(rows: list[Any]) -> list[Any]:
        left = luck.sample(range(len(rows)), luck.randrange(len(rows)))
        return [rows[place] for place in sorted(left)]

    return written(changed(reply, luck.choice(found), shortened) if found else reply)


async def empty(_ask: Ask, go: Go, _luck: Random) -> str:
    """The reply is an object with nothing in it."""
    await go()
    return "{}"


def _off(value: Any, luck: Random) -> Any:
    """A value near one, and never it."""
    if isinstance(value, float):
        return round(value * (1 + luck.choice((-1, 1)) * luck.uniform(0.02, 0.1)) + 0.01, 2)
    if isinstance(value, int):
        by = max(1, round(abs(value) * luck.uniform(0.02, 0.1)))
        return value + (by if value <= by or luck.random() < 0.5 else -by)
    text = str(value)
    number = re.search(r"\d+(?!.*\d)", text)
    if number:
        near = str(int(number.group()) + 1).zfill(len(number.group()))
        return text[: number.start()] + near + text[number.end() :]
    place = luck.randrange(len(text))
    return text[:place] + text[place + 1 :] if len(text) > 1 else text + "s"


WRONG_VALUE = Fault(wrong_value, "implicit, value", on=("reading",))
TRUNCATED = Fault(truncated, "implicit, value")
ROWS_MISSING = Fault(rows_missing, "implicit, value", on=("reading",))
EMPTY = Fault(empty, "implicit, value")
