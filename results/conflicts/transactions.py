"""Cuts a history into transactions and numbers all that the checker compares.

A transaction is one uninterrupted hold of control by an agent: (trial, agent, hold). Strings become
small integers once, so that a million accesses are compared as arrays.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

from results.records import ACCESSES
from results.refused import Refused

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def numbered(*parts: Ints) -> Ints:
    """Consecutive numbers from 0, one for each distinct combination; parts are not negative."""
    code = parts[0]
    for part in parts[1:]:
        if part.size:
            code = code * (int(part.max()) + 1) + part
            code = np.unique(code, return_inverse=True)[1].astype(np.int64)
    return np.unique(code, return_inverse=True)[1].astype(np.int64)


def ints(series: pl.Series) -> Ints:
    """A column without nulls as int64."""
    return series.cast(pl.Int64).to_numpy()


def prepared(accesses: pl.DataFrame) -> pl.DataFrame:
    """The accesses in the order of each history, numbered; their own columns stay.

    Added: `row` (position in this frame), `trial`, `who` (agent), `call` (one tool call), `item`
    (row or predicate of a trial), `write`, `aborted` (part of a call that wrote and was undone),
    `isolated` (every hold of the trial is known), `txn` (-1 where not `isolated`) and `dirty` (a
    read of an aborted version). Trials in which a version is unknown are left out: nothing can be
    said of them. `Refused` for a missing column, or for a version written twice.
    """
    missing = [name for name in ACCESSES if name not in accesses.columns]
    if missing:
        raise Refused(f"accesses lack the column {', '.join(missing)}")
    frame = (
        accesses.select(*(pl.col(name).cast(kind) for name, kind in ACCESSES.items()))
        .with_columns(
            _code("trial_id").alias("trial"),
            _code("agent").alias("who"),
            _code("table").alias("_table"),
            _code("key").alias("_key"),
            (pl.col("op") != "read").alias("write"),
            pl.col("predicate").fill_null(False),
            pl.col("undone").fill_null(False),
            pl.col("call_id").cast(pl.Categorical).to_physical().cast(pl.Int64).alias("_called"),
        )
        .sort("trial", "access")
    )
    unknown = frame.filter(pl.col("version").is_null()).get_column("trial").unique()
    frame = frame.filter(~pl.col("trial").is_in(unknown.implode())).with_columns(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("row"),
        pl.col("hold").is_not_null().all().over("trial").alias("isolated"),
    )
    frame = frame.with_columns(
        pl.when(pl.col("step").is_not_null())
        .then(pl.col("step") * 3)
        .when(pl.col("_called").is_not_null())
        .then(pl.col("_called") * 3 + 1)
        .otherwise(pl.col("row") * 3 + 2)
        .alias("_called")
    )
    trial, who = ints(frame["trial"]), ints(frame["who"])
    write = frame["write"].to_numpy()
    predicate = ints(frame["predicate"])
    call = numbered(trial, who, ints(frame["_called"]))
    item = numbered(trial, ints(frame["_table"]), ints(frame["_key"]), predicate)
    isolated = frame["isolated"].to_numpy()
    hold = ints(frame["hold"].fill_null(0))
    txn = np.full(len(frame), -1, dtype=np.int64)
    txn[isolated] = numbered(
        trial[isolated], who[isolated], hold[isolated] - (hold.min() if hold.size else 0)
    )
    aborted = frame["undone"].to_numpy() & _of_call(call, write)
    frame = frame.drop("_table", "_key", "_called").with_columns(
        pl.Series("call", call),
        pl.Series("item", item),
        pl.Series("txn", txn),
        pl.Series("aborted", aborted),
    )
    return frame.with_columns(pl.Series("dirty", _dirty(frame)))


def _code(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Categorical).to_physical().cast(pl.Int64)


def _of_call(call: Ints, write: Flags) -> Flags:
    wrote = np.zeros(int(call.max()) + 1 if call.size else 0, dtype=np.bool_)
    wrote[call[write]] = True
    return wrote[call]


def positions(item: Ints, version: Ints) -> Ints:
    """One number for each version of an item, ascending by item, then by version."""
    return item * (int(version.max(initial=0)) + 2) + version


def _dirty(frame: pl.DataFrame) -> Flags:
    """Reads of a version that an aborted call made; refuses a version that was written twice."""
    item, version = ints(frame["item"]), ints(frame["version"])
    write, aborted = frame["write"].to_numpy(), frame["aborted"].to_numpy()
    place = positions(item, version)
    made, count = np.unique(place[write], return_counts=True)
    if (count > 1).any():
        at = int(np.flatnonzero(write & (place == made[count > 1][0]))[0])
        row = frame.row(at, named=True)
        raise Refused(
            f"trial {row['trial_id']}: version {row['version']} of {row['table']} {row['key']} "
            "is written twice; every write needs a version of its own"
        )
    return ~write & np.isin(place, place[write & aborted])
