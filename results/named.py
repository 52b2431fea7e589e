"""Finding a metric or a chart by its name, or anyone's own by its import path."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, cast

from results.refused import Refused


def find(registry: Mapping[str, str], name: str) -> Callable[..., Any]:
    """The function that `name` stands for: a key of `registry`, or "package.module:function".

    An unknown name or path is `Refused`, with what is known.
    """
    path = registry.get(name, name)
    module, _, function = path.partition(":")
    if not function:
        known = ", ".join(sorted(registry))
        raise Refused(f"no {name!r}: use one of {known}, or my_module:my_function")
    try:
        found: object = getattr(import_module(module), function)
    except (Exception, SystemExit) as error:
        raise Refused(f"cannot import {path!r}: {error}") from error
    if not callable(found):
        raise Refused(f"{path!r} is not a function")
    return cast("Callable[..., Any]", found)
