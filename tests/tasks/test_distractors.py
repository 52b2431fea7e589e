"""Unrelated tools: real schemas, replies or refusals, and no help with anything."""

import asyncio
import json
from typing import Any

import pytest

from experiments.loading import load_task_set
from experiments.sweeps.sweep_file import by_name
from experiments.sweeps.sweep_grid import parse_sweep
from experiments.trials.trial import run_trial
from tasks import TASK_SETS
from tasks.dials import MOST_DISTRACTORS
from tasks.distractors import READS, WRITES, distractors
from tasks.task import settings_of
from tasks.tools import Tool, ToolError, schema, use
from tests.trials import passed, run_all, spec

EVERY = distractors({"distractors": MOST_DISTRACTORS})
TELLING = {"brief", "answer", "attempt", "status", "confidence"}


def test_there_are_as_many_as_the_dial_says_each_once() -> None:
    assert len(EVERY) == MOST_DISTRACTORS >= 40
    assert len({tool.name for tool in EVERY}) == MOST_DISTRACTORS
    assert distractors({}) == ()


def test_more_of_them_include_fewer() -> None:
    for n in range(MOST_DISTRACTORS):
        assert distractors({"distractors": n}) == EVERY[:n]


def test_none_has_the_name_of_a_tool_of_the_work_nor_takes_what_tells_a_tool_apart() -> None:
    work = frozenset[str]().union(*(load_task_set(name).clerk.tools for name in TASK_SETS))
    for tool in EVERY:
        assert tool.name not in work
        assert not TELLING & set(schema(tool.run).get("properties", {}))


@pytest.mark.parametrize("tool", EVERY, ids=lambda tool: tool.name)
def test_each_is_described_and_answers_or_refuses(tool: Tool) -> None:
    assert tool.description.endswith(".")
    given = {
        name: _example(about) for name, about in schema(tool.run).get("properties", {}).items()
    }
    fitting = tool.arguments.model_validate(given)
    assert fitting.model_fields_set == set(given)
    try:
        reply = json.loads(asyncio.run(use(tool, None, given)))
    except ToolError:
        return
    assert tool.readOnlyHint
    assert isinstance(reply, dict)


def _example(about: dict[str, Any]) -> Any:
    if "anyOf" in about:
        return _example(about["anyOf"][0])
    if "enum" in about or "const" in about:
        return about.get("enum", [about.get("const")])[0]
    numbers = {"integer": 5, "number": 5.0, "boolean": True, "array": ["a@b.c"]}
    return numbers.get(about["type"], "style guide")


def test_what_would_change_something_is_refused_and_what_reads_says_so() -> None:
    for tool in EVERY:
        assert tool.readOnlyHint == (tool.run in READS)
        assert tool.readOnlyHint != (tool.run in WRITES)


@pytest.mark.parametrize("name", TASK_SETS)
def test_any_task_set_can_be_offered_with_them_and_settings_without_stay_as_they_were(
    name: str,
) -> None:
    plain, bloated = spec(task_set=name), spec(task_set=name, distractors=10)
    assert "distractors" not in plain.settings
    assert spec(task_set=name, distractors=0).trial_id == plain.trial_id
    assert bloated.settings == {**plain.settings, "distractors": 10}
    one, other = run_all([plain, bloated])
    assert passed([one, other]) == [True, True]
    assert one["trials"][0]["distractors"] == 0
    assert other["trials"][0]["distractors"] == 10
    assert other["trials"][0]["prompt_tokens"] > one["trials"][0]["prompt_tokens"]
    assert other["trials"][0]["model_calls"] == one["trials"][0]["model_calls"]
    assert other["trials"][0]["block"] == one["trials"][0]["block"]


def test_subagents_are_offered_them_too_and_they_change_no_world() -> None:
    record = run_trial(spec("lead_subagents", "orders", "typical", width=4, distractors=48))
    assert {step["tool"] for step in record["steps"]} & {tool.name for tool in EVERY} == set()


def test_they_are_an_axis_of_a_sweep() -> None:
    raw = {
        "name": "bloat",
        "topologies": ["single_thread"],
        "task_sets": {"ledger": {"distractors": [0, 24]}},
    }
    cells = parse_sweep(by_name(raw)).cells
    assert [cell.settings.get("distractors") for cell in cells] == [None, 24]


def test_too_many_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"orders\.distractors is 99; it must be a whole number"):
        settings_of(load_task_set("orders"), {"distractors": 99})
