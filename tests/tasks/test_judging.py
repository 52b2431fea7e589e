"""Judging: exactly the facts that the goal names, and nothing else."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.judging import (
    Facts,
    Goal,
    MilestoneGoal,
    RowChange,
    Submission,
    answer_facts,
    answer_goal,
    judge,
    said,
)

COMMON = settings(deadline=None, max_examples=80)


def paid(key: str, amount: int) -> RowChange:
    return RowChange("payments", key, "update", (("amount", amount),))


FACTS = st.lists(st.builds(paid, st.sampled_from("abcd"), st.integers(0, 3)), max_size=4)
SOME = st.lists(st.builds(paid, st.sampled_from("abcd"), st.integers(0, 3)), min_size=1, max_size=4)


def goal_of(facts: list[RowChange], *either: tuple[Facts, ...]) -> Goal:
    milestones = tuple(MilestoneGoal(f"m{i}", ((fact,),)) for i, fact in enumerate(facts))
    return Goal(tuple(facts), tuple(either), milestones)


@COMMON
@given(SOME, st.data())
def test_a_fact_left_out_doubled_or_changed_fails(
    facts: list[RowChange], data: st.DataObject
) -> None:
    goal, done = goal_of(facts), Submission("fine", "done")
    right = judge(Counter(facts), goal, done)
    assert right.passed
    assert right.score == 1.0
    assert right.first_missed is None
    one = data.draw(st.sampled_from(facts))
    changed = one._replace(values=(("amount", 9),))
    for actual in (
        Counter(facts) - Counter([one]),
        Counter([*facts, one]),
        Counter(facts) - Counter([one]) + Counter([changed]),
        Counter([*facts, changed]),
    ):
        wrong = judge(actual, goal, done)
        assert not wrong.passed
        assert 0 <= wrong.score < 1


@COMMON
@given(FACTS, SOME, SOME)
def test_exactly_one_alternative_of_a_group_passes(
    facts: list[RowChange], one: list[RowChange], other: list[RowChange]
) -> None:
    goal = goal_of(facts, (tuple(one), tuple(other)))
    for choice in (one, other):
        assert judge(Counter([*facts, *choice]), goal, Submission()).passed
    assert not judge(Counter([*facts, *one, *other]), goal, Submission()).passed
    assert not judge(Counter(facts), goal, Submission()).passed


def test_two_groups_with_the_same_fact_need_it_twice() -> None:
    group: tuple[Facts, ...] = ((paid("a", 1),), (paid("b", 1),))
    goal = Goal(either=(group, group))
    judged = judge(Counter([paid("a", 1), paid("a", 1)]), goal, Submission())
    assert judged.passed
    assert judged.first_missed is None
    assert not judge(Counter([paid("a", 1)]), goal, Submission()).passed


def test_collateral_changes_miss_the_last_milestone() -> None:
    judged = judge(Counter([paid("a", 1), paid("z", 7)]), goal_of([paid("a", 1)]), Submission())
    assert not judged.passed
    assert judged.first_missed == "nothing_else"
    assert judged.milestones[-1].detail == "update payments z amount=7"
    assert judged.score == pytest.approx(0.5)


def test_milestones_give_weighted_partial_credit_and_name_the_first_miss() -> None:
    a, b = paid("a", 1), paid("b", 2)
    goal = Goal(
        (a, b), (), (MilestoneGoal("first", ((a,),), 3.0), MilestoneGoal("second", ((b,),)))
    )
    judged = judge(Counter([a]), goal, Submission())
    assert judged.score == pytest.approx(4 / 5)
    assert judged.first_missed == "second"
    assert judged.milestones[1].detail == "missing update payments b amount=2"


def test_a_task_that_cannot_be_done_passes_only_refused_and_untouched() -> None:
    goal, nothing = Goal(status="blocked"), Counter[RowChange]()
    assert judge(nothing, goal, Submission("no such order", "blocked")).passed
    paid_anyway = Counter([paid("a", 1)])
    for changes, status in ((nothing, "done"), (nothing, None), (paid_anyway, "blocked")):
        judged = judge(changes, goal, Submission("", status))
        assert not judged.passed
        assert judged.score < 1


def test_claiming_to_be_done_or_blocked_changes_nothing_where_work_was_asked() -> None:
    goal = goal_of([paid("a", 1)])
    for status in ("done", "blocked", None):
        assert judge(Counter([paid("a", 1)]), goal, Submission("", status)).passed
        assert not judge(Counter(), goal, Submission("", status)).passed


@pytest.mark.parametrize(
    "line",
    [
        "L1: a 3",
        "**L1**: a 3",
        "- L1: A  3.",
        "> l1 = a 3",
        "`L1`: a 3",
        "  L1 :a 3",
        "L1: `a`  **3**",
    ],
)
def test_an_answer_line_is_read_however_it_is_set(line: str) -> None:
    assert answer_facts(f"Here it is:\n{line}\nBye", frozenset({"l1"})) == Counter(
        [said("L1", "a 3")]
    )


def test_only_labels_that_are_asked_for_count_and_a_contradiction_does() -> None:
    goal = goal_of([said("L1", "3")])
    assert judge(Counter(), goal, Submission("L1: 3\nnote: 5\nL1: 3")).passed
    assert not judge(Counter(), goal, Submission("L1: 3\nL1: 4")).passed
    assert not judge(Counter(), goal, Submission(None)).passed


GROUPS = st.lists(st.lists(SOME.map(tuple), min_size=1, max_size=3).map(tuple), max_size=2)


@COMMON
@given(FACTS, GROUPS, FACTS, st.integers(0, 4), st.data())
def test_a_trial_passed_exactly_when_it_reached_every_milestone(
    facts: list[RowChange],
    either: list[tuple[Facts, ...]],
    done: list[RowChange],
    asked: int,
    data: st.DataObject,
) -> None:
    chosen = [fact for group in either for fact in data.draw(st.sampled_from(group))]
    actual = data.draw(st.sampled_from([done, [*facts, *chosen], [*facts, *chosen, *done]]))
    milestones = tuple(MilestoneGoal(f"m{i}", ((f,),)) for i, f in enumerate(facts[:asked])) + (
        tuple(MilestoneGoal(f"e{i}", group) for i, group in enumerate(either))
    )
    judged = judge(Counter(actual), Goal(tuple(facts), tuple(either), milestones), Submission())
    assert judged.passed == all(milestone.reached for milestone in judged.milestones)
    assert judged.passed == (judged.first_missed is None)
    assert judged.passed == (judged.score == 1)
    if actual == [*facts, *chosen]:
        assert judged.passed


def test_what_was_done_once_counts_for_one_milestone_only() -> None:
    twice = (MilestoneGoal("R6", ((paid("a", 1),),)), MilestoneGoal("R8", ((paid("a", 1),),)))
    judged = judge(Counter([paid("a", 1)]), Goal((paid("a", 1),) * 2, (), twice), Submission())
    assert [m.reached for m in judged.milestones] == [True, False, True]
    assert judged.first_missed == "R8"


def test_parts_that_belong_to_two_different_courses_are_not_both_right() -> None:
    either: tuple[Facts, ...] = ((paid("a", 1), paid("b", 1)), (paid("a", 2), paid("b", 2)))
    each = tuple(MilestoneGoal(k, ((paid(k, 1),), (paid(k, 2),))) for k in "ab")
    judged = judge(Counter([paid("a", 1), paid("b", 2)]), Goal((), (either,), each), Submission())
    assert judged.first_missed == "b"
    assert judged.milestones[1].detail == "missing update payments b amount=1"


def test_facts_that_no_milestone_asks_for_are_a_milestone_of_their_own() -> None:
    goal = Goal((paid("a", 1), paid("b", 1)), (), (MilestoneGoal("a", ((paid("a", 1),),)),))
    judged = judge(Counter([paid("a", 1)]), goal, Submission())
    assert judged.first_missed == "the_rest"


def test_a_goal_of_answer_lines_takes_either_way_but_one_way_for_all_that_are_alike() -> None:
    goal = answer_goal(
        {"a": ["x", "ex"], "b": ["y", "why"], "c": ["z"], "d": ["1", "one"]}, ["abc"]
    )
    for answer, right in (
        ("a: x\nb: y\nc: z\nd: 1", True),
        ("a: ex\nb: why\nc: z\nd: 1", True),
        ("a: x\nb: y\nc: z\nd: one", True),
        ("a: x\nb: why\nc: z\nd: 1", False),
        ("a: x\nb: y\nd: 1", False),
    ):
        judged = judge(Counter(), goal, Submission(answer, "done"))
        assert judged.passed == right, answer
    assert [milestone.name for milestone in goal.milestones] == list("abcd")


def test_milestones_of_answer_lines_can_have_names_of_their_own() -> None:
    goal = answer_goal({"a": ["x"], "most": ["a"]}, names={"most": "combination"})
    assert [milestone.name for milestone in goal.milestones] == ["a", "combination"]
