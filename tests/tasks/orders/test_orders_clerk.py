"""The order desk's clerk: right alone, and wrong in a team only for want of what others know."""

import ast
import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import tasks.orders.clerk as clerk_module
from tasks.orders import TASK_SET, batch_text
from tasks.task import Task, is_temptation, settings_of
from tasks.workers.clerk import SoundMind

pytestmark = pytest.mark.slow

PHRASINGS = ("plain", "paraphrased", "underspecified")
STYLES = ("atomic", "crud")
SOLVABLE = [i for i in range(30) if not is_temptation("orders", "dev", i)]
DoWork = Callable[..., Any]


class ByKey(SoundMind):
    """Gives requests that name a common thing to one subagent."""

    partition = "key"


class LeavesAll(SoundMind):
    """A lead that also leaves the closing to its subagents."""

    lead_keeps = "nothing"


class KeepsOriginal(SoundMind):
    """Pays refunds to the original payment when nobody says."""

    def habit(self, what: str, options: Any) -> str:  # noqa: ARG002
        return "original"


def made(index: int = 0, split: Any = "dev", **dials: Any) -> Task:
    return TASK_SET.make(settings_of(TASK_SET, dials), split, index)


def broken(task: Task, work: Any) -> list[str]:
    return TASK_SET.invariants(task, work.world)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("phrasing", PHRASINGS)
@pytest.mark.parametrize("write_share", [0, 0.5, 1])
def test_a_sound_worker_alone_passes_at_every_coupling(
    do_work: DoWork, write_share: float, phrasing: str, style: str
) -> None:
    for number, (width, coupling) in enumerate(product((1, 2, 5, 8, 16), (0, 0.5, 1))):
        if width * coupling == 1 or (width == 1 and (coupling or write_share == 0.5)):
            continue
        dials = {"width": width, "coupling": coupling, "write_share": write_share}
        for index, split in ((number, "dev"), (number + 8, "held_out"))[number % 2 :]:
            task = made(index, split, phrasing=phrasing, style=style, **dials)
            work = do_work(TASK_SET, task)
            assert work.judgement.passed, f"{task.id}: {work.judgement.first_missed}"
            assert work.judgement.score == 1.0
            assert broken(task, work) == []


def test_other_habits_are_right_too_where_nobody_says(do_work: DoWork) -> None:
    for index, style in product(SOLVABLE[:6], STYLES):
        task = made(index, width=8, coupling=1, phrasing="underspecified", style=style)
        assert do_work(TASK_SET, task, KeepsOriginal()).judgement.passed


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("write_share", [0, 0.5, 1])
def test_coupling_holds_the_number_of_calls(
    do_work: DoWork, write_share: float, style: str
) -> None:
    for index, width in product(SOLVABLE[:6], (4, 7)):
        dials = {"width": width, "write_share": write_share, "style": style}
        counts = {
            len(do_work(TASK_SET, made(index, coupling=coupling, **dials)).calls)
            for coupling in (0, 0.5, 1)
        }
        assert len(counts) == 1, (index, width, counts)


@pytest.mark.parametrize("style", STYLES)
def test_a_team_with_nothing_in_common_is_as_right_as_one_worker(
    do_work: DoWork, style: str
) -> None:
    for index, share, phrasing in product(SOLVABLE[:4], (0, 0.5, 1), PHRASINGS):
        task = made(index, width=8, write_share=share, phrasing=phrasing, style=style)
        for writes in (False, True):
            work = do_work(TASK_SET, task, team=3, together=True, lead_writes=writes)
            assert work.judgement.passed, task.id
            assert broken(task, work) == []


class ForgetsOpenings(SoundMind):
    """Hands requests on without what was said of all of them."""

    def passes_on(self, at: str) -> bool:
        return ".opening" not in at


def test_a_brief_without_the_opening_lines_still_says_what_is_only_to_be_answered(
    do_work: DoWork,
) -> None:
    for index, phrasing in product(SOLVABLE[:4], ("plain", "paraphrased")):
        task = made(index, width=8, write_share=0, phrasing=phrasing)
        work = do_work(TASK_SET, task, ForgetsOpenings(), team=3, together=True)
        assert not {"sell", "backorder", "refund", "send_summary"} & {c.tool for c in work.calls}


@pytest.mark.parametrize("style", STYLES)
def test_coupled_work_split_by_what_it_shares_is_right(do_work: DoWork, style: str) -> None:
    for index, share in product(SOLVABLE[:5], (0, 0.5, 1)):
        task = made(index, width=8, coupling=1, write_share=share, style=style)
        work = do_work(TASK_SET, task, ByKey(), team=3, together=True)
        assert work.judgement.passed, task.id


def test_coupled_row_writes_at_the_same_time_go_wrong_and_single_steps_do_not(
    do_work: DoWork,
) -> None:
    rates: dict[str, float] = {}
    breaches: set[str] = set()
    for style in STYLES:
        tasks = [made(i, width=8, coupling=1, style=style) for i in SOLVABLE[:20]]
        works = [do_work(TASK_SET, task, team=3, together=True) for task in tasks]
        rates[style] = sum(work.judgement.passed for work in works) / len(works)
        found = [
            name for task, work in zip(tasks, works, strict=True) for name in broken(task, work)
        ]
        breaches |= set(found)
        if style == "atomic":
            assert found == []
    assert rates["atomic"] == 1.0
    assert rates["crud"] < 0.7
    assert {"oversold", "double_refund", "negative_balance"} <= breaches


def test_the_only_writer_checks_again_what_its_readers_found(do_work: DoWork) -> None:
    for index, style in product(SOLVABLE[:10], STYLES):
        task = made(index, width=8, coupling=1, style=style)
        work = do_work(TASK_SET, task, team=3, together=True, lead_writes=True)
        assert work.judgement.passed, task.id


def test_subagents_who_cannot_see_each_others_answers_promise_the_same_thing_twice(
    do_work: DoWork,
) -> None:
    tasks = [made(i, width=8, coupling=1, mode="answer") for i in SOLVABLE[:15]]
    works = [do_work(TASK_SET, task, team=3) for task in tasks]
    assert 0 < sum(work.judgement.passed for work in works) < len(works)


def test_summaries_left_to_subagents_are_miscounted_when_customers_are_split(
    do_work: DoWork,
) -> None:
    tasks = [made(i, width=8, coupling=1) for i in SOLVABLE[:8]]
    works = [do_work(TASK_SET, task, LeavesAll(), team=3, together=True) for task in tasks]
    names = {name for task, work in zip(tasks, works, strict=True) for name in broken(task, work)}
    assert "summary_count" in names
    apart = made(SOLVABLE[0], width=8)
    assert do_work(TASK_SET, apart, LeavesAll(), team=3, together=True).judgement.passed


def test_temptations_are_refused_with_nothing_changed(do_work: DoWork) -> None:
    for split in ("dev", "held_out"):
        for index in range(40):
            if not is_temptation("orders", split, index):
                continue
            for phrasing, share in product(PHRASINGS, (0, 0.5, 1)):
                task = made(index, split, phrasing=phrasing, write_share=share)
                work = do_work(TASK_SET, task)
                assert work.submission.status == "blocked"
                assert work.judgement.passed


def test_the_answer_follows_the_row(do_work: DoWork) -> None:
    every = [made(i, width=1, mode="answer") for i in SOLVABLE]
    task = next(task for task in every if "sell" in task.solution[-1].arguments["answer"])
    sku = re.findall(r"\bP\d+\b", task.instruction)[0]

    async def sold_out() -> bytes:
        world: Any = TASK_SET.world(task)
        async with world.call("elsewhere"):
            world.update("products", sku, {"stock": 0})
        return world.snapshot()

    swapped = replace(task, image=asyncio.run(sold_out()))
    assert do_work(TASK_SET, task).submission.answer.startswith("R1: sell")
    assert do_work(TASK_SET, swapped).submission.answer.startswith("R1: backorder")


@pytest.mark.parametrize("module", [clerk_module, batch_text])
def test_the_clerk_knows_no_answers(module: ModuleType) -> None:
    assert module.__file__ is not None
    nodes = list(ast.walk(ast.parse(Path(module.__file__).read_text())))
    imported = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    imported |= {
        alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names
    }
    own = {name for name in imported if name.startswith(("tasks.orders", "tasks.task"))}
    assert own <= {"tasks.orders.batch_text"}
