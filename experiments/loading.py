"""From a name in a sweep to the thing: names in the registries, or anyone's own by import path."""

import difflib
import importlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from experiments.import_paths import namesakes
from experiments.refused import Refused
from tasks import TASK_SETS
from tasks.task import TaskSet
from topologies import TOPOLOGIES


def load_task_set(name: str) -> TaskSet:
    """The task set called `name`, or at "package.module:NAME". `Refused` if there is none."""
    found = _imported(_path("task set", name, TASK_SETS))
    if not isinstance(found, TaskSet):
        raise Refused(f"{name} is not a task set: it is a {type(found).__name__}")
    return found


def load_topology(name: str) -> Callable[..., Any]:
    """The builder of the topology called `name`, or at "package.module:function".

    `Refused` if there is none.
    """
    build, _ = topology_named(name)
    found = _imported(build)
    if hasattr(found, "ainvoke"):
        raise Refused(
            f"{name} is a compiled graph, not what builds one: give a function build(kit) that "
            "makes it with the model and tools of kit.seat(NAME), and returns it"
        )
    if not callable(found):
        raise Refused(f"{name} is not a topology: it is a {type(found).__name__}")
    return found


def topology_named(name: str) -> tuple[str, dict[str, Any]]:
    """The import path and the settings that a topology's name stands for."""
    build, settings = TOPOLOGIES.get(name, (name, {}))
    if name not in TOPOLOGIES:
        _path("topology", name, {known: path for known, (path, _) in TOPOLOGIES.items()})
    return build, dict(settings)


def near(name: str, known: Iterable[str]) -> str:
    """What to try in place of a name that does not exist: the nearest one, or all there are."""
    names = list(known)
    close = difflib.get_close_matches(name, names, 1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"there are {', '.join(names)}" if names else "there are none"


def _path(kind: str, name: str, registry: Mapping[str, str]) -> str:
    if name in registry:
        return registry[name]
    module, _, attribute = name.partition(":")
    if not module or not attribute:
        raise Refused(
            f"there is no {kind} {name!r}; {near(name, registry)} "
            "(your own: my_package.my_module:name)"
        )
    return name


def _imported(path: str) -> object:
    module, _, attribute = path.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except AttributeError:
        raise Refused(f"{path} cannot be used: {module} has no {attribute!r}") from None
    except (Exception, SystemExit) as error:
        text = str(error).splitlines()[0] if str(error) else ""
        reasons = [f"{path} cannot be imported", f"{type(error).__name__}: {text}", namesakes()]
        raise Refused(": ".join(filter(None, reasons))) from error
