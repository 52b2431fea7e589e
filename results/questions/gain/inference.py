"""The dependencies of many runs: what is known of their writes, and which values are common."""

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import polars as pl

from results.imports.tau_bench_tools import WRITE_TOOLS
from results.questions.gain.dependencies import (
    Choice,
    Edge,
    Touch,
    naming_edges,
    provenance,
    resource_edges,
    retry_edges,
    touches_by_access,
    touches_by_name,
)
from results.questions.gain.trace import Trace, parsed, single_agent, traces
from results.questions.gain.values import Held, held

Conventions = Mapping[Hashable, set[str]]

LEAST_TASKS = 5
"""With fewer tasks than this it cannot be said which values are common to all of them."""

DEPENDENCIES = pl.Schema(
    {
        "trial_id": pl.String,
        "from_step": pl.Int64,
        "to_step": pl.Int64,
        "kind": pl.String,
        "what": pl.String,
        "weight": pl.Float64,
    }
)
"""`to_step` needs `from_step`; `kind` is one of those in `dependencies`, `what` its evidence."""


@dataclass(frozen=True)
class Inferred:
    """A run and what was inferred of it.

    `writes` and `touched` say for each node whether it writes and what it touches; null when
    neither accesses nor the names of the tools that write are known.
    """

    trace: Trace
    edges: list[Edge]
    choices: list[Choice]
    given: list[set[str]]
    writes: list[bool] | None
    touched: list[list[Touch]] | None


def infer(
    trials: pl.DataFrame,
    steps: pl.DataFrame,
    accesses: pl.DataFrame,
    write_tools: Mapping[str, Collection[str]] = WRITE_TOOLS,
) -> list[Inferred]:
    """What is inferred of each run that one agent made, in the order of `trials`.

    Writes are known from `accesses` for a trial that has any, else from `write_tools` (task set to
    the names of its tools that write), else from the hints of the tools if all that were called
    have one.
    """
    alone = single_agent(trials, steps)
    runs = list(traces(alone, steps))
    replies = [[held(node.reply) for node in run.nodes] for run in runs]
    sets = {str(i): (str(s), str(t)) for i, s, t in alone.select(IDENTITY).iter_rows()}
    with_accesses = set(
        alone.join(accesses, on="trial_id", how="semi").get_column("task_set").to_list()
    )
    by_trial = {
        str(key[0]): list(rows.iter_rows(named=True))
        for key, rows in accesses.partition_by("trial_id", as_dict=True).items()
    }
    common = Commonness((sets[run.trial_id], own) for run, own in zip(runs, replies, strict=True))
    hints = read_only_hints(steps)
    inferred: list[Inferred] = []
    for run, own in zip(runs, replies, strict=True):
        task_set = sets[run.trial_id][0]
        touched = None
        if run.trial_id in by_trial or (task_set in with_accesses and not _called(run)):
            touched = touches_by_access(run, by_trial.get(run.trial_id, []))
        elif task_set in write_tools:
            touched = touches_by_name(run.nodes, write_tools[task_set])
        elif {node.tool for node in run.nodes if node.kind == "call"} <= hints.keys():
            touched = touches_by_name(run.nodes, {str(name) for name in hints if not hints[name]})
        inferred.append(_of_run(run, own, touched, common, sets[run.trial_id]))
    return inferred


def read_only_hints(steps: pl.DataFrame) -> dict[str | None, bool]:
    """Tool to whether it only reads, by the `readOnlyHint` of its schema (MCP's annotations)."""
    hints: dict[str | None, bool] = {}
    for text in steps.get_column("tools").drop_nulls().unique().to_list():
        offered = parsed(text)
        for schema in cast("list[dict[str, Any]]", offered if isinstance(offered, list) else []):
            tool: dict[str, Any] = schema.get("function") or schema
            told: dict[str, Any] = tool.get("annotations") or schema.get("annotations") or {}
            if isinstance(told.get("readOnlyHint"), bool):
                name = str(tool.get("name"))
                hints[name] = hints.get(name, True) and told["readOnlyHint"]
    return hints


def _called(run: Trace) -> bool:
    """Whether any tool was called before the end: what such calls touched has to be told."""
    return any(node.kind == "call" for node in run.nodes)


IDENTITY = ["trial_id", "task_set", "task"]


def _of_run(
    run: Trace,
    replies: Sequence[Held],
    touched: list[list[Touch]] | None,
    common: "Commonness",
    task: tuple[str, str],
) -> Inferred:
    source = provenance(run, replies, lambda value: common.share(value, task))
    edges = [*source.edges, *retry_edges(run.nodes)]
    writes = None
    if touched is not None:
        writes = [any(writing for _, writing, _ in touches) for touches in touched]
        edges += naming_edges(run.nodes, writes)
        edges += resource_edges(touched)
    return Inferred(run, edges, source.choices, source.given, writes, touched)


class Commonness:
    """In how many other tasks of its task set a value occurs in a reply."""

    def __init__(self, runs: Iterable[tuple[tuple[str, str], Sequence[Held]]]) -> None:
        self._own: dict[tuple[str, str], set[str]] = {}
        for task, replies in runs:
            seen = self._own.setdefault(task, set())
            for reply in replies:
                seen |= reply.found
        self._tasks = Counter(task_set for task_set, _ in self._own)
        self._holding = Counter(
            (task_set, value) for (task_set, _), values in self._own.items() for value in values
        )

    def share(self, value: str, task: tuple[str, str]) -> float:
        """Share of the other tasks, 0 to 1; 0 with too few of them to tell."""
        tasks = self._tasks[task[0]]
        if tasks < LEAST_TASKS:
            return 0.0
        others = self._holding[task[0], value] - (value in self._own[task])
        return others / (tasks - 1)


def conventions_of(inferred: Iterable[Inferred], task_of: Mapping[str, Hashable]) -> Conventions:
    """Task to the parameters that its runs set differently, each run always in one way.

    That is what a convention nobody stated looks like: the instructions offer options, the task
    does not say which, and the agent keeps to one of them. `task_of` maps trials to tasks.
    """
    values: dict[tuple[Hashable, str], list[set[str]]] = {}
    for run in inferred:
        own: dict[str, set[str]] = {}
        for choice in run.choices:
            if choice.offered:
                own.setdefault(choice.parameter, set()).add(choice.value)
        for parameter, chosen in own.items():
            values.setdefault((task_of[run.trace.trial_id], parameter), []).append(chosen)
    found: dict[Hashable, set[str]] = {}
    for (task, parameter), by_run in values.items():
        if all(len(chosen) == 1 for chosen in by_run) and len(set[str]().union(*by_run)) > 1:
            found.setdefault(task, set()).add(parameter)
    return found


def dependencies_frame(inferred: Iterable[Inferred]) -> pl.DataFrame:
    """All inferred dependencies, with the fields of DEPENDENCIES."""
    rows: list[dict[str, Any]] = [
        {
            "trial_id": run.trace.trial_id,
            "from_step": run.trace.nodes[edge.before].step,
            "to_step": run.trace.nodes[edge.after].step,
            "kind": edge.kind,
            "what": edge.what,
            "weight": edge.weight,
        }
        for run in inferred
        for edge in run.edges
    ]
    return pl.DataFrame(rows, schema=DEPENDENCIES, orient="row")
