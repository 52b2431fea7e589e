"""A plan: which faults, where and how often. It is a factor of an experiment, by its name.

    [faults]
    lost_replies = [{ fault = "lost_reply", on = "writing", rate = 0.1 }]
    no_stock     = [{ fault = "permission_denied", tools = "get_*", permanent = true, rate = 0.2 }]
    one_call     = [{ fault = "server_error", occasions = ["C7", "P3#2"] }]
    slow_start   = [{ fault = "slow", place = "early", median = 2.0 }]

Further keys of an entry are the fault's own settings.
"""

import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal, cast, get_args

from tasks.faults import load_fault
from tasks.faults.fault import Fault, Way
from tasks.refused import Refused
from tasks.tools import Tool

Place = Literal["early", "middle", "late"]
WAYS, PLACES = get_args(Way), get_args(Place)
KEYS = ("fault", "on", "tools", "roles", "rate", "occasions", "first", "permanent", "place")


@dataclass(frozen=True)
class Aim:
    """One entry of a plan.

    `on`, `tools` and `roles` (patterns such as `get_*`) say which calls it is about. Each attempt
    on something is drawn anew at `rate`; with `first` or `permanent` what the call is about is
    drawn once, and then its first so many attempts are hit, or all. `occasions` are exact: `C7` is
    the first attempt on C7, `C7#2` the second, a pattern too. `place` is the third of the task's
    text that names what the call is about.
    """

    fault: str
    on: tuple[Way, ...] = WAYS
    tools: tuple[str, ...] = ("*",)
    roles: tuple[str, ...] = ("*",)
    rate: float = 1.0
    occasions: tuple[str, ...] = ()
    first: int | None = None
    permanent: bool = False
    place: Place | None = None
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def about(self, tool: str, way: Way, role: str) -> bool:
        """Whether calls of a tool by an agent of a role are what it is about."""
        return way in self.on and matches(tool, self.tools) and matches(role, self.roles)


@dataclass(frozen=True)
class Plan:
    """What goes wrong in a trial; of several entries that are drawn for one call the first does."""

    name: str
    aims: tuple[Aim, ...]


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Whether a name is one of those that patterns stand for."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def plan_of(name: str, entries: object) -> Plan:
    """The plan that a list of tables describes. `Refused` naming the key, and what is allowed."""
    where = f"faults.{name}"
    if not isinstance(entries, list):
        raise Refused(f'{where} is {entries!r}; it must be a list, as in [{{ fault = "timeout" }}]')
    aims = [_aim(where, entry) for entry in cast("list[Any]", entries)]
    return Plan(name, tuple(aims))


def check_tools(plan: Plan, tools: Sequence[Tool]) -> None:
    """`Refused` for an entry about tools of which none is among those of the work."""
    for aim in plan.aims:
        fault = load_fault(aim.fault)
        if fault.stands != "tool":
            continue
        named = [tool for tool in tools if matches(tool.name, aim.tools)]
        if not named:
            known = ", ".join(sorted({tool.name for tool in tools}))
            raise Refused(
                f"faults.{plan.name}: tools = {_shown(aim.tools)} is none of the tools of its task "
                f"sets: {known}"
            )
        if not any(way_of(tool) in aim.on for tool in named):
            raise Refused(
                f"faults.{plan.name}: {aim.fault} is about {' and '.join(aim.on)} alone, and no "
                f"tool that {_shown(aim.tools)} stands for does that"
            )


def way_of(tool: Tool) -> Way:
    """What a tool does, by its hint."""
    return "reading" if tool.readOnlyHint else "writing"


def _aim(where: str, entry: object) -> Aim:
    if not isinstance(entry, dict):
        raise Refused(f'{where} has {entry!r}; each must be a table, as in {{ fault = "timeout" }}')
    table = cast("dict[str, Any]", entry)
    name = table.get("fault")
    if not isinstance(name, str):
        raise Refused(f"{where} has an entry without a fault's name: {{ fault = NAME }}")
    try:
        fault = load_fault(name)
    except Refused as error:
        raise Refused(f"{where}: {error}") from error
    where = f"{where}: {name}"
    on = _ways(where, fault, table.get("on"))
    if table.keys() & {"occasions"} and table.keys() & {"rate", "first", "permanent"}:
        raise Refused(
            f"{where} has occasions, which are exact: leave out rate, first and permanent"
        )
    if "first" in table and table.get("permanent"):
        raise Refused(
            f"{where} is permanent, or hits the first attempts only: leave one of them out"
        )
    return Aim(
        name,
        on,
        _texts(where, "tools", table.get("tools", ["*"])),
        _texts(where, "roles", table.get("roles", ["*"])),
        _rate(where, table.get("rate", 1.0)),
        _texts(where, "occasions", table["occasions"]) if "occasions" in table else (),
        _first(where, table.get("first")),
        _permanent(where, table.get("permanent", False)),
        _place(where, table.get("place")),
        _settings(where, fault, {k: v for k, v in table.items() if k not in KEYS}),
    )


def _ways(where: str, fault: Fault, value: object) -> tuple[Way, ...]:
    if value is None:
        return fault.on
    found = _texts(where, "on", value)
    for way in found:
        if way not in WAYS:
            raise Refused(f"{where}: on is {way!r}; it must be one of {', '.join(WAYS)}")
    return cast("tuple[Way, ...]", found)


def _texts(where: str, key: str, value: object) -> tuple[str, ...]:
    listed = cast("list[object]", value) if isinstance(value, list) else [value]
    if not listed or not all(isinstance(one, str) and one for one in listed):
        raise Refused(f"{where}: {key} is {value!r}; it must be a text or a list of texts")
    return tuple(str(one) for one in listed)


def _rate(where: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise Refused(f"{where}: rate is {value!r}; it must be a number from 0 to 1")
    return float(value)


def _first(where: str, value: object) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise Refused(f"{where}: first is {value!r}; it must be a whole number of at least 1")
    return value


def _permanent(where: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise Refused(f"{where}: permanent is {value!r}; it must be true or false")
    return value


def _place(where: str, value: object) -> Place | None:
    if value is not None and value not in PLACES:
        raise Refused(f"{where}: place is {value!r}; it must be one of {', '.join(PLACES)}")
    return cast("Place | None", value)


def _settings(where: str, fault: Fault, given: Mapping[str, Any]) -> dict[str, Any]:
    known = fault.settings
    for key, value in given.items():
        if key not in known:
            raise Refused(f"{where} has no key {key!r}; it has {', '.join((*KEYS, *known))}")
        default: Any = known[key]
        if isinstance(default, int | float) and not isinstance(default, bool):
            if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
                raise Refused(f"{where}: {key} is {value!r}; it must be a number of 0 or more")
        elif default is not inspect.Parameter.empty and not isinstance(value, type(default)):
            raise Refused(f"{where}: {key} is {value!r}; it must be like {default!r}")
    missing = [k for k, v in known.items() if v is inspect.Parameter.empty and k not in given]
    if missing:
        raise Refused(f"{where} also needs {missing[0]}")
    return dict(given)


def _shown(patterns: Sequence[str]) -> str:
    return " or ".join(repr(pattern) for pattern in patterns)
