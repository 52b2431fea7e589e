"""The surface of reliability: pass^k over k, over how the work is put and over what goes wrong.

A demonstration is its best corner: one trial, plain words, nothing wrong (ReliabilityBench, arXiv
2601.06112, spans it with consistency, perturbed wording and injected faults).
"""

from collections.abc import Sequence

import polars as pl

from results.statistics.bands import pass_k_bands

AXES = ("phrasing", "faults")
"""What the surface spans beside k."""
MOST_K = 8


def spans_a_surface(trials: pl.DataFrame) -> bool:
    """Whether any of AXES takes more than one value (no faults are a value) within a task set."""
    values = trials.group_by("task_set").agg(pl.col(name).n_unique() for name in AXES)
    return any(bool((values[name] > 1).any()) for name in AXES)


def surface(trials: pl.DataFrame, by: Sequence[str] = ()) -> pl.DataFrame:
    """One row for each topology, task set, `by`, phrasing, fault plan and k: pass^k.

    Columns: the keys, `k` (up to the trials of a task, at most MOST_K), `pass_hat` (null where no
    task has k graded trials), its 95% posterior interval `low` to `high` for tasks like these, and
    `tasks` that define it.
    """
    keys = [*(name for name in by if name not in AXES), *AXES]
    most = trials.group_by("topology", "task_set", *keys, "task").len()["len"].to_list()
    ks = range(1, min(max(most, default=1), MOST_K) + 1)
    bands = pass_k_bands(trials, ks, keys)
    return bands.select(
        "topology", "task_set", *keys, "k", "pass_hat", "low", "high", "tasks"
    ).sort("task_set", *keys, "topology", "k", nulls_last=False)
