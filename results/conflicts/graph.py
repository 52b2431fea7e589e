"""The direct serialization graph of all trials at once: who must come before whom, and why.

Adya's dependencies (Weak Consistency, MIT 1999, chapter 3) with the version order known:

    ww  T1 made a version and T2 the next one          (rows only)
    wr  T2 read a version that T1 made
    rw  T1 read a version and T2 made the next one

Every recorded version counts, also those a transaction wrote over itself, since each was in the
world for others to see. Two changes to what a predicate holds need no order between them, so
predicates have no ww; a read of a predicate depends on all changes up to the version it saw and
comes before all later ones.
"""

from typing import NamedTuple

import numpy as np
import polars as pl

from results.conflicts.transactions import Flags, Ints, ints, positions

KINDS = ("ww", "wr", "rw")
WW, WR, RW = range(3)


class Edges(NamedTuple):
    """Parallel arrays: transaction `src` before `dst`, by `kind`, for the accesses at two rows."""

    src: Ints
    dst: Ints
    kind: Ints
    item: Ints
    predicate: Flags
    src_row: Ints
    dst_row: Ints

    def kept(self, where: Flags | Ints) -> "Edges":
        """The edges at these places."""
        src, dst, kind, item, predicate, src_row, dst_row = self
        return Edges(
            src[where],
            dst[where],
            kind[where],
            item[where],
            predicate[where],
            src_row[where],
            dst_row[where],
        )


def edges(ops: pl.DataFrame) -> Edges:
    """The dependencies between the transactions of `ops`, each once per item.

    `ops` has the columns row, txn, item, version, write, predicate and dirty, and holds committed
    accesses only. Reads of aborted versions (`dirty`) force no order.
    """
    whole = ops.filter(~pl.col("predicate"))
    parts = [*_row_edges(whole), *_predicate_edges(ops.filter(pl.col("predicate")))]
    joined = Edges(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    joined = joined.kept(joined.src != joined.dst)
    # One edge of a kind between two transactions for each item: the earliest accesses stand for it.
    joined = joined.kept(np.lexsort((joined.dst_row, joined.src_row)))
    found = pl.DataFrame(
        {"src": joined.src, "dst": joined.dst, "kind": joined.kind, "item": joined.item}
    )
    first = found.with_row_index("at").unique(
        ["src", "dst", "kind", "item"], keep="first", maintain_order=True
    )
    return joined.kept(ints(first["at"]))


def _row_edges(ops: pl.DataFrame) -> list[Edges]:
    writes = ops.filter("write").sort("item", "version")
    reads = ops.filter(~pl.col("write") & ~pl.col("dirty"))
    item, txn, row = (ints(writes[name]) for name in ("item", "txn", "row"))
    reader, read_row = ints(reads["txn"]), ints(reads["row"])
    both = pl.concat([writes, reads])
    place = positions(ints(both["item"]), ints(both["version"]))
    made, seen = place[: len(writes)], place[len(writes) :]
    at = np.searchsorted(made, seen)
    hit = np.flatnonzero(at < made.size)
    hit = hit[made[at[hit]] == seen[hit]]
    after = np.searchsorted(made, seen, side="right")
    over = np.flatnonzero(after < made.size)
    over = over[item[after[over]] == ints(reads["item"])[over]]
    next_to = np.flatnonzero(item[1:] == item[:-1])
    return [
        _of(WW, txn[next_to], txn[next_to + 1], item[next_to], row[next_to], row[next_to + 1]),
        _of(WR, txn[at[hit]], reader[hit], item[at[hit]], row[at[hit]], read_row[hit]),
        _of(
            RW, reader[over], txn[after[over]], item[after[over]], read_row[over], row[after[over]]
        ),
    ]


def _predicate_edges(ops: pl.DataFrame) -> list[Edges]:
    ends = (
        pl.col("version").min().alias("low"),
        pl.col("version").max().alias("high"),
        pl.col("row").sort_by("version", "row").first().alias("low_row"),
        pl.col("row").sort_by("version", "row").last().alias("high_row"),
    )
    changes = ops.filter("write")
    asked = ops.filter(~pl.col("write") & ~pl.col("dirty"))
    asked = asked.join(changes.select("item").unique(), on="item", how="semi")
    pairs = (
        asked.group_by("item", "txn")
        .agg(*ends)
        .join(changes.group_by("item", "txn").agg(*ends), on="item", suffix="_w")
    )
    saw = pairs.filter(pl.col("low_w") <= pl.col("high"))
    missed = pairs.filter(pl.col("low") < pl.col("high_w"))
    after, before = ("txn_w", "txn", "item", "low_row_w", "high_row"), ("txn", "txn_w", "item")
    return [
        _of(WR, *(ints(saw[name]) for name in after), predicate=True),
        _of(
            RW,
            *(ints(missed[name]) for name in (*before, "low_row", "high_row_w")),
            predicate=True,
        ),
    ]


def _of(
    kind: int,
    src: Ints,
    dst: Ints,
    item: Ints,
    src_row: Ints,
    dst_row: Ints,
    *,
    predicate: bool = False,
) -> Edges:
    kinds = np.full(src.size, kind, dtype=np.int64)
    return Edges(src, dst, kinds, item, np.full(src.size, predicate), src_row, dst_row)
