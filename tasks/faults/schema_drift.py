"""A service whose replies have another form than they had: a field renamed, added or retyped."""

from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

from tasks.faults.fault import Ask, Fault
from tasks.faults.replies import (
    changed,
    is_full_object,
    is_number,
    parsed,
    places,
    value_at,
    written,
)

Go = Callable[[], Awaitable[str]]


async def renamed(_ask: Ask, go: Go, luck: Random) -> str:
    """A field has another name from now on: `stock` becomes `stockValue`."""
    reply = parsed(await go())
    found = list(places(reply, is_full_object))
    if not found:
        return written(reply)
    at = luck.choice(found)
    name = luck.choice(list(value_at(reply, at)))
    first, *more = f"{name}_value".split("_")
    other = first + "".join(word.capitalize() for word in more)

    def named(fields: dict[str, Any]) -> dict[str, Any]:
        return {other if key == name else key: value for key, value in fields.items()}

    return written(changed(reply, at, named))


async def added(_ask: Ask, go: Go, luck: Random) -> str:
    """What was the reply is a part of a new one, beside fields that nobody told of."""
    reply = parsed(await go())
    return written({"data": reply, "meta": {"version": 2, "page": 1, "took_ms": luck.randrange(9)}})


async def retyped(_ask: Ask, go: Go, luck: Random) -> str:
    """A number is a text from now on, with two places: 54 becomes "54.00"."""
    reply = parsed(await go())
    found = list(places(reply, is_number))
    if not found:
        return written(reply)
    return written(changed(reply, luck.choice(found), lambda number: f"{number:.2f}"))


RENAMED = Fault(renamed, "implicit, value")
ADDED = Fault(added, "implicit, value")
RETYPED = Fault(retyped, "implicit, value")
