"""Which fault hits which call of a trial: drawn by what the call is about, never by who makes it.

The luck of a fault is keyed by (sweep seed, task set, task, trial; fault, tool, what the call is
about, which attempt on that it is), so that topologies, which number their calls differently, meet
the same faults. Which agent makes the first attempt may still differ.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from random import Random
from typing import Any

from tasks.faults import load_fault
from tasks.faults.fault import Fault, Stands, Way
from tasks.faults.plan import Aim, Place, Plan, way_of
from tasks.task import luck
from tasks.tools import Tool

MODEL, BRIEF = "model", "brief"
"""What stands in place of a tool's name for calls of a model, and for briefs."""


@dataclass(frozen=True)
class Hit:
    """A fault that is armed at one call.

    `chance` is its luck there, `memory` its own in the trial.
    """

    aim: Aim
    fault: Fault
    target: str
    attempt: int
    place: Place | None
    chance: Random
    memory: dict[str, Any]

    @property
    def noted(self) -> dict[str, Any]:
        """What the record of the call says of it, until more is known."""
        return {
            "fault": self.aim.fault,
            "fault_kind": self.fault.kind,
            "fault_lasts": "permanent" if self.aim.permanent else "transient",
            "fault_place": self.place,
            "fault_attempt": self.attempt,
            "fault_effect": "armed",
        }


@dataclass
class Faults:
    """The plan of one trial, and how often what was tried.

    `text` is the task's, `key` that of the trial's luck.
    """

    plan: Plan | None
    key: tuple[object, ...]
    text: str
    _attempts: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    _memories: dict[int, dict[str, Any]] = field(default_factory=dict[int, dict[str, Any]])

    @property
    def of_models(self) -> bool:
        """Whether any of them stands in a model's channel."""
        aims = () if self.plan is None else self.plan.aims
        return any(load_fault(aim.fault).stands == "model" for aim in aims)

    def at_tool(self, tool: Tool, arguments: Mapping[str, Any], role: str) -> Hit | None:
        """The fault that is armed at a call of a tool of the work."""
        if self.plan is None:
            return None
        names = parts_of(tool, arguments)
        return self._drawn("tool", tool.name, way_of(tool), role, ":".join(names), names)

    def at_model(self, told: str, role: str) -> Hit | None:
        """The fault that is armed at one sending of a model call; `told` is what is new in it."""
        if self.plan is None:
            return None
        return self._drawn("model", MODEL, "reading", role, digest(told), ())

    def at_brief(self, brief: str, role: str) -> Hit | None:
        """The fault that is armed where an agent hands a brief to another."""
        if self.plan is None:
            return None
        return self._drawn("brief", BRIEF, "reading", role, digest(brief), ())

    def _drawn(
        self, stands: Stands, tool: str, way: Way, role: str, target: str, names: Sequence[str]
    ) -> Hit | None:
        assert self.plan is not None
        self._attempts[tool, target] += 1
        attempt = self._attempts[tool, target]
        place = self._place(names)
        for number, aim in enumerate(self.plan.aims):
            fault = load_fault(aim.fault)
            if fault.stands != stands or (aim.place is not None and aim.place != place):
                continue
            if stands == "tool" and not aim.about(tool, way, role):
                continue
            if stands != "tool" and not aim.about("", aim.on[0], role):
                continue
            key = (*self.key, aim.fault, number if self._twice(aim) else 0, tool, target)
            if self._hits(aim, key, target, attempt):
                memory = self._memories.setdefault(number, {})
                chance = luck("fault", *key, attempt, "what")
                return Hit(aim, fault, target, attempt, place, chance, memory)
        return None

    def _twice(self, aim: Aim) -> bool:
        """Whether the plan has the fault in several entries, which then have luck of their own."""
        return self.plan is not None and sum(a.fault == aim.fault for a in self.plan.aims) > 1

    def _hits(self, aim: Aim, key: tuple[object, ...], target: str, attempt: int) -> bool:
        if aim.occasions:
            return any(_is_occasion(one, target, attempt) for one in aim.occasions)
        if aim.permanent or aim.first is not None:
            drawn = luck("fault", *key).random() < aim.rate
            return drawn and (aim.permanent or attempt <= (aim.first or 0))
        return luck("fault", *key, attempt).random() < aim.rate

    def _place(self, names: Sequence[str]) -> Place | None:
        """The third of the text in which all that is named there has been named."""
        found = [place for name in names if name and (place := self.text.find(name)) >= 0]
        if not found:
            return None
        third = 3 * max(found) // max(1, len(self.text))
        return ("early", "middle", "late")[third]


def parts_of(tool: Tool, arguments: Mapping[str, Any]) -> list[str]:
    """What a call is about: the values of the arguments that its tool declares as such."""
    names = sorted(arguments) if tool.target is None else tool.target
    return [_text(arguments[name]) for name in names if name in arguments]


def digest(text: str) -> str:
    """A short name for a long text."""
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


def _is_occasion(occasion: str, target: str, attempt: int) -> bool:
    wanted, mark, number = occasion.rpartition("#")
    if not mark:
        wanted, number = occasion, "1"
    return fnmatchcase(target, wanted) and number == str(attempt)
