"""Finding a metric or a chart by its name, or anyone's own by its import path."""

from collections.abc import Callable, Mapping
from importlib import import_module
from inspect import signature
from typing import Any, cast

from results.refused import Refused


def find(registry: Mapping[str, str], name: str, takes: int = 1) -> Callable[..., Any]:
    """The function that `name` stands for: a key of `registry`, or "package.module:function".

    An unknown name or path is `Refused`, with what is known, and so is a function that cannot be
    called with `takes` arguments.
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
    try:
        signature(found).bind(*[None] * takes)
    except TypeError as error:
        raise Refused(f"{path!r} cannot be called with {takes} arguments: {error}") from error
    except ValueError:
        pass  # some functions written in C do not tell
    return cast("Callable[..., Any]", found)
