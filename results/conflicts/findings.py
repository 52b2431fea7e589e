"""What a finding is: the frame of all findings, and the witness that each of them carries.

A witness is the accesses a finding rests on and the order that they force: each edge says who must
come before whom, and why. It travels in the frame as JSON and reads back as a `Witness`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

FAMILIES = ("basis", "isolation", "self", "effect")
"""In the order in which they are reported; a stale basis is what breaks things most directly."""

FINDINGS = pl.Schema(
    {
        "trial_id": pl.String,
        "finding": pl.Int64,
        "family": pl.String,
        "kind": pl.String,
        "names": pl.List(pl.String),
        "agents": pl.List(pl.String),
        "steps": pl.List(pl.Int64),
        "table": pl.String,
        "key": pl.String,
        "predicate": pl.Boolean,
        "amount": pl.Int64,
        "at": pl.Float64,
        "sentence": pl.String,
        "witness": pl.String,
    }
)
"""One row a finding, by trial.

`finding` is its ordinal in the trial; `kind` its narrowest name and `names` all that hold of it (a
lost update is also a G-single-item); `agents` and `steps` those it involves; `table`, `key` and
`predicate` what it is about, null when more than one row or predicate is; `amount` how often it
happened (1 but for wasted work); `at` the seconds at which its last access ended, null if untimed.
"""

SEEN = (
    "access",
    "agent",
    "hold",
    "message",
    "step",
    "call_id",
    "op",
    "table",
    "key",
    "predicate",
    "version",
    "at",
)
"""The fields of an access that a witness repeats."""

WHY = {
    "first": pl.String,
    "second": pl.String,
    "kind": pl.String,
    "because": pl.String,
    "first_access": pl.Int64,
    "second_access": pl.Int64,
}
"""The fields of an edge in a witness: see `Edge`."""


@dataclass(frozen=True)
class Seen:
    """One access as a witness shows it; the fields are those of `accesses`."""

    access: int
    agent: str
    hold: int | None
    message: int | None
    step: int | None
    call_id: str | None
    op: str
    table: str
    key: str
    predicate: bool
    version: int
    at: float | None


@dataclass(frozen=True)
class Edge:
    """`first` must come before `second`: ww, wr, rw, or the order `process` or `realtime`.

    Both are transactions, `name/hold` (`name/call step` for overlapping calls); the accesses that
    put them in order are given by their ordinals.
    """

    first: str
    second: str
    kind: str
    because: str
    first_access: int
    second_access: int


@dataclass(frozen=True)
class Witness:
    """Why a finding holds: in words, by access, and as the order forced by each pair of accesses.

    For an isolation anomaly the edges are a cycle. Findings that are not about order have none.
    """

    kind: str
    names: tuple[str, ...]
    sentence: str
    accesses: tuple[Seen, ...]
    edges: tuple[Edge, ...]


def witness(finding: Mapping[str, Any]) -> Witness:
    """The witness of one row of a findings frame, as `frame.row(n, named=True)` gives it."""
    data = json.loads(finding["witness"])
    return Witness(
        kind=finding["kind"],
        names=tuple(finding["names"]),
        sentence=finding["sentence"],
        accesses=tuple(Seen(**row) for row in data["accesses"]),
        edges=tuple(Edge(**row) for row in data["edges"]),
    )


def collected(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Findings of all kinds as one frame: by trial, then family, then in the order of time."""
    order = pl.Enum(FAMILIES)
    # The first access of the last call names the moment; it also breaks ties between runs.
    frame = pl.concat([part.select(*FINDINGS.names(), "row") for part in parts])
    return (
        frame.sort("trial_id", pl.col("family").cast(order), "row", "kind", "sentence")
        .with_columns(pl.int_range(pl.len()).over("trial_id").cast(pl.Int64).alias("finding"))
        .select(*(pl.col(name).cast(kind) for name, kind in FINDINGS.items()))
    )


def empty() -> pl.DataFrame:
    """No findings, in the form that `collected` takes."""
    return pl.DataFrame(schema={**FINDINGS, "row": pl.Int64})
