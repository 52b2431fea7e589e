"""What the same calls would cost as one conversation and as a team, prompt caching included.

The formula, the same for both, so that their ratio does not depend on how well it fits. A
conversation starts with s tokens; its i-th model call writes w_i tokens and then hears h_i (the
replies to its calls, or the user):

    prompt_i = s + w_1 + h_1 + ... + w_(i-1) + h_(i-1)
    cached_i = prompt_(i-1) rounded down to a multiple of 128, if that is at least 1,024, else 0

(providers cache a conversation's own prefix in such steps). A team's lead makes the calls that stay
with it, one call that writes all briefs, and hears the reports; a subagent starts with what the
single agent started with, less its task, plus its brief, makes its calls, and writes a report.
Cached input, fresh input and output have a price each. No prefix is shared between conversations.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

CACHE_FROM, CACHE_STEP = 1024, 128
REPORT_TOKENS = 150.0
"""Assumed: what a subagent writes back, and the lead at the end if nothing else was left to it."""
ASKING_TOKENS = 30.0
"""Assumed: what the lead writes beside a brief's content."""


@dataclass(frozen=True)
class Prices:
    """US dollars per million tokens of fresh input, cached input and output."""

    fresh: float
    cached: float
    output: float


@dataclass(frozen=True)
class Usage:
    """Tokens of one or more conversations; `prompt` includes `cached`. `longest` is one prompt."""

    prompt: float = 0.0
    cached: float = 0.0
    completion: float = 0.0
    longest: float = 0.0

    def plus(self, other: "Usage") -> "Usage":
        """Both together."""
        return Usage(
            self.prompt + other.prompt,
            self.cached + other.cached,
            self.completion + other.completion,
            max(self.longest, other.longest),
        )

    @property
    def total(self) -> float:
        """Prompt and completion tokens."""
        return self.prompt + self.completion

    def dollars(self, prices: Prices) -> float:
        """Cost at these prices."""
        fresh = (self.prompt - self.cached) * prices.fresh
        return (fresh + self.cached * prices.cached + self.completion * prices.output) / 1e6


@dataclass(frozen=True)
class Turn:
    """A model call: tokens it writes, and tokens heard in return before the next one.

    `agent` makes it in a team: 0 is the lead, subagents count from 1.
    """

    written: float
    heard: float
    agent: int = 0


def conversation(start: float, turns: Sequence[Turn]) -> Usage:
    """The usage of a conversation by the formula above."""
    usage = Usage()
    prompt, before = start, 0.0
    for turn in turns:
        cached = before // CACHE_STEP * CACHE_STEP if before >= CACHE_FROM else 0.0
        usage = usage.plus(Usage(prompt, cached, turn.written, prompt))
        before = prompt
        prompt += turn.written + turn.heard
    return usage


def team(
    start: float,
    task: float,
    turns: Sequence[Turn],
    stretches: Sequence[Sequence[int]],
    briefs: Mapping[int, float],
) -> Usage:
    """The lead's and the subagents' conversations together.

    `start` are the tokens before the first call and `task` those of them that tell the task.
    `stretches` are the subagents that are sent off together, `briefs` the tokens of their briefs.
    """
    stretch_of = {agent: tuple(stretch) for stretch in stretches for agent in stretch}
    sent: set[tuple[int, ...]] = set()
    lead: list[Turn] = []
    for turn in turns:
        stretch = stretch_of.get(turn.agent)
        if stretch is None:
            lead.append(turn)
        elif stretch not in sent:
            sent.add(stretch)
            written = sum(briefs[agent] + ASKING_TOKENS for agent in stretch)
            lead.append(Turn(written, REPORT_TOKENS * len(stretch)))
    if sent and turns and turns[-1].agent != 0:
        lead.append(Turn(REPORT_TOKENS, 0.0))
    usage = conversation(start, lead)
    for agent in stretch_of:
        own = [turn for turn in turns if turn.agent == agent]
        usage = usage.plus(
            conversation(start - task + briefs[agent], [*own, Turn(REPORT_TOKENS, 0.0)])
        )
    return usage
