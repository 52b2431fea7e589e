"""How the work would be split among a lead and its subagents, by what the calls need of each other.

Between two words with the user the lead keeps what everything else needs (a prefix) and what needs
everything else (a suffix); the groups in between need nothing of each other and go to subagents,
each of which works through its groups one call after another. The split with the shortest time is
looked for greedily: it is a split that works, not the best that there is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from results.questions.gain.graph import Graph, closures, components, followers

LEAD = 0
MOST_SETS = 24
"""How many prefixes, and how many suffixes, are tried for the lead."""
HANDOVER = 2.0
"""Calls that a split adds to its longest chain: the lead's briefs, and a subagent's report."""


@dataclass(frozen=True)
class Split:
    """Who makes each call (`LEAD` is 0, subagents count from 1) and how long it takes.

    `span` is in calls, `HANDOVER` for each fanned-out stretch included; `stretches` are the
    subagents of each of these.
    """

    agent: tuple[int, ...]
    span: float
    stretches: tuple[tuple[int, ...], ...]


def split(before: Graph, segments: Sequence[Sequence[int]], agents: int) -> Split:
    """Split each segment among at most `agents` subagents, or leave it to the lead where that pays.

    `segments` are the calls between two words with the user, in order; what is in none of them is
    the lead's. Every call counts 1.
    """
    assigned = [LEAD] * len(before)
    span = float(len(before))
    reach = closures(before)
    behind = _closures_behind(before)
    stretches: list[tuple[int, ...]] = []
    hired = 0
    for segment in segments:
        best, groups = _best(before, reach, behind, list(segment), agents)
        if best >= len(segment):
            continue
        span += best - len(segment)
        for group in groups:
            hired += 1
            for at in group:
                assigned[at] = hired
        stretches.append(tuple(range(hired - len(groups) + 1, hired + 1)))
    return Split(tuple(assigned), span, tuple(stretches))


def _best(
    before: Graph, reach: list[int], behind: list[int], segment: list[int], agents: int
) -> tuple[float, list[list[int]]]:
    """The shortest span found and the calls of each subagent."""
    inside = _mask(segment)
    best = _span(before, segment, 0, 0, agents)
    kept_first = kept_last = 0
    if len(segment) <= HANDOVER:
        return best
    for first in _most_needed(segment, behind, reach, inside):
        for last in _most_needed(segment, reach, behind, inside):
            if _least(len(segment), first | last, agents) >= best[0]:
                continue
            found = _span(before, segment, first, last, agents)
            if found[0] < best[0]:
                best, kept_first, kept_last = found, first, last
    improved = True
    while improved:
        improved = False
        for at in segment:
            for first, also in ((True, reach[at]), (False, behind[at])):
                more = (1 << at | also) & inside
                trial = (kept_first | more, kept_last) if first else (kept_first, kept_last | more)
                if _least(len(segment), trial[0] | trial[1], agents) >= best[0]:
                    continue
                found = _span(before, segment, trial[0], trial[1], agents)
                if found[0] < best[0]:
                    best, (kept_first, kept_last), improved = found, trial, True
    return best


def _least(calls: int, kept: int, agents: int) -> float:
    """The span can be no shorter when the lead keeps these calls."""
    kept_calls = kept.bit_count()
    return kept_calls + HANDOVER + (calls - kept_calls) / agents


def _most_needed(segment: list[int], of: list[int], with_: list[int], inside: int) -> list[int]:
    """Sets that a lead could keep: the calls with most others in `of`, and all that goes along.

    The empty set comes first; at most `MOST_SETS` of growing size.
    """
    order = sorted(segment, key=lambda at: -(of[at] & inside).bit_count())
    sets, taken = [0], 0
    for at in order:
        taken |= (1 << at | with_[at]) & inside
        if taken != sets[-1] and len(sets) < MOST_SETS:
            sets.append(taken)
    return sets


def _span(
    before: Graph, segment: list[int], first: int, last: int, agents: int
) -> tuple[float, list[list[int]]]:
    if first & last:
        return float("inf"), []
    middle = [at for at in segment if not (first | last) >> at & 1]
    groups = sorted(components(middle, before), key=len, reverse=True)
    if len(groups) < 2:
        return float(len(segment)), []
    loads: list[list[int]] = [[] for _ in range(min(agents, len(groups)))]
    for group in groups:
        min(loads, key=len).extend(group)
    longest = max(map(len, loads))
    return len(segment) - len(middle) + longest + HANDOVER, [sorted(load) for load in loads]


def _closures_behind(before: Graph) -> list[int]:
    """For each call the set of all that need it, directly or not, as the bits of a number."""
    after = followers(before)
    reach = [0] * len(before)
    for at in range(len(before) - 1, -1, -1):
        for follower in after[at]:
            reach[at] |= reach[follower] | 1 << follower
    return reach


def _mask(members: Sequence[int]) -> int:
    mask = 0
    for at in members:
        mask |= 1 << at
    return mask
