"""Violations of isolation between transactions, by Adya's names.

Complete with respect to the recorded versions: a trial without a finding has a serial order of its
committed transactions in which every read sees what it saw and every row has the versions it had.
"""

import numpy as np
import polars as pl

from results.conflicts.components import LEVELS, Transactions, transactions
from results.conflicts.cycles import cycles
from results.conflicts.finding_words import Found, Tie, ties, told
from results.conflicts.graph import RW, Edges, edges
from results.conflicts.transactions import ints

OPS = ("row", "txn", "item", "version", "write", "predicate", "dirty")
Pair = tuple[int, int]


def isolation(frame: pl.DataFrame) -> pl.DataFrame:
    """Findings among the transactions of `prepared` accesses, in trials whose holds are known."""
    isolated = frame.filter("isolated")
    if isolated.is_empty():
        return told([], frame)
    # An aborted call is no part of the graph, but its agent held control while it ran.
    txns = transactions(isolated)
    ops = isolated.filter(~pl.col("aborted")).select(OPS)
    found = edges(ops)
    tellings = [
        *_aborted_reads(isolated),
        *_intermediate_reads(found, ops),
        *_internal(ops),
        *serialization(found, ops, txns, len(LEVELS), "isolation"),
    ]
    return told(tellings, frame)


def serialization(
    found: Edges, ops: pl.DataFrame, txns: Transactions, levels: int, family: str
) -> list[Found]:
    """Lost updates, and cycles of the graph at the first `levels` levels."""
    tellings: list[Found] = []
    lost: set[Pair] = set()
    prefix, unit = (("self-conflict",), "call") if family == "self" else ((), "hold")
    for pair, rows in _lost_updates(found, ops):
        lost.add(pair)
        read, other, own = rows
        chain = (Tie("rw", read, other, own, other), Tie("ww", other, own))
        tellings.append(
            Found(
                family,
                (*prefix, "lost-update", "G-single-item"),
                rows,
                chain,
                "{0}, then {1}, and {2} without having seen that.",
                unit,
            )
        )
    for cycle in cycles(found, txns, lost, levels):
        chain = ties(found, cycle.edges, cycle.nodes, txns.last, txns.first)
        tellings.append(Found(family, (*prefix, *cycle.names), (), chain, None, unit))
    return tellings


def _lost_updates(found: Edges, ops: pl.DataFrame) -> list[tuple[Pair, tuple[int, int, int]]]:
    """T1 read a row, T2 wrote it, T1 wrote it without reading it again (Berenson 1995, P4).

    Pairs (T1, T2) with the rows of the read, of T2's write and of T1's first write after it. With a
    second read in between nothing is lost: that is an unrepeatable read, and a cycle tells it.
    """
    stale = found.kept((found.kind == RW) & ~found.predicate)
    writes = ops.filter(pl.col("write") & ~pl.col("predicate"))
    reads = pl.DataFrame(
        {
            "txn": stale.src,
            "item": stale.item,
            "other": stale.dst,
            "read_row": stale.src_row,
            "other_row": stale.dst_row,
        }
    )
    if reads.is_empty():
        return []
    version = np.zeros(int(ops["row"].max()) + 1, dtype=np.int64)  # pyright: ignore[reportArgumentType]
    version[ints(ops["row"])] = ints(ops["version"])
    reads = reads.with_columns(pl.Series("other_version", version[stale.dst_row]))
    first = (
        reads.join(writes.select("txn", "item", "version", "row"), on=["txn", "item"])
        .filter(pl.col("version") > pl.col("other_version"))
        .sort("version")
        .unique(["txn", "other", "item"], keep="first", maintain_order=True)
    )
    again = ops.filter(~pl.col("write")).select(
        "txn", "item", "row", pl.col("version").alias("last_read")
    )
    first = (
        first.sort("row")
        .join_asof(again.sort("row"), on="row", by=["txn", "item"], check_sortedness=False)
        .filter(pl.col("last_read").fill_null(-1) < pl.col("other_version"))
        .sort("read_row", "other_row")
    )
    columns = first.select("txn", "other", "read_row", "other_row", "row")
    return [((row[0], row[1]), (row[2], row[3], row[4])) for row in columns.iter_rows()]


def _aborted_reads(frame: pl.DataFrame) -> list[Found]:
    """G1a: a committed read of a version whose call was undone, by another transaction."""
    reads = frame.filter(pl.col("dirty") & ~pl.col("aborted"))
    writes = frame.filter(pl.col("write") & pl.col("aborted"))
    pairs = (
        reads.select("txn", "item", "version", "row")
        .join(writes.select("txn", "item", "version", "row"), on=["item", "version"], suffix="_w")
        .filter(pl.col("txn") != pl.col("txn_w"))
        .unique(["txn", "txn_w", "item"], keep="first", maintain_order=True)
    )
    return [
        Found(
            "isolation",
            ("G1a",),
            (write, read),
            (Tie("wr", write, read),),
            "{0}, which was later undone, but {1} all the same.",
        )
        for write, read in pairs.select("row_w", "row").iter_rows()
    ]


def _intermediate_reads(found: Edges, ops: pl.DataFrame) -> list[Found]:
    """G1b: a read of a row at a version that its writer's transaction later wrote over itself."""
    direct = found.kept((found.kind != RW) & ~found.predicate)
    writes = ops.filter(pl.col("write") & ~pl.col("predicate"))
    last = writes.group_by("txn", "item").agg(
        pl.col("version").max().alias("final"),
        pl.col("row").sort_by("version").last().alias("final_row"),
    )
    seen = ops.filter(~pl.col("write") & ~pl.col("predicate") & ~pl.col("dirty"))
    made = writes.select(pl.col("txn").alias("src"), "item", "version", "row")
    if direct.src.size == 0:
        return []
    pairs = (
        seen.join(made, on=["item", "version"], suffix="_w")
        .filter(pl.col("src") != pl.col("txn"))
        .join(last, left_on=["src", "item"], right_on=["txn", "item"])
        .filter(pl.col("final") > pl.col("version"))
        .unique(["src", "txn", "item"], keep="first", maintain_order=True)
        .sort("row")
    )
    return [
        Found(
            "isolation",
            ("G1b",),
            (write, read, final),
            (Tie("wr", write, read), Tie("rw", read, final)),
            "{1}, but that was not the last of it: {0}, then {2} in the same hold.",
        )
        for write, read, final in pairs.select("row_w", "row", "final_row").iter_rows()
    ]


def _internal(ops: pl.DataFrame) -> list[Found]:
    """A transaction that does not see its own writes, or sees them before it made them.

    No single copy of a world can do this; a history from a replicated store can.
    """
    pair = ["txn", "item"]
    both = (
        ops.filter(pl.col("write").any().over(pair) & (pl.len().over(pair) > 1))
        .sort("txn", "item", "row")
        .with_columns(pl.when("write").then("version").alias("made"))
    )
    never = pl.lit(np.iinfo(np.int64).max)
    seen = both.with_columns(
        pl.col("made").fill_null(-1).cum_max().over(pair).alias("before"),
        pl.col("made").fill_null(never).cum_min(reverse=True).over(pair).alias("after"),
    )
    went_back = (pl.col("before") > pl.col("version")) & ~(pl.col("write") & pl.col("predicate"))
    foresaw = ~pl.col("write") & (pl.col("after") <= pl.col("version"))
    wrong = seen.filter(~pl.col("dirty") & (went_back | foresaw))
    return [
        Found("isolation", ("internal",), (row,), (), "{0}, which is not what its own hold made.")
        for row in wrong.sort("row").get_column("row").to_list()
    ]
