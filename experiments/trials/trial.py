"""One trial, from its spec to its record: a world, a graph, what happened, was it right.

With simulated models a trial runs in its own event loop on simulated time and is a pure function of
its spec; with real ones it runs among others in the loop of the engine.
"""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any

from langchain_core.messages import BaseMessage
from langsmith import tracing_context  # pyright: ignore[reportUnknownVariableType]

from experiments.loading import load_task_set
from experiments.refused import Refused
from experiments.trials.allowance import Purse
from experiments.trials.claims import reached_now
from experiments.trials.counted import COUNTED
from experiments.trials.endings import crashed
from experiments.trials.graph_run import built, run_graph
from experiments.trials.model_faults import Channel
from experiments.trials.own_tools import GraphRecorder
from experiments.trials.record import Record as Record
from experiments.trials.record import Trial, record_of
from experiments.trials.recorder import Row
from experiments.trials.spec import TrialSpec
from experiments.trials.toolbox import Toolbox
from tasks.distractors import distractors
from tasks.faults.drawn import Faults
from tasks.task import Task
from tasks.tools import BrokenToolError
from topologies.simulated import luck, model
from topologies.virtual_time import DeadlockError, ThreadUsedError, run_virtual


def run_trial(spec: TrialSpec) -> Record:
    """Run a trial of simulated models to its end, on simulated time."""
    trial = _begin(spec)
    try:
        with tracing_context(enabled=False):
            return run_virtual(_play(trial))
    except (Exception, SystemExit, asyncio.CancelledError) as error:
        return _cut_off(trial, error)
    finally:
        model.forget(spec.trial_id)


async def play_trial(spec: TrialSpec) -> Record:
    """Run a trial in the current event loop. `Refused` for a spec that cannot be."""
    trial = _begin(spec)
    try:
        return await _play(trial)
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        return _cut_off(trial, error)
    except (Exception, SystemExit) as error:
        return _cut_off(trial, error)


def roles_at_start(spec: TrialSpec) -> set[str]:
    """The roles of the agents that a topology seats when it is built; none if that goes wrong.

    `Refused` for what can never run. Whatever else goes wrong there, a trial records.
    """
    trial = _begin(spec)
    try:
        with suppress(Exception, SystemExit, asyncio.CancelledError):
            built(spec, trial.toolbox)
    finally:
        model.forget(spec.trial_id)
    if trial.toolbox.recorder.misuse is not None:
        raise Refused(f"topologies.{spec.topology}: {trial.toolbox.recorder.misuse}")
    return {first.role for first, *_ in trial.toolbox.recorder.agents.seats.values()}


def _begin(spec: TrialSpec) -> Trial:
    task_set = load_task_set(spec.task_set)
    model.learn(task_set.clerk)
    task = _task(spec.task_set, tuple(sorted(spec.settings.items())), spec.split, spec.index)
    base = (spec.sweep_seed, spec.task_set, task.block)
    salt = (spec.replicate,) if spec.replicate else ()
    toolbox = Toolbox(
        world=task_set.world(task),
        tools=(*task_set.tools(task.settings), *distractors(task.settings)),
        instructions=task_set.instructions(task.settings),
        models=spec,
        trial_id=spec.trial_id,
        luck=(luck.part("task", *base), luck.part("trial", *base, spec.trial, *salt)),
        recorder=GraphRecorder(spec.limits, Purse(spec.budget)),
        faults=Faults(spec.faults, (*base, spec.trial), task.instruction),
        copy=lambda: task_set.world(task),
        reached=lambda world, text: reached_now(world, task, text),
    )
    if toolbox.faults.of_models:
        toolbox.recorder.channel = partial(_channel, toolbox.faults)
    counted = COUNTED.get()
    if counted is not None and not spec.simulated:
        toolbox.recorder.count = partial(counted.answered, spec.trial_id)
    return Trial(spec, task_set, task, toolbox)


def _channel(faults: Faults, role: str, prompt: list[BaseMessage], row: Row) -> Channel:
    """What a model call goes through; it is known by what the agent was told last."""
    return Channel(faults, role, prompt[-1].text, row)


def _cut_off(trial: Trial, error: BaseException) -> Record:
    """The crashed record of a trial that did not come to its end, with what it did and used."""
    by_graph = (DeadlockError, ThreadUsedError, SystemExit, asyncio.CancelledError)
    blame = "graph" if isinstance(error, by_graph) else "kit"
    return record_of(trial, crashed(error, blame), None, None)


async def _play(trial: Trial) -> Record:
    loop = asyncio.get_running_loop()
    started_at = None
    if not trial.spec.simulated:
        started_at = datetime.now(UTC).isoformat(timespec="seconds")
    trial.toolbox.recorder.clock, trial.toolbox.recorder.started = loop.time, loop.time()
    over = asyncio.Event()
    outside = asyncio.create_task(_outside(trial, over)) if trial.task.outside else None
    end, last = await run_graph(trial.spec, trial.task, trial.toolbox)
    if outside is not None:
        over.set()
        with suppress(BrokenToolError):  # which the toolbox keeps
            await outside
    record = record_of(trial, end, last, trial.toolbox.recorder.now())
    record["trials"][0]["started_at"] = started_at
    return record


async def _outside(trial: Trial, over: asyncio.Event) -> None:
    """Let others act when their time has come, and all of them once the agents are done."""
    tools = {tool.name: tool for tool in trial.task_set.outside}
    for number, call in enumerate(trial.task.outside, 1):
        wait = call.at - trial.toolbox.recorder.now()
        if wait > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), wait)
        await trial.toolbox.from_outside(call.who, tools[call.tool], number, call.arguments)


@lru_cache(maxsize=256)
def _task(name: str, settings: tuple[tuple[str, Any], ...], split: Any, index: int) -> Task:
    return load_task_set(name).make(dict(settings), split, index)
