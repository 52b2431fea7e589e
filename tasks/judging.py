"""When a trial is right: the facts it left behind are exactly the facts its goal names.

A fact is a net row change of the world or a line of the submitted answer. What the agent claims is
not a fact; it only counts where the goal asks for a refusal.
"""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Literal, NamedTuple

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
    """A partial-credit check: reached when all facts of any one alternative are there."""

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
    """A milestone as it was found."""

    name: str
    weight: float
    reached: bool
    detail: str


@dataclass(frozen=True)
class Judgement:
    """`score` is the weighted share of milestones reached, 0 to 1; 1.0 whenever `passed`."""

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


def judge(changes: Counter[RowChange], goal: Goal, submission: Submission) -> Judgement:
    """Compare what is with what should be.

    `changes` are the net row changes of the world. The last milestone, `nothing_else`, is missed by
    any fact that the goal does not name.
    """
    if goal.status == "blocked":
        checks = [
            Milestone("refused", 1.0, submission.status == "blocked", f"said {submission.status}"),
            Milestone("nothing_changed", 1.0, not changes, f"{changes.total()} changes"),
        ]
        return _judgement(all(check.reached for check in checks), checks)
    named = Counter(goal.facts)
    for group in goal.either:
        choices: Counter[RowChange] = Counter()
        for facts in group:
            choices |= Counter(facts)
        named += choices
    labels = frozenset(fact.key for fact in named if fact.kind == "say")
    actual = changes + answer_facts(submission.answer, labels)
    checks = [_check(milestone, actual) for milestone in goal.milestones]
    stray = actual - named
    checks.append(Milestone("nothing_else", 1.0, not stray, _shown(stray)))
    return _judgement(_exactly(actual, goal), checks)


def _exactly(actual: Counter[RowChange], goal: Goal) -> bool:
    wanted = Counter(goal.facts)
    if wanted - actual:
        return False
    rest = actual - wanted
    return _exact_choice(rest, goal.either)


def _exact_choice(rest: Counter[RowChange], groups: tuple[tuple[Facts, ...], ...]) -> bool:
    if not groups:
        return not rest
    # What no later group names must be used up here: else many facts of several alternatives at
    # once would be tried in all combinations.
    later = {fact for group in groups[1:] for facts in group for fact in facts}
    for facts in groups[0]:
        if not (Counter(facts) - rest):
            left = rest - Counter(facts)
            if later.issuperset(left) and _exact_choice(left, groups[1:]):
                return True
    return False


def _check(milestone: MilestoneGoal, actual: Counter[RowChange]) -> Milestone:
    gaps = [Counter(facts) - actual for facts in milestone.any_of]
    reached = any(not gap for gap in gaps)
    detail = (
        "" if reached or not gaps else "missing " + _shown(min(gaps, key=lambda gap: gap.total()))
    )
    return Milestone(milestone.name, milestone.weight, reached, detail)


def _shown(facts: Counter[RowChange]) -> str:
    return "; ".join(
        " ".join([f.kind, f.table, f.key, *(f"{name}={value}" for name, value in f.values)])
        for f in sorted(facts.elements(), key=repr)[:5]
    )


def _judgement(passed: bool, checks: list[Milestone]) -> Judgement:
    total = sum(check.weight for check in checks)
    reached = sum(check.weight for check in checks if check.reached)
    missed = min((check.weight for check in checks), default=1.0)
    score = 1.0 if passed else min(reached / total, 1.0 - missed / total) if total else 0.0
    return Judgement(passed, score, tuple(checks))
