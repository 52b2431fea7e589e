"""Why runs do not pair, and how what one calls otherwise is called by the other's name."""

from collections.abc import Mapping, Sequence

import polars as pl

from results.refused import Refused
from results.strata import spoken

CALLED = {"topology": "topology", "task_set": "task set"}
"""What runs may call by different names, column to word."""
FEW = 3


def renamed(frames: Mapping[str, pl.DataFrame], texts: Sequence[str]) -> dict[str, pl.DataFrame]:
    """The trials of runs with topologies and task sets called as each of `texts` says.

    A text is "RUN:THEIRS=OURS", or "THEIRS=OURS" for every run but the first; THEIRS is a topology
    or a task set there. `Refused` for a name that no such run has, or for two that become one.
    """
    found = dict(frames)
    for text in texts:
        runs, names = list(frames)[1:], text
        for run in frames:
            if text.startswith(f"{run}:"):
                runs, names = [run], text.removeprefix(f"{run}:")
        theirs = {run: _place(found[run], names) for run in runs}
        if not any(theirs.values()):
            known = "; ".join(f"{run} has {_few(found[run], *CALLED)}" for run in runs)
            raise Refused(
                f"--as {text}: write RUN:THEIRS=OURS, with a topology or task set of RUN for "
                f"THEIRS; {known}"
            )
        for run, place in theirs.items():
            if place is not None:
                found[run] = _called(found[run], *place, text)
    return found


def _place(trials: pl.DataFrame, names: str) -> tuple[str, str, str] | None:
    """The column, the name there and the new one; names may hold "=" themselves."""
    for column in CALLED:
        for name in trials.get_column(column).unique().to_list():
            if names.startswith(f"{name}=") and names.removeprefix(f"{name}="):
                return column, name, names.removeprefix(f"{name}=")
    return None


def _called(trials: pl.DataFrame, column: str, old: str, new: str, text: str) -> pl.DataFrame:
    if new in trials.get_column(column).to_list():
        raise Refused(f"--as {text}: the run has a {CALLED[column]} {new!r} already")
    return trials.with_columns(pl.col(column).replace(old, new))


def why_unpaired(
    first: tuple[str, pl.DataFrame], other: tuple[str, pl.DataFrame], by: Sequence[str]
) -> str:
    """What keeps every task of the other run from a partner in the first, in a sentence."""
    (name, ours), (called, theirs) = first, other
    ours, theirs = _with(ours, by, theirs.schema), _with(theirs, by, ours.schema)
    start = f"Nothing of {called} is paired with {name}:"
    keys: list[str] = []
    for column in ("topology", "task_set", "task"):
        both = ours.select(*keys, column).unique().join(theirs, on=[*keys, column], how="semi")
        if both.is_empty():
            ask = (
                f"; say which is which as in --as {called}:THEIRS=OURS" if column in CALLED else ""
            )
            return (
                f"{start} they have no {spoken(column)} in common ({name} has "
                f"{_few(ours, column)}; {called} has {_few(theirs, column)}){ask}."
            )
        keys.append(column)
        ours, theirs = (side.join(both, on=keys, how="semi") for side in (ours, theirs))
    pairs = ours.select(*keys, *by).join(theirs.select(*keys, *by), on=keys, suffix="_theirs")
    apart = [
        column
        for column in by
        if not pairs.select(pl.col(column).eq_missing(pl.col(f"{column}_theirs")).any()).item()
    ]
    if apart:
        told = " and ".join(
            f"{spoken(column)} ({_few(ours, column)} and {_few(theirs, column)})"
            for column in apart
        )
        return f"{start} they did the tasks in common at another {told}."
    return f"{start} no task that both did at the same settings has graded trials in both."


def _with(trials: pl.DataFrame, columns: Sequence[str], other: pl.Schema) -> pl.DataFrame:
    """The trials with null for a dial that only the other run has."""
    missing = (column for column in columns if column not in trials.columns)
    return trials.with_columns(pl.lit(None, other[column]).alias(column) for column in missing)


def _few(trials: pl.DataFrame, *columns: str) -> str:
    names = [
        "none on record" if value is None else str(value)
        for column in columns
        for value in trials.get_column(column).unique().sort().to_list()
    ]
    more = [f"{len(names) - FEW} more"] if len(names) > FEW else []
    return ", ".join([*names[:FEW], *more])
