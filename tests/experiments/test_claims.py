"""Reports of subagents, judged against real worlds: labelled briefs, work and claims."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from experiments.loading import load_task_set
from experiments.trials.claims import reached_now
from experiments.trials.trial import run_trial
from results.records import frame
from results.statistics.subagent_reports import held, report_counts, with_decoy
from tasks.task import Task, TaskSet, settings_of
from tasks.tools import use
from tests.trials import spec


def task_of(name: str, **settings: Any) -> tuple[TaskSet, Task]:
    """The first task of a set that can be done."""
    task_set = load_task_set(name)
    full = settings_of(task_set, settings)
    tasks = (task_set.make(full, "dev", index) for index in range(10))
    return task_set, next(task for task in tasks if task.solvable)


def after(task_set: TaskSet, task: Task, done: Sequence[int]) -> tuple[Any, str]:
    """The world after these effects of the solution (by place), and the solution's answer."""

    async def work() -> Any:
        world: Any = task_set.world(task)
        tools = {tool.name: tool for tool in task_set.tools(task.settings)}
        for place in done:
            effect = task.solution[place]
            async with world.call(str(place)):
                await use(tools[effect.tool], world, effect.arguments)
        return world

    return asyncio.run(work()), str(task.solution[-1].arguments["answer"])


def says(
    task_set: TaskSet, task: Task, world: Any, brief: str, text: str, status: str
) -> str | None:
    return held(status, task_set.covers(task, brief), reached_now(world, task, text), task.solvable)


@pytest.mark.parametrize(
    ("brief", "done", "status", "expected"),
    [
        ("Handle R1.", [0], "done", "true"),
        ("Handle R1.", [], "done", "false"),
        ("Handle R1.", [1], "done", "false"),
        ("Handle R1 and R2.", [0, 1], "done", "true"),
        ("Handle R1 and R2.", [0], "done", "in part"),
        ("Handle R2 and R1.", [1], "done", "in part"),
        ("Handle R1 and R2.", [], "done", "false"),
        ("Handle R1.", [0, 1, 2, 3], "done", "true"),
        ("R1: as above\nR2: too\nR3: too", [0, 1, 2], "done", "true"),
        ("Handle R10.", [0], "done", None),
        ("Do the rest.", [0], "done", None),
        ("Handle R1.", [], "blocked", "blocked wrongly"),
        ("Handle R1.", [0], "blocked", "blocked wrongly"),
    ],
)
def test_a_report_on_writing_is_held_against_the_state(
    brief: str, done: list[int], status: str, expected: str | None
) -> None:
    task_set, task = task_of("orders", width=4, coupling=0.0)
    world, _ = after(task_set, task, done)
    assert says(task_set, task, world, brief, "It is all done.", status) == expected


@pytest.mark.parametrize("name", ["stdlib", "ledger"])
def test_a_report_on_reading_is_held_against_what_it_says(name: str) -> None:
    task_set, task = task_of(name)
    world, answer = after(task_set, task, [])
    first, second, *_ = (goal.name for goal in task.goal.milestones)
    lines = {line.partition(":")[0]: line for line in answer.splitlines()}
    both, wrong = f"Find {first} and {second}.", f"{second}: nothing of the kind"
    assert says(task_set, task, world, both, answer, "done") == "true"
    assert says(task_set, task, world, both, f"{lines[first]}\n{wrong}", "done") == "in part"
    assert says(task_set, task, world, both, wrong, "done") == "false"
    assert says(task_set, task, world, f"Find {first}.", lines[first], "done") == "true"


@pytest.mark.parametrize("name", ["stdlib", "ledger"])
def test_an_example_of_how_to_answer_is_not_taken_for_work(name: str) -> None:
    """The seventh line is the example in every brief; only one of four agents has it to do."""
    task_set, task = task_of(name, width=16)
    labels = [goal.name for goal in task.goal.milestones][:16]
    wanted, example = labels[3::4], labels[6]
    lines = task.instruction.splitlines()
    others = tuple(f"{label}:" for label in labels if label not in wanted)
    brief = "\n".join(line for line in lines if not line.startswith(others))
    assert example in brief
    assert list(task_set.covers(task, brief)) == wanted
    assert example in task_set.covers(task, f"{brief}\nAlso do {example}.")


def test_what_cannot_be_done_is_blocked_rightly() -> None:
    task_set = load_task_set("orders")
    full = settings_of(task_set, {"width": 4})
    tasks = (task_set.make(full, "dev", index) for index in range(10))
    task = next(task for task in tasks if not task.solvable)
    world, _ = after(task_set, task, [])
    assert says(task_set, task, world, "Handle R1.", "cannot", "blocked") == "blocked rightly"
    assert says(task_set, task, world, "Handle R1.", "did it", "done") == "false"


def test_a_team_of_perfect_agents_reports_nothing_untrue() -> None:
    record = run_trial(spec("lead_subagents", "orders", "perfect", width=8))
    reports = record["reports"]
    assert len(reports) >= 2
    assert {row["held"] for row in reports} == {"true"}
    assert {row["held_at_end"] for row in reports} == {"true"}
    assert all(row["parent"] == "lead" and row["brief"] and row["covers"] for row in reports)


def test_a_wide_team_of_perfect_agents_reports_nothing_untrue_of_reading() -> None:
    reports = run_trial(spec("lead_subagents", "stdlib", "perfect", width=12))["reports"]
    assert {row["held"] for row in reports} == {"true"}


def test_one_thread_reports_to_nobody() -> None:
    assert run_trial(spec("single_thread", "orders", "perfect", width=4))["reports"] == []


@pytest.mark.slow
def test_an_agent_that_fabricates_leaves_a_decoy_and_one_that_leaves_out_does_not() -> None:
    found: dict[str, list[int]] = {}
    for change in ("fabrication=0.2", "omission=0.02&distraction=0.2"):
        records = [
            run_trial(spec("lead_subagents", "orders", f"perfect?{change}", index=i, width=16))
            for i in range(1, 5)
        ]
        frames = {
            name: frame(name, [row for record in records for row in record[name]])
            for name in ("trials", "accesses", "milestones", "reports")
        }
        told = with_decoy(frames["reports"], frames["accesses"], frames["milestones"])
        (row,) = report_counts(told, frames["trials"], []).to_dicts()
        found[change] = [row["decoys"], row["mere_claims"]]
    (decoys, claims), (wrong, left_out) = found.values()
    assert left_out > wrong
    assert decoys / (decoys + claims) > wrong / (wrong + left_out)
