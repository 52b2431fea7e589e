"""How well dependencies are inferred, where the true ones are known.

The truth is a frame with `trial_id`, `from_step`, `to_step`: the call at `to_step` could not have
been made as it was without the reply at `from_step`. Precision is the share of the inferred that
are true, recall the share of the true that are inferred, both over all trials together. `direct`
compares the pairs as they are. `order` compares which calls must come before which, followed
through: it is what a schedule depends on, and is fairer to an inference that finds a needed call by
way of another.

What a user reads is the bound on speed-up that follows: `bound_accuracy` compares that.
"""

from collections.abc import Iterable
from typing import Any

import polars as pl

from results.questions.gain.graph import critical_path, speed_up_bound
from results.refused import Refused

TRUE_DEPENDENCIES = pl.Schema({"trial_id": pl.String, "from_step": pl.Int64, "to_step": pl.Int64})
ACCURACY = pl.Schema(
    {
        "compared": pl.String,
        "kind": pl.String,
        "inferred": pl.Int64,
        "true": pl.Int64,
        "right": pl.Int64,
        "precision": pl.Float64,
        "recall": pl.Float64,
    }
)
BOUNDS = pl.Schema({"trial_id": pl.String, "inferred": pl.Float64, "true": pl.Float64})
"""The bound on speed-up of each trial, calls over the longest chain, by either dependencies."""

Pair = tuple[str, int, int]


def dependency_accuracy(inferred: pl.DataFrame, true: pl.DataFrame) -> pl.DataFrame:
    """Precision and recall of inferred dependencies against true ones.

    Rows: `direct` for each `kind` and for `all`, and `order` for `all`. Only trials that occur in
    `true` count, so give a trial without dependencies no rows in either. Precision is null when
    nothing was inferred, recall when nothing is true. A dependency that points back (`from_step`
    not before `to_step`) is `Refused`.
    """
    for name, frame in (("inferred", inferred), ("true", true)):
        back = frame.filter(pl.col("from_step") >= pl.col("to_step"))
        if back.height:
            row = back.row(0, named=True)
            raise Refused(
                f"{name}: in trial {row['trial_id']} step {row['to_step']} cannot need step "
                f"{row['from_step']}, which is not before it"
            )
    known = _pairs(true)
    ours = inferred.filter(pl.col("trial_id").is_in(true.get_column("trial_id").unique().to_list()))
    rows = [
        _row("direct", str(key[0]), _pairs(kind), known)
        for key, kind in sorted(ours.partition_by("kind", as_dict=True).items())
    ]
    rows.append(_row("direct", "all", _pairs(ours), known))
    rows.append(_row("order", "all", _followed(_pairs(ours)), _followed(known)))
    return pl.DataFrame(rows, schema=ACCURACY, orient="row")


def bound_accuracy(calls: pl.DataFrame, inferred: pl.DataFrame, true: pl.DataFrame) -> pl.DataFrame:
    """The frame BOUNDS of the trials in `calls`, which has `trial_id` and `step` of each call.

    Dependencies on steps that are no calls of `calls` are left out.
    """
    needs = {"inferred": _needs(inferred), "true": _needs(true)}
    rows: list[dict[str, Any]] = []
    for (trial,), own in calls.sort("step").group_by("trial_id", maintain_order=True):
        steps: list[int] = own.get_column("step").to_list()
        place = {step: at for at, step in enumerate(steps)}
        weights = [1.0] * len(steps)
        row: dict[str, Any] = {"trial_id": trial}
        for name, of in needs.items():
            before = [[place[n] for n in of.get((str(trial), s), ()) if n in place] for s in steps]
            row[name] = speed_up_bound(len(steps), critical_path(before, weights))
        rows.append(row)
    return pl.DataFrame(rows, schema=BOUNDS, orient="row")


def _needs(frame: pl.DataFrame) -> dict[tuple[str, int], set[int]]:
    """What each call of a trial needs."""
    found: dict[tuple[str, int], set[int]] = {}
    for trial, before, after in _pairs(frame):
        found.setdefault((trial, after), set()).add(before)
    return found


def _pairs(frame: pl.DataFrame) -> set[Pair]:
    return set(frame.select("trial_id", "from_step", "to_step").iter_rows())


def _row(compared: str, kind: str, inferred: set[Pair], true: set[Pair]) -> dict[str, Any]:
    right = len(inferred & true)
    return {
        "compared": compared,
        "kind": kind,
        "inferred": len(inferred),
        "true": len(true),
        "right": right,
        "precision": right / len(inferred) if inferred else None,
        "recall": right / len(true) if true else None,
    }


def _followed(pairs: Iterable[Pair]) -> set[Pair]:
    """All pairs that follow: what is needed by something needed is needed too."""
    needs: dict[tuple[str, int], set[int]] = {}
    for trial, before, after in sorted(pairs, key=lambda pair: pair[2]):
        own = needs.setdefault((trial, after), set())
        own |= {before} | needs.get((trial, before), set())
    return {(trial, before, after) for (trial, after), own in needs.items() for before in own}
