"""Harm-prone patterns that are no violation of isolation: they can happen one after another too.

Each is defined by what the records can show. They say that something was done, not that it was
wrong: a second identical sale may be what two customers asked for.
"""

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from results.conflicts.finding_words import Found, Tie, told
from results.conflicts.findings import FINDINGS, SEEN, WHY, empty
from results.conflicts.stale import with_other

COMMITTED_WRITE = pl.col("write") & ~pl.col("aborted")


def effects(
    frame: pl.DataFrame, steps: pl.DataFrame | None, choices: Mapping[str, str] | None
) -> pl.DataFrame:
    """Findings of all four kinds in `prepared` accesses; see each function for its definition.

    Where it is declared what agents choose (`choices`), nothing else is taken for a decision.
    """
    found = _overwritten(frame)
    if steps is not None:
        called = _called(frame, steps)
        found = [*_run_twice(called), *found, *_same_arguments(called)]
        found += _unseen(frame, called) if choices is None else _chosen(called, choices)
    return pl.concat([told(found, frame), wasted_work(frame)])


def _called(frame: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """Committed writes with the tool and arguments of their call; JSON in one canonical form."""
    tools = steps.filter(pl.col("kind") == "tool").select("trial_id", "step", "tool", "arguments")
    joined = frame.filter(COMMITTED_WRITE).join(tools, on=["trial_id", "step"], how="inner")
    said = joined.get_column("arguments").drop_nulls().unique()
    forms = pl.DataFrame(
        {"arguments": said, "canonical": [_canonical(text) for text in said.to_list()]},
        schema={"arguments": pl.String, "canonical": pl.String},
    )
    return joined.join(forms, on="arguments", how="left").sort("row")


def _canonical(text: str) -> str:
    try:
        return json.dumps(json.loads(text), sort_keys=True, ensure_ascii=False)
    except ValueError:
        return text


def _run_twice(called: pl.DataFrame) -> list[Found]:
    """Duplicate effect: one tool call (one id in one message) ran twice and wrote both times.

    This is what resuming after a crash does to a tool that had already written. An id alone names
    no call, since conversations give out the same ones: the tool and its arguments are known, and
    equal.
    """
    call = ["trial", "who", "message", "call_id", "tool", "canonical"]
    writes = called.drop_nulls(call)
    runs = writes.group_by(*call, "call", maintain_order=True).agg(pl.col("row").first())
    again = runs.with_columns(pl.col("row").first().over(call).alias("first")).filter(
        pl.col("row") > pl.col("first")
    )
    sentence = "{0} and {1}: one and the same call, run again."
    pairs = again.select("first", "row").iter_rows()
    return [Found("effect", ("duplicate-effect",), pair, (), sentence) for pair in pairs]


def _same_arguments(called: pl.DataFrame) -> list[Found]:
    """Duplicate effect: calls of one tool with the same arguments each wrote a row of their own.

    A call that only set the same row again is not one: whether it added or set cannot be known.
    """
    # Without arguments nothing says that one and the same was asked for.
    rows = called.filter(~pl.col("predicate") & (pl.col("canonical") != "{}"))
    same = ["trial", "tool", "canonical"]
    new = rows.unique([*same, "item"], keep="first", maintain_order=True).with_columns(
        pl.col("row").first().over(*same, "table").alias("alike")
    )
    calls = new.group_by(*same, "call", maintain_order=True).agg(
        pl.col("row", "alike").first(), pl.col("call_id", "message", "who").first()
    )
    again = calls.with_columns(
        # Of what the first call wrote, the row that is like the one shown of the other call.
        pl.when(pl.col("alike") < pl.col("row"))
        .then("alike")
        .otherwise(pl.col("row").first().over(same))
        .alias("first"),
        pl.struct("who", "message", "call_id").first().over(same).alias("original"),
    ).filter(
        (pl.col("row") > pl.col("first"))
        # One call run twice is told as such.
        & ~(
            pl.col("call_id").is_not_null()
            & pl.col("message").is_not_null()
            & (pl.struct("who", "message", "call_id") == pl.col("original"))
        )
    )
    return [
        Found(
            "effect",
            ("duplicate-effect",),
            (first, row),
            (),
            f"{{0}} and {{1}}, both by {_escaped(tool)} with the same arguments.",
        )
        for first, row, tool in again.select("first", "row", "tool").iter_rows()
    ]


def _overwritten(frame: pl.DataFrame) -> list[Found]:
    """Overwritten work: a version of a row that another agent replaced, read only by its writer."""
    writes = (
        frame.filter(COMMITTED_WRITE & ~pl.col("predicate"))
        .select("item", "who", "version", "row")
        .sort("item", "version")
        .with_columns(
            pl.col("who").shift(-1).over("item").alias("next_who"),
            pl.col("row").shift(-1).over("item").alias("next_row"),
        )
        .filter(pl.col("next_who") != pl.col("who"))
    )
    reads = frame.filter(~pl.col("write")).select("item", "version", pl.col("who").alias("reader"))
    used = writes.join(reads, on=["item", "version"]).filter(pl.col("reader") != pl.col("who"))
    lost = writes.join(used.select("row").unique(), on="row", how="anti").sort("next_row")
    return [
        Found(
            "effect",
            ("overwritten-work",),
            pair,
            (Tie("ww", *pair),),
            "{0}; no other agent ever read that, and {1} over it.",
        )
        for pair in lost.select("row", "next_row").iter_rows()
    ]


def _unseen(frame: pl.DataFrame, called: pl.DataFrame) -> list[Found]:
    """Divergent decision: two agents set one row by one tool with different arguments, unseen.

    Unseen: the later agent had never read the row when it wrote. Who wrote from an older version
    may have computed what was written from it (a balance, say), so that is a stale basis alone.
    """
    on = ["item", "who"]
    reads = frame.filter(~pl.col("write") & ~pl.col("predicate"))
    reads = reads.select(*on, "row", pl.col("row").alias("read_row")).sort("row")
    tools = called.select("row", "tool", "canonical")
    other = tools.select(pl.all().name.prefix("other_"))
    pairs = (
        with_other(frame.filter(~pl.col("predicate")))
        .filter(pl.col("other_row").is_not_null())
        .sort("row")
        .join_asof(reads, on="row", by=on, strategy="backward", check_sortedness=False)
        .filter(pl.col("read_row").is_null())
        .join(tools, on="row")
        .join(other, on="other_row")
        .filter(
            (pl.col("tool") == pl.col("other_tool"))
            & (pl.col("canonical") != pl.col("other_canonical"))
        )
        .sort("row")
    )
    return [
        Found(
            "effect",
            ("divergent-decision",),
            pair,
            (),
            "{0}, and {1} with other arguments, without having seen that.",
        )
        for pair in pairs.select("other_row", "row").iter_rows()
    ]


def _chosen(called: pl.DataFrame, choices: Mapping[str, str]) -> list[Found]:
    """Divergent decision: calls that changed one row or predicate made different choices.

    What a choice is must be declared: tool to argument, as a dotted path. Spaces around it and
    capitals do not make another choice.
    """
    parts = [
        called.filter(pl.col("tool") == tool).with_columns(
            pl.col("arguments").str.json_path_match(f"$.{path}").alias("choice")
        )
        for tool, path in choices.items()
    ]
    if not parts:
        return []
    made = pl.concat(parts).filter(pl.col("choice").is_not_null()).sort("row")
    made = made.with_columns(pl.col("choice").str.strip_chars().str.to_lowercase())
    first = made.group_by("item", maintain_order=True).agg(
        pl.col("row", "choice", "call").first().name.prefix("first_")
    )
    other = (
        made.join(first, on="item")
        .filter(pl.col("choice") != pl.col("first_choice"))
        # Predicates name what two rows have in common, so they tell the reader more.
        .sort(~pl.col("predicate"), "row")
        .unique(["first_call", "call"], keep="first", maintain_order=True)
        .sort("row")
    )
    columns = other.select("first_row", "row", "first_choice", "choice")
    return [
        Found(
            "effect",
            ("divergent-decision",),
            (first_row, row),
            (),
            f"{{0}}, choosing {_escaped(one)}; {{1}}, choosing {_escaped(two)}.",
        )
        for first_row, row, one, two in columns.iter_rows()
    ]


def _escaped(text: Any) -> str:
    return str(text).replace("{", "{{").replace("}", "}}")


def wasted_work(frame: pl.DataFrame) -> pl.DataFrame:
    """Wasted work: rows or predicates of a table read at one version by several agents.

    Only calls that wrote nothing count. One finding a trial and table; `amount` is the number of
    reads that repeated what another agent had read.
    """
    reads = frame.filter(~pl.col("write").any().over("call")).unique(
        ["item", "version", "who"], keep="first", maintain_order=True
    )
    shared = reads.filter(pl.len().over("item", "version") > 1)
    if shared.is_empty():
        return empty()
    things = pl.struct("item", "version").n_unique()
    grouped = shared.group_by("trial_id", "table", maintain_order=True).agg(
        pl.col("agent").unique().sort().alias("agents"),
        pl.col("step").drop_nulls().unique().sort().alias("steps"),
        (pl.len() - things).cast(pl.Int64).alias("amount"),
        things.alias("things"),
        pl.col("at").last(),
        pl.col("row").last(),
        pl.struct(SEEN).alias("accesses"),
    )
    return grouped.select(
        "trial_id",
        pl.lit(None, dtype=pl.Int64).alias("finding"),
        pl.lit("effect").alias("family"),
        pl.lit("wasted-work").alias("kind"),
        pl.concat_list(pl.lit("wasted-work")).alias("names"),
        "agents",
        "steps",
        "table",
        pl.lit(None, dtype=pl.String).alias("key"),
        pl.lit(None, dtype=pl.Boolean).alias("predicate"),
        "amount",
        "at",
        pl.format(
            "{} read the same of {}: {} in common, {} more than one agent would need.",
            pl.col("agents").list.join(", "),
            "table",
            _count("things", "row or question", "rows or questions"),
            _count("amount", "read", "reads"),
        ).alias("sentence"),
        pl.struct("accesses", pl.lit([], dtype=pl.List(EDGE)).alias("edges"))
        .struct.json_encode()
        .alias("witness"),
        "row",
    ).select(*FINDINGS.names(), "row")


def _count(name: str, one: str, many: str) -> pl.Expr:
    word = pl.when(pl.col(name) == 1).then(pl.lit(one)).otherwise(pl.lit(many))
    return pl.format("{} {}", name, word)


EDGE = pl.Struct(WHY)
