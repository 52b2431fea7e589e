"""What can be asked of the library: two entries compared by a count that has to be looked up.

One of the two is described by the first sentence of its docstring and must be searched for; the
other is named. Every kind of lookup takes the same three calls: a search and two reads.
"""

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from tasks.database import Row
from tasks.stdlib.library import Library, library
from tasks.task import Effect, Split, luck

DESCRIPTION = re.compile(r"[^\"`*_|<>]{30,140}")
CALLS_A_LOOKUP = 3


@dataclass(frozen=True)
class Measure:
    """A count of an entry: what is compared, on which kinds of entries, read by which call."""

    name: str
    kinds: tuple[str, ...]
    least: int
    of: Callable[[Library, Row], int]
    read: Callable[[str], Effect]


def _parameters(row: Row) -> list[dict[str, Any]]:
    return json.loads(str(row["parameters"]))


def _with(tool: str, **more: str) -> Callable[[str], Effect]:
    return lambda name: Effect(tool, {"name": name, **more})


MEASURES = (
    Measure(
        "parameters",
        ("function",),
        1,
        lambda _, row: len(_parameters(row)),
        _with("inspect_signature"),
    ),
    Measure(
        "defaults",
        ("function",),
        1,
        lambda _, row: sum(p["default"] is not None for p in _parameters(row)),
        _with("inspect_signature"),
    ),
    Measure(
        "docstring",
        ("function", "class"),
        2,
        lambda _, row: len(str(row["doc"]).splitlines()),
        _with("read_doc"),
    ),
    Measure(
        "source",
        ("function", "class"),
        4,
        lambda _, row: len(str(row["source"]).splitlines()),
        _with("read_source"),
    ),
    Measure(
        "methods",
        ("class",),
        1,
        lambda shelf, row: len(shelf.members(str(row["name"]), "method")),
        _with("list_members", kind="method"),
    ),
)


@dataclass(frozen=True)
class Lookup:
    """One comparison. `described` is found by its `description`; the answer is one of the two."""

    measure: Measure
    kind: str
    description: str
    described: str
    named: str
    most: bool
    answer: str
    count: int

    def said(self, style: str) -> str:
        """The answer with its name qualified or bare."""
        return f"{in_style(self.answer, style)} {self.count}"

    def steps(self) -> list[Effect]:
        """The calls that find the answer."""
        search = Effect("search_library", {"query": self.description})
        return [search, self.measure.read(self.described), self.measure.read(self.named)]


def in_style(name: str, style: str) -> str:
    """`json.dumps` as it is (qualified), or `dumps` (bare)."""
    return name if style == "qualified" else name.rsplit(".", 1)[-1]


@lru_cache(maxsize=1024)
def lookups(split: Split, index: int, width: int) -> tuple[Lookup, ...]:
    """The first `width` lookups of a base task; no entry is asked for twice."""
    found: list[Lookup] = []
    used: set[str] = set()
    for place in range(width):
        lookup = _lookup(split, index, place, used)
        used |= {lookup.described, lookup.named}
        found.append(lookup)
    return tuple(found)


def _lookup(split: Split, index: int, place: int, used: set[str]) -> Lookup:
    chance = luck("stdlib", split, index, "lookup", place)
    measure = chance.choice(MEASURES)
    kind = chance.choice(measure.kinds)
    most = chance.random() < 0.5
    pool = _pool(measure.name, kind, split)
    while True:
        (described, count, description), (named, other, _) = chance.sample(pool, 2)
        if (
            description
            and count != other
            and not {described, named} & used
            and in_style(described, "bare") != in_style(named, "bare")
            and library().search(description, 1) == [described]
        ):
            wins = (count > other) == most
            answer, number = (described, count) if wins else (named, other)
            return Lookup(measure, kind, description, described, named, most, answer, number)


@cache
def _pool(measure_name: str, kind: str, split: Split) -> list[tuple[str, int, str]]:
    """Name, count and description ("" if it is not fit to search for) of a split's entries."""
    measure = next(measure for measure in MEASURES if measure.name == measure_name)
    clear = _descriptions()
    found: list[tuple[str, int, str]] = []
    for row in library().of_kind(kind):
        count, name = measure.of(library(), row), str(row["name"])
        if count >= measure.least and row["doc"] and _split_of(name) == split:
            found.append((name, count, clear.get(name, "")))
    return found


@cache
def _descriptions() -> dict[str, str]:
    """Summaries that only one entry has and that can be quoted as they are."""
    rows = [row for kind in ("function", "class", "method") for row in library().of_kind(kind)]
    times = Counter(row["summary"] for row in rows)
    return {
        str(row["name"]): str(row["summary"])
        for row in rows
        if times[row["summary"]] == 1 and DESCRIPTION.fullmatch(str(row["summary"]))
    }


def _split_of(name: str) -> Split:
    """Each entry belongs to one split, so that the two never ask about the same thing."""
    return "dev" if luck("stdlib", "split", name).random() < 0.5 else "held_out"
