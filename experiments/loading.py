"""From a name in a sweep to a task set or a topology: what is found is held to what it must be."""

from collections.abc import Callable
from typing import Any

from tasks import TASK_SETS
from tasks.finder import find, path_of
from tasks.refused import Refused
from tasks.task import TaskSet
from topologies import TOPOLOGIES


def load_task_set(name: str) -> TaskSet:
    """The task set called `name`, or at "package.module:NAME". `Refused` if there is none."""
    found = find("task set", name, TASK_SETS)
    if not isinstance(found, TaskSet):
        raise Refused(f"{name} is no task set: it is a {type(found).__name__}")
    return found


def load_topology(name: str) -> Callable[..., Any]:
    """The builder of the topology called `name`, or at "package.module:function".

    `Refused` if there is none.
    """
    found = find("topology", name, BUILDERS)
    if hasattr(found, "ainvoke"):
        raise Refused(
            f"{name} is a compiled graph, not what builds one: give a function build(kit) that "
            "makes it with the model and tools of kit.seat(NAME), and returns it"
        )
    if not callable(found):
        raise Refused(f"{name} is no topology: it is a {type(found).__name__}")
    return found


def topology_named(name: str) -> tuple[str, dict[str, Any]]:
    """The import path and the settings that a topology's name stands for."""
    _, settings = TOPOLOGIES.get(name, (name, {}))
    return path_of("topology", name, BUILDERS), dict(settings)


BUILDERS = {name: path for name, (path, _) in TOPOLOGIES.items()}
"""Topology to the import path of its builder."""
