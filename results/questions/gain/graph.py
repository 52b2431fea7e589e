"""Schedules of calls that need each other: critical path, width over time, bounds on speed-up.

A graph is `before[i]`, the positions that call i needs, all smaller than i, and a weight for each
call (1, or its seconds). Work is the sum of the weights. No schedule is shorter than the critical
path, nor than work / p on p agents; a greedy one is within their sum (Graham 1966, Brent 1974).
"""

import heapq
from collections.abc import Iterable, Sequence
from itertools import pairwise

from results.refused import Refused

Graph = Sequence[Sequence[int]]


def starts(before: Graph, weights: Sequence[float]) -> list[float]:
    """When each call starts if it waits for nothing but what it needs."""
    begun: list[float] = []
    for needs in before:
        begun.append(max((begun[n] + weights[n] for n in needs), default=0.0))
    return begun


def critical_path(before: Graph, weights: Sequence[float]) -> float:
    """Length of the longest chain: the shortest time with any number of agents."""
    begun = starts(before, weights)
    return max((at + weight for at, weight in zip(begun, weights, strict=True)), default=0.0)


def on_critical_path(before: Graph, weights: Sequence[float]) -> list[int]:
    """The calls of one longest chain, first to last."""
    begun = starts(before, weights)
    if not begun:
        return []
    ends = [at + weight for at, weight in zip(begun, weights, strict=True)]
    chain = [max(range(len(ends)), key=ends.__getitem__)]
    while needs := before[chain[-1]]:
        chain.append(max(needs, key=ends.__getitem__))
    return chain[::-1]


def speed_up_bound(work: float, path: float, agents: int | None = None) -> float | None:
    """The most any schedule could give: work / critical path, and at most the agents. Null if 0."""
    if path <= 0:
        return None
    return work / path if agents is None else min(float(agents), work / path)


def greedy_makespan(before: Graph, weights: Sequence[float], agents: int) -> float:
    """The time on `agents` agents when the call with the longest chain behind it goes first."""
    if agents < 1:
        raise Refused(f"agents is {agents}; it must be at least 1")
    after = followers(before)
    tail = [0.0] * len(weights)
    for at in range(len(weights) - 1, -1, -1):
        tail[at] = weights[at] + max((tail[n] for n in after[at]), default=0.0)
    waiting = [len(set(needs)) for needs in before]
    ready = [(-tail[at], at) for at, count in enumerate(waiting) if count == 0]
    heapq.heapify(ready)
    running: list[tuple[float, int]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < agents:
            _, at = heapq.heappop(ready)
            heapq.heappush(running, (now + weights[at], at))
        now, done = heapq.heappop(running)
        for follower in after[done]:
            waiting[follower] -= 1
            if waiting[follower] == 0:
                heapq.heappush(ready, (-tail[follower], follower))
    return now


def width_over_time(before: Graph, weights: Sequence[float]) -> list[tuple[float, float, int]]:
    """From, to and how many calls run at once, when each starts as soon as it can."""
    begun = starts(before, weights)
    changes: dict[float, int] = {}
    for at, weight in zip(begun, weights, strict=True):
        if weight > 0:
            changes[at] = changes.get(at, 0) + 1
            changes[at + weight] = changes.get(at + weight, 0) - 1
    times = sorted(changes)
    spans: list[tuple[float, float, int]] = []
    running = 0
    for time, until in pairwise(times):
        running += changes[time]
        spans.append((time, until, running))
    return spans


def followers(before: Graph) -> list[list[int]]:
    """The calls that need each call."""
    after: list[list[int]] = [[] for _ in before]
    for at, needs in enumerate(before):
        for need in set(needs):
            after[need].append(at)
    return after


def closures(before: Graph) -> list[int]:
    """For each call the set of all it needs, directly or not, as the bits of a number."""
    reach: list[int] = []
    for needs in before:
        mask = 0
        for need in needs:
            mask |= reach[need] | 1 << need
        reach.append(mask)
    return reach


def components(members: Iterable[int], before: Graph) -> list[list[int]]:
    """The members in groups that need nothing of each other, by first member."""
    kept = sorted(members)
    root = {at: at for at in kept}

    def find(at: int) -> int:
        while root[at] != at:
            root[at] = at = root[root[at]]
        return at

    for at in kept:
        for need in before[at]:
            if need in root:
                one, other = find(at), find(need)
                root[max(one, other)] = min(one, other)
    groups: dict[int, list[int]] = {}
    for at in kept:
        groups.setdefault(find(at), []).append(at)
    return list(groups.values())
