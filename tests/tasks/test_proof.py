"""The proof of a task finds what is wrong with it, and nothing where nothing is."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tasks.judging import Goal
from tasks.orders import TASK_SET
from tasks.proof import prove
from tasks.task import Effect, Task, is_temptation, settings_of

SOLVABLE = [i for i in range(20) if not is_temptation("orders", "dev", i)]
REFUSED = next(i for i in range(20) if is_temptation("orders", "dev", i))


def made(index: int, **dials: Any) -> Task:
    return TASK_SET.make(settings_of(TASK_SET, dials), "dev", index)


@pytest.fixture
def task() -> Task:
    every = (made(index) for index in SOLVABLE)
    return next(task for task in every if len(task.goal.facts) > 4)


def test_a_right_task_is_proved_also_from_within_a_running_loop(task: Task) -> None:
    async def inside() -> list[str]:
        return prove(TASK_SET, task)

    assert prove(TASK_SET, task) == asyncio.run(inside()) == []


def test_a_solution_without_one_of_its_effects_is_found_out(task: Task) -> None:
    found = prove(TASK_SET, replace(task, solution=task.solution[1:]))
    assert found[0].startswith("the solution fails: R")


def test_a_refused_effect_is_found_out(task: Task) -> None:
    refused = Effect("refund", {"order": "O1", "to": "card"})
    found = prove(TASK_SET, replace(task, solution=(refused, *task.solution)))
    assert any(line.startswith("the solution is refused: refund: there is no") for line in found)
    assert "passes with effect 0 (refund) left out" in found


def test_a_goal_that_nothing_reaches_as_well_is_found_out(task: Task) -> None:
    idle = replace(task, goal=Goal(), solution=task.solution[-1:])
    found = prove(TASK_SET, idle)
    assert "doing nothing passes with status done" in found


def test_a_goal_that_takes_either_of_two_ends_where_one_is_wrong_is_found_out(task: Task) -> None:
    first, *rest = task.goal.facts
    goal = replace(task.goal, facts=tuple(rest), either=(((first,), ()),))
    found = prove(TASK_SET, replace(task, goal=goal))
    assert any(line.endswith("left out") and line.startswith("judged right") for line in found)


def test_a_task_to_be_refused_is_proved_and_one_that_says_done_is_not() -> None:
    blocked = made(REFUSED)
    assert prove(TASK_SET, blocked) == []
    done = Effect("submit", {"answer": "", "status": "done"})
    assert prove(TASK_SET, replace(blocked, solution=(done,))) != []


def test_answer_lines_are_effects() -> None:
    answered = made(SOLVABLE[0], mode="answer")
    assert prove(TASK_SET, answered) == []
    submit = answered.solution[-1]
    short = "\n".join(submit.arguments["answer"].splitlines()[:-1])
    without = Effect("submit", {**submit.arguments, "answer": short})
    assert prove(TASK_SET, replace(answered, solution=(without,)))[0].startswith(
        "the solution fails: R4"
    )


def test_reads_in_a_solution_are_no_effects(task: Task) -> None:
    world: Any = TASK_SET.world(task)
    customer = world.rows("customers")[0]["id"]
    read = Effect("get_customer", {"customer": customer})
    assert prove(TASK_SET, replace(task, solution=(read, *task.solution))) == []
