"""Writes down the tools that a graph brings itself: delegating, handing off, lists, sums.

They touch no world, so they are seen by a callback where those of the work go the one tool path.
What begins within such a call is nested in the agent that made it.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

from langchain_core.messages import ToolMessage
from langgraph.errors import GraphBubbleUp
from langgraph.types import Command

from experiments.trials.agent import ABOVE, Above, Agent, Credit
from experiments.trials.places import place_in
from experiments.trials.recorder import Recorder, Row


@dataclass(frozen=True)
class _Run:
    """A call under way: its step, and what was under way above it."""

    row: Row
    now: Above
    before: Above | None


@dataclass(eq=False)
class GraphRecorder(Recorder):
    """The recorder of a graph: it also sees its nodes, and runs of tools that are not the kit's."""

    _runs: dict[UUID, _Run] = field(default_factory=dict[UUID, _Run])

    def on_chain_start(
        self,
        serialized: dict[str, Any],  # noqa: ARG002
        inputs: dict[str, Any],  # noqa: ARG002
        *,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,  # noqa: ARG002
    ) -> None:
        if metadata and "langgraph_step" in metadata:
            self.agents.supersteps.began(place_in(metadata))

    def on_tool_start(
        self,
        serialized: dict[str, Any],
        input_str: str,
        *,
        run_id: UUID,
        metadata: dict[str, Any] | None = None,
        inputs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        name, call_id = str(serialized.get("name")), kwargs.get("tool_call_id")
        at = place_in(metadata)
        credit = self.agents.caller(call_id, name, inputs or {}, lambda: at)
        if credit is None:
            # Called by the graph, and for no agent.
            credit = Credit(Agent(at.path[-1] or "graph", "graph", None, ""), None)
        agent = credit.agent
        row = self.open_step(
            "tool",
            agent,
            message=credit.message,
            hold=None if credit.message is None else agent.hold,
            tool=name,
            call_id=call_id,
            arguments=input_str if inputs is None else _as_json(inputs),
        )
        before = ABOVE.get()
        self._runs[run_id] = _Run(row, Above(agent), before)
        ABOVE.set(self._runs[run_id].now)

    def on_tool_end(self, output: Any, *, run_id: UUID, **kwargs: Any) -> None:  # noqa: ARG002
        run = self._over(run_id)
        if run is None:
            return
        handed_off = isinstance(output, Command) and bool(cast("Any", output).goto)
        if handed_off or run.now.passed:
            run.now.agent.end_hold()
        reply = _reply(output, run.row["call_id"])
        failed = isinstance(reply, ToolMessage) and reply.status == "error"
        text = reply.text if isinstance(reply, ToolMessage) else reply
        self.close_step(run.row, text, text if failed else None)

    def on_tool_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:  # noqa: ARG002
        run = self._over(run_id)
        if run is None or isinstance(error, asyncio.CancelledError):
            return
        # An interruption is no error: the call is made again when the graph goes on.
        failed = not isinstance(error, GraphBubbleUp)
        self.close_step(run.row, None, f"{type(error).__name__}: {error}" if failed else None)

    def _over(self, run_id: UUID) -> _Run | None:
        run = self._runs.pop(run_id, None)
        if run is not None:
            ABOVE.set(run.before)
        return run


def _reply(output: Any, call_id: str | None) -> ToolMessage | str | None:
    """What the agent is told; None if a command tells it nothing."""
    if isinstance(output, Command):
        update: Any = cast("Any", output).update
        messages: Any = cast("Any", update).get("messages") if isinstance(update, Mapping) else ()
        told = [one for one in messages or () if isinstance(one, ToolMessage)]
        return next((one for one in told if one.tool_call_id == call_id), None)
    return output if isinstance(output, ToolMessage) else str(output)


def _as_json(inputs: Mapping[str, Any]) -> str:
    return json.dumps(dict(inputs), ensure_ascii=False, default=str)
