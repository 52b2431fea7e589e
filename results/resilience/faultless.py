"""Each trial with faults beside its faultless twin: the same trial by the same luck, nothing wrong.

Twins share luck, not interleaving: what an agent does after a fault moves what comes later.
"""

import json
from collections.abc import Iterable

import polars as pl

TWIN = ("topology", "task_set", "task", "trial", "settings", "split", "model", "models", "budget")
"""What a trial and its faultless twin have in common; null equals null. With real models twins
share the task alone, and differ by luck too."""

TOLD = ("passed", "status", "answer", "seconds", "broken_invariants")
TOKENS = pl.col("prompt_tokens") + pl.col("completion_tokens")

SAYS = (
    r"(?i)\b(unsure|not sure|uncertain|errors?|fail(ed|ure)|timed? ?out|could not|cannot|unable"
    r"|unavailable|blocked|denied|inconsistent|contradict\w*|missing|incomplete|twice|duplicate)"
)
"""English words by which a text admits that something went wrong."""


def with_twins(trials: pl.DataFrame) -> pl.DataFrame:
    """The trials with a fault plan, each with its twin's `twin_id` and `twin_` columns of TOLD.

    Also `tokens` and `twin_tokens`. Null where there is no twin.
    """
    counted = trials.with_columns(TOKENS.alias("tokens"))
    told = (*TOLD, "tokens")
    faultless = counted.filter(pl.col("faults").is_null()).select(
        *TWIN, pl.col("trial_id").alias("twin_id"), *(pl.col(n).alias(f"twin_{n}") for n in told)
    )
    faulted = counted.filter(pl.col("faults").is_not_null())
    return faulted.join(
        faultless.unique(TWIN, keep="first", maintain_order=True),
        on=TWIN,
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )


def with_canonical(calls: pl.DataFrame) -> pl.DataFrame:
    """The tool calls with `canonical`: their arguments as JSON in one form."""
    said = calls.get_column("arguments").drop_nulls().unique()
    forms = {"arguments": said, "canonical": [canonical(text) for text in said.to_list()]}
    table = pl.DataFrame(forms, schema={"arguments": pl.String, "canonical": pl.String})
    return calls.join(table, on="arguments", how="left", maintain_order="left")


def canonical(text: str) -> str:
    """JSON with its keys in order; what is no JSON as it stands."""
    try:
        return json.dumps(json.loads(text), sort_keys=True, ensure_ascii=False)
    except ValueError:
        return text


def values_of(texts: Iterable[str]) -> pl.DataFrame:
    """One row for each text in the arguments of a call: `arguments`, `value`. Numbers name none."""
    rows: list[tuple[str, str]] = []
    for text in texts:
        left: list[object] = [_loaded(text)]
        while left:
            value = left.pop()
            if isinstance(value, dict):
                left += list(value.values())  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            elif isinstance(value, list):
                left += value  # pyright: ignore[reportUnknownVariableType]
            elif isinstance(value, str):
                rows.append((text, value))
    return pl.DataFrame(rows, schema={"arguments": pl.String, "value": pl.String}, orient="row")


def _loaded(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def doubled_effects(
    pairs: pl.DataFrame, steps: pl.DataFrame, accesses: pl.DataFrame
) -> pl.DataFrame:
    """`trial_id` and `doubled` for each trial of `with_twins` with a twin and accesses.

    Calls of one tool with the same arguments did something again where together they wrote rows
    beyond those that the same calls wrote in the twin; where the twin made no such call, beyond
    those of its first one here. Such rows count by how often the first lot goes into them. A call
    that only set the same row again is not seen: whether it added or set cannot be known.
    """
    tools = steps.filter(pl.col("kind") == "tool").select("trial_id", "step", "tool", "arguments")
    wrote = with_canonical(
        accesses.filter(
            ~pl.col("op").is_in(["read", "delete"]),
            ~pl.col("predicate"),
            ~pl.col("undone").fill_null(False),
        ).join(tools, on=["trial_id", "step"])
    )
    call = ["tool", "canonical"]
    row = pl.struct("table", "key")
    counts = (
        wrote.sort("trial_id", "access")
        .group_by("trial_id", *call, maintain_order=True)
        .agg(
            row.n_unique().cast(pl.Int64).alias("rows"),
            row.filter(pl.col("step") == pl.col("step").first())
            .n_unique()
            .cast(pl.Int64)
            .alias("first"),
        )
    )
    # Where nothing was written down of either, nothing is known: that is null, not 0.
    recorded = accesses["trial_id"].unique().to_list()
    known = pl.col("trial_id").is_in(recorded) | pl.col("twin_id").is_in(recorded)
    both = (
        pairs.filter(pl.col("twin_id").is_not_null() & known)
        .select("trial_id", "twin_id")
        .join(counts, on="trial_id", how="left")
        .join(
            counts.drop("first"),
            left_on=["twin_id", *call],
            right_on=["trial_id", *call],
            how="left",
            suffix="_twin",
            nulls_equal=True,
        )
        .with_columns(pl.coalesce("rows_twin", "first").alias("once"))
    )
    beyond = (pl.col("rows") - pl.col("once")).clip(lower_bound=0)
    again = (beyond / pl.col("once")).ceil().cast(pl.Int64)
    return both.group_by("trial_id", maintain_order=True).agg(again.sum().alias("doubled"))
