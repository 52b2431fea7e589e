"""Which call needed an earlier one: told from values that flow and from resources that are shared.

Four kinds of dependency are inferred. `value`: an argument was in an earlier reply and nobody had
told it. `about`: a write names something that was looked up before. `resource`: two calls touch the
same row (or question) and at least one writes it. `retry`: the same tool again after an error.

What this cannot see: a call that was made because of what a reply said, without a value in common
(control flow); values computed from replies; resources nobody declared. What it can see too much
of: a value that stands in two replies by chance, and an order that was never needed.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from results.questions.gain.trace import Node, Trace
from results.questions.gain.values import Held, argument_values, held, specificity, together

LEAST_WEIGHT = 0.35
"""A dependency on values of less weight than this in all is taken for chance."""

NO_ID = re.compile(r"\d{1,5}|\d{4}-\d\d(-\d\d.*)?|\d\d?:\d\d.*|\d+\.\d+")
"""Short numbers, dates, times and decimals name no row."""


@dataclass(frozen=True)
class Edge:
    """Node `after` needs node `before` (positions in the trace), because of `what`."""

    before: int
    after: int
    kind: str
    what: str
    weight: float


@dataclass(frozen=True)
class Choice:
    """A value that node `at` wrote though its task did not tell it and no reply held it.

    `offered` if the standing instructions name it: as one of several options, perhaps.
    """

    at: int
    parameter: str
    value: str
    offered: bool


@dataclass(frozen=True)
class Provenance:
    """Where the values of all calls come from; `given[i]` are those that node i had been told."""

    edges: list[Edge]
    choices: list[Choice]
    given: list[set[str]]


Touch = tuple[str, bool, bool]
"""Resource, whether it is written, whether it is a question (a predicate) and not a row."""


def provenance(trace: Trace, replies: Sequence[Held], common: Callable[[str], float]) -> Provenance:
    """Dependencies on values, values that had been told, and values that came from nowhere.

    `replies` are what the reply of each node holds; `common` gives the share of other tasks in
    whose replies a value occurs too. A value held by several replies is credited to the one that
    holds most of the call's values, and among equals to the latest. What the agent wrote before any
    reply held it is its own, and stays so when a reply repeats it.
    """
    found = Provenance([], [], [set() for _ in trace.nodes])
    told = task = held("")
    hearing = 0
    own: set[str] = set()
    for at, node in enumerate(trace.nodes):
        while hearing < len(trace.told) and trace.told[hearing][0] <= at:
            _, text, standing = trace.told[hearing]
            told = together(told, held(text))
            task = task if standing else together(task, held(text))
            hearing += 1
        needed: list[tuple[str, list[int]]] = []
        for parameter, value in argument_values(node.arguments):
            weight = specificity(value)
            known = told.has(value)
            if known:
                found.given[at].add(value)
            if weight == 0 or task.has(value):
                continue
            if value not in own:
                holding = [
                    b
                    for b in range(at)
                    if trace.nodes[b].message < node.message and replies[b].has(value)
                ]
                if holding:
                    needed += [] if known else [(value, holding)]
                    continue
                own.add(value)
            if node.kind == "call" and value.replace(" ", "").isalpha():
                found.choices.append(Choice(at, parameter, value, known))
        found.edges.extend(_credited(at, needed, common))
    return found


def _credited(
    at: int, needed: list[tuple[str, list[int]]], common: Callable[[str], float]
) -> list[Edge]:
    support: dict[int, int] = {}
    for _, holders in needed:
        for holder in holders:
            support[holder] = support.get(holder, 0) + 1
    weights: dict[int, float] = {}
    flows: dict[int, list[str]] = {}
    for value, holders in needed:
        source = max(holders, key=lambda holder: (support[holder], holder))
        weight = specificity(value) * (1 - common(value))
        weights[source] = weights.get(source, 0.0) + weight
        flows.setdefault(source, []).append(value)
    return [
        Edge(source, at, "value", ", ".join(dict.fromkeys(flows[source])), weight)
        for source, weight in weights.items()
        if weight >= LEAST_WEIGHT
    ]


def naming_edges(nodes: Sequence[Node], writes: Sequence[bool]) -> list[Edge]:
    """Each write after the latest read that names the same thing."""
    named = [_ids(node) for node in nodes]
    edges: list[Edge] = []
    for at, node in enumerate(nodes):
        if not writes[at]:
            continue
        latest: dict[str, int] = {}
        for before in range(at):
            if nodes[before].message < node.message and not writes[before]:
                latest |= dict.fromkeys(named[at] & named[before], before)
        edges += [Edge(before, at, "about", thing, 1.0) for thing, before in latest.items()]
    return edges


def retry_edges(nodes: Sequence[Node]) -> list[Edge]:
    """A call after the latest failed one of the same tool with which it shares a value."""
    edges: list[Edge] = []
    for at, node in enumerate(nodes):
        own = {value for _, value in argument_values(node.arguments)}
        for before in range(at - 1, -1, -1):
            other = nodes[before]
            if other.tool != node.tool or other.tool is None or other.message >= node.message:
                continue
            shared = own & {value for _, value in argument_values(other.arguments)}
            if other.failed and shared:
                edges.append(Edge(before, at, "retry", ", ".join(sorted(shared)), 1.0))
            break
    return edges


def resource_edges(touched: Sequence[Collection[Touch]]) -> list[Edge]:
    """Reads after the last write, writes after the last write and all reads since, by resource.

    Two rows added under the same question do not disturb each other; asking it and adding do.
    """
    edges: dict[tuple[int, int], set[str]] = {}
    writers: dict[str, list[int]] = {}
    readers: dict[str, list[int]] = {}
    for at, touches in enumerate(touched):
        for resource, writing, question in sorted(touches):
            before = list(writers.get(resource, ())) if not (writing and question) else []
            before += readers.get(resource, ()) if writing else ()
            for other in before:
                if other != at:
                    edges.setdefault((other, at), set()).add(resource)
        for resource, writing, question in touches:
            if not writing:
                readers.setdefault(resource, []).append(at)
            elif question:
                writers.setdefault(resource, []).append(at)
            else:
                writers[resource], readers[resource] = [at], []
    return [
        Edge(before, after, "resource", ", ".join(sorted(what)), 1.0)
        for (before, after), what in edges.items()
    ]


def touches_by_access(trace: Trace, accesses: Sequence[Mapping[str, Any]]) -> list[list[Touch]]:
    """What each node touched, from the rows of `accesses` of its trial."""
    at_step = {node.step: at for at, node in enumerate(trace.nodes)}
    touched: list[set[Touch]] = [set() for _ in trace.nodes]
    for row in accesses:
        at = at_step.get(row["step"])
        if at is not None and not row["undone"]:
            resource = f"{row['table']}:{row['key']}"
            touched[at].add((resource, row["op"] != "read", bool(row["predicate"])))
    return [sorted(touches) for touches in touched]


def touches_by_name(nodes: Sequence[Node], write_tools: Collection[str]) -> list[list[Touch]]:
    """What each node touched when only the names of the tools that write are known.

    Every id in the arguments is taken for a resource. A call that failed wrote nothing.
    """
    return [
        sorted((thing, _writes(node, write_tools), False) for thing in _ids(node)) for node in nodes
    ]


def _writes(node: Node, write_tools: Collection[str]) -> bool:
    return node.tool in write_tools and not node.failed


def _ids(node: Node) -> set[str]:
    """The ids in the arguments of a tool call."""
    if node.tool is None:
        return set()
    return {
        value
        for _, value in argument_values(node.arguments)
        if " " not in value and any(map(str.isdigit, value)) and not NO_ID.fullmatch(value)
    }
