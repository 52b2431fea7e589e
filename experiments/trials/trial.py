"""One trial, from its spec to its record: a world, a graph, what happened, was it right.

With simulated models a trial runs in its own event loop on simulated time and is a pure function of
its spec; with real ones it runs among others in the loop of the engine.
"""

import asyncio
import json
import platform
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cache, lru_cache, partial
from importlib.metadata import version
from typing import Any

from langchain_core.messages import BaseMessage
from langsmith import tracing_context  # pyright: ignore[reportUnknownVariableType]

from experiments.loading import load_task_set
from experiments.refused import Refused
from experiments.trials.allowance import Purse
from experiments.trials.claims import reached_now, report_rows
from experiments.trials.counted import COUNTED
from experiments.trials.endings import Ending, crashed
from experiments.trials.faulted import say_what_was_read
from experiments.trials.graph_run import built, run_graph
from experiments.trials.model_faults import Channel
from experiments.trials.own_tools import GraphRecorder
from experiments.trials.recorder import Recorder, Row
from experiments.trials.roles import of_flags
from experiments.trials.spec import TrialSpec
from experiments.trials.toolbox import Toolbox
from results.records import TRIALS, WITHOUT_GRADE
from results.usage import totals
from tasks.distractors import distractors
from tasks.faults.drawn import Faults
from tasks.judging import Submission
from tasks.task import Task, TaskSet, mode_of
from tasks.tools import BrokenToolError
from topologies.simulated import luck, model
from topologies.virtual_time import DeadlockError, ThreadUsedError, run_virtual

Record = dict[str, list[Row]]
"""Frame name to rows, with the fields of `results.records`; one row in "trials"."""


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


@dataclass(frozen=True)
class _Trial:
    """A trial under way."""

    spec: TrialSpec
    task_set: TaskSet
    task: Task
    toolbox: Toolbox


def _begin(spec: TrialSpec) -> _Trial:
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
    return _Trial(spec, task_set, task, toolbox)


def _channel(faults: Faults, role: str, prompt: list[BaseMessage], row: Row) -> Channel:
    """What a model call goes through; it is known by what the agent was told last."""
    return Channel(faults, role, prompt[-1].text, row)


def _cut_off(trial: _Trial, error: BaseException) -> Record:
    """The crashed record of a trial that did not come to its end, with what it did and used."""
    by_graph = (DeadlockError, ThreadUsedError, SystemExit, asyncio.CancelledError)
    blame = "graph" if isinstance(error, by_graph) else "kit"
    return _record(trial, crashed(error, blame), None, None)


async def _play(trial: _Trial) -> Record:
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
    record = _record(trial, end, last, trial.toolbox.recorder.now())
    record["trials"][0]["started_at"] = started_at
    return record


async def _outside(trial: _Trial, over: asyncio.Event) -> None:
    """Let others act when their time has come, and all of them once the agents are done."""
    tools = {tool.name: tool for tool in trial.task_set.outside}
    for number, call in enumerate(trial.task.outside, 1):
        wait = call.at - trial.toolbox.recorder.now()
        if wait > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), wait)
        await trial.toolbox.from_outside(call.who, tools[call.tool], number, call.arguments)


def _lost(recorder: Recorder) -> int | None:
    """How many simulated agents did not understand what they were to do; null if none is one."""
    if True not in recorder.simulated:
        return None
    return len({step["agent"] for step in recorder.steps if step["not_understood"] is not None})


def _record(trial: _Trial, end: Ending, last: str | None, seconds: float | None) -> Record:
    spec, task, toolbox = trial.spec, trial.task, trial.toolbox
    submission = toolbox.submission or Submission(answer=last)
    if toolbox.broken is not None:
        end = crashed(toolbox.broken, "task set")
    judged: Row = {}
    milestones: list[Row] = []
    if end.ended not in WITHOUT_GRADE:
        try:
            judged, milestones = _judged(trial, submission)
        except Exception as error:
            end = crashed(error, "task set")
            end = replace(end, crash=f"a judge or invariant of the task set has a bug: {end.crash}")
    row: Row = {
        **dict.fromkeys(TRIALS),
        **_identity(spec, trial.task_set, task),
        **_simulation(spec, toolbox.recorder),
        "seconds": None if seconds is None else seconds - toolbox.recorder.waited,
        "waited": toolbox.recorder.waited if _attempts_known(toolbox.recorder.steps) else None,
        **asdict(end),
        "answer": submission.answer,
        "status": submission.status,
        "confidence": submission.confidence,
        "private_copies": toolbox.private_copies,
        "ambiguous_calls": toolbox.recorder.agents.ambiguous,
        **totals(toolbox.recorder.steps),
        "not_understood": _lost(toolbox.recorder),
        **judged,
    }
    row["limit"] = end.limit or ("budget" if toolbox.recorder.purse.stopped else None)
    if spec.faults is not None:
        say_what_was_read(toolbox.recorder.steps)
    steps = [{**step, "trial_id": spec.trial_id} for step in toolbox.recorder.steps]
    accesses = list(_accesses(spec, toolbox))
    reports = report_rows(
        spec.trial_id,
        trial.task_set,
        task,
        toolbox.claims,
        toolbox.recorder.agents.everyone(),
        toolbox.recorder.steps,
        graded=row["passed"] is not None,
    )
    return {
        "trials": [row],
        "steps": steps,
        "accesses": accesses,
        "milestones": milestones,
        "reports": reports,
    }


def _judged(trial: _Trial, submission: Submission) -> tuple[Row, list[Row]]:
    """What the judge and the invariants say of the state, and each milestone."""
    world = trial.toolbox.world
    judgement = world.judge(trial.task.goal, submission)
    verdict: Row = {
        "passed": judgement.passed,
        "score": judgement.score,
        "first_missed": judgement.first_missed,
        "judge": trial.task_set.judge,
        "broken_invariants": trial.task_set.invariants(trial.task, world),
    }
    milestones: list[Row] = [
        {
            "trial_id": trial.spec.trial_id,
            "milestone": found.name,
            "position": position,
            "weight": found.weight,
            "reached": found.reached,
            "detail": found.detail or None,
            "about": list(found.about),
        }
        for position, found in enumerate(judgement.milestones)
    ]
    return verdict, milestones


def _simulation(spec: TrialSpec, recorder: Recorder) -> Row:
    """What is true of the models that were called; of those of the spec, if none was."""
    word = of_flags(recorder.simulated) or ("" if recorder.simulated else spec.simulation)
    return {"simulated": word != "", "partly_simulated": word == "partly simulated"}


def _identity(spec: TrialSpec, task_set: TaskSet, task: Task) -> Row:
    settings = task.settings
    coupled = task.effective_coupling is not None
    return {
        "trial_id": spec.trial_id,
        "sweep": spec.sweep,
        "topology": spec.topology,
        "task_set": spec.task_set,
        "task": task.id,
        "block": task.block,
        "split": task.split,
        "width": settings.get("width"),
        "coupling": settings.get("coupling") if coupled else None,
        "effective_coupling": task.effective_coupling,
        "mode": mode_of(settings, task_set.read_only),
        "write_share": 0.0 if task_set.read_only else settings.get("write_share"),
        "phrasing": settings.get("phrasing"),
        "style": settings.get("style"),
        "depth": settings.get("depth"),
        "distractors": settings.get("distractors", 0),
        "ambient": settings.get("ambient", 0.0) if task_set.outside else None,
        "settings": json.dumps(dict(settings), sort_keys=True),
        "solvable": task.solvable,
        "model": spec.models["default"],
        "models": json.dumps(dict(spec.models), sort_keys=True),
        "faults": spec.faults.name if spec.faults else None,
        "budget": spec.budget.amount if spec.budget else None,
        "budget_unit": spec.budget.unit if spec.budget else None,
        "trial": spec.trial,
        "seed": spec.sweep_seed,
        "python": platform.python_version(),
        "corpus": task_set.corpus(),
        "kit": _kit(),
    }


def _attempts_known(steps: list[Row]) -> bool:
    return all(row["attempts"] is not None for row in steps if row["kind"] == "model")


def _accesses(spec: TrialSpec, toolbox: Toolbox) -> Iterator[Row]:
    number = 0
    for touched in toolbox.touched:
        row, log = touched.row, touched.workplace.world.calls[touched.call]
        for access in log.accesses:
            yield {
                "trial_id": spec.trial_id,
                "access": number,
                "step": row["step"],
                "call_id": row["call_id"],
                "agent": row["agent"],
                "message": row["message"],
                "hold": row["hold"],
                "op": access.op,
                "table": access.table,
                "key": access.key,
                "predicate": access.predicate,
                "version": None if touched.workplace.private else access.version,
                "undone": log.undone,
                "at": touched.at,
            }
            number += 1


@cache
def _kit() -> str:
    return version("fanout")


@lru_cache(maxsize=256)
def _task(name: str, settings: tuple[tuple[str, Any], ...], split: Any, index: int) -> Task:
    return load_task_set(name).make(dict(settings), split, index)
