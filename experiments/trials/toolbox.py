"""Joins the sides: seats agents with models and tools, and is the one path by which a tool runs.

Nothing else touches a world. One call is one transaction, with its accesses credited to it alone.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from langchain_core.messages import ToolCall, ToolMessage
from langchain_core.runnables import ensure_config

from experiments.refused import Refused
from experiments.trials.agent import ABOVE, Above, Agent, Credit
from experiments.trials.claims import Claim
from experiments.trials.faulted import through
from experiments.trials.handed_faults import handed
from experiments.trials.places import Place, place_in
from experiments.trials.recorder import Recorder, Row
from experiments.trials.roles import Models, model_of
from experiments.trials.work_tool import SUBMIT, WorkTool
from experiments.trials.world_call import Touched, Workplace, WorldCall
from results.usage import OUTSIDE
from tasks.faults.drawn import Faults
from tasks.judging import Submission
from tasks.tools import BrokenToolError, Tool, ToolError, schema, use
from tasks.world import World
from topologies.kit import Draft, Seat
from topologies.models.chat_client import for_agent
from topologies.models.endpoints import is_simulated
from topologies.models.model import ModelSettings, make_model
from topologies.models.replies import MALFORMED
from topologies.simulated.luck import pack

_WITHIN: ContextVar[list[str] | None] = ContextVar("within", default=None)
"""The agents that were seated within the topology's own call that is under way."""


@dataclass
class Toolbox:
    """The `Kit` of one trial. `luck` are the task's and the trial's part of every agent's seed.

    `copy` makes a private copy of the world as it was at the start. `reached` says which milestones
    hold in a world with an answer; `claims` are the reports that agents handed in to others.
    """

    world: World
    tools: tuple[Tool, ...]
    instructions: str
    models: Models
    trial_id: str
    luck: tuple[int, int]
    recorder: Recorder
    copy: Callable[[], World]
    reached: Callable[[World, str | None], tuple[str, ...] | None]
    faults: Faults
    claims: list[Claim] = field(default_factory=list[Claim])
    submission: Submission | None = None
    broken: BrokenToolError | None = None
    process: "asyncio.Task[Any] | None" = None
    killed: bool = False
    touched: list[Touched] = field(default_factory=list[Touched])
    workplaces: dict[str, Workplace] = field(default_factory=dict[str, Workplace])
    outsiders: dict[str, Agent] = field(default_factory=dict[str, Agent])

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
        first = self.recorder.agents.seat(name, role, parent)
        self.workplaces[name] = Workplace(self.copy() if private else self.world, private)
        told = self.recorder.purse.set_aside(name, share, draws=name == self._first())
        within = _WITHIN.get()
        if within is not None:
            within.append(name)
        model_name, told_of_it = model_of(self.models, role)
        settings = ModelSettings(**told_of_it)
        shared = make_model(model_name, settings)
        seeded = is_simulated(shared) or settings.seed is not None
        model = for_agent(
            shared,
            name,
            role,
            pack(*self.luck, first.ordinal) if seeded else None,
            self.trial_id if settings.sends_cache_key else None,
            self._own_seed if seeded else None,
        )
        offered = [tool for tool in self.tools if writes or tool.readOnlyHint]
        instructions = "\n\n".join(text for text in (self.instructions, told) if text)
        return Seat(
            name, role, instructions, model, [self._tool(name, t) for t in (*offered, SUBMIT)]
        )

    async def own_call(
        self, seat: Seat, call: ToolCall, run: Callable[[ToolCall], Awaitable[str]]
    ) -> ToolMessage:
        """See `topologies.kit.Kit`."""
        credit = self._credit(seat.name, call["id"], call["name"], call["args"], _here)
        row = self._open(credit, str(call["id"]), call["name"], call["args"])
        credit.agent.end_hold()
        seated: list[str] = []
        token, above = _WITHIN.set(seated), ABOVE.set(Above(credit.agent, passed=True))
        try:
            reply, error = await handed(self.faults, seat.role, call, row, run)
        finally:
            _WITHIN.reset(token)
            ABOVE.reset(above)
            for name in seated:
                self.recorder.purse.give_back(name)
        self.recorder.close_step(row, reply, error)
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
            call_id = f"carry_out_{number}"
            credit = self._credit(seat.name, call_id, name, arguments, _here)
            try:
                await self.call(credit, known[name], call_id, arguments)
            except ToolError as error:
                refused.append(f"{name}: {error}")
        return refused

    async def from_outside(
        self, who: str, tool: Tool, number: int, arguments: Mapping[str, Any]
    ) -> None:
        """Let someone outside act on the shared world, each call a transaction of its own."""
        name = f"outside: {who}"
        agent = self.outsiders.setdefault(name, Agent(name, OUTSIDE, None, name, hold=0))
        agent.hold += 1
        with suppress(ToolError):
            await self.call(Credit(agent, 0), tool, f"outside_{number}", arguments)

    async def call(
        self, credit: Credit, tool: Tool, call_id: str, arguments: Mapping[str, Any]
    ) -> str:
        """The one tool path: a step, a transaction, a history. `ToolError` for a refusal."""
        row = self._open(credit, call_id, tool.name, arguments)
        try:
            if MALFORMED in arguments:
                raise ToolError("this is no call: its arguments must be one JSON object")
            reply = await self._run(credit, tool, row, arguments)
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

    async def kill(self) -> None:
        """End the process in which the agents are; it does not return to any of them."""
        self.killed = True
        if self.process is not None:
            self.process.cancel()
        await asyncio.Event().wait()

    def begin_again(self) -> None:
        """After the process has ended: the world and the record stay, the seats are free."""
        self.killed, self.submission = False, None
        self.recorder.begin_again()

    def _tool(self, seat: str, tool: Tool) -> WorkTool:
        async def path(call_id: str, arguments: Mapping[str, Any], where: Any) -> str:
            credit = self._credit(seat, call_id, tool.name, arguments, where)
            return await self.call(credit, tool, call_id, arguments)

        return WorkTool(
            name=tool.name,
            description=tool.description,
            args_schema=schema(tool.run),
            path=path,
            refuse=self.recorder.refuse,
        )

    def _credit(
        self,
        seat: str,
        call_id: str | None,
        tool: str,
        arguments: Mapping[str, Any],
        where: Callable[[], Place],
    ) -> Credit:
        credit = self.recorder.agents.caller(call_id, tool, arguments, where, seat)
        assert credit is not None  # a seat has its first agent from the start
        return credit

    async def _run(self, credit: Credit, tool: Tool, row: Row, arguments: Mapping[str, Any]) -> str:
        if tool is SUBMIT:
            return await self._submit(credit, row, arguments)
        place = self.workplaces.get(credit.agent.seat) or Workplace(self.world)
        now, role = self.recorder.now, credit.agent.role
        made = WorldCall(place, tool, row, arguments, self.touched, now, self.kill)
        hit = None if role == OUTSIDE else self.faults.at_tool(tool, arguments, role)
        return await (made.send() if hit is None else through(hit, made, row))

    async def _submit(self, credit: Credit, row: Row, arguments: Mapping[str, Any]) -> str:
        """Take a submission: the trial's or a draft's of a root, a report of any other agent."""
        reply = await use(SUBMIT, None, arguments)
        agent = credit.agent
        place, seat = self.workplaces[agent.seat], self.recorder.agents.seats[agent.seat]
        if credit.message is not None and self.recorder.agents.root(agent):
            place.submission = place.submission or Submission(**arguments)
            if agent.seat == self._first():
                self.submission = place.submission
                self.recorder.submitted = agent.seat
        else:
            said = Submission(**arguments)
            there = self.reached(place.world, said.answer)
            at = self.recorder.now()
            self.claims.append(Claim(agent, row["step"], at, said, there, place.world))
        agent.submitted = True
        if all(one.submitted for one in seat if one.message):
            self.recorder.purse.give_back(agent.seat)
        agent.end_hold()
        return reply

    def _first(self) -> str | None:
        """The seat whose submission ends the trial."""
        return next((name for name, at in self.workplaces.items() if not at.private), None)

    def _own_seed(self, run_id: UUID) -> dict[str, Any]:
        """What the request of a conversation has of its own, where it is not its seat's first."""
        agent = self.recorder.agent_of(run_id)
        if agent is None or agent is self.recorder.agents.seats[agent.seat][0]:
            return {}
        return {"seed": pack(*self.luck, agent.ordinal)}

    def _open(self, credit: Credit, call_id: str, name: str, arguments: Mapping[str, Any]) -> Row:
        return self.recorder.open_step(
            "tool",
            credit.agent,
            message=credit.message,
            hold=None if credit.message is None else credit.agent.hold,
            tool=name,
            call_id=call_id,
            arguments=json.dumps(dict(arguments), ensure_ascii=False),
        )


def _here() -> Place:
    return place_in(ensure_config().get("metadata"))
