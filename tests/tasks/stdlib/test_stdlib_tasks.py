"""The stdlib task set: its tasks can be done by looking, and only by looking."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tasks.judging import Submission
from tasks.proof import prove
from tasks.stdlib import TASK_SET
from tasks.stdlib.library import altered, library
from tasks.stdlib.lookups import CALLS_A_LOOKUP, MEASURES, lookups
from tasks.task import TEMPTATION_IN, Split, Task, is_temptation, settings_of
from tasks.workers.clerk import SoundMind, items_in

BASE_TASKS = range(2 * TEMPTATION_IN)


def made(index: int = 0, split: Split = "dev", **settings: Any) -> Task:
    return TASK_SET.make(settings_of(TASK_SET, settings), split, index)


def solvable(count: int, **settings: Any) -> list[Task]:
    chosen = [i for i in range(4 * count) if not is_temptation("stdlib", "dev", i)]
    return [made(i, **settings) for i in chosen[:count]]


def submitted(task: Task) -> Submission:
    return Submission(**task.solution[-1].arguments)


@pytest.mark.parametrize("coupling", [0, 0.5, 1])
@pytest.mark.parametrize("phrasing", ["plain", "paraphrased", "underspecified"])
def test_a_sound_worker_passes_every_task_alone_and_as_a_lead(
    do_work: Callable[..., Any], phrasing: str, coupling: float
) -> None:
    for split in ("dev", "held_out"):
        for index in BASE_TASKS:
            task = made(index, split, phrasing=phrasing, coupling=coupling)
            for team in (0, 3):
                work = do_work(TASK_SET, task, team=team)
                assert work.judgement.passed, (task.id, team, work.submission, work.judgement)


@pytest.mark.parametrize("width", [1, 2, 13, 64])
def test_a_sound_worker_passes_at_every_width(do_work: Callable[..., Any], width: int) -> None:
    for index in range(3):
        work = do_work(TASK_SET, made(index, "held_out", width=width), team=width % 2 * 4)
        assert work.judgement.passed


def test_every_kind_of_lookup_takes_the_same_number_of_calls(do_work: Callable[..., Any]) -> None:
    kinds: set[str] = set()
    for task in solvable(12):
        work = do_work(TASK_SET, task)
        assert len(work.calls) == 4 * CALLS_A_LOOKUP + 1
        assert len(task.solution) == len(work.calls)
        kinds |= {lookup.measure.name for lookup in lookups("dev", int(task.block[4:]), 4)}
    assert kinds == {measure.name for measure in MEASURES}


def test_coupling_changes_neither_the_calls_nor_the_answer() -> None:
    for task in solvable(4, width=8):
        coupled = made(int(task.block[4:]), width=8, coupling=1)
        assert coupled.solution == task.solution
        assert coupled.goal == task.goal
        assert (task.effective_coupling, coupled.effective_coupling) == (0, 1)


def test_a_reference_solution_passes_and_no_part_of_it_can_go() -> None:
    for coupling in (0, 1):
        for phrasing in ("plain", "underspecified"):
            for task in solvable(8, coupling=coupling, phrasing=phrasing):
                world, right = TASK_SET.world(task), submitted(task)
                assert world.judge(task.goal, right).passed
                assert not world.judge(task.goal, Submission("", "done")).passed
                lines = str(right.answer).splitlines()
                for place, line in enumerate(lines):
                    rest = lines[:place] + lines[place + 1 :]
                    wrong = re.sub(r"(\d+)$", lambda m: str(int(m[1]) + 1), line)
                    for bad in (rest, [*rest, wrong], [*lines, wrong]):
                        judged = world.judge(task.goal, replace(right, answer="\n".join(bad)))
                        assert not judged.passed
                        assert judged.score < 1


def test_the_kits_own_proof_holds_for_the_task_set() -> None:
    for index in BASE_TASKS:
        for coupling, phrasing in ((0, "plain"), (1, "underspecified")):
            assert prove(TASK_SET, made(index, coupling=coupling, phrasing=phrasing)) == []


def test_one_in_ten_cannot_be_done_and_the_right_thing_is_to_say_so(
    do_work: Callable[..., Any],
) -> None:
    seen: set[str] = set()
    for split in ("dev", "held_out"):
        for index in range(6 * TEMPTATION_IN):
            task = made(index, split, width=2)
            assert task.solvable != is_temptation("stdlib", split, index)
            if task.solvable:
                continue
            for team in (0, 2):
                work = do_work(TASK_SET, task, team=team)
                assert work.submission.status == "blocked"
                assert work.judgement.passed
            assert not work.world.judge(task.goal, replace(work.submission, status="done")).passed
            seen.add("missing" if work.reports else "contradiction")
            assert TASK_SET.world(task).judge(task.goal, submitted(task)).passed
    assert seen == {"missing", "contradiction"}


def test_a_lead_learns_from_a_report_that_an_entry_does_not_exist(
    do_work: Callable[..., Any],
) -> None:
    for index in range(10 * TEMPTATION_IN):
        task = made(index, width=3)
        work = do_work(TASK_SET, task, team=3) if not task.solvable else None
        if work is not None and work.reports:
            assert "L1: failed" in work.reports[0]
            assert all("failed" not in report for report in work.reports[1:])
            return
    raise AssertionError("no task with a missing entry")


def test_more_width_keeps_the_lookups_there_are() -> None:
    for index in range(TEMPTATION_IN):
        narrow, wide = made(index, width=4, coupling=0), made(index, width=12, coupling=0)
        assert items_in(wide.instruction)[:4] == items_in(narrow.instruction)
        assert narrow.block == wide.block


def test_more_coupling_keeps_the_pairs_there_are() -> None:
    def families(coupling: float) -> set[str]:
        text = made(3, width=16, coupling=coupling).instruction
        return set(re.findall(r"family (F\d+)", text))

    some = [families(coupling) for coupling in (0, 0.25, 0.5, 1)]
    assert [len(names) for names in some] == [0, 2, 4, 8]
    assert some[1] < some[2] < some[3]


def test_a_coupling_that_rounds_to_no_pair_is_refused_in_one_line() -> None:
    for width, coupling in ((1, 1), (4, 0.2), (2, 0.4)):
        with pytest.raises(ValueError, match="couples no pair of lookups; raise width") as refusal:
            made(width=width, coupling=coupling)
        assert "\n" not in str(refusal.value)
    assert made(width=5, coupling=1).effective_coupling == pytest.approx(0.8)


def test_where_the_style_is_left_open_a_pair_only_has_to_agree() -> None:
    for task in solvable(6, coupling=1, phrasing="underspecified"):
        world, right = TASK_SET.world(task), submitted(task)
        bare = re.sub(r"(?<= )[\w.]+\.(\w+) (\d+)", r"\1 \2", str(right.answer))
        assert bare != right.answer
        assert world.judge(task.goal, replace(right, answer=bare)).passed
        mixed = "\n".join([bare.splitlines()[0], *str(right.answer).splitlines()[1:]])
        judged = world.judge(task.goal, replace(right, answer=mixed))
        assert not judged.passed
        plain = made(int(task.block[4:]), coupling=1)
        assert not world.judge(plain.goal, replace(right, answer=mixed)).passed


class Fickle(SoundMind):
    """Whoever has to choose chooses otherwise than the one before."""

    def __init__(self, partition: str) -> None:
        self.partition = partition
        self.chosen = 0

    def habit(self, what: str, options: Sequence[str]) -> str:
        assert what == "naming"
        self.chosen += 1
        return options[self.chosen % 2]


@pytest.mark.parametrize("phrasing", ["plain", "underspecified"])
def test_coupling_hurts_where_pairs_are_split_and_nobody_said_how(
    do_work: Callable[..., Any], phrasing: str
) -> None:
    for task in solvable(4, coupling=1, phrasing=phrasing):
        assert do_work(TASK_SET, task, Fickle("item")).judgement.passed
        assert do_work(TASK_SET, task, Fickle("key"), team=2).judgement.passed
        split = do_work(TASK_SET, task, Fickle("item"), team=2).judgement
        assert split.passed == (phrasing == "plain")
        assert split.score == (1.0 if split.passed else 0.5)


class Busy(SoundMind):
    """Makes three calls in a message, deals items at random and hands on the closing line too."""

    calls_per_message = 3
    partition = "random"
    lead_keeps = "nothing"

    def shuffled(self, labels: Sequence[str]) -> list[str]:
        return list(reversed(labels))


def test_how_the_work_is_dealt_out_does_not_change_what_is_right(
    do_work: Callable[..., Any],
) -> None:
    for task in solvable(6, width=7, coupling=1, phrasing="paraphrased"):
        for team in (0, 2, 9):
            assert do_work(TASK_SET, task, Busy(), team=team, together=True).judgement.passed


def test_the_splits_ask_about_different_entries() -> None:
    asked: dict[str, set[str]] = {}
    for split in ("dev", "held_out"):
        asked[split] = {
            name
            for index in range(10)
            for lookup in lookups(split, index, 16)
            for name in (lookup.described, lookup.named)
        }
    assert len(asked["dev"]) > 100
    assert not asked["dev"] & asked["held_out"]


def test_the_answer_follows_a_changed_row_of_the_world(do_work: Callable[..., Any]) -> None:
    followed = 0
    for task in solvable(12):
        first = lookups("dev", int(task.block[4:]), 1)[0]
        row = library().row(first.answer)
        assert row is not None
        if first.measure.name not in ("docstring", "source"):
            continue
        column = {"docstring": "doc", "source": "source"}[first.measure.name]
        swapped = row | {column: str(row[column]) + "\none more line" * (500 if first.most else 1)}
        other = replace(task, image=altered([swapped]))
        before, after = do_work(TASK_SET, task), do_work(TASK_SET, other)
        assert before.judgement.passed
        if not first.most and after.submission.answer == before.submission.answer:
            continue
        followed += 1
        assert not after.judgement.passed
        assert before.calls[0] == after.calls[0]
        if first.most:
            line = str(after.submission.answer).splitlines()[0]
            assert int(line.split()[-1]) == first.count + 500
    assert followed >= 2


def test_what_every_agent_is_told_is_of_a_fair_length() -> None:
    words = TASK_SET.instructions(settings_of(TASK_SET, {})).split()
    assert 100 <= len(words) <= 250


def test_the_set_only_answers() -> None:
    assert TASK_SET.read_only
    assert settings_of(TASK_SET, {"mode": "answer"}) == settings_of(TASK_SET, {})
    with pytest.raises(ValueError, match=r"stdlib\.mode is 'act'; it must be one of answer"):
        settings_of(TASK_SET, {"mode": "act"})
