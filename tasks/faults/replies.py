"""How a reply is changed in one place: the JSON of a tool, its values by where they stand."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

Path = tuple[str | int, ...]


def parsed(reply: str) -> Any:
    """The JSON of a reply; the text itself if it is none."""
    try:
        return json.loads(reply)
    except ValueError:
        return reply


def written(value: Any) -> str:
    """A value as tools reply it."""
    return json.dumps(value, ensure_ascii=False)


def places(value: Any, wanted: Callable[[Any], bool], at: Path = ()) -> Iterator[Path]:
    """Where in a value something is that is wanted, in the order in which it reads."""
    if wanted(value):
        yield at
    if isinstance(value, dict):
        for name, part in cast("dict[str, Any]", value).items():
            yield from places(part, wanted, (*at, name))
    elif isinstance(value, list):
        for number, part in enumerate(cast("list[Any]", value)):
            yield from places(part, wanted, (*at, number))


def value_at(value: Any, path: Path) -> Any:
    """What stands at a place."""
    for part in path:
        value = value[part]
    return value


def changed(value: Any, path: Path, change: Callable[[Any], Any]) -> Any:
    """A copy in which what stands at a place is changed."""
    if not path:
        return change(value)
    copy: Any = dict(value) if isinstance(value, dict) else list(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    copy[path[0]] = changed(value[path[0]], path[1:], change)
    return copy


def is_number(value: Any) -> bool:
    """Whether it is a number, which true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_text(value: Any) -> bool:
    """Whether it is a text with something in it."""
    return isinstance(value, str) and bool(value)


def is_full_list(value: Any) -> bool:
    """Whether it is a list with something in it."""
    return isinstance(value, list) and bool(cast("Sequence[Any]", value))


def is_full_object(value: Any) -> bool:
    """Whether it is an object with something in it."""
    return isinstance(value, dict) and bool(cast("dict[str, Any]", value))
