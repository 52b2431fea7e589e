"""Reads histories that other systems wrote, as the `accesses` the checker takes.

Two kinds of file: `accesses` as Parquet (see `results/README.md` for the columns), and JSON with
transactions whose operations carry version numbers, 0 for the initial state:

    {"histories": [{"name": "G1a", "order": "none", "transactions": [
        {"id": "T1", "process": null, "status": "aborted", "ops": [["write", "x", 1]]},
        {"id": "T2", "process": null, "status": "committed", "ops": [["read", "x", 1]]}]}]}

`order` is what the order of the list means: "none", "process" (that of each process) or "realtime"
(each transaction ended before the next began). A short history can be written in one line.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import polars as pl

from results.conflicts import find_conflicts
from results.records import ACCESSES, OPS, frame
from results.refused import Refused

ORDERS = ("none", "process", "realtime")
MOST_VERSION = 2**40
"""Above it, versions of many rows could not be told apart in 64 bits."""

STATUSES = ("committed", "aborted")
NEEDED = ("trial_id", "access", "agent", "op", "table", "key", "version")
"""Columns that a Parquet file must have, without nulls in any but version; others may be absent."""


def check_file(path: Path | str) -> pl.DataFrame:
    """The findings in a file of histories. `Refused`, in one line, for a file of neither kind.

    A JSON history knows transactions, not agents with intents: of it only stale bases and isolation
    are asked.
    """
    if Path(path).suffix == ".parquet":
        return find_conflicts(read_file(path))
    return find_conflicts(read_file(path), families=("basis", "isolation"))


def read_file(path: Path | str) -> pl.DataFrame:
    """The accesses in a file. `Refused`, in one line, for what cannot be read as such."""
    path = Path(path)
    if not path.is_file():
        raise Refused(f"there is no file {path}")
    if path.suffix == ".parquet":
        return _parquet(path)
    if path.suffix != ".json":
        raise Refused(f"{path}: give a .json file of histories or accesses as .parquet")
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise Refused(f"{path} is not JSON: {error}") from error
    histories: Any = cast("dict[str, Any]", data).get("histories") if _is(data, dict) else None
    if not _is(histories, list):
        raise Refused(f'{path} has no list "histories"')
    try:
        return from_histories(histories)
    except Refused as error:
        raise Refused(f"{path}: {error}") from error


def names_in(path: Path | str) -> list[str]:
    """The names of the histories in a file that `read_file` reads, those without accesses too."""
    if Path(path).suffix == ".json":
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        return [history["name"] for history in data["histories"]]
    return _parquet(Path(path)).get_column("trial_id").unique().sort().to_list()


def from_histories(histories: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Accesses of histories as they stand in JSON; a history is a trial, an operation a call.

    A transaction without a process is an agent of its own, and needs a name of its own: its id, or
    T and its place in the list. Reads of an aborted transaction depend
    on nothing and are left out.
    """
    names = [history.get("name") if _is(history, dict) else None for history in histories]
    if not all(_is(name, str) for name in names) or len(set(names)) < len(names):
        raise Refused("every history needs a name of its own")
    return frame("accesses", [row for history in histories for row in _rows(history)])


def _rows(history: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    name, order = history["name"], history.get("order", "none")
    if order not in ORDERS:
        raise Refused(f"{name}: order {order!r} is none of {', '.join(ORDERS)}")
    transactions: Any = history.get("transactions")
    if not _is(transactions, list):
        raise Refused(f'{name} has no list "transactions"')
    number = 0
    names = _agents(name, transactions)
    for hold, transaction in enumerate(transactions):
        status = transaction.get("status", "committed") if _is(transaction, dict) else None
        if status not in STATUSES or not _is(transaction.get("ops"), list):
            raise Refused(
                f"{name}, transaction {hold + 1}: needs ops and a status, {' or '.join(STATUSES)}"
            )
        alone = transaction.get("process") is None or order != "none"
        for op in transaction["ops"]:
            kind, key, version = _operation(op, name)
            aborted = status == "aborted"
            if aborted and kind == "read":
                continue
            yield {
                "trial_id": name,
                "access": number,
                "step": number,
                "agent": names[hold] if alone else f"{names[hold]}/{hold}",
                "hold": hold,
                "op": kind,
                "table": "item",
                "key": key,
                "predicate": False,
                "version": version,
                "undone": aborted,
                "at": float(number) if order == "realtime" else None,
            }
            number += 1


def _agents(history: str, transactions: Sequence[Any]) -> list[str]:
    """Whose each transaction is: its process, or else itself."""
    names: list[str] = []
    own: list[str] = []
    for place, one in enumerate(transactions, start=1):
        given: Mapping[str, Any] = one if _is(one, dict) else {}
        if given.get("process") is None:
            own.append(str(given["id"] if given.get("id") is not None else f"T{place}"))
            names.append(own[-1])
        else:
            names.append(str(given["process"]))
    for name in own:
        if names.count(name) > 1:
            raise Refused(f"{history}: two transactions, or a process too, are called {name!r}")
    return names


def _operation(op: Any, name: str) -> tuple[str, str, int]:
    if _is(op, list) and len(op) == 3:
        kind, key, version = op
        whole = isinstance(version, int) and not isinstance(version, bool)
        if kind in ("read", "write") and isinstance(key, str) and whole:
            if kind == "write" and version == 0:
                raise Refused(f"{name}: {key} is written at version 0, its state at first")
            if 0 <= version <= MOST_VERSION:
                return kind, key, version
            raise Refused(f"{name}: version {version} of {key} must be from 0 to {MOST_VERSION}")
    raise Refused(f'{name}: {json.dumps(op)} is not ["read" or "write", key, version]')


def _parquet(path: Path) -> pl.DataFrame:
    try:
        found = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise Refused(f"{path} is not Parquet: {str(error).splitlines()[0]}") from error
    missing = [name for name in NEEDED if name not in found.columns]
    if missing:
        raise Refused(f"{path} has no column {', '.join(missing)}; accesses need it")
    try:
        typed = found.select(
            pl.col(name).cast(kind) if name in found.columns else pl.lit(None, kind).alias(name)
            for name, kind in ACCESSES.items()
        )
    except pl.exceptions.PolarsError as error:
        raise Refused(f"{path}: {str(error).splitlines()[0]}") from error
    for name in NEEDED[:-1]:
        if typed.get_column(name).null_count():
            raise Refused(f"{path}: column {name} has nulls")
    for name in ("access", "version"):
        given, read = found.get_column(name), typed.get_column(name)
        if (
            given.dtype.is_float()
            and (given.drop_nulls() != read.drop_nulls().cast(given.dtype)).any()
        ):
            raise Refused(f"{path}: column {name} must be whole numbers")
    if (typed.get_column("version").drop_nulls().is_between(0, MOST_VERSION)).not_().any():
        raise Refused(f"{path}: column version must be from 0 to {MOST_VERSION}")
    strange = typed.filter(~pl.col("op").is_in(OPS)).get_column("op")
    if strange.len():
        raise Refused(f"{path}: op is {strange[0]!r}; it must be one of {', '.join(OPS)}")
    if typed.filter(pl.col("op") != "read", pl.col("version") == 0).height:
        raise Refused(f"{path}: a row is written at version 0, its state at first")
    if typed.select(pl.struct("trial_id", "access").is_duplicated().any()).item():
        raise Refused(f"{path}: column access has a number twice in one trial")
    return typed


def _is(value: Any, kind: type) -> bool:
    return isinstance(value, kind)
