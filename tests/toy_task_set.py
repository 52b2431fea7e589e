"""Someone's own task set, from outside of the kit: beans to put into jars.

Small enough to run hundreds of trials in a test, and real all the same: a world, tools, a clerk,
a judgement. It is named in sweeps as `tests.toy_task_set:JARS`.
"""

import re
from typing import Any

from tasks.judging import Goal, MilestoneGoal, RowChange
from tasks.task import Effect, Range, Settings, Split, Task, TaskSet, block_name, luck
from tasks.tools import Tool, ToolError
from tasks.workers.clerk import Call, Clerk, Desk, Item, Script
from tasks.world import Schema, SqliteWorld, build_image

SCHEMA = Schema("CREATE TABLE jars (id TEXT PRIMARY KEY, beans INTEGER NOT NULL)")
JARS_IN_WORLD = 16


async def look(world: SqliteWorld, jar: str) -> dict[str, Any]:
    """How many beans a jar holds.

    Args:
        jar: The jar's id, such as J7.
    """
    return {"beans": _jar(world, jar)}


async def fill(world: SqliteWorld, jar: str, beans: int) -> dict[str, Any]:
    """Set how many beans a jar holds.

    Args:
        jar: The jar's id, such as J7.
        beans: Beans it holds from now on.
    """
    _jar(world, jar)
    world.update("jars", jar, {"beans": beans})
    return {"beans": beans}


def _jar(world: SqliteWorld, jar: str) -> int:
    row = world.read("jars", jar)
    if row is None:
        raise ToolError(f"there is no jar {jar}")
    return int(str(row["beans"]))


def make(settings: Settings, split: Split, index: int) -> Task:
    """The task number `index` at these settings."""
    width = int(settings["width"])
    if settings["lid"] == "stuck" and width > 4:
        raise ValueError("at most 4 lids can be stuck: give a width of 4 or less, or lid = loose")
    chance = luck("jars", split, index)
    start = {f"J{n}": chance.randrange(20) for n in range(1, JARS_IN_WORLD + 1)}
    more = {f"J{n}": chance.randrange(1, 9) for n in range(1, JARS_IN_WORLD + 1)}
    jars = list(start)[:width]
    lines = [f"R{n}: add {more[jar]} beans to jar {jar}" for n, jar in enumerate(jars, 1)]
    changes = tuple(
        RowChange("jars", jar, "update", (("beans", start[jar] + more[jar]),)) for jar in jars
    )
    return Task(
        task_set="jars",
        block=block_name(split, index),
        split=split,
        settings=dict(settings),
        instruction="\n".join(["Fill the jars.", *lines]),
        image=build_image(SCHEMA, {"jars": ({"id": j, "beans": n} for j, n in start.items())}),
        goal=Goal(
            facts=changes,
            milestones=tuple(MilestoneGoal(c.key, ((c,),)) for c in changes),
        ),
        solution=(
            *(Effect("fill", {"jar": jar, "beans": start[jar] + more[jar]}) for jar in jars),
            Effect("submit", {"answer": "done", "status": "done", "confidence": 1.0}),
        ),
    )


def work(item: Item, _desk: Desk) -> Script:
    """Look, add, fill."""
    found = re.fullmatch(r"add (\d+) beans to jar (J\d+)", item.text.strip())
    if found is None:
        return "unclear"
    jar = found.group(2)
    seen = yield Call("look", {"jar": jar}, ("beans",))
    beans = int(seen["beans"]) + int(found.group(1)) if "beans" in seen else 0
    yield Call("fill", {"jar": jar, "beans": beans}, ("beans",), writes=True)
    return f"{jar} holds {beans}"


CLERK = Clerk(
    tools=frozenset({"look", "fill"}),
    work=work,
    keys=lambda item: frozenset(re.findall(r"J\d+", item.text)),
)

JARS = TaskSet(
    name="jars",
    about="beans to put into jars",
    read_only=False,
    dials={"width": Range(3, 1, JARS_IN_WORLD, whole=True), "lid": ("loose", "stuck")},
    instructions=lambda _settings: "You fill jars. Look before you fill.",
    make=make,
    world=lambda task: SqliteWorld(task.image, SCHEMA),
    tools=lambda _settings: (
        Tool(look, readOnlyHint=True, touches=("jars",)),
        Tool(fill, idempotentHint=True, touches=("jars",)),
    ),
    clerk=CLERK,
)
