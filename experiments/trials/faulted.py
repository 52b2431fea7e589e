"""What an agent gets where a fault stands before a tool, and what is written down of it.

A fault is believed in nothing: what came is held against what the tool said, how often it was
called and how long it took. A fault that changed none of that was armed and did not fire.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from experiments.trials.world_call import WorldCall
from results.records import FAULT_EFFECTS
from tasks.faults.drawn import Hit
from tasks.faults.fault import Ask
from tasks.tools import BrokenToolError, Tool, ToolError, use
from tasks.world import SqliteWorld, World

Row = dict[str, Any]


@dataclass(eq=False)
class Witness:
    """What a fault did with a call: what came of it each time it was made, how long that took."""

    send: Callable[[], Awaitable[str]]
    undone: bool = False
    raw: list[str] = field(default_factory=list[str])
    seconds: float = 0.0

    async def go(self) -> str:
        """Make the call once."""
        since = asyncio.get_running_loop().time()
        try:
            self.raw.append(await self.send())
        except ToolError as error:
            self.raw.append(as_reply(error))
            raise
        finally:
            self.seconds += asyncio.get_running_loop().time() - since
        return self.raw[-1]

    def bit(self, reply: str, seconds: float) -> bool:
        """Whether anything is other than it would have been."""
        return self.raw != [reply] or self.undone or seconds > self.seconds


async def through(hit: Hit, call: WorldCall, row: Row) -> str:
    """The reply that the agent gets, `ToolError` for an error; the step says what came of it."""
    row.update(hit.noted)
    witness = Witness(call.send)

    def undo() -> None:
        witness.undone = call.undo() or witness.undone

    async def kill() -> NoReturn:
        row["fault_effect"] = "fired"
        await call.kill()
        raise AssertionError("whoever is in a process does not outlive it")

    def past() -> AsyncIterator[str]:
        return older_replies(call.tool, call.place.world, call.arguments)

    name, loop = hit.aim.fault, asyncio.get_running_loop()
    ask = Ask(call.tool.name, call.arguments, hit.target, hit.attempt, hit.memory, past, undo, kill)
    since = loop.time()
    try:
        reply = await hit.fault.run(ask, witness.go, hit.chance, **hit.aim.settings)
    except ToolError as error:
        _note(row, witness, as_reply(error), loop.time() - since)
        raise
    except BrokenToolError:
        raise
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
        raise BrokenToolError(f"the fault {name} has a bug: {told}") from error
    if not isinstance(reply, str):
        raise BrokenToolError(f"the fault {name} gave {reply!r}, which is no reply")
    _note(row, witness, reply, loop.time() - since)
    return reply


async def older_replies(
    tool: Tool, world: World, arguments: Mapping[str, Any]
) -> AsyncIterator[str]:
    """What a call would have said before the last change of its world, before that, and so on."""
    if not isinstance(world, SqliteWorld):
        return
    for number, past in enumerate(world.before()):
        async with past.call(str(number)):
            try:
                reply = await use(tool, past, arguments)
            except ToolError as error:
                reply = as_reply(error)
        yield reply


def further(before: str | None, effect: str) -> str:
    """The further of two effects of faults at one call."""
    return max((one for one in (before, effect) if one is not None), key=FAULT_EFFECTS.index)


def as_reply(error: ToolError) -> str:
    """An error as an agent reads it."""
    return f"Error: {error}"


def say_what_was_read(steps: Sequence[Row]) -> None:
    """Mark the faults of tools that came to an agent: it was asked again, with the reply in sight.

    `steps` in their order, once the trial is over.
    """
    for row in steps:
        if row["kind"] == "tool" and row["fault_effect"] == "fired":
            prompts = (
                step["prompt"]
                for step in steps[row["step"] + 1 :]
                if step["kind"] == "model" and step["agent"] == row["agent"]
            )
            if any(_answers(prompt, row) for prompt in prompts):
                row["fault_effect"] = "reached"


def _answers(prompt: str, row: Row) -> bool:
    """Whether a prompt has the reply to a call in it; ids may come again once a process died."""
    reply = row["call_id"], row["reply"]
    return any((m.get("tool_call_id"), m["content"]) == reply for m in json.loads(prompt))


def _note(row: Row, witness: Witness, reply: str, seconds: float) -> None:
    if witness.bit(reply, seconds):
        row["fault_effect"] = "fired"
    if witness.raw and reply not in witness.raw:
        row["reply_raw"] = witness.raw[-1]
