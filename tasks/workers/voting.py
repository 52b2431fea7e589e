"""Which of several answers to the same work to go by: the majority, line by line or as a whole.

A vote is what an agent submitted, and what it wrote. Lines `label: value` are compared as the
judge compares them; an answer without such lines counts as one line. Statuses are voted on first,
and only those who said what most said have a vote on the rest. A tie goes to whoever came first.
"""

import re
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from tasks.judging import ANSWER_LINE, said

Line = tuple[str, Hashable]


@dataclass(frozen=True)
class Vote:
    """One answer. `wrote` are its changes to the world, in any form that can be compared."""

    answer: str
    status: str | None
    wrote: tuple[Hashable, ...] = ()


def agreed(votes: Sequence[Vote]) -> list[int]:
    """The places of the votes whose status is the most common one. ValueError for no votes."""
    if not votes:
        raise ValueError("there is no answer to choose from")
    status = _most([vote.status for vote in votes])
    return [place for place, vote in enumerate(votes) if vote.status == status]


def nearest(votes: Sequence[Vote]) -> int:
    """The place of the vote that shares most lines and writes with the others that agree."""
    places = agreed(votes)
    parts = {place: _parts(votes[place]) for place in places}
    common = sum((Counter(found) for found in parts.values()), Counter[Line]())
    return max(places, key=lambda place: (sum(common[part] for part in parts[place]), -place))


def combined(votes: Sequence[Vote]) -> str:
    """The answer whose every line is the most common one of its label; none where most have none.

    Lines come in the order in which the votes first give their labels.
    """
    chosen = [votes[place].answer for place in agreed(votes)]
    answers = [_lines(answer) for answer in chosen]
    if not any(answers):
        return chosen[nearest([Vote(answer, None) for answer in chosen])]
    labels = dict.fromkeys(label for lines in answers for label in lines)
    kept: list[str] = []
    for label in labels:
        values = [_value(label, lines.get(label)) for lines in answers]
        winner = values.index(_most(values))
        kept += answers[winner].get(label, ())
    return "\n".join(kept)


def agreement(votes: Sequence[Vote], answer: str) -> float:
    """The mean share of votes that have a line of this answer, 0 to 1."""
    parts = _parts(Vote(answer, None))
    others = [_parts(vote) for vote in votes]
    # Whole numbers until the end: the order of a set must not show in a record.
    backed = sum(part in other for part in parts for other in others)
    return backed / (len(parts) * len(votes)) if votes else 0.0


def _most(values: Sequence[Hashable]) -> Hashable:
    """The most common value, the first of those that are tied."""
    return Counter(values).most_common(1)[0][0]


def _lines(answer: str) -> dict[str, list[str]]:
    """The label: value lines as they are written, by label in lower case."""
    found: dict[str, list[str]] = {}
    for label, value in ANSWER_LINE.findall(answer):
        found.setdefault(label.lower(), []).append(f"{label}: {value}")
    return found


def _value(label: str, lines: Sequence[str] | None) -> Hashable:
    return frozenset(said(label, line.partition(": ")[2]) for line in lines or ())


def _parts(vote: Vote) -> set[Line]:
    lines: set[Line] = {("said", said(*found)) for found in ANSWER_LINE.findall(vote.answer)}
    if not lines:
        lines = {("said", " ".join(re.sub(r"[`*]", "", vote.answer).lower().split()))}
    seen: Counter[Hashable] = Counter()
    for change in vote.wrote:
        seen[change] += 1
        lines.add(("wrote", (change, seen[change])))
    return lines
