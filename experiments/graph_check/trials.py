"""The few simulated trials by which `fanout check` learns what holds of someone's graph."""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

import httpx2

from experiments.loading import load_task_set, load_topology, topology_named
from experiments.trials.record import Record
from experiments.trials.spec import Limits, TrialSpec
from experiments.trials.trial import run_trial
from tasks.task import settings_of
from topologies.kit import Kit, Seat
from topologies.models.chat_client import FastChatOpenAI
from topologies.models.model import make_model

PERFECT, TYPICAL = "simulated:perfect", "simulated:typical"
ENOUGH = Limits(model_calls=150)
FEW = Limits(model_calls=3)
TOO = "_too"
"""What the seats of the renamed trial have at the end of their names."""
_SEATED: ContextVar[list[str]] = ContextVar("seated")
APART = ("orders", {"width": 4, "coupling": 0.0})
SHARED = ("orders", {"width": 4, "coupling": 1.0})
WORK: tuple[tuple[str, dict[str, Any]], ...] = (APART, ("stdlib", {"width": 4}), ("ledger", {}))
"""Work in which no state is shared, so that a perfect worker does all of it in any team."""


@dataclass(frozen=True)
class Played:
    """A trial: what it was, what came of it, and how many requests its model was sent."""

    spec: TrialSpec
    record: Record
    requests: int

    @property
    def trial(self) -> dict[str, Any]:
        """Its row of `trials`."""
        return self.record["trials"][0]

    def steps(self, kind: str) -> list[dict[str, Any]]:
        """Its steps of a kind."""
        return [step for step in self.record["steps"] if step["kind"] == kind]


@dataclass(frozen=True)
class Evidence:
    """All trials, by what they are for.

    `perfect` and `typical` workers where no state is shared, perfect ones that `shared` it, the
    first of the perfect trials under another name (`again`), with every seat `renamed`, and `cut`
    off at a limit. `seats` are those that the renamed one took, by the graph's own names.
    """

    build: str
    perfect: tuple[Played, ...]
    typical: tuple[Played, ...]
    shared: tuple[Played, ...]
    again: Played
    renamed: Played
    cut: Played
    seats: frozenset[str]

    @property
    def whole(self) -> tuple[Played, ...]:
        """Those that nothing cut off."""
        return (*self.perfect, *self.typical, *self.shared, self.again, self.renamed)


def gathered(name: str) -> Evidence:
    """Play the trials of the topology called `name`, or at "package.module:function".

    `Refused` if there is none.
    """
    load_topology(name)
    build, settings = topology_named(name)

    def spec(work: tuple[str, dict[str, Any]], model: str, index: int = 1) -> TrialSpec:
        task_set, dials = work
        return TrialSpec(
            sweep="check",
            sweep_seed=1,
            topology=name,
            build=build,
            topology_settings=settings,
            task_set=task_set,
            settings=settings_of(load_task_set(task_set), dials),
            split="dev",
            index=index,
            trial=0,
            models={"default": model},
            limits=ENOUGH,
        )

    first = spec(APART, PERFECT)
    relabelled = {"build": build, "settings": settings}
    seated: list[str] = []
    _SEATED.set(seated)
    return Evidence(
        build=name,
        perfect=tuple(played(spec(work, PERFECT, n)) for work in WORK for n in (1, 2)),
        typical=tuple(played(spec(work, TYPICAL)) for work in WORK),
        shared=tuple(played(spec(SHARED, PERFECT, n)) for n in (1, 2)),
        again=played(replace(first, topology="another name")),
        renamed=played(replace(first, build=f"{__name__}:renamed", topology_settings=relabelled)),
        cut=played(replace(first, limits=FEW)),
        seats=frozenset(seated),
    )


def played(spec: TrialSpec) -> Played:
    """One trial, with the requests counted on the wire, where no graph can hide them."""
    model = make_model(spec.models["default"])
    assert isinstance(model, FastChatOpenAI)
    client = model.http_async_client
    assert isinstance(client, httpx2.AsyncClient)
    sent: list[httpx2.Request] = []

    async def count(request: httpx2.Request) -> None:
        sent.append(request)

    client.event_hooks = {"request": [count]}
    try:
        record = run_trial(spec)
    finally:
        client.event_hooks = {"request": []}
    return Played(spec, record, len(sent))


def renamed(kit: Kit, build: str, settings: Mapping[str, Any]) -> Any:
    """The graph of `build` under a kit that calls everyone by another name."""
    return load_topology(build)(Renamed(kit), **settings)


@dataclass(frozen=True)
class Renamed:
    """A `Kit` whose seats have names of its own."""

    kit: Kit

    def seat(self, name: str, role: str = "agent", parent: str | None = None, **how: Any) -> Seat:
        """See `topologies.kit.Kit`."""
        _SEATED.get().append(name)
        above = None if parent is None else f"{parent}{TOO}"
        return self.kit.seat(f"{name}{TOO}", role, above, **how)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.kit, name)
