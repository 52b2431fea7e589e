"""Finds the few transactions that can be on a cycle, over all trials at once.

Strongly connected components are taken of one graph that holds every trial, at three levels: the
dependencies alone; with the order of each agent's own holds; with the order of real time too.
"""

from typing import Any, NamedTuple, cast

import numpy as np
import polars as pl
from scipy import sparse as untyped  # pyright: ignore[reportMissingTypeStubs]
from scipy.sparse import csgraph as untyped_graph  # pyright: ignore[reportMissingTypeStubs]

from results.conflicts.graph import Edges
from results.conflicts.transactions import Flags, Ints, ints

_sparse, _graph = cast("Any", untyped), cast("Any", untyped_graph)

LEVELS = ("", "-process", "-realtime")
"""What is added to the dependencies, as it ends the name of an anomaly."""


class Transactions(NamedTuple):
    """Parallel arrays by transaction number; `first` and `last` are the rows where it begins, ends.

    `timed` is false where the trial's accesses carry no times: their order is then not known to be
    that of real time.
    """

    trial: Ints
    who: Ints
    hold: Ints
    first: Ints
    last: Ints
    timed: Flags


def transactions(ops: pl.DataFrame) -> Transactions:
    """The transactions of accesses with the columns trial, who, hold, txn, row and at."""
    timed = ops.group_by("trial").agg(pl.col("at").is_not_null().all().alias("timed"))
    found = (
        ops.group_by("txn")
        .agg(
            pl.col("trial", "who", "hold").first(),
            pl.col("row").min().alias("first"),
            pl.col("row").max().alias("last"),
        )
        .join(timed, on="trial")
        .sort("txn")
    )
    return Transactions(
        trial=ints(found["trial"]),
        who=ints(found["who"]),
        hold=ints(found["hold"]),
        first=ints(found["first"]),
        last=ints(found["last"]),
        timed=found["timed"].to_numpy(),
    )


def strong(nodes: int, src: Ints, dst: Ints) -> Ints:
    """The label of the strongly connected component of each node."""
    matrix = _sparse.csr_matrix((np.ones(src.size, np.int8), (src, dst)), shape=(nodes, nodes))
    return _graph.connected_components(matrix, connection="strong")[1].astype(np.int64)


def shortest(weights: Any) -> tuple[Any, Any]:
    """All shortest distances and predecessors in a dense matrix (inf: no edge)."""
    return _graph.floyd_warshall(weights, directed=True, return_predecessors=True)


def labels(found: Edges, txns: Transactions, levels: int = len(LEVELS)) -> list[Ints]:
    """Component labels of every transaction at each of the first `levels` levels."""
    count = txns.trial.size
    src, dst = found.src, found.dst
    at_level = [strong(count, src, dst)]
    if levels > 1:
        order = np.lexsort((txns.hold, txns.who, txns.trial))
        same = (txns.trial[order][1:] == txns.trial[order][:-1]) & (
            txns.who[order][1:] == txns.who[order][:-1]
        )
        src = np.concatenate([src, order[:-1][same]])
        dst = np.concatenate([dst, order[1:][same]])
        at_level.append(strong(count, src, dst))
    if levels > 2:
        more_src, more_dst = _in_time(txns)
        label = strong(2 * count, np.concatenate([src, more_src]), np.concatenate([dst, more_dst]))
        at_level.append(label[:count])
    return at_level


def _in_time(txns: Transactions) -> tuple[Ints, Ints]:
    """Edges through one extra node for each end of a transaction, in order of time.

    Whoever ended before another began reaches it along them, with three edges a transaction.
    """
    count = txns.trial.size
    order = np.argsort(txns.last)
    ends, trial, timed = txns.last[order], txns.trial[order], txns.timed[order]
    node = count + np.arange(count, dtype=np.int64)
    chain = np.flatnonzero((trial[1:] == trial[:-1]) & timed[1:])
    before = np.searchsorted(ends, txns.first) - 1
    begun = np.flatnonzero(before >= 0)
    begun = begun[(trial[before[begun]] == txns.trial[begun]) & txns.timed[begun]]
    into = order[timed]
    return (
        np.concatenate([into, node[chain], node[before[begun]]]),
        np.concatenate([node[timed], node[chain + 1], begun]),
    )
