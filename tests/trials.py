"""Trials for tests: specs in one line, many trials at once, and a model driven by hand."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from typing import Any

import numpy as np

from experiments.loading import load_task_set, topology_named
from experiments.trials.spec import Limits, TrialSpec
from experiments.trials.trial import Record, run_trial
from results.statistics.differences import Difference, paired_difference
from tasks.judging import Judgement, Submission
from tasks.task import Task, TaskSet, settings_of
from tasks.tools import ToolError, schema, use
from topologies.simulated.model import respond

Message = dict[str, Any]


def spec(
    topology: str = "single_thread",
    task_set: str = "stdlib",
    model: str = "perfect",
    index: int = 1,
    trial: int = 0,
    limits: Limits | None = None,
    build: str | None = None,
    **settings: Any,
) -> TrialSpec:
    """A spec on a simulated profile; what is not named is a task set's default."""
    path, factors = topology_named(topology)
    return TrialSpec(
        sweep="tests",
        sweep_seed=1,
        topology=topology,
        build=build or path,
        topology_settings=factors,
        task_set=task_set,
        settings=settings_of(load_task_set(task_set), settings),
        split="dev",
        index=index,
        trial=trial,
        models={"default": f"simulated:{model}"},
        limits=limits or Limits(),
    )


def run_all(specs: Sequence[TrialSpec]) -> list[Record]:
    """The records of many trials, in order, from two processes."""
    if len(specs) < 40:
        return [run_trial(one) for one in specs]
    return list(_pool().map(run_trial, specs, chunksize=8))


@cache
def _pool() -> ProcessPoolExecutor:
    """Two processes for all tests: starting them costs some seconds."""
    return ProcessPoolExecutor(2, mp_context=get_context("spawn"))


def grid(indices: Iterable[int], trials: int, **common: Any) -> list[TrialSpec]:
    """Some tasks, some trials each."""
    return [spec(index=i, trial=t, **common) for i in indices for t in range(trials)]


def passed(records: Iterable[Record]) -> list[bool]:
    """Whether each trial passed."""
    return [bool(record["trials"][0].get("passed")) for record in records]


def difference(first: list[bool], second: list[bool], trials: int) -> Difference:
    """The paired difference in pass^1 of two lists made by the same grid."""
    counts = [np.array(one).reshape(-1, trials).sum(axis=1) for one in (first, second)]
    units = np.arange(len(counts[0]))
    n = np.full(len(units), trials)
    return paired_difference((counts[0], n), (counts[1], n), units)


class Conversation:
    """One agent driven by hand: a request that grows, the simulated model, and a real world."""

    def __init__(self, task_set: str, task: Task, model: str, seed: int = 0) -> None:
        self.task_set: TaskSet = load_task_set(task_set)
        self.task, self.model, self.seed = task, model, seed
        self.world: Any = self.task_set.world(task)
        self.tools = {tool.name: tool for tool in self.task_set.tools(task.settings)}
        self.messages: list[Message] = [
            {"role": "system", "content": self.task_set.instructions(task.settings)},
            {"role": "user", "content": task.instruction},
        ]
        self.submission: Submission | None = None
        self._calls = 0

    def request(self) -> dict[str, Any]:
        """The request as it would be sent now."""
        submit = {
            "properties": {"answer": {}, "status": {}, "confidence": {}},
            "required": ["answer", "status", "confidence"],
        }
        schemas = {name: schema(tool.run) for name, tool in self.tools.items()} | {"submit": submit}
        tools = [
            {"type": "function", "function": {"name": name, "parameters": parameters}}
            for name, parameters in schemas.items()
        ]
        return {
            "model": self.model,
            "messages": self.messages,
            "tools": tools,
            "seed": self.seed,
        }

    def turn(self) -> Message:
        """One reply of the model, with its calls carried out."""
        reply = respond(self.request())
        message: Message = {"role": "assistant", "content": reply.content or ""}
        if reply.tool_calls:
            message["tool_calls"] = [
                {"id": i, "type": "function", "function": {"name": name, "arguments": arguments}}
                for i, name, arguments in reply.tool_calls
            ]
        self.messages.append(message)
        for call_id, name, arguments in reply.tool_calls:
            text = asyncio.run(self._use(name, json.loads(arguments)))
            self.messages.append({"role": "tool", "tool_call_id": call_id, "content": text})
        return message

    def finish(self, turns: int = 200) -> Judgement:
        """Go on until the model submits or stops calling tools."""
        for _ in range(turns):
            message = self.turn()
            if self.submission is not None or not message.get("tool_calls"):
                break
        return self.world.judge(self.task.goal, self.submission or Submission())

    async def _use(self, name: str, arguments: dict[str, Any]) -> str:
        if name == "submit":
            self.submission = Submission(**arguments)
            return "Submitted."
        self._calls += 1
        try:
            async with self.world.call(str(self._calls)):
                return await use(self.tools[name], self.world, arguments)
        except ToolError as error:
            return f"Error: {error}"
