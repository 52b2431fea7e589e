"""A metric or a chart of the kit by its name; anyone's own is handed in as the function it is."""

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any

from results.refused import Refused

Given = str | Callable[..., Any]
"""A name in a registry, or a function."""


def find(registry: Mapping[str, str], given: Given) -> Callable[..., Any]:
    """The function. `Refused` for a name that is not in `registry`."""
    if callable(given):
        return given
    if given not in registry:
        known = ", ".join(sorted(registry))
        raise Refused(f"no {given!r}: use one of {known}, or a function of your own")
    module, _, function = registry[given].partition(":")
    return getattr(import_module(module), function)


def name_of(given: Given) -> str:
    """What it is called."""
    return given if isinstance(given, str) else getattr(given, "__name__", type(given).__name__)


def named(given: Iterable[Given]) -> dict[str, Given]:
    """Each by its name; functions that share one, by their modules too."""
    each = list(dict.fromkeys(given))
    names = [name_of(one) for one in each]
    return {
        name if names.count(name) == 1 else f"{getattr(one, '__module__', '')}:{name}": one
        for name, one in zip(names, each, strict=True)
    }
