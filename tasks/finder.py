"""From a name to the thing: a name in a registry, or anyone's own as "my_package.my_module:name".

The one way for all that can be named: topologies, task sets, faults, models, engines, importers,
metrics and charts. `results`, which imports none of the others, is handed what was found here.
"""

import difflib
import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any, cast

from tasks.refused import Refused

OURS = ("tasks", "topologies", "results", "experiments")
"""The packages of the kit."""

ROOT = Path(__file__).resolve().parents[1]
"""Where they are."""


def find(kind: str, name: str, registry: Mapping[str, str]) -> object:
    """What `name` stands for. `Refused`, naming it as a `kind`, if nothing can be found there."""
    path = path_of(kind, name, registry)
    module, _, attribute = path.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except AttributeError:
        raise Refused(f"{path} cannot be used: {module} has no {attribute!r}") from None
    except (Exception, SystemExit) as error:
        told = " ".join(f"{type(error).__name__}: {error}".split())
        reasons = [f"{path} cannot be imported", told, namesakes()]
        raise Refused(": ".join(filter(None, reasons))) from error


def find_function(
    kind: str, name: str, registry: Mapping[str, str], takes: tuple[str, ...]
) -> Callable[..., Any]:
    """The function that `name` stands for. `Refused` also if it cannot be called with `takes`."""
    found = find(kind, name, registry)
    path = registry.get(name, name)
    if not callable(found):
        raise Refused(f"{path} is no {kind}: it is a {type(found).__name__}")
    try:
        signature(found).bind(*takes)
    except (TypeError, ValueError) as error:
        given = " and ".join(takes) or "nothing"
        raise Refused(f"{path} is no {kind}, which is called with {given}: {error}") from error
    return cast("Callable[..., Any]", found)


def path_of(kind: str, name: str, registry: Mapping[str, str]) -> str:
    """The import path that `name` stands for. `Refused` for what is neither a name nor a path."""
    if name in registry:
        return registry[name]
    module, _, attribute = name.partition(":")
    if not module or not attribute:
        raise Refused(
            f"there is no {kind} {name!r}; {near(name, registry)} "
            "(your own: my_package.my_module:name)"
        )
    return name


def near(name: str, known: Iterable[str]) -> str:
    """What to try in place of a name that does not exist: the nearest one, or all there are."""
    names = list(known)
    close = difflib.get_close_matches(name, names, 1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"there are {', '.join(names)}" if names else "there are none"


def namesakes() -> str | None:
    """The modules that our packages hide, and the cure, in one line; None where there are none."""
    found = [
        path
        for entry in dict.fromkeys(Path(entry).resolve() for entry in sys.path)
        if entry != ROOT
        for name in OURS
        for path in (entry / f"{name}.py", entry / name / "__init__.py")
        if path.is_file()
    ]
    if not found:
        return None
    named = ", ".join(str(path) for path in found)
    return (
        f"{named} cannot be imported here, since fanout has a package of that name: rename it or "
        "move it into a package of your own (if it is installed: keep fanout in an environment of "
        "its own)"
    )
