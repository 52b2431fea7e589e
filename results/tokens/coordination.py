"""What working together takes and what comes of it: turns, messages, repeats, errors.

Overhead and efficiency are in turns (model calls), as arXiv 2512.08296 defines them. The others are
defined here, from what the records show:

    handed              share of prompt tokens that are briefs, reports and hand-offs
    repeated_setup      share of prompt tokens that are instructions and tool schemas
    message_density     messages between agents for each turn
    redundancy          share of work calls that another agent of the trial had made already, alike
    failure_ratio       chance of failing over that of the reference
    error_amplification share of milestones missed over that of the reference: what went wrong and
                        was still wrong at the end, whoever did it
    active_success      share passed of the trials in which work was delegated (see `delegated`)
    recovered           share passed of the trials in which some tool call came back as an error

All compare a topology with the reference on the tasks both did, each task weighing the same.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
import polars as pl

from results.metrics import TOTAL_TOKENS, known_mean, one_encoding, per_pass
from results.statistics.consistency import group_columns
from results.statistics.intervals import ratio_bootstrap
from results.tokens.attribution import reported_sum
from results.tokens.prompt_parts import delegations

HANDED = ("brief", "report")
SETUP = ("instructions", "tools")
ENDING = "submit"
"""The tool by which an agent ends; handing in is no work that could be repeated."""


def overhead(turns: float, turns_single: float) -> float:
    """(T - T_single) / T_single in turns, as a share (2.85 is 285%); arXiv 2512.08296."""
    return (turns - turns_single) / turns_single


def efficiency(success: float, turns: float, turns_single: float) -> float:
    """S / (T / T_single): success for each turn of the single agent; arXiv 2512.08296."""
    return success / (turns / turns_single)


def coordination(
    trials: pl.DataFrame,
    steps: pl.DataFrame,
    attributed: pl.DataFrame,
    reference: str = "single_thread",
    by: Sequence[str] = (),
) -> pl.DataFrame:
    """One row for each topology, task set and combination of `by`; see the top of this file.

    `attributed` is `results.tokens.attribution.attribution` of the steps. Columns: the keys,
    `trials` (graded), `turns` per trial, `overhead`, `efficiency`, `messages` between agents per
    trial, `message_density`, `handed`, `repeated_setup`, `redundancy`, `failure_ratio`,
    `error_amplification`, `delegated` (trials in which an agent worked for another),
    `active_success`, `recovered`, `tokens_per_pass` and `dollars_per_pass`; `overhead` and
    `error_amplification` have `_low` and `_high`, 95% from drawing base tasks again. Null where
    undefined, such as beside a reference that never failed.
    """
    keys = group_columns(by)
    graded = trials.filter(pl.col("passed").is_not_null())
    own = _own(graded, steps, attributed, keys)
    beside = _beside(graded, keys, reference)
    return (
        own.join(beside, on=keys, how="left", nulls_equal=True)
        .select(*keys, *(name for name in COLUMNS))
        .sort(*keys, nulls_last=True)
    )


BESIDE = (
    "overhead",
    "overhead_low",
    "overhead_high",
    "efficiency",
    "failure_ratio",
    "error_amplification",
    "error_amplification_low",
    "error_amplification_high",
)
COLUMNS = (
    "trials",
    "turns",
    *BESIDE[:4],
    "messages",
    "message_density",
    "handed",
    "repeated_setup",
    "redundancy",
    *BESIDE[4:],
    "delegated",
    "active_success",
    "recovered",
    "tokens_per_pass",
    "dollars_per_pass",
)


def _own(
    graded: pl.DataFrame, steps: pl.DataFrame, attributed: pl.DataFrame, keys: Sequence[str]
) -> pl.DataFrame:
    """What needs no reference."""
    part = pl.col("part")
    handed = part.is_in(HANDED)
    spent = attributed.group_by("trial_id").agg(
        reported_sum().alias("attributed"),
        pl.col("tokens").filter(handed).sum().alias("handed"),
        pl.col("tokens").filter(part.is_in(SETUP)).sum().alias("setup"),
        pl.col("messages").filter(handed).sum(),
        (part == "unrecorded").any().alias("unrecorded"),
    )
    schema = {"trial_id": pl.String, "work": pl.Int64, "repeated": pl.Int64}
    alike = pl.DataFrame(repeats(steps), schema=schema, orient="row")
    nested = steps.filter(pl.col("parent").is_not_null(), pl.col("kind") == "model").select(
        pl.col("trial_id").unique(), pl.lit(True).alias("delegating")
    )
    erred = pl.col("tool_errors") > 0
    whole = (pl.col("attributed").is_not_null() & ~pl.col("unrecorded")).fill_null(False).all()
    return (
        graded.join(spent, on="trial_id", how="left")
        .join(alike, on="trial_id", how="left")
        .join(nested, on="trial_id", how="left")
        .with_columns(pl.col("delegating").fill_null(False))
        .group_by(keys)
        .agg(
            pl.len().cast(pl.Int64).alias("trials"),
            known_mean(pl.col("model_calls")).alias("turns"),
            pl.when(whole).then(pl.col("messages").mean()).alias("messages"),
            pl.when(whole)
            .then(pl.col("messages").sum() / pl.col("model_calls").sum())
            .alias("message_density"),
            *(
                pl.when(whole).then(pl.col(name).sum() / pl.col("attributed").sum()).alias(told)
                for name, told in (("handed", "handed"), ("setup", "repeated_setup"))
            ),
            pl.when(pl.col("work").sum() > 0)
            .then(pl.col("repeated").sum() / pl.col("work").sum())
            .alias("redundancy"),
            pl.col("delegating").sum().cast(pl.Int64).alias("delegated"),
            pl.col("passed").filter("delegating").mean().alias("active_success"),
            pl.when(pl.col("tool_errors").null_count() == 0)
            .then(pl.col("passed").filter(erred).mean())
            .alias("recovered"),
            one_encoding(per_pass(TOTAL_TOKENS)).alias("tokens_per_pass"),
            per_pass(pl.col("dollars")).alias("dollars_per_pass"),
        )
    )


def repeats(steps: pl.DataFrame) -> Iterator[tuple[str, int, int]]:
    """For each trial: work calls, and how many repeat one that another agent had made.

    Work calls are those of tools other than `submit` and those that hand out work; two are alike
    when tool and arguments are the same.
    """
    read = ("trial_id", "step", "kind", "agent", "tool", "arguments", "prompt")
    rows = steps.select(read).sort("trial_id", "step").iter_rows(named=True)
    for trial_id, group in groupby(rows, itemgetter("trial_id")):
        trial = list(group)
        handing = delegations(trial)
        made: dict[tuple[str, str | None], set[str]] = {}
        work = repeated = 0
        for row in trial:
            agent, tool = row["agent"], row["tool"]
            if row["kind"] != "tool" or tool == ENDING or (agent, tool) in handing:
                continue
            makers = made.setdefault((tool, row["arguments"]), set())
            work += 1
            repeated += bool(makers - {agent})
            makers.add(agent)
        yield trial_id, work, repeated


def _beside(graded: pl.DataFrame, keys: Sequence[str], reference: str) -> pl.DataFrame:
    """Each topology beside the reference, over the tasks both did."""
    shared = [key for key in keys if key != "topology"]
    tasks = (
        graded.with_columns(pl.coalesce("block", "task").alias("unit"))
        .group_by(*keys, "unit", "task")
        .agg(
            known_mean(pl.col("model_calls")).alias("turns"),
            pl.col("passed").mean().alias("success"),
            (1 - known_mean(pl.col("score"))).alias("missed"),
        )
        .sort(*keys, "unit", "task", nulls_last=True)
    )
    base = tasks.filter(pl.col("topology") == reference).drop("topology", "unit")
    pairs = tasks.join(base, on=[*shared, "task"], suffix="_base", nulls_equal=True)
    rows: list[dict[str, Any]] = [
        {**dict(zip(keys, key, strict=True)), **_ratios(group)}
        for key, group in pairs.group_by(keys, maintain_order=True)
    ]
    schema = {key: graded.schema[key] for key in keys} | dict.fromkeys(BESIDE, pl.Float64())
    return pl.DataFrame(rows, schema=schema, orient="row")


def _ratios(pairs: pl.DataFrame) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    turns, single = _mean(pairs, "turns"), _mean(pairs, "turns_base")
    success, base = _mean(pairs, "success"), _mean(pairs, "success_base")
    if turns and single and success is not None:
        found["overhead"] = overhead(turns, single)
        found["efficiency"] = efficiency(success, turns, single)
        interval = _interval(pairs, "turns")
        if interval is not None:
            found["overhead_low"], found["overhead_high"] = (end - 1 for end in interval)
    if success is not None and base is not None and base < 1:
        found["failure_ratio"] = (1 - success) / (1 - base)
    missed, missed_base = _mean(pairs, "missed"), _mean(pairs, "missed_base")
    # Sums of rounded scores leave crumbs where nothing was missed.
    if missed is not None and missed_base is not None and missed_base > 1e-9:
        found["error_amplification"] = missed / missed_base
        interval = _interval(pairs, "missed")
        if interval is not None:
            low, high = interval
            found["error_amplification_low"], found["error_amplification_high"] = low, high
    return found


def _mean(pairs: pl.DataFrame, name: str) -> float | None:
    column = pairs.get_column(name)
    return None if column.null_count() or column.is_empty() else float(column.to_numpy().mean())


def _interval(pairs: pl.DataFrame, name: str) -> tuple[float, float] | None:
    return ratio_bootstrap(
        pairs.get_column(name).to_numpy(),
        pairs.get_column(f"{name}_base").to_numpy(),
        np.asarray(pairs.get_column("unit").to_list()),
    )
