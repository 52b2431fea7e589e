"""One call of a tool of the work, as it can be made on the world where its agent works.

Each time that it is made is a transaction, with its accesses credited to it alone.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from experiments.trials.agent import IN_WORLD
from tasks.judging import Submission
from tasks.tools import Tool, use
from tasks.world import World

Row = dict[str, Any]


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


@dataclass
class Touched:
    """A transaction: the step that made it, its name in its world, and when it ended."""

    row: Row
    call: str
    workplace: Workplace
    at: float


@dataclass(eq=False)
class WorldCall:
    """A call that was asked for. Its transactions go into `touched`; `now` is the trial's clock."""

    place: Workplace
    tool: Tool
    row: Row
    arguments: Mapping[str, Any]
    touched: list[Touched]
    now: Callable[[], float]
    kill: Callable[[], Awaitable[None]]
    made: list[Touched] = field(default_factory=list[Touched])

    async def send(self) -> str:
        """Make it once; the first transaction is called in its world as its step is."""
        step, again = self.row["step"], len(self.made)
        name = f"{step}.{again + 1}" if again else str(step)
        one = Touched(self.row, name, self.place, self.now())
        self.made.append(one)
        self.touched.append(one)
        within = IN_WORLD.set(True)
        try:
            async with self.place.world.call(name):
                reply = await use(self.tool, self.place.world, self.arguments)
        finally:
            IN_WORLD.reset(within)
            one.at = self.now()
        if not self.tool.readOnlyHint:
            self.place.wrote.append((self.tool.name, dict(self.arguments)))
        return reply

    def undo(self) -> bool:
        """Take the last transaction back; whether it had changed anything."""
        world, name = self.place.world, self.made[-1].call
        world.undo(name)
        if not self.tool.readOnlyHint:
            self.place.wrote.pop()
        return bool(world.calls[name].changeset)
