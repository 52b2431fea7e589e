"""What a model may send to a tool: whatever it is, the tool replies or refuses."""

import asyncio
import json
from functools import cache
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.loading import load_task_set
from experiments.trials.work_tool import SUBMIT
from tasks.distractors import distractors
from tasks.judging import Submission
from tasks.task import Settings, Task, TaskSet, settings_of
from tasks.tools import Tool, ToolError, use

pytestmark = pytest.mark.slow

SETS: dict[str, dict[str, Any]] = {
    "stdlib": {},
    "orders": {"style": "atomic", "ambient": 0.5, "width": 4},
    "orders crud": {"style": "crud", "width": 4},
    "ledger": {},
    "distractors": {"distractors": 40},
}
ODD_TEXT = [
    "", " ", ",", "'", '"', "''", "%", "_", "*", "(", ")", "-", "NEAR", "AND", "OR NOT", '" OR 1',
    ":", "\0", "C7\0", "\ud800", "x\udfff", "\n", "\x1b[2J", "\u202e", "²", "٣", "é", "e\u0301",
    "\ufeff", "日本", "😀", "../../etc/passwd", "<script>", "${x}", "{}", "null", "NaN", "1e400",
    "-0", "x" * 100_000, "a b " * 20_000, '"' * 999, "(" * 5000,
]  # fmt: skip
ODD_NUMBERS: list[int | float] = [
    0, -1, 1, 2, 5, 10_000, 2**31, 2**53, 2**63 - 1, 2**63, -(2**63) - 1, 10**400,
    0.5, -0.0, 1e308, 5e-324, float("nan"), float("inf"), float("-inf"),
]  # fmt: skip
DEEP: Any = "x"
for _ in range(300):
    DEEP = [DEEP]
ODD: list[Any] = [None, True, [], {}, [None], {"": None}, {"a": {"b": [1]}}, DEEP, [[]] * 999]


class Place(NamedTuple):
    """A task with its tools, and names that mean something in its world."""

    task_set: TaskSet
    task: Task
    tools: dict[str, Tool]
    names: list[str]


@cache
def place(name: str) -> Place:
    task_set = load_task_set(name.split()[0] if name != "distractors" else "ledger")
    chosen: Settings = settings_of(task_set, SETS[name])
    task = task_set.make(dict(chosen), "dev", 1)
    offered = [*task_set.tools(chosen), *task_set.outside, SUBMIT]
    if name == "distractors":
        offered = [*distractors(chosen)]
    values = [v for effect in task.solution for v in effect.arguments.values()]
    names = [str(value) for value in values if isinstance(value, str)]
    words = ["customers", "products", "orders", "emails", "stock", "balance", "id", "json", "C1"]
    return Place(task_set, task, {tool.name: tool for tool in offered}, [*names, *words])


def value(schema: dict[str, Any], names: list[str]) -> st.SearchStrategy[Any]:
    """Mostly of the type that is asked for, so that it gets past the schema; often odd."""
    text = st.one_of(st.sampled_from(names), st.sampled_from(ODD_TEXT), st.text(max_size=20))
    number = st.one_of(st.sampled_from(ODD_NUMBERS), st.integers(), st.floats())
    kinds: list[st.SearchStrategy[Any]] = [text, number, st.sampled_from(ODD)]
    fitting = {
        "string": text,
        "integer": st.one_of(st.integers(-3, 30), number),
        "number": number,
        "array": st.lists(text, max_size=5),
        "object": st.dictionaries(text, st.one_of(text, number, st.lists(text)), max_size=4),
    }
    options: list[dict[str, Any]] = [schema, *schema.get("anyOf", [])]
    for option in options:
        if "enum" in option or "const" in option:
            kinds += [st.sampled_from(option.get("enum") or [option["const"]])] * 6
        elif option.get("type") in fitting:
            kinds += [fitting[option["type"]]] * 6
    return st.one_of(kinds)


def calls(at: Place) -> st.SearchStrategy[list[tuple[Tool, dict[str, Any]]]]:
    """Some calls one after the other: wrong, missing and additional arguments among them."""

    def of(tool: Tool) -> st.SearchStrategy[tuple[Tool, dict[str, Any]]]:
        known = tool.arguments.model_json_schema()
        fields = {n: value(s, at.names) for n, s in known.get("properties", {}).items()}
        whole = st.fixed_dictionaries(fields)
        some = st.fixed_dictionaries({}, optional={**fields, "x": st.none(), "\ud800": st.none()})
        return st.tuples(st.just(tool), st.one_of(whole, whole, whole, some))

    return st.lists(st.sampled_from(list(at.tools.values())).flatmap(of), min_size=1, max_size=4)


async def carry_out(at: Place, made: list[tuple[Tool, dict[str, Any]]]) -> None:
    world = at.task_set.world(at.task)
    submission = Submission()
    for number, (tool, arguments) in enumerate(made):
        try:
            async with world.call(str(number)):
                reply = await use(tool, world, arguments)
                json.loads(reply.encode())
            if tool is SUBMIT:
                submission = Submission(**arguments)
        except ToolError as error:
            str(error).encode()
    judged = world.judge(at.task.goal, submission)
    json.dumps(judged.first_missed)
    at.task_set.invariants(at.task, world)


@pytest.mark.parametrize("name", SETS)
def test_whatever_a_model_sends_a_tool_replies_or_refuses(name: str) -> None:
    at = place(name)

    @settings(max_examples=150, deadline=None)
    @given(calls(at))
    def fuzz(made: list[tuple[Tool, dict[str, Any]]]) -> None:
        asyncio.run(carry_out(at, made))

    fuzz()


@pytest.mark.parametrize("name", SETS)
def test_every_tool_takes_every_odd_value_in_every_place(name: str) -> None:
    at = place(name)

    async def all_of_them() -> None:
        for tool in at.tools.values():
            known = tool.arguments.model_json_schema().get("properties", {})
            good = {n: _plain(schema, at.names) for n, schema in known.items()}
            for field in known:
                for odd in (*ODD_TEXT, *ODD_NUMBERS, *ODD):
                    await carry_out(at, [(tool, {**good, field: odd})])

    asyncio.run(all_of_them())


def _plain(schema: dict[str, Any], names: list[str]) -> Any:
    for option in (schema, *schema.get("anyOf", [])):
        if "enum" in option or "const" in option:
            return (option.get("enum") or [option["const"]])[0]
        plain = {"string": names[0], "integer": 1, "number": 1.0, "array": ["R1"], "object": {}}
        if option.get("type") in plain:
            return plain[option["type"]]
    return None


def test_a_search_for_no_word_at_all_finds_nothing() -> None:
    at = place("stdlib")

    async def look() -> str:
        world = at.task_set.world(at.task)
        async with world.call("1"):
            return await use(at.tools["list_members"], world, {"name": ",", "kind": "function"})

    with pytest.raises(ToolError, match="no entry ','"):
        asyncio.run(look())
