"""What fan-out could bring to recorded single-agent runs: per run, per task and over all.

The dependencies are inferred (see `dependencies` for how, and for what that misses); everything
else follows from them by the formulas of `graph`, `split` and `team_cost`. A bound says what no
schedule can beat, not what a team would reach: only a trial shows that.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import polars as pl

from results.imports.tau_bench_tools import WRITE_TOOLS
from results.questions.gain.inference import IDENTITY, conventions_of, dependencies_frame, infer
from results.questions.gain.one_run import OneRun, Sizes, examine
from results.questions.gain.run_frames import (
    NODES,
    PARTS,
    PER_RUN,
    SHARED,
    UNSETTLED,
    WIDTHS,
    node_rows,
    part_rows,
    run_row,
    shared_rows,
    unsettled_rows,
    width_rows,
)
from results.questions.gain.team_cost import Prices
from results.refused import Refused
from results.usage import OF_AGENTS

MOST_AGENTS = 1000
ASSUMED_TOKENS_A_CHARACTER = 0.25
WORTHWHILE = ("trial", "by resource", "settle")
WORTH = 1.25
"""A split must be at least this many times as fast, handing over included, to be worth a trial."""

VERDICTS: dict[str, str] = {
    "trial": "worth a trial",
    "by resource": "worth a trial if calls that share a written resource stay with one subagent",
    "settle": "worth a trial once the brief settles what subagents would each choose",
    "one writer": "worth a trial only if writing stays with one agent",
    "stay": "not worth a trial",
    "unknown": "not decidable: which tools write is not known",
}
"""What can be said of a run, and what it means."""


@dataclass(frozen=True, eq=False)
class ProfileResult:
    """The frames of a profile; `run_frames` has their fields.

    `per_run` has one row a run and `per_task` one row a task. `dependencies` are the inferred ones,
    `nodes` the calls with when they could have started, `widths` how many could run at once,
    `parts` what each subagent of the split would do, `shared` the written resources that subagents
    would share if split by data alone, `unsettled` what they would each choose. `overall` has the
    numbers over all runs and how they were made.
    """

    per_run: pl.DataFrame
    per_task: pl.DataFrame
    overall: dict[str, Any]
    dependencies: pl.DataFrame
    nodes: pl.DataFrame
    widths: pl.DataFrame
    parts: pl.DataFrame
    shared: pl.DataFrame
    unsettled: pl.DataFrame


def profile_runs(
    trials: pl.DataFrame,
    steps: pl.DataFrame,
    accesses: pl.DataFrame,
    write_tools: Mapping[str, Collection[str]] = WRITE_TOOLS,
    agents: int = 4,
    prices: Prices | None = None,
) -> ProfileResult:
    """Profile every run that one agent made alone; the others are counted and left out.

    `write_tools` (task set to names) says which tools write where `accesses` do not. A team has at
    most `agents` subagents at a time. Without `prices` there are tokens and no dollars. `Refused`
    when no run can be profiled.
    """
    if not 2 <= agents <= MOST_AGENTS:
        raise Refused(f"agents is {agents}; a team has from 2 to {MOST_AGENTS} subagents")
    steps = steps.filter(OF_AGENTS)
    sizes = token_sizes(steps)
    inferred = [run for run in infer(trials, steps, accesses, write_tools) if run.trace.nodes]
    if not inferred:
        raise Refused(
            "there is nothing to profile: no trial has steps that one agent made alone; "
            "run or import a single-agent topology"
        )
    task_of = {str(row[0]): row[1:] for row in trials.select(IDENTITY).iter_rows()}
    unstated = conventions_of(inferred, task_of)
    runs = [
        examine(run, sizes, agents, unstated.get(task_of[run.trace.trial_id], ()))
        for run in inferred
    ]
    identity = {str(row[0]): row[1:] for row in trials.select(KEPT).iter_rows()}
    rows: list[dict[str, Any]] = []
    for one in runs:
        row = dict(zip(KEPT[1:], identity[one.run.trace.trial_id], strict=True))
        row |= run_row(one, prices)
        rows.append(row | {"verdict": verdict(row)})
    per_run = pl.DataFrame(rows, schema=PER_RUN, orient="row")
    parts = _frame(PARTS, part_rows, runs)
    overall = _overall(per_run, trials, sizes, agents)
    return ProfileResult(
        per_run=per_run,
        per_task=per_task(per_run),
        overall=overall,
        dependencies=dependencies_frame(inferred),
        nodes=_frame(NODES, node_rows, runs),
        widths=_frame(WIDTHS, width_rows, runs),
        parts=parts,
        shared=_frame(SHARED, shared_rows, runs),
        unsettled=_frame(UNSETTLED, unsettled_rows, runs),
    )


KEPT = [*IDENTITY, "topology", "trial", "passed", "simulated"]


def verdict(row: Mapping[str, Any]) -> str:
    """A key of VERDICTS for a run, from its row of numbers."""
    natural, safe = row["natural_speed_up"], row["safe_speed_up"]
    if natural < WORTH:
        return "stay"
    if safe is None:
        return "unknown"
    if safe < WORTH:
        return "one writer" if row["shared_resources"] else "stay"
    if row["unsettled_choices"]:
        return "settle"
    return "by resource" if row["shared_resources"] else "trial"


def token_sizes(steps: pl.DataFrame) -> Sizes:
    """Tokens a character, fitted to how recorded prompts grew; else 1 to 4 characters, assumed."""
    models = (
        steps.filter(pl.col("kind") == "model")
        .sort("trial_id", "step")
        .with_columns(
            (
                pl.col("prompt_tokens")
                - (pl.col("prompt_tokens") + pl.col("completion_tokens")).shift(1)
            )
            .over("trial_id", "agent", "encoding")
            .alias("grown"),
            pl.col("prompt").str.len_chars().alias("characters"),
        )
        .filter((pl.col("grown") > 0) & (pl.col("characters") > 0))
    )
    characters = models.get_column("characters").sum()
    if not characters or models.get_column("encoding").n_unique() != 1:
        return Sizes(ASSUMED_TOKENS_A_CHARACTER, "assumed")
    return Sizes(float(models.get_column("grown").sum()) / float(characters), "recorded")


def per_task(per_run: pl.DataFrame) -> pl.DataFrame:
    """One row a task: its runs, medians of the numbers, and the verdict on these.

    `share_worth` is the share of its runs that are worth a trial, on some condition or none.
    """
    numbers = [
        name for name, kind in PER_RUN.items() if kind.is_numeric() and name not in ("trial",)
    ]
    return (
        per_run.group_by("task_set", "task", maintain_order=True)
        .agg(
            pl.len().cast(pl.Int64).alias("runs"),
            pl.col("passed").sum().cast(pl.Int64).alias("passed"),
            *(pl.col(name).median() for name in numbers),
            pl.col("verdict").is_in(WORTHWHILE).mean().alias("share_worth"),
        )
        .with_columns(
            pl.struct(pl.all()).map_elements(verdict, return_dtype=pl.String).alias("verdict")
        )
        .sort("natural_speed_up", "task", descending=[True, False])
    )


def _frame(schema: pl.Schema, rows_of: Any, runs: Sequence[OneRun]) -> pl.DataFrame:
    rows = [row for one in runs for row in rows_of(one)]
    return pl.DataFrame(rows, schema=schema, orient="row")


def _fit(per_run: pl.DataFrame, trials: pl.DataFrame) -> float | None:
    """Median of the tokens that the formula gives the single agent over those recorded."""
    recorded = trials.filter(~pl.col("encoding").str.starts_with("estimate:")).select(
        "trial_id", (pl.col("prompt_tokens") + pl.col("completion_tokens")).alias("recorded")
    )
    both = per_run.join(recorded, on="trial_id").filter(pl.col("recorded") > 0)
    ratios = both.select(pl.col("tokens_alone") / pl.col("recorded")).to_series().to_list()
    return float(median(ratios)) if ratios else None


def _overall(
    per_run: pl.DataFrame, trials: pl.DataFrame, sizes: Sizes, agents: int
) -> dict[str, Any]:
    """Numbers over all runs; medians are over runs that have the number."""

    def middle(name: str) -> float | None:
        values = per_run.get_column(name).drop_nulls().to_list()
        return float(median(values)) if values else None

    bounds = per_run.get_column("bound")
    counted = per_run.group_by("verdict").len()
    return {
        "runs": per_run.height,
        "tasks": per_run.select("task_set", "task").n_unique(),
        "left_out": trials.height - per_run.height,
        "simulated": bool(per_run.get_column("simulated").any()),
        "agents": agents,
        "worth_from": WORTH,
        "tokens_a_character": sizes.tokens_a_character,
        "token_source": sizes.source,
        "writes_known": bool(per_run.get_column("writes").is_not_null().all()),
        "verdicts": dict(sorted(counted.iter_rows())),
        "tokens_alone_over_recorded": _fit(per_run, trials),
        "bound_quartiles": [bounds.quantile(q, "linear") for q in (0.25, 0.5, 0.75)],
        "bound_most": bounds.max(),
        "medians": {
            name: middle(name)
            for name, kind in PER_RUN.items()
            if kind.is_numeric() and name != "trial"
        },
    }
