import asyncio
import hashlib
import itertools
import json
import math
import operator
import os
import subprocess
import sys
import threading
import time
from typing import Annotated, Any, TypedDict

import anyio.to_thread
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AnyMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import tool
from langgraph.graph import END, START, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import Send

from topologies.virtual_time import (
    TICK,
    DeadlockError,
    ThreadUsedError,
    VirtualLoop,
    run_virtual,
    whole_ticks,
)

pytestmark = pytest.mark.slow


def now() -> float:
    return asyncio.get_running_loop().time()


@settings(deadline=None, max_examples=60)
@given(st.lists(st.one_of(st.integers(0, 3), st.floats(0, 100)), min_size=1, max_size=30))
def test_sleepers_wake_by_time_and_then_in_the_order_in_which_they_lay_down(
    delays: list[float],
) -> None:
    async def trial() -> list[tuple[float, int]]:
        woken: list[tuple[float, int]] = []

        async def sleeper(number: int, delay: float) -> None:
            await asyncio.sleep(delay)
            woken.append((now(), number))

        # A delay of exactly 0 is no timer in asyncio but a pass, so it is kept apart.
        await asyncio.gather(*(sleeper(n, d) for n, d in enumerate(delays) if d > 0))
        return woken

    expected = sorted((whole_ticks(d), n) for n, d in enumerate(delays) if d > 0)
    assert run_virtual(trial()) == expected


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 10_000), max_size=40))
def test_sums_of_ticks_are_exact(ticks: list[int]) -> None:
    async def trial() -> float:
        for count in ticks:
            await asyncio.sleep(count * TICK)
        return now()

    assert run_virtual(trial()) == sum(ticks) * TICK


@given(st.floats(0, 1e9))
def test_a_time_between_two_ticks_is_rounded_up(seconds: float) -> None:
    rounded = whole_ticks(seconds)
    assert (rounded / TICK).is_integer()
    assert rounded - TICK < seconds <= rounded


def test_a_year_passes_in_no_time() -> None:
    async def trial() -> float:
        await asyncio.sleep(365 * 86_400)
        return now()

    began = time.perf_counter()
    assert run_virtual(trial()) == 365 * 86_400
    assert time.perf_counter() - began < 5


def test_wait_hands_out_finished_tasks_in_the_order_of_their_creation() -> None:
    async def trial() -> list[str]:
        tasks = [asyncio.create_task(asyncio.sleep(1), name=f"t{n}") for n in range(200)]
        done, _ = await asyncio.wait(tasks)
        return [task.get_name() for task in done]

    assert run_virtual(trial()) == [f"t{n}" for n in range(200)]


def test_timeouts_and_queues_work_in_virtual_time() -> None:
    async def trial() -> tuple[float, list[int]]:
        queue: asyncio.Queue[int] = asyncio.Queue()

        async def producer() -> None:
            for number in range(3):
                await asyncio.sleep(0.25)
                queue.put_nowait(number)

        async with asyncio.TaskGroup() as group:
            group.create_task(producer())
            got = [await queue.get() for _ in range(3)]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 2)
        return now(), got

    assert run_virtual(trial()) == (2.75, [0, 1, 2])


def test_what_is_meant_for_an_executor_runs_in_the_calling_thread() -> None:
    async def trial() -> tuple[int, str]:
        with pytest.raises(KeyError):
            await asyncio.to_thread({}.__getitem__, "missing")
        return await asyncio.to_thread(threading.get_ident), threading.current_thread().name

    before = threading.active_count()
    assert run_virtual(trial()) == (threading.get_ident(), threading.current_thread().name)
    assert threading.active_count() == before


def test_a_callback_from_another_thread_fails_the_trial() -> None:
    async def trial() -> str:
        loop, called = asyncio.get_running_loop(), asyncio.Event()
        thread = threading.Thread(target=loop.call_soon_threadsafe, args=(called.set,), name="bob")
        thread.start()
        thread.join()
        await called.wait()
        return "all well"

    with pytest.raises(ThreadUsedError, match=r"1 callbacks came from threads \['bob'\]"):
        run_virtual(trial())


def test_waiting_for_a_worker_thread_is_blamed_on_the_thread() -> None:
    hold = threading.Event()
    try:
        with pytest.raises(ThreadUsedError, match="AnyIO worker thread"):
            run_virtual(anyio.to_thread.run_sync(hold.wait))
    finally:
        hold.set()


def test_a_trial_in_which_nothing_can_happen_ends_with_the_names_of_those_who_wait() -> None:
    async def lead_waits() -> None:
        await asyncio.sleep(1.5)
        await asyncio.Event().wait()

    with pytest.raises(DeadlockError, match=r"At 1\.5 s .*lead_waits"):
        run_virtual(lead_waits())


def test_waiting_for_ever_is_a_deadlock_too() -> None:
    with pytest.raises(DeadlockError, match=r"At 0\.0 s"):
        run_virtual(asyncio.sleep(math.inf))


def test_what_a_trial_leaves_behind_is_cancelled_in_the_order_of_creation() -> None:
    ended: list[int] = []

    async def straggler(number: int) -> None:
        try:
            await asyncio.sleep(1_000)
        finally:
            ended.append(number)

    async def trial() -> float:
        stragglers = [asyncio.create_task(straggler(n)) for n in range(50)]
        await asyncio.sleep(0.5)
        assert len(stragglers) == 50
        return now()

    assert run_virtual(trial()) == 0.5
    assert ended == list(range(50))


def test_what_a_trial_raises_passes_through() -> None:
    async def trial() -> None:
        await asyncio.sleep(1)
        raise LookupError("no such row")

    with pytest.raises(LookupError, match="no such row"):
        run_virtual(trial())


def test_a_virtual_trial_inside_a_running_loop_is_refused() -> None:
    async def outer() -> None:
        run_virtual(asyncio.sleep(1))

    with pytest.raises(RuntimeError, match="call it from a plain function"):
        asyncio.run(outer())


def test_a_loop_ends_closed() -> None:
    loop = VirtualLoop()
    loop.run_until_complete(asyncio.sleep(1))
    loop.close()
    assert loop.is_closed()
    with pytest.raises(RuntimeError, match="closed"):
        loop.call_later(1, print)


class Team(TypedDict):
    messages: Annotated[list[AnyMessage], operator.add]
    reports: Annotated[list[str], operator.add]


def team_trace() -> list[Any]:
    """One trial of a lead with four subagents that call slow tools in parallel: its trace."""
    trace: list[Any] = []

    @tool
    async def look_up(item: int) -> str:
        """Look an item up."""
        trace.append((now(), "start", item))
        await asyncio.sleep(item * 5 % 3 / 4)
        trace.append((now(), "end", item))
        return f"item {item}"

    @tool
    def blocking(item: int) -> str:
        """Look an item up without being async."""
        trace.append((now(), "blocking", item))
        return f"item {item}"

    async def lead(_: Team) -> dict[str, Any]:
        return {"reports": [f"begun at {now()}"]}

    async def to_subagents(_: Team) -> list[Send]:
        return [Send("subagent", {"number": n}) for n in range(4)]

    tools = ToolNode([look_up, blocking])

    async def subagent(state: dict[str, Any], config: RunnableConfig) -> dict[str, Any]:
        number = state["number"]
        await asyncio.sleep(number % 2 / 8)
        calls = [
            {"name": "look_up", "args": {"item": 4 * number + n}, "id": f"{n}", "type": "tool_call"}
            for n in range(3)
        ]
        calls.append({**calls[0], "name": "blocking", "id": "3"})
        reply = await tools.ainvoke({"messages": [AIMessage("", tool_calls=calls)]}, config)
        trace.append((now(), "subagent", number))
        return {"reports": [message.content for message in reply["messages"]]}

    graph = StateGraph(Team)
    graph.add_node("lead", lead)
    graph.add_node("subagent", subagent)
    graph.add_edge(START, "lead")
    graph.add_conditional_edges("lead", to_subagents, ["subagent"])
    # A sync edge goes through the executor; it must be harmless.
    graph.add_conditional_edges("subagent", lambda _: END, [END])
    compiled = graph.compile()

    async def trial() -> list[str]:
        result = await compiled.ainvoke({"messages": [], "reports": []}, {"recursion_limit": 20})
        return result["reports"]

    trace.append(run_virtual(trial()))
    return trace


def digest(trace: list[Any]) -> str:
    return hashlib.sha256(json.dumps(trace).encode()).hexdigest()


def test_a_graph_with_parallel_agents_and_tools_runs_alike_every_time() -> None:
    traces = [team_trace() for _ in range(20)]
    assert len(traces[0]) > 30
    assert all(trace == traces[0] for trace in traces)


def test_a_graph_runs_alike_under_other_hash_seeds_and_beside_other_trials() -> None:
    programs = [
        subprocess.Popen(
            [sys.executable, __file__],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("1", "77")
    ]
    results: list[str] = []
    threads = [threading.Thread(target=lambda: results.append(digest(team_trace())))]
    threads += [threading.Thread(target=lambda: results.append(digest(team_trace())))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results += [program.communicate()[0].strip() for program in programs]
    assert results == [digest(team_trace())] * 4


def test_hundreds_of_loops_leave_nothing_open() -> None:
    numbers = itertools.count()

    async def trial() -> int:
        await asyncio.sleep(0.125)
        return next(numbers)

    assert [run_virtual(trial()) for _ in range(300)] == list(range(300))


if __name__ == "__main__":
    sys.stdout.write(digest(team_trace()) + "\n")
