"""Writes down a trial as it happens: every model and tool call, credited to its agent.

Model calls are seen by an inline LangChain callback at the root of the graph, tool calls by the one
tool path. The limits of a trial are kept here too, since here is where use is counted.
"""

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar, NoReturn, cast
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, LLMResult

from experiments.trials.agent import IN_WORLD, Agent
from experiments.trials.agents import Agents
from experiments.trials.allowance import Purse
from experiments.trials.charges import charges, end_of
from experiments.trials.news import new_messages
from experiments.trials.places import place_in
from experiments.trials.spec import Limits
from experiments.trials.stops import (
    CALLBACK_LOG,
    LimitReachedError,
    MisuseError,
    SubmittedError,
    unexpected,
)
from results.records import STEPS
from topologies.models.attempts import SENDING, Channel, Interval, Sending, seconds_of
from topologies.models.replies import UnreadableReplyError
from topologies.simulated.wire import lost_in

Row = dict[str, Any]


MOST_CUT_SHORT = 3
"""So many replies in a row that hit `max_tokens` are a limit: the agent does not get anywhere."""
CUT_SHORT = ("length", "max_tokens", "MAX_TOKENS", "max_output_tokens")


@dataclass(eq=False)
class Recorder(BaseCallbackHandler):
    """Collects `steps` rows; raises `LimitReachedError` before a model call too many.

    `simulated` has what is true of the models that were called, True or False or both.
    Before a call of an agent that used up its part of the budget it raises `OutOfBudgetError`, and
    before one of the seat that `submitted` for the trial, under no call of another's,
    `SubmittedError`. `misuse` is what was found to be wrong with the graph. `channel` gives what
    the sendings of a model call go through, by role, prompt and step.
    """

    asked: ClassVar[int] = 0
    """Model calls in this process, of all trials."""

    limits: Limits
    purse: Purse = field(default_factory=Purse)
    agents: Agents = field(default_factory=Agents)
    steps: list[Row] = field(default_factory=list[Row])
    limit: str | None = None
    submitted: str | None = None
    misuse: str | None = None
    started: float = 0.0
    clock: Callable[[], float] = time.monotonic
    run_inline: bool = True
    raise_error: bool = True
    _open: dict[UUID, tuple[Agent, Row]] = field(default_factory=dict[UUID, tuple[Agent, Row]])
    _offered: dict[UUID, frozenset[str]] = field(default_factory=dict[UUID, frozenset[str]])
    _asked: dict[UUID, dict[str, Any]] = field(default_factory=dict[UUID, dict[str, Any]])
    _schemas: dict[str, int] = field(default_factory=dict[str, int])
    _sent: dict[UUID, Sending] = field(default_factory=dict[UUID, Sending])
    _waits: list[Interval] = field(default_factory=list[Interval])
    within: asyncio.Timeout | None = None
    simulated: set[bool] = field(default_factory=set[bool])
    count: Callable[[Row], None] | None = None
    channel: Callable[[str, list[BaseMessage], Row], Channel] | None = None

    def __post_init__(self) -> None:
        CALLBACK_LOG.addFilter(unexpected)

    @property
    def answered(self) -> bool:
        """Whether any model call was answered."""
        return any(s["kind"] == "model" and s["reply"] is not None for s in self.steps)

    def now(self) -> float:
        """Seconds since the trial began, simulated or real."""
        return self.clock() - self.started

    def refuse(self, text: str) -> NoReturn:
        """End the trial for what is wrong with its graph, whatever the graph does about it."""
        self.misuse = self.misuse or text
        raise MisuseError(self.misuse)

    def begin_again(self) -> None:
        """All agents are gone in the middle of what they did; who comes now takes their seats."""
        for row in self.steps:
            if row["ended"] is None:
                self.close_step(row, None, "the process was killed")
        for call in self._sent.values():
            call.go()
            self._waits += call.waits
        for left in (self._open, self._offered, self._asked, self._sent):
            left.clear()
        self.submitted = None
        self.agents.begin_again()

    def agent_of(self, run_id: UUID) -> Agent | None:
        """Who waits for the model call that is this run."""
        return self._open[run_id][0] if run_id in self._open else None

    @property
    def waited(self) -> float:
        """Seconds so far in which a call was kept waiting: they are not the agents' time."""
        waits = [wait for call in self._sent.values() for wait in call.waits]
        return seconds_of([*self._waits, *waits])

    def _wait_changed(self) -> None:
        """Let the trial's time stand still while any of its calls is kept waiting."""
        if self.within is None or self.limits.seconds is None:
            return
        waits = any(call.waiting_since is not None for call in self._sent.values())
        until = self.started + self.limits.seconds + self.waited
        with suppress(RuntimeError):  # the time is up, or the graph has ended
            self.within.reschedule(None if waits else until)

    def total(self, *columns: str) -> float:
        """The sum of some columns over all steps so far, nulls left out."""
        return sum(row[column] or 0 for row in self.steps for column in columns)

    def open_step(self, kind: str, agent: Agent, **values: Any) -> Row:
        """Begin a step; it is in the record from now on, whatever happens."""
        agent.acted = True
        row: Row = dict.fromkeys(STEPS)
        row |= {
            "step": len(self.steps),
            "kind": kind,
            "agent": agent.name,
            "parent": agent.parent,
            "role": agent.role,
            "message": agent.message,
            "hold": agent.hold,
            "started": self.now(),
            **values,
        }
        self.steps.append(row)
        return row

    def close_step(self, row: Row, reply: str | None, error: str | None = None) -> None:
        """End a step."""
        row.update(reply=reply, error=error, ended=self.now())

    def on_chat_model_start(
        self,
        serialized: dict[str, Any],  # noqa: ARG002
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        known = metadata or {}
        agent = self._asking(known, messages[0])
        Recorder.asked += 1
        agent.message += 1
        agent.waiting = True
        invocation: dict[str, Any] = kwargs.get("invocation_params") or {}
        tools: list[dict[str, Any]] = invocation.get("tools") or []
        names = {str(tool.get("function", tool).get("name")) for tool in tools}
        self._offered[run_id] = frozenset(names)
        schemas = json.dumps(tools, ensure_ascii=False, separators=(",", ":"), default=str)
        first = self._schemas.setdefault(schemas, len(self.steps))
        new = new_messages(agent, messages[0], self.agents.issued)
        self._asked[run_id] = known
        self.simulated.add(bool(known.get("simulated")))
        row = self.open_step("model", agent, prompt=json.dumps(new, ensure_ascii=False))
        self._open[run_id] = agent, row
        channel = self.channel(agent.role, messages[0], row) if self.channel else None
        self._sent[run_id] = Sending(changed=self._wait_changed, channel=channel)
        SENDING.set(self._sent[run_id])
        if tools:
            row["tools"] = schemas if first == row["step"] else str(first)

    def _asking(self, known: dict[str, Any], prompt: list[BaseMessage]) -> Agent:
        """Whose model call it is, if it may be made."""
        seat = known.get("agent")
        if IN_WORLD.get() and seat not in self.agents.seats:
            self._check_limits()
            return self.agents.world
        if self.misuse is not None or seat not in self.agents.seats:
            self.refuse(OWN_MODEL.format(known.get("langgraph_node") or "the graph"))
        agent = self.agents.asks(seat, prompt, place_in(known))
        if seat == self.submitted and agent.above is None:
            raise SubmittedError(seat)
        if agent.cut_short >= MOST_CUT_SHORT:
            self.limit = self.limit or "max_tokens"
        self._check_limits()
        self.purse.check(seat)
        return agent

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:  # noqa: ARG002
        agent, row = self._ended(run_id)
        if agent is None or row is None:
            return
        offered, asked = self._offered.pop(run_id), self._asked.pop(run_id)
        generation = response.generations[0][0]
        message = generation.message if isinstance(generation, ChatGeneration) else None
        if not isinstance(message, AIMessage):
            self.close_step(row, generation.text)
            return
        if agent is not self.agents.world:
            self.agents.said(agent, message)
        calls = [{"id": c["id"], "name": c["name"], "args": c["args"]} for c in message.tool_calls]
        said = {"content": message.text, "tool_calls": calls}
        self.close_step(row, json.dumps(said, ensure_ascii=False))
        usage = cast("dict[str, Any] | None", message.usage_metadata)
        row.update(charges(message.response_metadata, usage, asked), **end_of(message))
        if asked.get("simulated"):
            row["not_understood"] = lost_in(message.response_metadata.get("system_fingerprint"))
        agent.cut_short = agent.cut_short + 1 if row["finish_reason"] in CUT_SHORT else 0
        if self.count is not None:
            self.count(row)
        if agent is self.agents.world:
            return
        self.purse.spend(agent.seat, row)
        for call in message.tool_calls:
            if call["name"] not in offered:
                self._unknown_tool(agent, dict(call))

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:  # noqa: ARG002
        agent, row = self._ended(run_id)
        asked = self._asked.pop(run_id, {})
        self._offered.pop(run_id, None)
        if agent is None or row is None:
            return
        self.close_step(row, None, f"{type(error).__name__}: {error}")
        if isinstance(error, UnreadableReplyError) and error.usage:
            row.update(
                charges({"token_usage": error.usage, "model_name": error.model}, None, asked)
            )
            if self.count is not None:
                self.count(row)

    def _ended(self, run_id: UUID) -> tuple[Agent, Row] | tuple[None, None]:
        """Whose call came to its end and its step, with how often it was sent."""
        agent, row = self._open.pop(run_id, (None, None))
        if agent is None or row is None:
            return None, None
        agent.waiting = False
        call = self._sent.pop(run_id)
        call.go()
        self._waits += call.waits
        if call.attempts:
            row.update(attempts=call.attempts, waited=seconds_of(call.waits))
        return agent, row

    def _unknown_tool(self, agent: Agent, call: dict[str, Any]) -> None:
        row = self.open_step(
            "tool",
            agent,
            tool=call["name"],
            call_id=call["id"],
            arguments=json.dumps(call["args"], ensure_ascii=False),
        )
        self.close_step(row, None, f"there is no tool {call['name']}")

    def _check_limits(self) -> None:
        used = {
            "model_calls": sum(row["kind"] == "model" for row in self.steps),
            "tokens": self.total("prompt_tokens", "completion_tokens"),
            "dollars": self.total("dollars"),
        }
        for name, amount in used.items():
            most = getattr(self.limits, name)
            if most is not None and amount >= most:
                self.limit = self.limit or name
        if self.limit is not None:
            raise LimitReachedError(self.limit)


OWN_MODEL = (
    "{} asks a model that is no seat's: use kit.seat(NAME).model, so that its calls are counted "
    "and stay within the trial"
)
