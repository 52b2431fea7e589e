"""Faults where agents hand each other briefs and reports: around a topology's own call."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import ToolCall

from experiments.trials.faulted import as_reply
from tasks.faults.drawn import Faults, Hit
from tasks.faults.fault import Handed
from tasks.tools import BrokenToolError, ToolError

Row = dict[str, Any]
Run = Callable[[ToolCall], Awaitable[str]]


async def handed(
    faults: Faults, role: str, call: ToolCall, row: Row, run: Run
) -> tuple[str, str | None]:
    """What comes back of a call by which an agent hands work on, and what went wrong, if told."""
    name = brief_argument(call)
    hit = None if name is None else faults.at_brief(call["args"][name], role)
    if hit is None or name is None:
        return await run(call), None
    row.update(hit.noted)
    work = _Work(call, name, run)
    error: str | None = None
    try:
        reply = await _faulted(hit, work)
    except ToolError as told:
        reply, error = as_reply(told), str(told)
    if work.reports != [reply] or work.briefs != [call["args"][name]] or work.stopped:
        # An agent that was given another brief has read it.
        got_it = any(brief != call["args"][name] for brief in work.briefs)
        row["fault_effect"] = "reached" if got_it else "fired"
    if work.reports and reply not in work.reports:
        row["reply_raw"] = work.reports[-1]
    return reply, error


def brief_argument(call: ToolCall) -> str | None:
    """The argument in which a call carries a brief: `brief`, or else the longest text."""
    texts = {k: v for k, v in call["args"].items() if isinstance(v, str) and len(v.split()) > 1}
    if "brief" in texts:
        return "brief"
    return max(texts, key=lambda name: len(texts[name]), default=None)


@dataclass(eq=False)
class _Work:
    """What was worked on: the briefs that were given, and the reports that came of them."""

    call: ToolCall
    name: str
    run: Run
    briefs: list[str] = field(default_factory=list[str])
    reports: list[str] = field(default_factory=list[str])
    stopped: bool = False

    async def go(self, brief: str) -> str:
        """Let a brief be worked on."""
        self.briefs.append(brief)
        call = self.call.copy()
        call["args"] = {**call["args"], self.name: brief}
        try:
            self.reports.append(await self.run(call))
        except asyncio.CancelledError:
            self.stopped = True
            raise
        return self.reports[-1]


async def _faulted(hit: Hit, work: _Work) -> str:
    ask = Handed(work.call["args"][work.name], hit.attempt, hit.memory)
    reply = await hit.fault.run(ask, work.go, hit.chance, **hit.aim.settings)
    if not isinstance(reply, str):
        raise BrokenToolError(f"the fault {hit.aim.fault} gave {reply!r}, which is no report")
    return reply
