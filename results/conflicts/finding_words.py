"""Puts a finding into words and data: what each access did, and what order each pair forces."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from results.conflicts.findings import FINDINGS, SEEN, empty
from results.conflicts.graph import KINDS, Edges
from results.conflicts.transactions import Ints

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Tie:
    """One edge of a witness before it is in words: the rows of its accesses, or of two holds.

    `first_of` and `second_of` are rows by which to name the transactions, if not the same.
    """

    kind: str
    first_row: int
    second_row: int
    first_of: int | None = None
    second_of: int | None = None


@dataclass(frozen=True)
class Found:
    """A finding before it is in words: all its names, the rows it rests on, the order they force.

    `sentence` opens the telling; with `cycle` the edges are told after it.
    """

    family: str
    names: tuple[str, ...]
    rows: tuple[int, ...]
    ties: tuple[Tie, ...]
    sentence: str | None = None
    unit: str = "hold"


def told(found: Sequence[Found], frame: pl.DataFrame) -> pl.DataFrame:
    """The findings as rows of the findings frame, with `row` to sort by. `frame` is `prepared`."""
    if not found:
        return empty()
    needed = sorted({row for one in found for row in (*_rows(one), *_named(one))})
    rows = dict(zip(needed, frame[needed].to_dicts(), strict=True))
    return pl.DataFrame(
        [_told(one, rows) for one in found],
        schema={**FINDINGS, "row": pl.Int64},
        orient="row",
    )


def ties(
    found: Edges, used: Iterable[int], nodes: Sequence[int], last: Ints, first: Ints
) -> tuple[Tie, ...]:
    """The edges of a cycle as ties; places below 0 are the order of processes or of real time."""
    after = [*nodes[1:], nodes[0]]
    # The last row of an overlapping call is its own; its first can be a read it was decided from.
    return tuple(
        Tie(
            KINDS[int(found.kind[at])],
            int(found.src_row[at]),
            int(found.dst_row[at]),
            int(last[node]),
            int(last[other]),
        )
        if at >= 0
        else Tie("process" if at == -1 else "realtime", int(last[node]), int(first[other]))
        for at, node, other in zip(used, nodes, after, strict=True)
    )


def thing(row: Row) -> str:
    """The row or predicate of an access."""
    return (
        f"{row['table']} where {row['key']}" if row["predicate"] else f"{row['table']} {row['key']}"
    )


def did(row: Row) -> str:
    """What an access did, such as "a read stock P7 (version 0, step 3)"."""
    verbs = ("asked for", "changed") if row["predicate"] else ("read", "wrote")
    step = "" if row["step"] is None else f", step {row['step']}"
    return f"{row['agent']} {verbs[row['write']]} {thing(row)} (version {row['version']}{step})"


def unit_name(row: Row, unit: str = "hold") -> str:
    """The transaction of an access: agent and hold, or agent and step for a single call."""
    if unit == "call":
        return f"{row['agent']}/call {row['step'] if row['step'] is not None else row['call_id']}"
    return f"{row['agent']}/{row['hold']}"


def _because(tie: Tie, first: Row, second: Row) -> str:
    if tie.kind == "process":
        return f"{first['agent']}'s hold {first['hold']} came before its hold {second['hold']}"
    if tie.kind == "realtime":
        return (
            f"{first['agent']} (hold {first['hold']}) had ended before "
            f"{second['agent']} (hold {second['hold']}) began"
        )
    if tie.kind == "rw":
        return f"{did(first)}, without {second['agent']}'s version {_version(second)}"
    if tie.kind == "wr":
        return f"{did(second)}, with {first['agent']}'s version {_version(first)} in it"
    return f"{did(second)}, over {first['agent']}'s version {_version(first)}"


def _version(row: Row) -> str:
    step = "" if row["step"] is None else f" (step {row['step']})"
    return f"{row['version']}{step}"


def _of(unit: int | None, row: int) -> int:
    return row if unit is None else unit


def _rows(one: Found) -> list[int]:
    """The accesses that a finding shows."""
    return [*one.rows, *(row for tie in one.ties for row in (tie.first_row, tie.second_row))]


def _named(one: Found) -> list[int]:
    """Rows that only name a transaction."""
    return [row for tie in one.ties for row in (tie.first_of, tie.second_of) if row is not None]


def _told(one: Found, rows: Mapping[int, Row]) -> dict[str, Any]:
    order = sorted(set(_rows(one)))
    seen = [rows[row] for row in order]
    edges = [
        {
            "first": unit_name(rows[_of(tie.first_of, tie.first_row)], one.unit),
            "second": unit_name(rows[_of(tie.second_of, tie.second_row)], one.unit),
            "kind": tie.kind,
            "because": _because(tie, rows[tie.first_row], rows[tie.second_row]),
            "first_access": rows[tie.first_row]["access"],
            "second_access": rows[tie.second_row]["access"],
        }
        for tie in one.ties
    ]
    things = {(row["table"], row["key"], row["predicate"]) for row in seen}
    table, key, predicate = things.pop() if len(things) == 1 else (None, None, None)
    sentence = one.sentence.format(*(did(rows[row]) for row in one.rows)) if one.sentence else ""
    return {
        "trial_id": seen[0]["trial_id"],
        "finding": None,
        "family": one.family,
        "kind": one.names[0],
        "names": list(one.names),
        "agents": sorted({row["agent"] for row in seen}),
        "steps": sorted({row["step"] for row in seen if row["step"] is not None}),
        "table": table,
        "key": key,
        "predicate": predicate,
        "amount": 1,
        "at": seen[-1]["at"],
        "sentence": sentence or _cycle_sentence(one.names[0], edges),
        "witness": json.dumps(
            {"accesses": [{name: row[name] for name in SEEN} for row in seen], "edges": edges},
            ensure_ascii=False,
        ),
        "row": order[-1],
    }


def _cycle_sentence(name: str, edges: Sequence[Mapping[str, Any]]) -> str:
    units = sorted({str(edge["first"]) for edge in edges})
    agents = [unit.rpartition("/")[0] for unit in units]
    # A hold is named only where one agent has several.
    short = dict(zip(units, agents if len(set(agents)) == len(agents) else units, strict=True))
    parts = "; ".join(
        f"{short[edge['first']]} must come before {short[edge['second']]}, "
        f"because {edge['because']}"
        for edge in edges
    )
    end = "neither can go first" if len(edges) == 2 else f"none of the {len(edges)} can go first"
    return f"{name}: {parts}. So {end}."
