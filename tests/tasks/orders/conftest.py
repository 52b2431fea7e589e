"""Workers without a model: the clerk's own turns, over the real tools of a real world."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from tasks.clerk import SOUND, CallMade, Conversation, Mind, next_turn
from tasks.judging import Judgement, Submission
from tasks.orders import TASK_SET
from tasks.task import Setting, Split, Task, settings_of
from tasks.tools import ToolError, schema, use
from tasks.world import SqliteWorld

SUBMIT = {"submit": {"properties": {"answer": {}, "status": {}, "confidence": {}}}}
TURNS = 2000


@dataclass
class Shift:
    """What came of a task: `calls` are the tools called, in order, whoever called them."""

    task: Task
    world: SqliteWorld
    submission: Submission = Submission()
    calls: list[str] = field(default_factory=list[str])
    texts: list[str] = field(default_factory=list[str])

    @property
    def judgement(self) -> Judgement:
        return self.world.judge(self.task.goal, self.submission)

    @property
    def broken(self) -> list[str]:
        return TASK_SET.invariants(self.task, self.world)


MakeTask = Callable[..., Task]
Work = Callable[..., Shift]


async def call(shift: Shift, name: str, arguments: dict[str, Any]) -> str:
    """One tool call as a transaction of its own; a refusal is its reply."""
    tools = {tool.name: tool for tool in TASK_SET.tools(shift.task.settings)}
    shift.calls.append(name)
    try:
        async with shift.world.call(f"call{len(shift.calls)}"):
            return await use(tools[name], shift.world, arguments)
    except ToolError as error:
        return f"Error: {error}"


async def converse(
    shift: Shift,
    mind: Mind,
    task: str,
    offered: dict[str, Any],
    delegate: Callable[[str], Awaitable[str]] | None = None,
) -> str:
    """One agent's conversation to its end; its last text, or what it submitted."""
    tools = {
        tool.name: schema(tool.run)
        for tool in TASK_SET.tools(shift.task.settings)
        if tool.name in offered.get("only", {tool.name})
    }
    tools |= offered.get("also", {})
    said: list[str] = []
    made: list[CallMade] = []
    for _ in range(TURNS):
        seen = Conversation(
            TASK_SET.instructions(shift.task.settings), "", task, tuple(said), tuple(made), tools
        )
        turn = next_turn(TASK_SET.clerk, seen, mind)
        said.append(turn.text)
        shift.texts.append(turn.text)
        if not turn.calls:
            return turn.text
        if turn.calls[0][1] == "submit":
            given = turn.calls[0][2]
            shift.submission = Submission(given["answer"], given["status"])
            return given["answer"]
        replies = await asyncio.gather(
            *(
                delegate(arguments["brief"])
                if delegate is not None and name == "delegate"
                else call(shift, name, arguments)
                for _, name, arguments in turn.calls
            )
        )
        made += [
            CallMade(at, name, arguments, reply)
            for (at, name, arguments), reply in zip(turn.calls, replies, strict=True)
        ]
    raise AssertionError("the clerk never came to an end")


@pytest.fixture
def make_task() -> MakeTask:
    """A task of the order desk at the given dials; the others at their defaults."""

    def made(index: int = 0, split: Split = "dev", **dials: Setting) -> Task:
        return TASK_SET.make(settings_of(TASK_SET, dials), split, index)

    return made


@pytest.fixture
def work_alone() -> Work:
    """One agent does a task."""

    def worked(task: Task, mind: Mind = SOUND) -> Shift:
        shift = Shift(task, TASK_SET.world(task))
        asyncio.run(converse(shift, mind, task.instruction, {"also": SUBMIT}))
        return shift

    return worked


@pytest.fixture
def work_as_team() -> Work:
    """A lead and its subagents do a task; `readers` may not write, so that only the lead does."""

    def worked(
        task: Task, size: int = 3, mind: Mind = SOUND, serial: bool = False, readers: bool = False
    ) -> Shift:
        shift = Shift(task, TASK_SET.world(task))
        turn = asyncio.Lock()
        reading = {tool.name for tool in TASK_SET.tools(task.settings) if tool.readOnlyHint}
        offered = {"only": reading} if readers else {}

        async def delegate(brief: str) -> str:
            if not serial:
                return await converse(shift, mind, brief, offered)
            async with turn:
                return await converse(shift, mind, brief, offered)

        tool = {"properties": {"brief": {}}, "description": f"At most {size} subagents."}
        also = {"delegate": tool, **SUBMIT}
        asyncio.run(converse(shift, mind, task.instruction, {"also": also}, delegate))
        return shift

    return worked
