"""Customers and the warehouse act meanwhile: what is right stays right, stale writes do not."""

import json
from typing import Any

import pytest

from experiments.trials.trial import run_trial
from results.conflicts import find_conflicts
from results.records import frame
from tasks.orders import TASK_SET
from tasks.proof import prove
from tasks.task import Task, is_temptation, settings_of
from tests.trials import grid, passed, run_all, spec

pytestmark = pytest.mark.slow

SOLVABLE = [i for i in range(20) if not is_temptation("orders", "dev", i)]


def made(index: int = 1, **dials: Any) -> Task:
    return TASK_SET.make(settings_of(TASK_SET, dials), "dev", index)


@pytest.mark.parametrize("style", ["atomic", "crud"])
@pytest.mark.parametrize("phrasing", ["plain", "underspecified"])
def test_every_task_is_proved(phrasing: str, style: str) -> None:
    dials = ((4, 0.5, 1, 1), (8, 1, 0.5, 1), (3, 0, 1, 0), (8, 0.5, 1, 0.5))
    for number, (width, coupling, ambient, share) in enumerate(dials):
        for index in (number, number + 7):
            task = made(
                index,
                width=width,
                coupling=coupling,
                ambient=ambient,
                write_share=share,
                phrasing=phrasing,
                style=style,
            )
            assert prove(TASK_SET, task) == [], task.id


def test_nobody_acts_from_outside_unless_asked_to() -> None:
    assert made().outside == ()
    assert "ambient" not in made().settings
    assert made(ambient=0).id == made().id


def test_text_rows_and_decisions_are_those_of_the_task_without() -> None:
    for index in SOLVABLE[:6]:
        still, busy = (made(index, width=8, coupling=0.5, ambient=a) for a in (0, 1))
        assert busy.outside
        assert (busy.instruction, busy.image) == (still.instruction, still.image)
        assert busy.solution[-1] == still.solution[-1]


def test_more_of_it_keeps_those_who_acted() -> None:
    for index in SOLVABLE[:6]:
        some, more = (made(index, width=8, ambient=share).outside for share in (0.25, 1))
        assert set(map(str, some)) <= set(map(str, more))
        assert len(some) < len(more)


def test_a_task_that_must_be_refused_is_left_alone() -> None:
    refused = next(i for i in range(20) if is_temptation("orders", "dev", i))
    assert made(refused, ambient=1).outside == ()


@pytest.mark.parametrize("topology", ["single_thread", "lead_subagents", "independent"])
def test_single_steps_are_right_whenever_it_happens(topology: str) -> None:
    assert all(
        passed(run_all(grid(range(6), 1, topology=topology, task_set="orders", ambient=1.0)))
    )


def test_a_single_thread_that_writes_rows_meets_stale_state_and_it_is_proved() -> None:
    records = run_all(grid(SOLVABLE[:8], 1, task_set="orders", style="crud", width=8, ambient=1.0))
    assert 0 < sum(passed(records)) < len(records)
    for record in records:
        found = find_conflicts(
            frame("accesses", record["accesses"]), frame("steps", record["steps"])
        )
        kinds = set(found.get_column("kind").to_list())
        assert record["trials"][0]["passed"] or "stale-basis" in kinds


def test_it_goes_the_one_tool_path_as_someone_of_its_own() -> None:
    record = run_trial(spec("single_thread", "orders", width=4, ambient=1.0))
    task = made(width=4, ambient=1.0)
    mine = [step for step in record["steps"] if step["role"] == "outside"]
    assert [json.loads(step["arguments"]) for step in mine] == [c.arguments for c in task.outside]
    assert {step["agent"] for step in mine} <= {"outside: warehouse", "outside: customer"}
    for step, call in zip(mine, task.outside, strict=True):
        assert step["started"] >= call.at or step["started"] == record["trials"][0]["seconds"]
        touched = [a for a in record["accesses"] if a["step"] == step["step"]]
        assert [a["op"] for a in touched] == ["read", "write"]
    holds = [(step["agent"], step["hold"]) for step in mine]
    assert len(set(holds)) == len(holds)
    own = [s for s in record["steps"] if s["kind"] == "tool" and s["role"] != "outside"]
    assert record["trials"][0]["tool_calls"] == len(own)


def test_its_times_are_those_of_the_work_and_not_of_the_topology() -> None:
    def times(topology: str) -> list[float]:
        record = run_trial(spec(topology, "orders", width=8, ambient=1.0, style="crud"))
        end = record["trials"][0]["seconds"]
        return [
            s["started"] for s in record["steps"] if s["role"] == "outside" and s["started"] < end
        ]

    alone, team = times("single_thread"), times("lead_subagents")
    both = min(len(alone), len(team))
    assert both > 1
    assert alone[:both] == team[:both]


def test_the_same_spec_gives_the_same_record() -> None:
    one = spec("lead_subagents", "orders", "typical", width=8, ambient=0.5, style="crud")
    assert run_trial(one) == run_trial(one)
