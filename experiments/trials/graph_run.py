"""Runs the graph of a topology: what it is given, how it came to an end, what it said last.

Graphs come from anyone. What one of them can never do right is said in a sentence that says what to
do (`MisuseError`), before anything runs where the graph alone shows it.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from typing import Any, cast

from langchain_core.messages import HumanMessage
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command

from experiments.trials.endings import COMPLETED, PAUSED, Ending, crashed, ending, limit
from experiments.trials.spec import TrialSpec
from experiments.trials.stops import MisuseError
from experiments.trials.toolbox import Toolbox
from tasks.task import Task
from topologies.agent import last_words

MOST_SUPERSTEPS = 10_000
"""Of a graph that has no recursion limit of its own."""
MOST_ANSWERS = 100
"""So many interrupts of a trial are answered; a graph that asks for more is at its limit."""

NO_SEAT = "the graph asked for no seat: build its agents from kit.seat(NAME), its model and tools"
UNUSED = (
    "no seat of the graph was used ({}): its agents must ask kit.seat(NAME).model, and call its "
    "tools"
)
NO_MESSAGES = (
    "the graph's state has no messages: the task comes in as a message of `messages`, and the last "
    "one there is the answer"
)
NO_MEMORY = (
    "interrupt() cannot be answered without a checkpointer: compile the graph with one, as in "
    "compile(checkpointer=InMemorySaver())"
)


async def run_graph(spec: TrialSpec, task: Task, toolbox: Toolbox) -> tuple[Ending, str | None]:
    """How the trial ended, and the last words of a graph that came to its end."""
    recorder = toolbox.recorder
    recorder.within = within = asyncio.timeout(spec.limits.seconds)
    try:
        graph = built(spec, toolbox)
        async with within:
            if spec.faults is None:
                final = await _final(graph, spec, task, toolbox)
            else:
                final = await _outlived(graph, spec, task, toolbox)
        last = None if final is None else _last(final, toolbox)
    except (Exception, SystemExit) as error:
        if within.expired():
            return limit("seconds"), None
        if recorder.misuse is not None:
            return crashed(MisuseError(recorder.misuse), "graph"), None
        if recorder.limit is not None:
            return limit(recorder.limit), None
        return ending(error, recorder.answered), None
    if recorder.misuse is not None:
        return crashed(MisuseError(recorder.misuse), "graph"), None
    if recorder.limit is not None and toolbox.submission is None:
        return limit(recorder.limit), None
    return (COMPLETED, last) if final is not None else (PAUSED, None)


async def _outlived(graph: Any, spec: TrialSpec, task: Task, toolbox: Toolbox) -> Any:
    """The state in which the graph came to its end, in the first process that was not killed.

    Whatever a graph makes of being cancelled, it is over: it begins again from its first message.
    """
    this = asyncio.current_task()
    while True:
        toolbox.process = asyncio.create_task(_final(graph, spec, task, toolbox))
        try:
            final = await toolbox.process
        except (Exception, asyncio.CancelledError):
            if not toolbox.killed or (this is not None and this.cancelling()):
                raise
        else:
            if not toolbox.killed:
                return final
        toolbox.begin_again()
        graph = built(spec, toolbox)


def built(spec: TrialSpec, toolbox: Toolbox) -> Any:
    """The graph of a topology. `MisuseError` for what is none, or has no messages."""
    module, _, name = spec.build.partition(":")
    graph = getattr(import_module(module), name)(toolbox, **spec.topology_settings)
    if not hasattr(graph, "ainvoke"):
        hint = ": end it with .compile()" if hasattr(graph, "compile") else ""
        toolbox.recorder.refuse(
            f"{spec.build} gives {type(graph).__name__}, which is no compiled graph{hint}"
        )
    if isinstance(graph, CompiledStateGraph) and "messages" not in graph.channels:
        toolbox.recorder.refuse(NO_MESSAGES)
    return cast("Any", graph)


async def _final(graph: Any, spec: TrialSpec, task: Task, toolbox: Toolbox) -> Any:
    """The state in which the graph came to its end; None if it waits for a person."""
    config = await _config(graph, spec, toolbox)
    final: Any = await graph.ainvoke({"messages": [HumanMessage(task.instruction)]}, config)
    for _ in range(MOST_ANSWERS):
        asked = _field(final, "__interrupt__")
        if not asked:
            return final
        if spec.interrupts == "pause":
            return None
        if not getattr(graph, "checkpointer", None):
            raise MisuseError(NO_MEMORY)
        approve = spec.interrupts == "approve"
        answers = {one.id: answer(one.value, approve) for one in asked}
        final = await graph.ainvoke(Command(resume=answers), config)
    toolbox.recorder.limit = "interrupts"
    return final


async def _config(graph: Any, spec: TrialSpec, toolbox: Toolbox) -> dict[str, Any]:
    """A trial is a thread of its own, which begins anew where its checkpointer knew it already."""
    own: Any = getattr(graph, "config", None) or {}
    saver = getattr(graph, "checkpointer", None)
    if isinstance(saver, BaseCheckpointSaver):
        with suppress(NotImplementedError):  # Some savers cannot forget a thread.
            await saver.adelete_thread(spec.trial_id)
    return {
        "callbacks": [toolbox.recorder],
        "recursion_limit": own.get("recursion_limit", MOST_SUPERSTEPS),
        "configurable": {"thread_id": spec.trial_id},
    }


def answer(asked: Any, approve: bool) -> Any:
    """What a person would answer to an interrupt, by what it asks.

    LangChain's own reviews of tool calls get decisions, anything else true or false.
    """
    decision = {"type": "approve" if approve else "reject"}
    if isinstance(asked, Mapping):
        request = cast("Mapping[str, Any]", asked)
        if "action_requests" in request:
            return {"decisions": [decision for _ in request["action_requests"]]}
        if request.get("type") == "tool_approval":
            return decision
    return approve


def _last(final: Any, toolbox: Toolbox) -> str:
    if toolbox.submission is not None:
        return ""
    messages = _field(final, "messages")
    if not isinstance(messages, list):
        raise MisuseError(NO_MESSAGES)
    if not toolbox.workplaces:
        raise MisuseError(NO_SEAT)
    if not any(one.used for seat in toolbox.recorder.agents.seats.values() for one in seat):
        raise MisuseError(UNUSED.format(", ".join(toolbox.workplaces)))
    return last_words(cast("list[Any]", messages))


def _field(final: Any, name: str) -> Any:
    return cast("Mapping[str, Any]", final).get(name) if isinstance(final, Mapping) else None
