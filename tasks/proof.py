"""Whether a task is what it claims: solvable as its solution says, and by nothing less or more.

`prove` runs the reference solution, nothing at all, and the solution with each of its effects left
out, doubled or changed; then it judges each fact of the goal left out, doubled or changed. A call
of a tool that only reads is part of a solution but no effect: it must only not be refused.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from tasks.judging import Judgement, RowChange, Submission, Value, answer_facts, judge
from tasks.task import Effect, Task, TaskSet
from tasks.tools import ToolError, use

SUBMIT = "submit"
LINE = re.compile(r"^(\w+)\s*[:=]\s*(.+)$")


def prove(task_set: TaskSet, task: Task) -> list[str]:
    """What is wrong with the task, one line each; an empty list proves it."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(_proof(task_set, task))
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, _proof(task_set, task)).result()


@dataclass(frozen=True)
class _End:
    """How a course of effects ended; `refused` says why the first refused call was."""

    judgement: Judgement
    changes: Counter[RowChange]
    submission: Submission
    refused: str | None

    @property
    def passed(self) -> bool:
        return self.judgement.passed


async def replay(task_set: TaskSet, task: Task, effects: Sequence[Effect]) -> _End:
    """Carry out the effects on a fresh world; refused calls are passed over.

    What others do meanwhile has happened before: a solution is what is right in the end.
    """
    world: Any = task_set.world(task)
    tools = {tool.name: tool for tool in (*task_set.tools(task.settings), *task_set.outside)}
    submission, refused = Submission(), None
    for number, other in enumerate(task.outside):
        async with world.call(f"outside{number}"):
            await use(tools[other.tool], world, other.arguments)
    for number, effect in enumerate(effects):
        if effect.tool == SUBMIT:
            given = effect.arguments
            submission = Submission(given.get("answer"), given.get("status"))
            continue
        try:
            async with world.call(f"call{number}"):
                await use(tools[effect.tool], world, effect.arguments)
        except ToolError as error:
            refused = refused or f"{effect.tool}: {error}"
    judgement = world.judge(task.goal, submission)
    return _End(judgement, _changes(world), submission, refused)


async def _proof(task_set: TaskSet, task: Task) -> list[str]:
    found: list[str] = []
    right = await replay(task_set, task, task.solution)
    if not right.passed or right.judgement.score != 1.0:
        found.append(f"the solution fails: {_why(right.judgement)}")
    if right.refused is not None:
        found.append(f"the solution is refused: {right.refused}")
    for status in ("done", None):
        nothing = await replay(task_set, task, [Effect(SUBMIT, {"answer": "", "status": status})])
        if nothing.passed:
            found.append(f"doing nothing passes with status {status}")
    hints = {tool.name: tool.idempotentHint for tool in task_set.tools(task.settings)}
    reads = frozenset(tool.name for tool in task_set.tools(task.settings) if tool.readOnlyHint)
    for name, effects, doubled in _variations(task, reads):
        end = await replay(task_set, task, effects)
        # A doubled call that is refused, or said to be idempotent, must have left nothing behind.
        harmless = doubled is not None and (end.refused is not None or hints.get(doubled, False))
        if end.passed and not (harmless and end.changes == right.changes):
            found.append(f"passes with {name}")
    found.extend(f"judged right with {name}" for name in _wrong_facts(task, right))
    return found


def _variations(
    task: Task, reads: frozenset[str]
) -> Iterator[tuple[str, list[Effect], str | None]]:
    """Courses that must fail, named, with the tool that is called twice in it if one is."""
    effects = list(task.solution)
    for i, effect in enumerate(effects):
        before, after, at = effects[:i], effects[i + 1 :], f"effect {i} ({effect.tool})"
        if effect.tool in reads:
            continue
        if effect.tool == SUBMIT:
            for name, other in _other_submissions(task, effect):
                yield f"{at} {name}", [*before, other, *after], None
            continue
        yield f"{at} left out", before + after, None
        yield f"{at} doubled", [*before, effect, effect, *after], effect.tool
        for name, arguments in _changed_arguments(effect.arguments):
            other = Effect(effect.tool, arguments)
            yield f"{at} changed in {name}", [*before, other, *after], None


def _other_submissions(task: Task, effect: Effect) -> Iterator[tuple[str, Effect]]:
    """The same submission with a graded line left out, contradicted or changed.

    An answer's line is the same fact however often it is said; to say it twice in two ways is the
    doubling that must fail.
    """
    if not task.solvable:
        yield "saying done", _submit(effect, status="done")
        return
    graded = _graded(task)
    lines = str(effect.arguments.get("answer") or "").splitlines()
    for n, line in enumerate(lines):
        match = LINE.match(line)
        if match is None or match.group(1).lower() not in graded:
            continue
        wrong = f"{match.group(1)}: {_other(match.group(2))}"
        for name, instead in (
            ("left out", list[str]()),
            ("contradicted", [line, wrong]),
            ("changed", [wrong]),
        ):
            answer = "\n".join([*lines[:n], *instead, *lines[n + 1 :]])
            yield f"line {line!r} {name}", _submit(effect, answer=answer)


def _submit(effect: Effect, **changes: str) -> Effect:
    return replace(effect, arguments={**effect.arguments, **changes})


def _changed_arguments(arguments: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, value in arguments.items():
        if isinstance(value, Mapping):
            inner: Mapping[str, Any] = value  # pyright: ignore[reportUnknownVariableType]
            for column, changed in _changed_arguments(inner):
                yield f"{name}.{column}", {**arguments, name: changed}
        else:
            yield name, {**arguments, name: _other(value)}


def _other(value: Any) -> Any:
    """A value near this one that is not it."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    if isinstance(value, list):
        return value[:-1]  # pyright: ignore[reportUnknownVariableType]
    numbers = list(re.finditer(r"\d+", str(value)))
    if numbers:
        last = numbers[-1]
        text = str(value)
        return f"{text[: last.start()]}{int(last.group()) + 1}{text[last.end() :]}"
    return f"{value or ''}x"


def _graded(task: Task) -> frozenset[str]:
    """The answer labels, in lower case, that the goal looks at."""
    groups = [task.goal.facts, *(facts for group in task.goal.either for facts in group)]
    return frozenset(fact.key for facts in groups for fact in facts if fact.kind == "say")


def _wrong_facts(task: Task, right: _End) -> Iterator[str]:
    """Multisets of facts that must not be judged right, though they are."""
    if not task.solvable:
        return
    facts = right.changes + answer_facts(right.submission.answer, _graded(task))
    said = Submission(None, right.submission.status)
    for fact in facts:
        without = facts - Counter([fact])
        wrong = {"left out": without, "doubled": facts + Counter([fact])}
        for name, other in _changed_facts(fact):
            wrong[f"changed in {name}"] = without + Counter([other])
        for name, counted in wrong.items():
            if judge(counted, task.goal, said).passed:
                yield f"{fact.kind} {fact.table} {fact.key} {name}"


def _changed_facts(fact: RowChange) -> Iterator[tuple[str, RowChange]]:
    yield "key", fact._replace(key=_other(fact.key))
    for i, (column, value) in enumerate(fact.values):
        other: Value = _other(value)
        values = (*fact.values[:i], (column, other), *fact.values[i + 1 :])
        yield column, fact._replace(values=values)


def _changes(world: Any) -> Counter[RowChange]:
    changes = getattr(world, "changes", None)
    return changes() if changes is not None else Counter()


def _why(judgement: Judgement) -> str:
    missed = next((m for m in judgement.milestones if not m.reached), None)
    return f"{missed.name}: {missed.detail}" if missed else f"score {judgement.score:g}"
