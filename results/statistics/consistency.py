"""How consistently a topology passes the same task: pass^k and pass@k, per task and over tasks.

With c of n graded trials passed, k of them drawn without replacement all pass with probability
C(c,k)/C(n,k) (pass^k, Yao et al., arXiv 2406.12045) and at least one passes with probability
1 - C(n-c,k)/C(n,k) (pass@k, Chen et al., arXiv 2107.03374). Both are unbiased, and both are null
where k is above n.
"""

from collections.abc import Sequence

import polars as pl

from results.infeasible import counted as counted_trials
from results.refused import Refused

CRASHES: dict[str, str] = {
    "drop": "ungraded trials are left out; a task with fewer than k graded trials is left out at k",
    "failed": "ungraded trials count as not passed",
    "lowest_k": "ungraded trials are left out; k stops at the fewest graded trials of any task",
}
"""How trials that crashed or paused can be treated, and what each way means."""


def lost(trials: pl.DataFrame) -> str:
    """How many trials have no grade, as in "3 of 20 trials crashed, 1 paused"; "" for none."""
    without = counted_trials(trials).filter(pl.col("passed").is_null()).get_column("ended")
    paused = int((without == "paused").sum())
    crashed = without.len() - paused
    counts = ((crashed, "crashed"), (paused, "paused"))
    parts = [f"{count} {what}" for count, what in counts if count]
    if parts:
        number, _, what = parts[0].partition(" ")
        noun = "trial" if trials.height == 1 else "trials"
        parts[0] = f"{number} of {trials.height} {noun} {what}"
    return ", ".join(parts)


def tally(trials: pl.DataFrame, by: Sequence[str] = (), crashed: str = "drop") -> pl.DataFrame:
    """One row a task in each group: `n` trials that count, `c` of them passed, `common_k`.

    `by` names columns of the group beside topology and task set. `common_k` is the largest k at
    which the convention `crashed` (a key of CRASHES) lets this frame be compared: the fewest `n`
    of any task under `lowest_k`, else null (no such bound). A task whose trials all crashed has
    n = 0. A convention that is not known is `Refused`.
    """
    if crashed not in CRASHES:
        raise Refused(f"crashed = {crashed!r}: use one of {', '.join(CRASHES)}")
    graded = pl.col("passed").is_not_null()
    counted = pl.len() if crashed == "failed" else graded.sum()
    keys = group_columns(by)
    counts = (
        counted_trials(trials)
        .with_columns(pl.coalesce("block", "task").alias("block"))
        .group_by([*keys, "block", "task"], maintain_order=False)
        .agg(
            counted.cast(pl.Int64).alias("n"),
            pl.col("passed").fill_null(False).sum().cast(pl.Int64).alias("c"),
            (~graded).sum().cast(pl.Int64).alias("crashed_trials"),
        )
        .sort([*keys, "block", "task"], nulls_last=True)
    )
    bound = pl.col("n").min() if crashed == "lowest_k" else pl.lit(None, dtype=pl.Int64)
    return counts.with_columns(bound.alias("common_k"), pl.lit(crashed).alias("crash_convention"))


def group_columns(by: Sequence[str]) -> list[str]:
    """Topology and task set, then the further columns of `by`, each once."""
    return list(dict.fromkeys(["topology", "task_set", *by]))


def pass_hat(k: int, c: str = "c", n: str = "n") -> pl.Expr:
    """C(c,k)/C(n,k) of two count columns; null where k is above n."""
    return _all_drawn(pl.col(c), pl.col(n), k)


def pass_at(k: int, c: str = "c", n: str = "n") -> pl.Expr:
    """1 - C(n-c,k)/C(n,k) of two count columns; null where k is above n."""
    return 1 - _all_drawn(pl.col(n) - pl.col(c), pl.col(n), k)


def _all_drawn(good: pl.Expr, total: pl.Expr, k: int) -> pl.Expr:
    if k < 1:
        raise Refused(f"k = {k}: k counts trials and starts at 1")
    share = pl.lit(1.0)
    for drawn in range(k):
        share = share * (good - drawn).clip(lower_bound=0) / (total - drawn)
    return pl.when(total >= k).then(share)


def per_task(counts: pl.DataFrame, ks: Sequence[int]) -> pl.DataFrame:
    """The rows of `tally` once for each k, with `k`, `pass_hat` and `pass_at` (null if undefined).

    Under `lowest_k` both are null above the common k, for every task.
    """
    defined = pl.col("common_k").is_null() | (pl.col("common_k") >= pl.col("k"))
    frames = [
        counts.with_columns(
            pl.lit(k, dtype=pl.Int64).alias("k"),
            pass_hat(k).alias("pass_hat"),
            pass_at(k).alias("pass_at"),
        )
        for k in ks
    ]
    if not frames:
        raise Refused("ks is empty: give at least one k")
    return pl.concat(frames).with_columns(
        pl.when(defined).then("pass_hat").alias("pass_hat"),
        pl.when(defined).then("pass_at").alias("pass_at"),
    )


def over_tasks(tasks: pl.DataFrame, by: Sequence[str] = ()) -> pl.DataFrame:
    """The mean of `per_task` rows over tasks, each task weighing the same.

    Columns: topology, task_set, *by, k, `pass_hat`, `pass_at` (null when no task defines them),
    `tasks` that define them, `tasks_short` that have too few trials for k, `crash_convention`.
    """
    keys = [*group_columns(by), "k"]
    defined = pl.col("pass_hat").is_not_null()
    return (
        tasks.group_by(keys)
        .agg(
            pl.col("pass_hat").mean(),
            pl.col("pass_at").mean(),
            defined.sum().cast(pl.Int64).alias("tasks"),
            (~defined).sum().cast(pl.Int64).alias("tasks_short"),
            pl.col("crash_convention").first(),
        )
        .sort(keys, nulls_last=True)
    )


def consistency(
    trials: pl.DataFrame, ks: Sequence[int], by: Sequence[str] = (), crashed: str = "drop"
) -> pl.DataFrame:
    """pass^k and pass@k over tasks, straight from trials; see `tally` and `over_tasks`."""
    return over_tasks(per_task(tally(trials, by, crashed), ks), by)
