"""Finds and names the cycles within the transactions that a component holds together.

Each pair of transactions of which one depends on the other, on a cycle, is shown on its worst one:
the one with the fewest anti-dependencies, then fewest predicates, then fewest reads, then the
shortest. Where it depends in several ways, the worst of them stands for all. A cycle is named by
Adya's definitions as Elle writes them. Where it takes the order of processes or of real time to
close a cycle, the name gets that ending, and each pair is shown at most once.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from results.conflicts.components import LEVELS, Transactions, labels, shortest
from results.conflicts.graph import RW, WR, WW, Edges
from results.conflicts.transactions import Ints

# Sums of these compare first by anti-dependencies, then predicates, then reads, then length.
_RW, _PREDICATE, _WR, _ANY = float(2**40), float(2**26), float(2**13), 1.0

Pair = tuple[int, int]


class Cycle(NamedTuple):
    """Transactions in order, and the edge out of each: a place in Edges, or minus the level."""

    names: tuple[str, ...]
    nodes: tuple[int, ...]
    edges: tuple[int, ...]


def cycles(
    found: Edges, txns: Transactions, lost: set[Pair], levels: int = len(LEVELS)
) -> Iterator[Cycle]:
    """Each pair that depends, on a cycle, is on one of these, or is a lost update (`lost`)."""
    at_level = labels(found, txns, levels)
    top = at_level[-1]
    inside = np.flatnonzero(top[found.src] == top[found.dst])
    inside = inside[np.argsort(top[found.src[inside]], kind="stable")]
    groups = np.flatnonzero(np.diff(top[found.src[inside]], prepend=-1, append=-1))
    for start, end in pairwise(groups.tolist()):
        yield from _search(found, inside[start:end], txns, at_level, lost)


def _search(
    found: Edges, places: Ints, txns: Transactions, at_level: list[Ints], lost: set[Pair]
) -> Iterator[Cycle]:
    ends = np.concatenate([found.src[places], found.dst[places]])
    nodes = np.unique(ends)
    nodes = nodes[np.argsort(txns.first[nodes])]
    place_of = {int(node): at for at, node in enumerate(nodes)}
    src = np.array([place_of[node] for node in found.src[places].tolist()])
    dst = np.array([place_of[node] for node in found.dst[places].tolist()])
    kind, predicate = found.kind[places], found.predicate[places]
    cost = np.select([kind == RW, kind == WR], [_RW, _WR], 0.0) + _PREDICATE * predicate + _ANY
    worst_last = np.lexsort((-found.src_row[places], -cost))
    weights = np.full((nodes.size, nodes.size), np.inf)
    edge = np.zeros((nodes.size, nodes.size), dtype=np.int64)
    weights[src[worst_last], dst[worst_last]] = cost[worst_last]
    edge[src[worst_last], dst[worst_last]] = places[worst_last]
    dependency = np.isfinite(weights)
    closed = np.zeros_like(dependency)
    ordered = np.zeros_like(dependency)
    for level in range(len(at_level)):
        label = at_level[level][nodes]
        together = label[:, None] == label[None, :]
        if level:
            ordered |= _add_order(weights, edge, level, nodes, txns)
        # What the order says anyway is no news; a cycle needs a dependency that goes against it.
        starts = dependency & together & ~closed & ~ordered
        closed |= together
        if starts.any():
            yield from _covering(found, nodes, weights, edge, starts, level, lost)


def _add_order(weights: Any, edge: Any, level: int, nodes: Ints, txns: Transactions) -> Any:
    """Add, and give, the pairs that processes (level 1) or real time (level 2) put in order."""
    if level == 1:
        who, hold = txns.who[nodes], txns.hold[nodes]
        ordered = (who[:, None] == who[None, :]) & (hold[:, None] < hold[None, :])
    else:
        ended, timed = txns.last[nodes], txns.timed[nodes]
        ordered = (ended[:, None] < txns.first[nodes][None, :]) & timed[:, None]
    new = ordered & (weights > 2 * _ANY)
    weights[new] = 2 * _ANY
    edge[new] = -level
    return ordered


def _covering(
    found: Edges, nodes: Ints, weights: Any, edge: Any, starts: Any, level: int, lost: set[Pair]
) -> Iterator[Cycle]:
    """Cycles that cover the starting edges, worst first; none twice."""
    distance, previous = shortest(weights)
    first, second = np.nonzero(starts)
    total = weights[first, second] + distance[second, first]
    told: set[Pair] = set()
    for at in np.lexsort((second, first, total)).tolist():
        u, v = int(first[at]), int(second[at])
        if (u, v) in told or not np.isfinite(total[at]):
            continue
        path = _path(previous, v, u)
        walk = [u, *path[:-1]]
        if _adjacent(walk, weights):
            walk = _nonadjacent(weights, u, v) or walk
        pairs = list(zip(walk, [*walk[1:], walk[0]], strict=True))
        used = tuple(int(edge[pair]) for pair in pairs)
        against = [pair for pair, place in zip(pairs, used, strict=True) if place >= 0]
        if level and not told.isdisjoint(against):
            continue
        told.update(against)
        members = tuple(int(nodes[node]) for node in walk)
        if not _is_lost_update(found, members, used, lost):
            yield Cycle(_names(found, used, level, _adjacent(walk, weights)), members, used)


def _path(previous: Any, start: int, end: int) -> list[int]:
    path = [end]
    while path[-1] != start:
        path.append(int(previous[start, path[-1]]))
    return path[::-1]


def _adjacent(walk: list[int], weights: Any) -> bool:
    """Whether two anti-dependencies of the cycle follow one another."""
    rw = [bool(weights[pair] >= _RW) for pair in zip(walk, [*walk[1:], walk[0]], strict=True)]
    return sum(rw) > 1 and any(rw[at] and rw[at - 1] for at in range(len(rw)))


def _nonadjacent(weights: Any, u: int, v: int) -> list[int] | None:
    """A cycle through u -> v in which no two anti-dependencies follow one another, if found.

    Breadth first over (node, whether the edge into it was rw); a walk that meets a node twice is
    two shorter cycles, which their own edges show.
    """
    count = len(weights)
    opened = (v, bool(weights[u, v] >= _RW))
    came: dict[tuple[int, bool], tuple[int, bool] | None] = {opened: None}
    queue = [opened]
    for state in queue:
        node, after_rw = state
        for other in range(count):
            rw = bool(weights[node, other] >= _RW)
            if not np.isfinite(weights[node, other]) or (rw and after_rw):
                continue
            if other == u and not (rw and opened[1]):
                walk: list[int] = []
                at: tuple[int, bool] | None = state
                while at is not None:
                    walk.append(at[0])
                    at = came[at]
                walk = [u, *reversed(walk)]
                return walk if len(set(walk)) == len(walk) else None
            if other != u and (other, rw) not in came:
                came[other, rw] = state
                queue.append((other, rw))
    return None


def _is_lost_update(
    found: Edges, members: tuple[int, ...], used: tuple[int, ...], lost: set[Pair]
) -> bool:
    """Whether the cycle is one read and then writes of a pair that is told as a lost update."""
    if any(place < 0 for place in used):
        return False
    kinds = found.kind[list(used)]
    if (kinds == RW).sum() != 1 or (kinds == WW).sum() != len(used) - 1:
        return False
    at = int(np.flatnonzero(kinds == RW)[0])
    return (members[at], members[(at + 1) % len(members)]) in lost


def _names(found: Edges, used: tuple[int, ...], level: int, adjacent: bool) -> tuple[str, ...]:
    places = [place for place in used if place >= 0]
    kinds = found.kind[places]
    rw = int((kinds == RW).sum())
    predicate = found.predicate[places]
    item = "" if predicate.any() else "-item"
    if rw == 0:
        name = "G1c" if (kinds == WR).any() else "G0"
    elif rw == 1:
        name = "G-single" + item
    elif adjacent:
        name = "G2" + item
    else:
        name = "G-nonadjacent" + item
    name += LEVELS[level]
    skew = level == 0 and len(used) == 2 and rw == 2 and bool(item)
    phantom = level == 0 and bool((predicate & (kinds == RW)).any())
    return ("write-skew", name) if skew else (name, "phantom") if phantom else (name,)
