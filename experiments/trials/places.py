"""Where in a LangGraph graph something runs, and which runs of nodes had a superstep to themselves.

A superstep is a barrier: what runs in one has ended before the next begins. So who asked a model in
a superstep of a single run had control alone, while runs of the same superstep are parallel.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Place:
    """Where in a LangGraph graph something runs. Its ids are a run's own: never recorded.

    `task` is the run of a node ("worker:ID|model:ID"), `step` the superstep, `sent` whether the
    node was sent its own input.
    """

    task: str = ""
    step: int = 0
    sent: bool = False

    @property
    def loop(self) -> str:
        """The run of the graph that the node is part of."""
        return self.task.rpartition("|")[0]

    @property
    def path(self) -> tuple[str, ...]:
        """The nodes on the way there, which are the same in every run of them."""
        return tuple(part.partition(":")[0] for part in self.task.split("|"))


def place_in(metadata: Mapping[str, Any] | None) -> Place:
    """Where LangGraph says that a call runs; nowhere, outside of a graph."""
    known = metadata or {}
    path: Sequence[Any] = known.get("langgraph_path") or ()
    sent = len(path) > 1 and path[0] == "__pregel_push" and path[-1] is False
    task = str(known.get("langgraph_checkpoint_ns") or "")
    return Place(task, known.get("langgraph_step") or 0, sent)


@dataclass
class Supersteps:
    """The runs of nodes by superstep, and who asked a model within each."""

    _runs: dict[tuple[str, int], set[str]] = field(default_factory=dict[tuple[str, int], set[str]])
    _asked: dict[str, set[Hashable]] = field(default_factory=dict[str, set[Hashable]])

    def began(self, at: Place) -> None:
        """A node, or something within it, begins to run."""
        self._runs.setdefault((at.loop, at.step), set()).add(at.task)

    def asks(self, who: Hashable, at: Place) -> None:
        """Someone asks a model within a run of a node, and so within all those around it."""
        task = at.task
        while task:
            self._asked.setdefault(task, set()).add(who)
            task = task.rpartition("|")[0]

    def alone_between(self, before: Place, now: Place) -> set[Hashable]:
        """Who had a superstep alone between two places of one loop."""
        found: set[Hashable] = set()
        for step in range(before.step + 1, now.step):
            runs = self._runs.get((now.loop, step), set[str]())
            if len(runs) == 1:
                found |= self._asked.get(next(iter(runs)), set())
        return found
