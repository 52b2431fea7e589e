"""When a trial is right: the facts it left behind are exactly the facts its goal names.

A fact is a net row change of the world or a line of the submitted answer. What the agent claims is
not a fact; it only counts where the goal asks for a refusal.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

JUDGE = "2"
"""Version of these rules, kept with every trial; it goes up when a trial may be judged otherwise.

2: milestones share no fact, and belong to one course of events.
"""

Value = str | int | float | None
Status = Literal["done", "blocked"]


class RowChange(NamedTuple):
    """A net difference to the initial state; `values` are the columns set, sorted by name.

    `key` is empty for a new row whose key is a mere surrogate, so that order never matters. With
    kind `say` it is an answer line: `table` is "answer", `key` the label in lower case.
    """

    table: str
    key: str
    kind: Literal["insert", "update", "delete", "say"]
    values: tuple[tuple[str, Value], ...] = ()


Facts = tuple[RowChange, ...]


@dataclass(frozen=True)
class Submission:
    """What an agent ended with. `status` and `confidence` are null if it never called submit."""

    answer: str | None = None
    status: str | None = None
    confidence: float | None = None


@dataclass(frozen=True)
class MilestoneGoal:
    """A partial-credit check: reached when all facts of any one alternative are there for it.

    There is at least one alternative. `weight` is above 0.
    """

    name: str
    any_of: tuple[Facts, ...]
    weight: float = 1.0


@dataclass(frozen=True)
class Goal:
    """Exactly the `facts`, plus exactly one alternative of each group in `either`.

    `status` is "blocked" for a task that cannot be done: right is then that status and no change.
    Only answer labels that some fact of the goal names are looked at.
    """

    facts: Facts = ()
    either: tuple[tuple[Facts, ...], ...] = ()
    milestones: tuple[MilestoneGoal, ...] = ()
    status: Status = "done"


class Milestone(NamedTuple):
    """A milestone as it was found; `about` names the rows or answer lines that it missed.

    A row is "table key", and a new one with no key of its own just "table".
    """

    name: str
    weight: float
    reached: bool
    detail: str
    about: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judgement:
    """`score` is the weighted share of milestones reached, 0 to 1; 1.0 exactly when `passed`."""

    passed: bool
    score: float
    milestones: tuple[Milestone, ...]

    @property
    def first_missed(self) -> str | None:
        """The name of the first milestone that was not reached."""
        return next((m.name for m in self.milestones if not m.reached), None)


def said(label: str, value: str) -> RowChange:
    """The fact that the answer's line `label` says `value`.

    Case, spaces, final dots and the marks ` and * do not matter.
    """
    text = " ".join(re.sub(r"[`*]", "", value).split()).rstrip(".").lower()
    return RowChange("answer", label.lower(), "say", (("value", text),))


ANSWER_LINE = re.compile(r"^[\s>*-]*`?\**([A-Za-z]\w*)\**`?\s*[:=]\s*(.+?)\s*$", re.MULTILINE)


def answer_facts(answer: str | None, labels: frozenset[str]) -> Counter[RowChange]:
    """The distinct `label: value` lines of an answer whose label is asked for."""
    found = {said(label, value) for label, value in ANSWER_LINE.findall(answer or "")}
    return Counter(fact for fact in found if fact.key in labels)


def answer_goal(
    right: Mapping[str, Sequence[str]],
    alike: Sequence[Sequence[str]] = (),
    names: Mapping[str, str] | None = None,
) -> Goal:
    """The goal of a task that only answers: `right` maps each label to what may stand on its line.

    In a group of `alike`, all labels with more than one way must be answered in the same one of
    them; a label in no group may be answered in any. Every label is a milestone of its name, or of
    the one that `names` gives it.
    """
    ways = {label: [said(label, value) for value in values] for label, values in right.items()}
    single = {label for label, way in ways.items() if len(way) == 1}
    groups = [[label for label in group if label not in single] for group in alike]
    grouped = single.union(*groups)
    groups += [[label] for label in ways if label not in grouped]
    return Goal(
        facts=tuple(ways[label][0] for label in ways if label in single),
        either=tuple(
            tuple(zip(*(ways[label] for label in group), strict=True)) for group in groups if group
        ),
        milestones=tuple(
            MilestoneGoal((names or {}).get(label, label), tuple((fact,) for fact in way))
            for label, way in ways.items()
        ),
    )


def judge(changes: Counter[RowChange], goal: Goal, submission: Submission) -> Judgement:
    """Compare what is with what should be.

    `changes` are the net row changes of the world. A trial is judged by one course of events: the
    one it followed, else the one that has most in common with what was done. Milestones take their
    facts out of what was done, so that none counts for two of them. `the_rest` stands for facts of
    the course that no milestone asks for, where there are any; `nothing_else` is missed by any fact
    beyond the course. A trial passed exactly when it reached them all.
    """
    if goal.status == "blocked":
        return _judgement(
            Milestone("refused", 1.0, submission.status == "blocked", f"said {submission.status}"),
            Milestone(
                "nothing_changed", 1.0, not changes, f"{changes.total()} changes", _things(changes)
            ),
        )
    facts = (*goal.facts, *(fact for group in goal.either for way in group for fact in way))
    labels = frozenset(fact.key for fact in facts if fact.kind == "say")
    actual = changes + answer_facts(submission.answer, labels)
    course = _course(actual, goal)
    stray = actual - course
    return _judgement(
        *_found(actual, course, goal.milestones),
        Milestone("nothing_else", 1.0, not stray, _shown(stray), _things(stray)),
    )


def _course(actual: Counter[RowChange], goal: Goal) -> Counter[RowChange]:
    """All facts of the course that was followed, else of the nearest one.

    Of several that are equally near it is the one that the goal names first.
    """
    course = Counter(goal.facts)
    rest = actual - course
    if not course - actual and _is_choice(rest, goal.either):
        return actual
    for group in goal.either:
        nearest = max((Counter(way) for way in group), key=lambda way: (way & rest).total())
        course += nearest
        rest -= nearest
    return course


def _is_choice(rest: Counter[RowChange], groups: tuple[tuple[Facts, ...], ...]) -> bool:
    """Whether these are exactly one alternative of each group."""
    if not groups:
        return not rest
    # What no later group names must be used up here: else many facts of several alternatives at
    # once would be tried in all combinations.
    later = {fact for group in groups[1:] for facts in group for fact in facts}
    for facts in groups[0]:
        if not (Counter(facts) - rest):
            left = rest - Counter(facts)
            if later.issuperset(left) and _is_choice(left, groups[1:]):
                return True
    return False


def _found(
    actual: Counter[RowChange], course: Counter[RowChange], goals: tuple[MilestoneGoal, ...]
) -> Iterator[Milestone]:
    """The milestones in their order, and `the_rest`.

    Each gets facts of the course for itself, those with the fewest ways first, and is reached if
    they were left behind. One that the course has no way for is reached only by following it.
    """
    left, there = course.copy(), actual.copy()
    gaps: dict[int, Counter[RowChange]] = {}
    ways = [[Counter(way) for way in goal.any_of if not Counter(way) - course] for goal in goals]
    for place in sorted(range(len(goals)), key=lambda place: len(ways[place])):
        own = [way for way in ways[place] if not way - left] or [Counter(goals[place].any_of[0])]
        way = min(own, key=lambda way: (way - there).total())
        gaps[place] = (way - there) or (way - left)
        left -= way
        if not gaps[place]:
            there -= way
    followed = actual == course
    for place, goal in enumerate(goals):
        yield _milestone(goal.name, goal.weight, gaps[place], followed)
    if left:
        yield _milestone("the_rest", 1.0, left - there, followed)


def _milestone(name: str, weight: float, gap: Counter[RowChange], followed: bool) -> Milestone:
    if followed or not gap:
        return Milestone(name, weight, True, "")
    return Milestone(name, weight, False, "missing " + _shown(gap), _things(gap))


def _things(facts: Counter[RowChange]) -> tuple[str, ...]:
    return tuple(sorted({f"{fact.table} {fact.key}".strip() for fact in facts}))


def _shown(facts: Counter[RowChange]) -> str:
    return "; ".join(
        " ".join([f.kind, f.table, f.key, *(f"{name}={value}" for name, value in f.values)])
        for f in sorted(facts.elements(), key=repr)[:5]
    )


def _judgement(*checks: Milestone) -> Judgement:
    passed = all(check.reached for check in checks)
    total = sum(check.weight for check in checks)
    reached = sum(check.weight for check in checks if check.reached)
    return Judgement(passed, reached / total, checks)
