"""What the kit costs beside a bare LangGraph loop with the same client, in one run.

Both do 11 model calls and 10 tool calls with a scripted model behind the in-process transport, on
simulated time. The kit's trial has recording, a SQLite world, limits and grading on; the bare loop
is a model node and a ToolNode, compiled once, whose tool returns the same text from memory.
"""

import gc
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.graph import END, START, StateGraph
from langgraph.prebuilt import ToolNode

from experiments.trials.spec import Limits, TrialSpec
from experiments.trials.trial import run_trial
from tasks.image import Row, Schema, build_image
from tasks.judging import Goal, MilestoneGoal, said
from tasks.task import Settings, Split, Task, TaskSet, block_name
from tasks.tools import Tool
from tasks.workers.clerk import Clerk, Desk, Item, Script
from tasks.world import SqliteWorld
from topologies.agent import Conversation
from topologies.models.model import ModelSettings, in_process_model, make_model
from topologies.simulated.wire import Reply, Request
from topologies.virtual_time import run_virtual

TOOL_CALLS = 10
TRIALS = 40
ROUNDS = 9
INSTRUCTIONS = "Look up each key that you are asked for, then say what you found. " * 8
QUESTION = "K1: look up ten keys"
NOTE = "some words of a reply " * 12
SCHEMA = Schema("CREATE TABLE facts (key TEXT PRIMARY KEY, value INTEGER)")
FOUND = said("K1", "found")


def scripted(request: Request) -> Reply:
    """Calls `look` ten times, then answers."""
    done = sum(message["role"] == "tool" for message in request["messages"])
    calls = [(f"call_{done}", "look", f'{{"key": "K{done}"}}')] if done < TOOL_CALLS else []
    return Reply(None if calls else "K1: found", calls, 2000 + 100 * done, 0, 30)


def model(_name: str, settings: ModelSettings) -> ChatOpenAI:
    """The scripted model, as a sweep would name it."""
    return in_process_model("scripted", scripted, ("scripted",), settings)


async def look(world: SqliteWorld, key: str) -> dict[str, Any]:
    """Look up one key.

    Args:
        key: The key to look up.
    """
    row = world.read("facts", key)
    return {"key": key, "value": None if row is None else row["value"], "note": NOTE}


def make_task(settings: Settings, split: Split, index: int) -> Task:
    """A task of which only the number of calls matters."""
    rows: list[Row] = [{"key": f"K{i}", "value": i} for i in range(20)]
    goal = Goal(facts=(FOUND,), milestones=(MilestoneGoal("found", ((FOUND,),)),))
    image = build_image(SCHEMA, {"facts": rows})
    return Task("bench", block_name(split, index), split, settings, QUESTION, image, goal, ())


def no_work(item: Item, desk: Desk) -> Script:
    """The scripted model needs no clerk."""
    raise AssertionError(item, desk)


BENCH_SET = TaskSet(
    name="bench",
    about="ten reads and an answer",
    read_only=True,
    dials={},
    instructions=lambda _settings: INSTRUCTIONS,
    make=make_task,
    world=lambda task: SqliteWorld(task.image, SCHEMA),
    tools=lambda _settings: (Tool(look, readOnlyHint=True, touches=("facts",)),),
    clerk=Clerk(tools=frozenset(), work=no_work),
)


def kit_trial(number: int) -> None:
    """One trial of the kit, with everything on."""
    spec = TrialSpec(
        sweep="bench",
        sweep_seed=0,
        topology="single_thread",
        build="topologies.single_thread:build",
        topology_settings={},
        task_set="tests.bench.speed:BENCH_SET",
        settings={},
        split="dev",
        index=0,
        trial=number,
        models={"default": "tests.bench.speed:model"},
        limits=Limits(model_calls=50, tokens=10**9, seconds=1e6, dollars=1e6),
    )
    row = run_trial(spec)["trials"][0]
    counted = row["passed"], row["model_calls"], row["tool_calls"]
    if counted != (True, TOOL_CALLS + 1, TOOL_CALLS):
        raise AssertionError(row)


def bare_loop() -> Callable[[int], None]:
    """A function that runs the bare loop once."""

    @tool("look")
    async def bare_look(key: str) -> str:
        """Look up one key."""
        return json.dumps({"key": key, "value": int(key[1:]), "note": NOTE})

    client = make_model("tests.bench.speed:model").bind_tools([bare_look])
    system = SystemMessage(INSTRUCTIONS)

    async def ask(state: Conversation) -> Any:
        return {"messages": [await client.ainvoke([system, *state["messages"]])]}

    async def to_tools(state: Conversation) -> str:
        return "tools" if getattr(state["messages"][-1], "tool_calls", None) else END

    builder = StateGraph(Conversation)
    builder.add_node("model", ask)
    builder.add_node("tools", ToolNode([bare_look]))
    builder.add_edge(START, "model")
    builder.add_conditional_edges("model", to_tools, ["tools", END])
    builder.add_edge("tools", "model")
    graph = builder.compile()

    def once(_number: int) -> None:
        start: Any = {"messages": [HumanMessage(QUESTION)]}
        final = run_virtual(graph.ainvoke(start, {"recursion_limit": 10_000}))
        if len(final["messages"]) != 2 * TOOL_CALLS + 2:
            raise AssertionError(final)

    return once


def milliseconds(run: Callable[[int], None]) -> float:
    """Mean milliseconds of a round of trials."""
    gc.collect()
    start = time.perf_counter()
    for number in range(TRIALS):
        run(number)
    return (time.perf_counter() - start) / TRIALS * 1000


def main() -> None:
    """Alternate rounds of both, so that a slow moment hits both, and print medians."""
    bare = bare_loop()
    for warm_up in (bare, kit_trial):
        milliseconds(warm_up)
    rounds = [(milliseconds(bare), milliseconds(kit_trial)) for _ in range(ROUNDS)]
    ratio = statistics.median(kit / loop for loop, kit in rounds)
    print(f"bare LangGraph loop   {statistics.median(r[0] for r in rounds):6.1f} ms a trial")
    print(f"trial of the kit      {statistics.median(r[1] for r in rounds):6.1f} ms a trial")
    print(f"ratio                 {ratio:6.2f}    (11 model and 10 tool calls, {ROUNDS} rounds)")


if __name__ == "__main__":
    main()
