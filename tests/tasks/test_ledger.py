"""The ledger task set: trails can be followed by looking, step after step, and only so."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from tasks.judging import Submission
from tasks.ledger import DEPTH, TASK_SET, WIDTH, trails
from tasks.proof import prove
from tasks.task import TEMPTATION_IN, Split, Task, is_temptation, settings_of
from tasks.workers.clerk import SoundMind, items_in

PHRASINGS = ("plain", "paraphrased", "underspecified")
SPLITS: tuple[Split, ...] = ("dev", "held_out")
DoWork = Callable[..., Any]


def made(index: int = 0, split: Split = "dev", **settings: Any) -> Task:
    return TASK_SET.make(settings_of(TASK_SET, settings), split, index)


def solvable(count: int, **settings: Any) -> list[Task]:
    chosen = [i for i in range(4 * count) if not is_temptation("ledger", "dev", i)]
    return [made(i, **settings) for i in chosen[:count]]


@pytest.mark.parametrize("phrasing", PHRASINGS)
def test_every_task_is_proved(phrasing: str) -> None:
    for split, index in product(SPLITS, range(2 * TEMPTATION_IN)):
        for width, depth in ((1, 1), (4, 3)):
            task = made(index, split, width=width, depth=depth, phrasing=phrasing)
            assert prove(TASK_SET, task) == [], task.id


@pytest.mark.parametrize("phrasing", PHRASINGS)
def test_a_sound_worker_passes_alone_and_as_a_lead(do_work: DoWork, phrasing: str) -> None:
    for split, index in product(SPLITS, range(TEMPTATION_IN)):
        for width, depth in ((1, 5), (5, 2)):
            task = made(index, split, width=width, depth=depth, phrasing=phrasing)
            for team in (0, 3):
                work = do_work(TASK_SET, task, team=team)
                assert work.judgement.passed, (task.id, team, work.submission)


def test_the_widest_and_deepest_task_can_be_done(do_work: DoWork) -> None:
    task = solvable(1, width=int(WIDTH.high), depth=int(DEPTH.high))[0]
    assert do_work(TASK_SET, task, team=4).judgement.passed


def test_a_trail_takes_a_call_a_step_and_one_for_where_it_ends(do_work: DoWork) -> None:
    for width, depth in ((1, 1), (3, 4), (4, 7)):
        for task in solvable(3, width=width, depth=depth):
            work = do_work(TASK_SET, task)
            assert len(work.calls) == width * (depth + 1) + 1 == len(task.solution)


def test_no_step_can_be_known_before_the_one_before_it() -> None:
    for task in solvable(5, width=4, depth=5):
        said = set(re.findall(r"\b[AT]\d+\b", task.instruction))
        calls = [e.arguments for e in task.solution if e.tool == "passed_on"]
        first = [call for call in calls if set(call.values()) <= said]
        assert len(first) == 4
        for call in calls:
            assert call in first or not set(call.values()) & said


def test_a_deeper_task_follows_the_same_trails_further() -> None:
    for index in range(5):
        shallow, deep = made(index, depth=2), made(index, depth=9)
        assert shallow.block == deep.block
        same = [re.sub(r"\d+ steps?", "", item.text) for item in items_in(shallow.instruction)]
        assert same == [re.sub(r"\d+ steps?", "", i.text) for i in items_in(deep.instruction)]
        if shallow.solvable:
            assert shallow.image == deep.image


def test_a_wider_task_keeps_the_trails_there_are() -> None:
    for index in range(5):
        narrow, wide = made(index, width=2), made(index, width=9)
        assert items_in(wide.instruction)[:2] == items_in(narrow.instruction)
        assert trails("dev", index, 9)[0][:2] == trails("dev", index, 2)[0]


def test_phrasing_changes_neither_the_books_nor_what_is_right() -> None:
    for index in range(6):
        plain, other = made(index), made(index, phrasing="paraphrased")
        assert plain.image == other.image
        assert plain.goal == other.goal
        assert plain.instruction != other.instruction


def test_stopping_short_or_going_too_far_is_wrong() -> None:
    for task in solvable(5, width=1, depth=3):
        (trail,), rows = trails("dev", int(task.block[4:]), 1)
        holders = {row["account"]: row["holder"] for row in rows["accounts"]}
        named = next(f for f in task.goal.facts if f.key == "k1").values[0][1]
        world = TASK_SET.world(task)
        for depth, right in ((2, False), (3, True), (4, False)):
            end = trail[depth]
            where = end["payee"] if str(named).startswith("a") else holders[end["payee"]]
            answer = f"K1: {where} {end['amount']}\ntotal: {end['amount']}"
            assert world.judge(task.goal, Submission(answer, "done")).passed == right


def test_one_in_ten_cannot_be_done_and_the_right_thing_is_to_say_so(do_work: DoWork) -> None:
    seen: set[tuple[bool, int]] = set()
    for split, index in product(SPLITS, range(6 * TEMPTATION_IN)):
        task = made(index, split, width=2, depth=3)
        assert task.solvable != is_temptation("ledger", split, index)
        if task.solvable:
            continue
        for team in (0, 2):
            work = do_work(TASK_SET, task, team=team)
            assert work.submission.status == "blocked"
            assert work.judgement.passed
        assert not work.world.judge(task.goal, replace(work.submission, status="done")).passed
        told = bool(TASK_SET.clerk.blocked("", task.instruction))
        seen.add((told, len([c for c in work.calls if "error" in str(c.reply)])))
    assert {told for told, _ in seen} == {True, False}


class Fickle(SoundMind):
    """Whoever has to choose chooses otherwise than the one before."""

    def __init__(self) -> None:
        self.chosen = 0

    def habit(self, what: str, options: Sequence[str]) -> str:
        assert what == "naming"
        self.chosen += 1
        return options[self.chosen % 2]


def test_where_the_naming_is_left_open_either_is_right_but_not_both(do_work: DoWork) -> None:
    for task in solvable(4, phrasing="underspecified"):
        assert do_work(TASK_SET, task, Fickle()).judgement.passed
        split = do_work(TASK_SET, task, Fickle(), team=2)
        assert not split.judgement.passed
        assert split.judgement.first_missed == "nothing_else" or split.judgement.score < 1


def test_the_splits_follow_different_trails() -> None:
    texts = [made(index, split).instruction for split in SPLITS for index in range(40)]
    assert len(set(texts)) == 80


def test_payments_of_others_leave_every_account_on_the_way() -> None:
    found, rows = trails("dev", 1, 3)
    for trail in found:
        for step in trail[:-1]:
            paid = [row for row in rows["payments"] if row["payer"] == step["payee"]]
            assert len(paid) >= 2
            assert len([row for row in paid if row["passes_on"] == step["payment"]]) == 1


def test_ids_are_given_once() -> None:
    _, rows = trails("held_out", 3, 32)
    for table, key in (("accounts", "account"), ("payments", "payment")):
        ids = [row[key] for row in rows[table]]
        assert len(ids) == len(set(ids))


def test_what_every_agent_is_told_is_of_a_fair_length() -> None:
    words = TASK_SET.instructions(settings_of(TASK_SET, {})).split()
    assert 100 <= len(words) <= 260


def test_the_set_only_answers() -> None:
    assert TASK_SET.read_only
    assert all(tool.readOnlyHint for tool in TASK_SET.tools({}))
    with pytest.raises(ValueError, match=r"ledger\.mode is 'act'; it must be one of answer"):
        settings_of(TASK_SET, {"mode": "act"})
