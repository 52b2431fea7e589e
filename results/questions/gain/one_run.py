"""The numbers of one run: what bounds its speed, how it would split, what a team would carry."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from statistics import fmean

from results.questions.gain.dependencies import Choice, Edge
from results.questions.gain.graph import critical_path, greedy_makespan, starts, width_over_time
from results.questions.gain.inference import Inferred
from results.questions.gain.split import HANDOVER, LEAD, Split, split
from results.questions.gain.team_cost import Turn, Usage, conversation, team

DATA = ("value", "about", "retry")
"""Kinds that a lead sees in the work itself; `resource` is what it may overlook."""

TEAM_SIZES = (2, 4, 8)


@dataclass(frozen=True)
class Sizes:
    """How many tokens a text has: characters times `tokens_a_character`, which comes from `source`.

    `source` is `recorded` when fitted to the run's own counts, else `assumed`.
    """

    tokens_a_character: float
    source: str

    def of(self, characters: float) -> float:
        """Tokens in so many characters."""
        return characters * self.tokens_a_character


@dataclass(frozen=True)
class Shared:
    """A resource that subagents of a split would share although at least one of them writes it."""

    resource: str
    agents: tuple[int, ...]
    writers: int


@dataclass(frozen=True)
class OneRun:
    """What a run shows. Calls weigh 1 each; times are null unless all calls were timed.

    `steps` is how long the run took in calls, those of one message at once, and `seconds` in
    seconds; `path` and `path_seconds` are its longest chain.
    `natural` splits by what flows between calls, as a lead would who does not see shared state;
    `safe` keeps the order of calls that share a written resource too (null when writes are not
    known). `told_all` is the bound if all that the user said had been known from the start (null
    without words with a user). `briefs` maps a subagent of the chosen split to the least and the
    most tokens its brief must carry.
    """

    run: Inferred
    before: list[list[int]]
    begun: list[float]
    widths: list[tuple[float, float, int]]
    path: float
    steps: int
    bounded: dict[int, float]
    seconds: float | None
    path_seconds: float | None
    told_all: float | None
    natural: Split
    safe: Split | None
    shared: list[Shared]
    unsettled: list[tuple[str, list[Choice]]]
    briefs: dict[int, tuple[float, float]]
    alone: Usage
    teams: tuple[Usage, Usage] | None

    @property
    def chosen(self) -> Split:
        """The split that costs and briefs are about: the safe one, or the natural if unknown."""
        return self.natural if self.safe is None else self.safe


def examine(run: Inferred, sizes: Sizes, agents: int, conventions: Collection[str] = ()) -> OneRun:
    """All numbers of one run, for a team of at most `agents` subagents at a time.

    `conventions` are the parameters that runs of this task set differently (see `conventions_of`).
    """
    nodes = run.trace.nodes
    count = len(nodes)
    ones = [1.0] * count
    before = ordered(run, run.edges)
    segments = _segments(run)
    natural = split(_needs(count, [e for e in run.edges if e.kind in DATA]), segments, agents)
    safe = None
    if run.touched is not None:
        safe = split(_needs(count, run.edges), segments, agents)
    chosen = natural if safe is None else safe
    seconds = [node.seconds for node in nodes]
    timed = [second for second in seconds if second is not None]
    took = [message.seconds for message in run.trace.messages]
    whole = len(timed) == count and count > 0
    briefs = _briefs(run, chosen, sizes)
    start, task, turns = _turns(run, chosen, sizes)
    return OneRun(
        run=run,
        before=before,
        begun=starts(before, ones),
        widths=width_over_time(before, ones),
        path=critical_path(before, ones),
        steps=len({node.message for node in nodes}),
        bounded={size: greedy_makespan(before, ones, size) for size in TEAM_SIZES},
        seconds=sum(second for second in took if second is not None) if whole else None,
        path_seconds=critical_path(before, timed) if whole else None,
        told_all=_told_all(run),
        natural=natural,
        safe=safe,
        shared=_shared(run, natural),
        unsettled=_unsettled(run, chosen, conventions),
        briefs=briefs,
        alone=conversation(start, turns),
        teams=_teams(start, task, turns, chosen, briefs),
    )


def ordered(run: Inferred, edges: Sequence[Edge]) -> list[list[int]]:
    """What each node needs: the given dependencies, words with the user in order, the end last.

    Calls of one message were made at once: none of them waited for another.
    """
    nodes = run.trace.nodes
    needs = [set(own) for own in _needs(len(nodes), edges)]
    since, turn = 0, -1
    for at, node in enumerate(nodes):
        if node.kind in ("turn", "end"):
            needs[at] |= set(range(since, at))
            since = at + 1
        if turn >= 0:
            needs[at].add(turn)
        if node.kind == "turn":
            turn = at
    return [
        sorted(before for before in own if nodes[before].message < node.message)
        for own, node in zip(needs, nodes, strict=True)
    ]


def _needs(count: int, edges: Sequence[Edge]) -> list[list[int]]:
    needs: list[set[int]] = [set() for _ in range(count)]
    for edge in edges:
        needs[edge.after].add(edge.before)
    return [sorted(own) for own in needs]


def _segments(run: Inferred) -> list[list[int]]:
    """The calls between two words with the user."""
    segments: list[list[int]] = [[]]
    for at, node in enumerate(run.trace.nodes):
        if node.kind == "call":
            segments[-1].append(at)
        else:
            segments.append([])
    return [segment for segment in segments if segment]


def _told_all(run: Inferred) -> float | None:
    """Work over critical path with the words to the user left out of both."""
    kept = [at for at, node in enumerate(run.trace.nodes) if node.kind != "turn"]
    if len(kept) == len(run.trace.nodes) or not kept:
        return None
    place = {at: number for number, at in enumerate(kept)}
    nodes = run.trace.nodes
    needs = _needs(len(nodes), run.edges)
    if nodes[-1].kind == "end":
        needs[-1] = list(range(len(nodes) - 1))
    before = [
        [place[n] for n in needs[at] if n in place and nodes[n].message < nodes[at].message]
        for at in kept
    ]
    steps = len({nodes[at].message for at in kept})
    return max(steps / critical_path(before, [1.0] * len(kept)), 1.0)


def _shared(run: Inferred, parts: Split) -> list[Shared]:
    """What subagents of a split share and at least one of them writes."""
    if run.touched is None:
        return []
    users: dict[str, dict[str, set[int]]] = {}
    for agent, touches in zip(parts.agent, run.touched, strict=True):
        for resource, writing, question in touches:
            if agent != LEAD:
                how = "read" if not writing else "add" if question else "write"
                users.setdefault(resource, {}).setdefault(how, set()).add(agent)
    shared: list[Shared] = []
    for resource, by in sorted(users.items()):
        agents = set[int]().union(*by.values())
        writing = by.get("write", set()) | by.get("add", set())
        # Two that only add rows to the same question do not disturb each other.
        disturbed = "write" in by or ("add" in by and "read" in by)
        if len(agents) > 1 and disturbed:
            shared.append(Shared(resource, tuple(sorted(agents)), len(writing)))
    return shared


def _unsettled(
    run: Inferred, parts: Split, conventions: Collection[str]
) -> list[tuple[str, list[Choice]]]:
    """Parameters that several subagents would set by themselves, with the choices made.

    A value that the instructions offer counts if other runs of the task made another choice.
    """
    made: dict[str, list[Choice]] = {}
    for choice in run.choices:
        writing = run.writes is None or run.writes[choice.at]
        free = not choice.offered or choice.parameter in conventions
        if writing and free and parts.agent[choice.at] != LEAD:
            made.setdefault(choice.parameter, []).append(choice)
    return [
        (parameter, choices)
        for parameter, choices in sorted(made.items())
        if len({parts.agent[choice.at] for choice in choices}) > 1
    ]


def _briefs(run: Inferred, parts: Split, sizes: Sizes) -> dict[int, tuple[float, float]]:
    """Least: the values it uses. Most: all that the user had said, and whole replies it needs."""
    briefs: dict[int, tuple[float, float]] = {}
    for agent in (agent for stretch in parts.stretches for agent in stretch):
        own = {at for at, whose in enumerate(parts.agent) if whose == agent}
        outside = [
            edge
            for edge in run.edges
            if edge.kind in DATA and edge.after in own and edge.before not in own
        ]
        given = {value for at in own for value in run.given[at]}
        needed = {edge.what for edge in outside}
        least = sum(len(value) + 1 for value in given | needed)
        replies = sum(len(run.trace.nodes[at].reply) for at in {e.before for e in outside})
        told = sum(len(text) for since, text, _ in run.trace.told if 0 < since <= min(own))
        briefs[agent] = (sizes.of(least), sizes.of(run.trace.asked + told + replies))
    return briefs


def _turns(run: Inferred, parts: Split, sizes: Sizes) -> tuple[float, float, list[Turn]]:
    """Tokens before the first model call, those of them that tell the task, and the calls."""
    trace = run.trace
    first = trace.messages[0]
    recorded = first.prompt_tokens
    start = float(recorded) if recorded is not None else sizes.of(first.new)
    told_at: dict[int, int] = {}
    for since, text, _ in trace.told:
        told_at[since] = told_at.get(since, 0) + len(text)
    turns: list[Turn] = []
    for number, message in enumerate(trace.messages):
        own = [at for at, node in enumerate(trace.nodes) if node.message == number]
        tokens = message.completion_tokens
        written = float(tokens) if tokens is not None else sizes.of(message.written)
        if not own:
            turns.append(Turn(written, 0.0))
        for agent in sorted({parts.agent[at] for at in own}):
            mine = [at for at in own if parts.agent[at] == agent]
            heard = sum(len(trace.nodes[at].reply) for at in mine)
            heard += told_at.get(own[-1] + 1, 0) if own[-1] in mine else 0
            turns.append(Turn(written * len(mine) / len(own), sizes.of(heard), agent))
    return start, sizes.of(trace.asked), turns


def _teams(
    start: float,
    task: float,
    turns: list[Turn],
    parts: Split,
    briefs: dict[int, tuple[float, float]],
) -> tuple[Usage, Usage] | None:
    """The team's usage with the least and with the most in its briefs; null if nothing is split."""
    if not parts.stretches:
        return None
    least, most = (
        team(start, task, turns, parts.stretches, {a: both[i] for a, both in briefs.items()})
        for i in (0, 1)
    )
    return least, most


def times_as_fast(one: OneRun, split: Split) -> float:
    """The run as it was over the split, whose agents issue calls together as the one agent did."""
    handing = HANDOVER * len(split.stretches)
    return one.steps / ((split.span - handing) * one.steps / len(one.begun) + handing)


def mean_width(one: OneRun) -> float | None:
    """Calls that run at once, averaged over the critical path; null for a run without calls."""
    return len(one.begun) / one.path if one.path else None


def mean_brief(one: OneRun, which: int) -> float | None:
    """Mean tokens of a brief, least (0) or most (1); null when nothing is split."""
    sizes = [both[which] for both in one.briefs.values()]
    return fmean(sizes) if sizes else None
