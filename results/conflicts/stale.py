"""Writes made from what one had read before another agent wrote: the conflict that breaks things.

Whole transactions are not needed for it, so it also sees what cutting a trial into holds hides: a
lead that reads, delegates, and writes afterwards.
"""

from collections.abc import Mapping

import polars as pl

from results.conflicts.anomalies import OPS, serialization
from results.conflicts.components import transactions
from results.conflicts.finding_words import told
from results.conflicts.findings import FINDINGS, SEEN, empty
from results.conflicts.graph import edges
from results.conflicts.transactions import ints, numbered


def stale_basis(frame: pl.DataFrame) -> pl.DataFrame:
    """Findings of `stale-basis` in `prepared` accesses, one for each write.

    The latest own read of a row (or predicate) before a write is older than the version that the
    write went over, with a committed write by another agent between the two. An agent that never
    read the row wrote blindly; that is no stale basis.
    """
    on = ["item", "who"]
    reads = frame.filter(~pl.col("write")).select(
        *on, "row", pl.col("row").alias("read_row"), pl.col("version").alias("read_version")
    )
    basis = (
        with_other(frame)
        .filter(pl.col("other_row").is_not_null())
        .sort("row")
        .join_asof(reads.sort("row"), on="row", by=on, strategy="backward", check_sortedness=False)
        .filter(pl.col("other_version") > pl.col("read_version"))
    )
    if basis.is_empty():
        return empty()
    return _told(basis.select("read_row", "other_row", "row"), frame)


def with_other(frame: pl.DataFrame) -> pl.DataFrame:
    """Committed writes with the newest earlier version of the same item by another agent."""
    before = pl.col("who").shift(1).over("item")
    changed = pl.col("who") != before
    return (
        frame.filter(pl.col("write") & ~pl.col("aborted"))
        .select("item", "who", "version", "row")
        .sort("item", "version")
        .with_columns(
            pl.when(changed).then(pl.col(name).shift(1).over("item")).alias(f"other_{name}")
            for name in ("version", "row")
        )
        .with_columns(pl.col("other_version", "other_row").forward_fill().over("item"))
    )


def _told(places: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """The findings in words and data, all at once: there can be very many."""
    sides = {
        side: frame[ints(places[name])].select(
            pl.struct(SEEN).alias(side), pl.col("hold").alias(f"{side}_hold")
        )
        for side, name in (("read", "read_row"), ("other", "other_row"), ("own", "row"))
    }
    own = frame[ints(places["row"])].select("trial_id", "table", "key", "predicate", "at")
    joined = pl.concat([own, *(part for part in sides.values())], how="horizontal").with_columns(
        places["row"]
    )
    thing = pl.format(
        "{}{}{}",
        "table",
        pl.when("predicate").then(pl.lit(" where ")).otherwise(pl.lit(" ")),
        "key",
    )
    joined = joined.with_columns(thing.alias("thing"))
    names = {side: _name(side) for side in sides}
    overwrote = pl.format(
        "{} wrote version {}{}, over version {} by {}{}",
        _field("own", "agent"),
        _field("own", "version"),
        _step("own"),
        _field("other", "version"),
        _field("other", "agent"),
        _step("other"),
    )
    misses = pl.format(
        "{} read version {}{}, before {} wrote version {}{}",
        _field("read", "agent"),
        _field("read", "version"),
        _step("read"),
        _field("other", "agent"),
        _field("other", "version"),
        _step("other"),
    )
    edge = [
        _edge(names, "read", "other", "rw", misses),
        _edge(names, "other", "own", "ww", overwrote),
    ]
    return joined.select(
        "trial_id",
        pl.lit(None, dtype=pl.Int64).alias("finding"),
        pl.lit("basis").alias("family"),
        pl.lit("stale-basis").alias("kind"),
        pl.concat_list(pl.lit("stale-basis")).alias("names"),
        pl.concat_list(_field("own", "agent"), _field("other", "agent"))
        .list.sort()
        .alias("agents"),
        pl.concat_list(_field(side, "step") for side in sides)
        .list.drop_nulls()
        .list.unique()
        .list.sort()
        .alias("steps"),
        "table",
        "key",
        "predicate",
        pl.lit(1, dtype=pl.Int64).alias("amount"),
        "at",
        pl.format(
            "{} wrote {} (version {}{}) from what it had read at version {}{}; {} had written "
            "version {} in between{}.",
            _field("own", "agent"),
            "thing",
            _field("own", "version"),
            pl.format(", step {}", _field("own", "step")).fill_null(""),
            _field("read", "version"),
            _step("read"),
            _field("other", "agent"),
            _field("other", "version"),
            _step("other"),
        ).alias("sentence"),
        pl.struct(
            pl.concat_list("read", "other", "own").alias("accesses"),
            pl.concat_list(edge).alias("edges"),
        )
        .struct.json_encode()
        .alias("witness"),
        "row",
    ).select(*FINDINGS.names(), "row")


def _field(side: str, name: str) -> pl.Expr:
    return pl.col(side).struct.field(name)


def _step(side: str) -> pl.Expr:
    return pl.format(" (step {})", _field(side, "step")).fill_null("")


def _name(side: str) -> pl.Expr:
    hold = _field(side, "hold").cast(pl.String).fill_null("?")
    return pl.format("{}/{}", _field(side, "agent"), hold)


def _edge(
    names: Mapping[str, pl.Expr], first: str, second: str, kind: str, because: pl.Expr
) -> pl.Expr:
    return pl.struct(
        names[first].alias("first"),
        names[second].alias("second"),
        pl.lit(kind).alias("kind"),
        because.alias("because"),
        _field(first, "access").alias("first_access"),
        _field(second, "access").alias("second_access"),
    )


def self_conflicts(frame: pl.DataFrame) -> pl.DataFrame:
    """Findings of `self-conflict`: overlapping calls of one message that conflict with each other.

    Each call of a message with several is a transaction of its own: its accesses and, for what it
    writes without reading it first, the agent's latest read of that before the message, which is
    what the agent decided it from.
    """
    message = frame.filter(pl.col("message").is_not_null() & ~pl.col("aborted"))
    message = message.filter(pl.col("call").n_unique().over("trial", "who", "message") > 1)
    if message.is_empty() or not message["write"].any():
        return empty()
    parts = [ints(message[name]) for name in ("trial", "who", "message")]
    message = message.with_columns(
        pl.Series("batch", numbered(*parts)),
        pl.col("row").min().over("trial", "who", "message").alias("begun"),
    )
    message = message.filter(pl.col("write").any().over("batch"))
    columns = [*OPS, "trial", "who", "hold", "at", "batch"]
    calls = message.with_columns(pl.col("call").alias("txn"))
    both = pl.concat([calls.select(columns), _bases(calls, frame).select(columns)])
    both = both.with_columns(
        pl.Series("txn", numbered(ints(both["txn"]))),
        pl.Series("item", numbered(ints(both["batch"]), ints(both["item"]))),
    ).sort("row", "txn")
    return told(serialization(edges(both.select(OPS)), both, transactions(both), 1, "self"), frame)


def _bases(calls: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """The latest read before the message of each item that a call writes without reading it."""
    read_first = (
        calls.filter(~pl.col("write"))
        .group_by("txn", "item")
        .agg(pl.col("row").min().alias("own_read"))
    )
    blind = (
        calls.filter("write")
        .group_by("txn", "item")
        .agg(pl.col("row").min(), pl.col("begun", "who", "batch").first())
        .join(read_first, on=["txn", "item"], how="left")
        .filter(pl.col("own_read").is_null() | (pl.col("own_read") > pl.col("row")))
    )
    reads = frame.filter(~pl.col("write")).with_columns((pl.col("row") + 1).alias("begun"))
    return (
        blind.select("txn", "item", "who", "batch", "begun")
        .sort("begun")
        .join_asof(
            reads.drop("txn").sort("begun"), on="begun", by=["item", "who"], check_sortedness=False
        )
        .filter(pl.col("row").is_not_null())
    )
