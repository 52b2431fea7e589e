"""What came of a finding: whether its last call stood, and whether it touches what a trial missed.

A conflict that ends in a call which the tool refused has changed nothing; what matters then is
whether its agent took note. And a trial can conflict in one place and fail in another.
"""

import polars as pl

WITHIN = 2
"""An agent took note of a refusal if it shows so within this many of its next messages."""

LANDED, NOTICED, OVERLOOKED = "landed", "noticed", "overlooked"
OUTCOMES = {
    LANDED: "it stood",
    NOTICED: "the tool refused it and the agent took note",
    OVERLOOKED: "the tool refused it and the agent went on",
}
"""What can come of a finding, in words."""

CALL = ("trial_id", "step")
THINGS = pl.Struct({"accesses": pl.List(pl.Struct({"table": pl.String, "key": pl.String}))})


def with_outcome(
    findings: pl.DataFrame, steps: pl.DataFrame, accesses: pl.DataFrame
) -> pl.DataFrame:
    """The findings with a column `came_to`: `landed`, `noticed`, `overlooked`, or null.

    It is about the last call that a finding rests on. The tool refused it if its step has an error;
    its agent took note if, within its next two messages, it called that tool again, touched one of
    the same rows, or handed in as blocked. Null where the step is not on record.
    """
    calls = steps.filter(pl.col("kind") == "tool").select(
        *CALL, "agent", "message", "tool", "arguments", pl.col("error").is_not_null().alias("no")
    )
    last = findings.select("trial_id", "finding", pl.col("steps").list.max().alias("step"))
    last = last.join(calls, on=CALL, how="left")
    refused = last.filter("no")
    after = refused.join(calls, on=["trial_id", "agent"], suffix="_after").filter(
        pl.col("message_after") > pl.col("message"),
        pl.col("message_after") <= pl.col("message") + WITHIN,
    )
    items = accesses.select(*CALL, "table", "key").unique()
    there = items.join(after, on=CALL).join(
        items.rename({"step": "step_after"}), on=["trial_id", "step_after", "table", "key"]
    )
    blocked = pl.col("arguments_after").str.json_path_match("$.status") == "blocked"
    showed = after.filter((pl.col("tool_after") == pl.col("tool")) | blocked.fill_null(False))
    key = ["trial_id", "finding"]
    noticed = pl.concat([showed.select(key), there.select(key)]).unique()
    told = last.join(noticed.with_columns(pl.lit(True).alias("saw")), on=key, how="left")
    came_to = (
        pl.when(~pl.col("no"))
        .then(pl.lit(LANDED))
        .when(pl.col("no") & pl.col("saw"))
        .then(pl.lit(NOTICED))
        .when(pl.col("no") & pl.col("message").is_not_null())
        .then(pl.lit(OVERLOOKED))
        .alias("came_to")
    )
    return findings.join(told.select(*key, came_to), on=key, how="left", maintain_order="left")


def with_missed(findings: pl.DataFrame, milestones: pl.DataFrame) -> pl.DataFrame:
    """The findings with a column `touches_missed`: whether they are about what their trial missed.

    True where an access that a finding rests on is to a row (or a table of new rows) that a missed
    milestone is about; false where all of what was missed lies elsewhere; null where it is not on
    record, or is a line of an answer, which any read may have led to, or where nothing was missed.
    """
    missed = milestones.filter(~pl.col("reached")).select("trial_id", "about").explode("about")
    known = missed.group_by("trial_id").agg(
        (pl.col("about").is_null() | pl.col("about").str.starts_with("answer "))
        .any()
        .alias("unknown")
    )
    about = pl.col("witness").str.json_decode(THINGS).struct.field("accesses")
    things = (
        findings.select("trial_id", "finding", about.alias("seen"))
        .explode("seen")
        .unnest("seen")
        .select(
            "trial_id",
            "finding",
            pl.concat_list("table", pl.format("{} {}", "table", "key")).alias("about"),
        )
        .explode("about")
    )
    key = ["trial_id", "finding"]
    hit = things.join(missed, on=["trial_id", "about"], how="semi").select(key).unique()
    touches = (
        pl.when(pl.col("hit"))
        .then(True)
        .when(~pl.col("unknown"))
        .then(False)
        .alias("touches_missed")
    )
    return (
        findings.join(hit.with_columns(pl.lit(True).alias("hit")), on=key, how="left")
        .join(known, on="trial_id", how="left")
        .sort(key)
        .with_columns(touches)
        .drop("hit", "unknown")
    )


def outcome_counts(findings: pl.DataFrame, trials: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """One row for each topology, combination of `by` and kind: findings by what came of them."""
    counts = [
        (pl.col("came_to") == outcome).sum().cast(pl.Int64).alias(outcome) for outcome in OUTCOMES
    ]
    keys = [*by, "topology", "family", "kind"]
    return (
        findings.join(trials.select("trial_id", "topology", *by), on="trial_id")
        .group_by(keys)
        .agg(
            pl.len().cast(pl.Int64).alias("findings"),
            pl.col("trial_id").n_unique().cast(pl.Int64).alias("trials"),
            *counts,
            pl.col("came_to").null_count().cast(pl.Int64).alias("unknown"),
        )
        .sort(keys, nulls_last=True)
    )
