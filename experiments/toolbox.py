"""Joins the sides: seats agents with models and tools, and is the one path by which a tool runs.

Nothing else touches a world. One call is one transaction, with its accesses credited to it alone.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal

from langchain_core.messages import ToolCall, ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool
from pydantic import BaseModel

from experiments.recorder import AgentLog, Recorder, Row
from experiments.refused import Refused
from results.usage import OUTSIDE
from tasks.judging import Submission
from tasks.tools import BrokenToolError, Tool, ToolError, schema, use
from tasks.world import World
from topologies.chat_client import for_agent
from topologies.kit import Draft, Seat
from topologies.models import ModelSettings, make_model
from topologies.simulated.luck import pack

Path = Callable[[str, str, Mapping[str, Any]], Awaitable[str]]
"""Call id, tool name and arguments to the reply; `ToolError` for a refusal."""


class NoArguments(BaseModel):
    """What LangGraph looks through for arguments to inject: there are none."""


class WorkTool(BaseTool):
    """A tool as LangChain knows it. Its schema is data and its call goes down the one path."""

    path: Path

    def get_input_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:  # noqa: ARG002
        return NoArguments

    async def ainvoke(
        self,
        input: str | dict[str, Any] | ToolCall,
        config: RunnableConfig | None = None,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> Any:
        """The reply as a ToolMessage for a tool call, or as text for bare arguments."""
        given: dict[str, Any] = {} if isinstance(input, str) else {**input}
        called = given.get("type") == "tool_call"
        arguments: dict[str, Any] = given["args"] if called else given
        call_id = str(given.get("id", "")) if called else ""
        status: Literal["success", "error"] = "success"
        try:
            reply = await self.path(call_id, self.name, arguments)
        except ToolError as error:
            reply, status = f"Error: {error}", "error"
        if not called:
            return reply
        return ToolMessage(reply, name=self.name, tool_call_id=call_id, status=status)

    def _run(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        raise TypeError(f"{self.name} is asynchronous: call it with ainvoke, in an async graph")


async def submit(
    _world: None, answer: str, status: Literal["done", "blocked"], confidence: float
) -> str:
    """End your work by handing in its result.

    Args:
        answer: The answer, or the report you were asked for.
        status: "done", or "blocked" if the work cannot be done as asked.
        confidence: How sure you are that all of it is right, from 0 to 1.
    """
    if not answer.strip():
        raise ToolError("the answer is empty; say what was done or found")
    if not 0 <= confidence <= 1:
        raise ToolError(f"confidence is {confidence}; it must be from 0 to 1")
    return f"Submitted as {status}."


SUBMIT = Tool(submit)
_WITHIN: ContextVar[list[str] | None] = ContextVar("within", default=None)
"""The agents that were seated within the topology's own call that is under way."""


@dataclass
class Workplace:
    """Where one agent works: the shared world or its own copy, and what it did there.

    `wrote` are its calls of tools that may write, as far as they were not refused.
    """

    world: World
    private: bool = False
    submission: Submission | None = None
    wrote: list[tuple[str, Mapping[str, Any]]] = field(
        default_factory=list[tuple[str, Mapping[str, Any]]]
    )


@dataclass(frozen=True)
class Touched:
    """A tool call that had a world before it, by its step and its name in that world."""

    row: Row
    call: str
    workplace: Workplace


@dataclass
class Toolbox:
    """The `Kit` of one trial. `luck` are the task's and the trial's part of every agent's seed.

    `copy` makes a private copy of the world as it was at the start.
    """

    world: World
    tools: tuple[Tool, ...]
    instructions: str
    models: Mapping[str, str]
    model_settings: ModelSettings
    trial_id: str
    luck: tuple[int, int]
    recorder: Recorder
    copy: Callable[[], World]
    submission: Submission | None = None
    broken: BrokenToolError | None = None
    touched: list[Touched] = field(default_factory=list[Touched])
    workplaces: dict[str, Workplace] = field(default_factory=dict[str, Workplace])

    @property
    def private_copies(self) -> bool:
        """Whether any agent worked on a copy of the world."""
        return any(place.private for place in self.workplaces.values())

    def seat(
        self,
        name: str,
        role: str = "agent",
        parent: str | None = None,
        writes: bool = True,
        private: bool = False,
        share: float | None = None,
    ) -> Seat:
        """See `topologies.kit.Kit`. `Refused` for a name that is taken."""
        if name in self.recorder.agents:
            raise Refused(f"two agents are called {name!r}; give each its own name")
        ordinal = len(self.workplaces)
        self.workplaces[name] = Workplace(self.copy() if private else self.world, private)
        self.recorder.agents[name] = AgentLog(name, role, parent)
        told = self.recorder.purse.set_aside(name, share, draws=name == self._first())
        within = _WITHIN.get()
        if within is not None:
            within.append(name)
        model_name = self.models.get(role, self.models["default"])
        simulated = model_name.startswith("simulated:")
        seeded = simulated or self.model_settings.seed is not None
        model = for_agent(
            make_model(model_name, self.model_settings),
            name,
            role,
            pack(*self.luck, ordinal) if seeded else None,
            self.trial_id if self.model_settings.sends_cache_key else None,
        )
        offered = [tool for tool in self.tools if writes or tool.readOnlyHint]
        instructions = "\n\n".join(text for text in (self.instructions, told) if text)
        return Seat(
            name, role, instructions, model, [self._tool(name, t) for t in (*offered, SUBMIT)]
        )

    async def own_call(
        self, seat: Seat, call: ToolCall, run: Callable[[], Awaitable[str]]
    ) -> ToolMessage:
        """See `topologies.kit.Kit`."""
        row = self._open(seat.name, str(call["id"]), call["name"], call["args"])
        self.recorder.agent(seat.name).hold += 1
        seated: list[str] = []
        token = _WITHIN.set(seated)
        try:
            reply = await run()
        finally:
            _WITHIN.reset(token)
            for name in seated:
                self.recorder.purse.give_back(name)
        self.recorder.close_step(row, reply)
        return ToolMessage(reply, name=call["name"], tool_call_id=call["id"])

    def draft(self, seat: Seat) -> Draft:
        """See `topologies.kit.Kit`. `Refused` for a seat in the shared world."""
        place = self.workplaces[seat.name]
        if not place.private:
            raise Refused(f"{seat.name} works in the shared world: it has no draft")
        self.recorder.purse.give_back(seat.name)
        said = place.submission or Submission()
        return Draft(said.answer, said.status, said.confidence, tuple(place.wrote))

    async def carry_out(self, seat: Seat, draft: Draft) -> list[str]:
        """See `topologies.kit.Kit`."""
        known = {tool.name: tool for tool in self.tools}
        refused: list[str] = []
        for number, (name, arguments) in enumerate(draft.writes, 1):
            try:
                await self.call(seat.name, known[name], f"carry_out_{number}", arguments)
            except ToolError as error:
                refused.append(f"{name}: {error}")
        return refused

    async def from_outside(
        self, who: str, tool: Tool, number: int, arguments: Mapping[str, Any]
    ) -> None:
        """Let someone outside act on the shared world, each call a transaction of its own."""
        name = f"outside: {who}"
        log = self.recorder.agents.setdefault(name, AgentLog(name, OUTSIDE, None, hold=0))
        log.hold += 1
        with suppress(ToolError):
            await self.call(name, tool, f"outside_{number}", arguments)

    async def call(self, agent: str, tool: Tool, call_id: str, arguments: Mapping[str, Any]) -> str:
        """The one tool path: a step, a transaction, a history. `ToolError` for a refusal."""
        row = self._open(agent, call_id, tool.name, arguments)
        try:
            reply = await self._run(agent, tool, row, arguments)
        except ToolError as error:
            self.recorder.close_step(row, f"Error: {error}", str(error))
            raise
        except BrokenToolError as error:
            # Kept, since a graph may catch it and go on: there is nothing to grade all the same.
            self.broken = self.broken or error
            self.recorder.close_step(row, None, str(error))
            raise
        self.recorder.close_step(row, reply)
        return reply

    def _tool(self, agent: str, tool: Tool) -> WorkTool:
        async def path(call_id: str, _name: str, arguments: Mapping[str, Any]) -> str:
            return await self.call(agent, tool, call_id, arguments)

        return WorkTool(
            name=tool.name, description=tool.description, args_schema=schema(tool.run), path=path
        )

    async def _run(self, agent: str, tool: Tool, row: Row, arguments: Mapping[str, Any]) -> str:
        if tool is SUBMIT:
            return await self._submit(agent, arguments)
        place = self.workplaces.get(agent) or Workplace(self.world)
        call = str(row["step"])
        self.touched.append(Touched(row, call, place))
        async with place.world.call(call):
            reply = await use(tool, place.world, arguments)
        if not tool.readOnlyHint:
            place.wrote.append((tool.name, dict(arguments)))
        return reply

    async def _submit(self, agent: str, arguments: Mapping[str, Any]) -> str:
        reply = await use(SUBMIT, None, arguments)
        place = self.workplaces[agent]
        place.submission = place.submission or Submission(**arguments)
        if agent == self._first():
            self.submission = self.submission or Submission(**arguments)
            self.recorder.submitted = agent
        self.recorder.purse.give_back(agent)
        self.recorder.agent(agent).hold += 1
        return reply

    def _first(self) -> str | None:
        """The agent whose submission ends the trial."""
        return next((name for name, at in self.workplaces.items() if not at.private), None)

    def _open(self, agent: str, call_id: str, name: str, arguments: Mapping[str, Any]) -> Row:
        written = json.dumps(dict(arguments), ensure_ascii=False)
        return self.recorder.open_step("tool", agent, tool=name, call_id=call_id, arguments=written)
