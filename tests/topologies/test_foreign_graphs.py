"""Graphs as people write them: the simulated model does their work, or says what it did not get."""

from dataclasses import replace
from typing import Any

import pytest

from experiments.trials.spec import Limits
from experiments.trials.trial import Record, run_trial
from tests.trials import spec

LIBRARIES = {
    "react": ["langchain"],
    "supervisor": ["langchain", "langgraph_supervisor"],
    "swarm": ["langchain", "langgraph_swarm"],
    "deep": ["deepagents"],
}
GRAPHS: dict[str, tuple[str, dict[str, Any], int]] = {
    # Name: the module of `tests.foreign`, its settings, and how many agents are to take part.
    "debate": ("debate", {}, 3),
    "debate, told before": ("debate", {"more": "before"}, 3),
    "debate, the judge looks": ("debate", {"judge_looks": True}, 3),
    "map and reduce": ("map_reduce", {}, 4),
    "map and reduce, the reducer told nothing": ("map_reduce", {"sees_task": False}, 4),
    "map and reduce, planned by a call": ("map_reduce", {"method": "function_calling"}, 4),
    "router": ("router", {}, 2),
    "router by a call": ("router", {"method": "function_calling"}, 2),
    "plan and execute": ("plan_execute", {}, 4),
    "create_agent": ("react", {}, 1),
    "create_agent, structured": ("react", {"formed": True}, 1),
    "supervisor": ("supervisor", {}, 2),
    "supervisor who helps": ("supervisor", {"helps": True}, 2),
    "supervisor, full history": ("supervisor", {"output_mode": "full_history"}, 2),
    "swarm": ("swarm", {}, 2),
    "swarm of split tools": ("swarm", {"split": True}, 2),
    "deepagents": ("deep", {}, 2),
    "deepagents, unnamed": ("deep", {"named": False}, 2),
}
MOST_CALLS = 120
BLIND = "map and reduce, the reducer told nothing"
"""It cannot know what total is asked for, as a real model could not."""


def play(name: str, task_set: str, **settings: Any) -> Record:
    """A trial of the perfect profile in one of these graphs."""
    module, factors, _ = GRAPHS[name]
    for library in LIBRARIES.get(module, []):
        pytest.importorskip(library)
    build = f"tests.foreign.{module}:build"
    one = spec(task_set=task_set, build=build, limits=Limits(model_calls=MOST_CALLS), **settings)
    return run_trial(replace(one, topology=name, topology_settings=factors))


@pytest.mark.filterwarnings("ignore:create_react_agent has been moved")
@pytest.mark.parametrize("task_set", ["stdlib", "orders"])
@pytest.mark.parametrize("name", GRAPHS)
def test_its_work_is_done_or_said_not_to_be_understood(name: str, task_set: str) -> None:
    # Debaters who both act would do all of it twice: that is the graph's doing.
    advice = {"mode": "answer"} if task_set == "orders" and name.startswith("debate") else {}
    record = play(name, task_set, width=3, **advice)
    (trial,) = record["trials"]
    assert trial["crash"] is None
    said = {step["not_understood"] for step in record["steps"]} - {None}
    assert trial["passed"] or said or name == BLIND, trial["answer"]
    assert trial["not_understood"] == len(
        {step["agent"] for step in record["steps"] if step["not_understood"]}
    )
    if task_set == "stdlib" and name != BLIND:
        assert trial["passed"], trial["answer"]
        assert not said
        assert trial["agents"] >= GRAPHS[name][2]
