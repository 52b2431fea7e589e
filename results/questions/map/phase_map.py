"""The map: over the range of tasks, where a topology does better than the reference, where worse.

Each cell of the grid is compared alone, paired by base task; the intervals of all cells hold
together, as those of verdicts do, and a cell is decided if its interval leaves out 0. Beside the
cells stands one contrast for each dial: how far the difference moves from one end of the dial to
the other, over all cells together.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from results.statistics.compare import compare, paired_counts
from results.statistics.consistency import group_columns
from results.statistics.differences import all_pass
from results.statistics.intervals import Floats
from results.statistics.quantiles import false_discovery, student
from results.strata import dials, strata

DIALS = ("width", "coupling", "depth", "write_share")
"""The dials of the kit whose settings make a map; those of others do if they are numbers."""
FOLLOWS = "mode"
"""The setting that a dial decides (`write_share` 0 is `answer`): no setting of its own."""

BETTER, WORSE, UNDECIDED = "better", "worse", "undecided"
LEAST_TASKS = 3
LEVEL = 0.95
CONTRASTS = pl.Schema(
    {
        "task_set": pl.String,
        "topology": pl.String,
        "reference": pl.String,
        "dial": pl.String,
        "tied": pl.List(pl.String),
        "least": pl.Float64,
        "most": pl.Float64,
        "k": pl.Int64,
        "change": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "level": pl.Float64,
        "tasks": pl.Int64,
        "cells": pl.Int64,
    }
)
"""One row for each topology beside the reference, task set and dial that varies.

`change` is how much the paired difference in pass^k rises when the dial goes from `least` to
`most`, all else equal, with limits of `level`, at which those of all rows hold together
(Bonferroni). Null where it cannot be told: with too few tasks, or because no two cells differ in
that dial alone; `tied` are then the settings that it moves with.
"""


def numeric_dials(frame: pl.DataFrame) -> list[str]:
    """The columns of a frame that hold dials with numbers for settings."""
    own = [name for name in dials(frame) if frame.schema[name].is_numeric()]
    return [*(name for name in DIALS if name in frame.columns), *own]


def dials_of(trials: pl.DataFrame) -> list[str]:
    """The dials that take several values within a task set."""
    return [
        dial
        for dial in numeric_dials(trials)
        if trials.group_by("task_set").agg(pl.col(dial).drop_nulls().n_unique() > 1)[dial].any()
    ]


def phase_map(
    trials: pl.DataFrame,
    reference: str = "single_thread",
    k: int = 1,
    levels: Mapping[str, float] | None = None,
    by: Sequence[str] | None = None,
) -> pl.DataFrame:
    """One row for each cell and topology beside the reference: as `compare`, a `conclusion`.

    That is better, worse or undecided, and null where nothing could be compared. Intervals are of
    `levels`, one for each topology (see `results.view.View.levels`); unless they are given, those
    of all rows hold together. Cells are of the settings `by`: those that vary, if it is not said.
    """
    by = strata(trials) if by is None else by
    others = trials.filter(pl.col("topology") != reference).select(group_columns(by)).n_unique()
    together = 1 - (1 - LEVEL) / max(others, 1)
    found = compare(trials, reference, by, (k,), level=together if levels is None else levels)
    return found.with_columns(
        pl.when(pl.col("difference").is_null())
        .then(None)
        .when(pl.col("low") > 0)
        .then(pl.lit(BETTER))
        .when(pl.col("high") < 0)
        .then(pl.lit(WORSE))
        .otherwise(pl.lit(UNDECIDED))
        .alias("conclusion")
    )


def corrected(ps: Floats) -> Floats:
    """Benjamini and Hochberg's adjusted p (1995) of one family; nan entries stay out of it."""
    found = np.full(ps.shape, np.nan)
    tested = ~np.isnan(ps)
    if tested.any():
        found[tested] = false_discovery(ps[tested])
    return found


def contrasts(
    trials: pl.DataFrame,
    reference: str = "single_thread",
    k: int = 1,
    by: Sequence[str] | None = None,
) -> pl.DataFrame:
    """The frame CONTRASTS, by least squares with errors clustered by base task (statsmodels).

    The outcome is a task's unbiased difference in pass^k in a cell. Each base task has a level of
    its own at each setting of what is no dial, all dials enter together as straight lines, and the
    interval is t with one degree of freedom less than base tasks: blocks are what was sampled,
    cells are not.
    """
    by = strata(trials) if by is None else by
    pairs = [
        group.filter(pl.col("n") >= k, pl.col("n_base") >= k).with_columns(
            *(pl.lit(key[name], dtype=trials.schema[name]).alias(name) for name in key)
        )
        for key, group in paired_counts(trials, reference, by)
    ]
    rows = (
        row
        for (task_set, topology), group in _together(pairs)
        for row in _of_topology(str(task_set), str(topology), group, reference, k, by)
    )
    return pl.DataFrame(_holding_together(list(rows)), schema=CONTRASTS, orient="row")


def _holding_together(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with intervals widened from LEVEL to the level at which all of them hold."""
    level = 1 - (1 - LEVEL) / max(sum(row["low"] is not None for row in rows), 1)
    for row in rows:
        row["level"] = level
        if row["low"] is not None:
            to, now = (student((1 + at) / 2, row["tasks"] - 1) for at in (level, LEVEL))
            wider = to / now
            row |= {
                end: row["change"] + wider * (row[end] - row["change"]) for end in ("low", "high")
            }
    return rows


def _together(pairs: Sequence[pl.DataFrame]) -> Iterator[tuple[tuple[Any, ...], pl.DataFrame]]:
    if pairs:
        whole = pl.concat(pairs)
        yield from whole.group_by(["task_set", "topology"], maintain_order=True)


def _of_topology(
    task_set: str,
    topology: str,
    group: pl.DataFrame,
    reference: str,
    k: int,
    by: Sequence[str],
) -> Iterator[dict[str, Any]]:
    varied = [
        name
        for name in by
        if name != FOLLOWS and group.get_column(name).drop_nulls().n_unique() > 1
    ]
    tied = {dial: _tied(group, dial, varied) for dial in numeric_dials(group) if dial in varied}
    free = [dial for dial, others in tied.items() if not others]
    slopes = _slopes(group, free, [name for name in varied if name not in free], k)
    for dial, others in tied.items():
        values = group.get_column(dial).cast(pl.Float64)
        least, most = float(values.min()), float(values.max())  # pyright: ignore[reportArgumentType]
        slope = slopes.get(dial)
        change = (
            (None,) * 3
            if slope is None
            else tuple(None if value is None else value * (most - least) for value in slope)
        )
        yield {
            "task_set": task_set,
            "topology": topology,
            "reference": reference,
            "dial": dial,
            "tied": others,
            "least": least,
            "most": most,
            "k": k,
            **dict(zip(("change", "low", "high"), change, strict=True)),
            "tasks": group.get_column("block").n_unique(),
            "cells": group.select(varied).n_unique(),
        }


def _tied(group: pl.DataFrame, dial: str, varied: Sequence[str]) -> list[str]:
    """The settings that move whenever the dial does; none if two cells differ in it alone."""
    others = [name for name in varied if name != dial]
    if _moves(group, dial, others):
        return []
    freeing = [
        one for one in others if _moves(group, dial, [name for name in others if name != one])
    ]
    return freeing or others


def _moves(group: pl.DataFrame, dial: str, held: Sequence[str]) -> bool:
    """Whether the dial takes several values while `held` settings stay."""
    values = group.group_by(*held, pl.lit(0)).agg(pl.col(dial).n_unique().alias("values"))
    return bool((values.get_column("values") > 1).any())


def _slopes(
    group: pl.DataFrame, dials: Sequence[str], held: Sequence[str], k: int
) -> dict[str, "Slope"]:
    """The slope of each dial by name, where it can be told; `held` settings are held equal."""
    if not dials:
        return {}
    c, n, base_c, base_n = (
        group.get_column(name).to_numpy() for name in ("c", "n", "c_base", "n_base")
    )
    clusters = group.get_column("block").rank("dense").to_numpy().astype(np.int64) - 1
    levels = group.select(pl.struct("block", *held).rank("dense")).to_series()
    found = slopes_within(
        group.select(pl.col(dials).cast(pl.Float64)).to_numpy(),
        all_pass(c, n, k) - all_pass(base_c, base_n, k),
        clusters,
        levels.to_numpy().astype(np.int64) - 1,
    )
    return {} if found is None else dict(zip(dials, found, strict=True))


Slope = tuple[float, float | None, float | None]
"""Estimate, low and high."""


def slopes_within(
    settings: Floats,
    outcome: Floats,
    units: npt.NDArray[np.int64],
    levels: npt.NDArray[np.int64] | None = None,
) -> list[Slope] | None:
    """What one more of each setting (a column) brings, with errors clustered by unit.

    Each of `levels` (the units, unless given) has a level of its own. None with too few units, or
    settings that cannot be told apart. Without spread between units an estimate has no interval.
    """
    import statsmodels.api as sm  # pyright: ignore[reportMissingTypeStubs]

    levels = units if levels is None else levels
    clusters = int(units.max(initial=-1)) + 1
    means = np.array([np.bincount(levels, column) for column in (*settings.T, outcome)])
    means = means / np.bincount(levels)
    matrix, left = settings - means[:-1].T[levels], outcome - means[-1][levels]
    if clusters < LEAST_TASKS or np.linalg.matrix_rank(matrix) < matrix.shape[1]:
        return None
    model: Any = sm.OLS(left, matrix)
    # With clusters, statsmodels takes t with one degree of freedom less than clusters.
    fit: Any = model.fit(cov_type="cluster", cov_kwds={"groups": units}, use_t=True)
    variances: Any = np.diag(fit.cov_params())
    found: list[Slope] = []
    for at in range(matrix.shape[1]):
        estimate = float(fit.params[at])
        if not float(variances[at]) > 1e-18:
            found.append((estimate, None, None))
            continue
        low, high = (float(end) for end in fit.conf_int(1 - LEVEL)[at])
        found.append((estimate, low, high))
    return found
