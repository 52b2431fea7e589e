"""Workers driven by hand: a clerk over the real tools of a world, alone or leading a team."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tasks.judging import Judgement, Submission
from tasks.task import Task, TaskSet
from tasks.tools import ToolError, schema, use
from tasks.workers.clerk import SOUND, CallMade, Conversation, Mind
from tasks.workers.turns import next_turn

SUBMIT: dict[str, Any] = {
    "description": "End the work.",
    "properties": {"answer": {}, "status": {}, "confidence": {}},
}


@dataclass
class Work:
    """A finished piece of work."""

    world: Any
    submission: Submission
    judgement: Judgement
    calls: list[CallMade] = field(default_factory=list[CallMade])
    briefs: list[str] = field(default_factory=list[str])
    reports: list[str] = field(default_factory=list[str])


class _Office:
    def __init__(
        self, task_set: TaskSet, task: Task, mind: Mind, together: bool, lead_writes: bool
    ) -> None:
        self.task_set, self.task, self.mind = task_set, task, mind
        self.together = together
        self.world: Any = task_set.world(task)
        self.tools = {tool.name: tool for tool in task_set.tools(task.settings)}
        self.schemas = {
            name: {**schema(tool.run), "description": tool.description}
            for name, tool in self.tools.items()
        }
        self.shared = {
            name: self.schemas[name]
            for name, tool in self.tools.items()
            if tool.readOnlyHint or not lead_writes
        }
        self.work = Work(self.world, Submission(), Judgement(False, 0.0, ()))

    async def agent(self, name: str, text: str, tools: dict[str, Any]) -> str:
        conversation = Conversation(
            system=self.task_set.instructions(self.task.settings),
            background="",
            task=text,
            tools=tools,
        )
        for _ in range(2000):
            turn = next_turn(self.task_set.clerk, conversation, self.mind)
            conversation = replace(conversation, said=(*conversation.said, turn.text))
            if not turn.calls:
                return turn.text
            waiting = [
                self.reply(f"{name}:{call}", tool, arguments)
                for call, tool, arguments in turn.calls
            ]
            if self.together:
                replies = await asyncio.gather(*waiting)
            else:
                replies = [await one for one in waiting]
            made = tuple(
                CallMade(*call, reply) for call, reply in zip(turn.calls, replies, strict=True)
            )
            self.work.calls.extend(made)
            conversation = replace(conversation, calls=(*conversation.calls, *made))
            if any(call.tool == "submit" for call in made):
                return turn.text
        raise AssertionError("the worker never ends")

    async def reply(self, call: str, tool: str, arguments: dict[str, Any]) -> str:
        if tool == "submit":
            self.work.submission = Submission(**arguments)
            return '"ok"'
        if tool == "delegate":
            brief = str(arguments["brief"])
            self.work.briefs.append(brief)
            report = await self.agent(f"sub{len(self.work.briefs)}", brief, self.shared)
            self.work.reports.append(report)
            return report
        try:
            async with self.world.call(call):
                return await use(self.tools[tool], self.world, arguments)
        except ToolError as error:
            return f"error: {error}"


@pytest.fixture
def do_work() -> Callable[..., Work]:
    """`do_work(task_set, task, mind=SOUND, team=0)`: the work done alone, or by a lead and a team.

    Calls in `work.calls` are those of all agents. With `together` the calls of one message, and so
    the subagents, take turns; with `lead_writes` subagents have only the tools that read.
    """

    def run(
        task_set: TaskSet,
        task: Task,
        mind: Mind = SOUND,
        team: int = 0,
        together: bool = False,
        lead_writes: bool = False,
    ) -> Work:
        office = _Office(task_set, task, mind, together, lead_writes)
        extra: dict[str, Any] = {"submit": SUBMIT}
        if team:
            extra["delegate"] = {
                "description": f"Give a brief to one of at most {team} subagents.",
                "properties": {"brief": {}},
            }
        asyncio.run(office.agent("lead", task.instruction, {**office.schemas, **extra}))
        office.work.judgement = office.world.judge(task.goal, office.work.submission)
        return office.work

    return run
