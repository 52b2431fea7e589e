"""Harms that a rule bounds: how often trials did them, and whether staying single would mend it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from results.metrics import silent_failure
from results.rules import Rules
from results.statistics.differences import paired_difference
from results.statistics.intervals import Ints
from results.statistics.on_these import difference_on_these, on_these
from results.statistics.posterior import pass_k_posterior

HARMS: dict[str, tuple[str, pl.Expr]] = {
    "broken_invariants": (
        "broke a declared invariant",
        pl.col("broken_invariants").list.len() > 0,
    ),
    "silent_failures": ("failed silently", silent_failure()),
}
"""Rule to what it says of a trial, and to whether a graded trial did that."""


@dataclass(frozen=True)
class Harm:
    """The rate of something that must be rare, with its interval and what is tolerated.

    `counts` are its trials and all graded trials of each task; `share` is base tasks over tasks.
    Of the reference stand beside it the rate, its lower limit, and the lower limit of how much
    more often the topology does it (`excess_low`). Null where it was not recorded.
    """

    name: str
    said: str
    tolerated: float
    rate: float | None
    low: float | None
    high: float | None
    counts: tuple[Ints, Ints] | None = None
    share: float = 1.0
    reference_rate: float | None = None
    reference_low: float | None = None
    excess_low: float | None = None

    @property
    def met(self) -> bool:
        """Whether the rate is shown to be tolerated."""
        return self.high is not None and self.high <= self.tolerated

    @property
    def shown(self) -> bool:
        """Whether the rate is shown to be above what is tolerated."""
        return self.low is not None and self.low > self.tolerated

    @property
    def shared(self) -> bool:
        """Whether the reference breaks the same bound, and is not shown to break it less often."""
        if self.rate is None or self.reference_rate is None:
            return False
        broken = self.reference_low is not None and self.reference_low > self.tolerated
        less = self.excess_low is not None and self.excess_low > 0
        return self.reference_rate >= self.rate or (broken and not less)

    @property
    def mended(self) -> bool:
        """Whether harm is shown that staying with the reference would mend."""
        return self.shown and not self.shared

    def grown(self, tasks: float, trials: int, level: float) -> "Harm":
        """The same rate seen on so many times the tasks and the trials of each."""
        if self.counts is None:
            return self
        c, n = self.counts
        posterior = pass_k_posterior(c * trials, n * trials, 1, self.share * tasks)
        if posterior is None:
            return self
        low, high = posterior.interval(level, self.rate)
        return replace(self, low=low, high=high, counts=None)


def harms_of(
    cell: pl.DataFrame,
    topology: str,
    reference: str,
    rules: Rules,
    level: float,
    these: bool = False,
) -> tuple[tuple[Harm, ...], tuple[Harm, ...]]:
    """Every harm that the rules bound, in the trials of a cell: of the topology, of the reference.

    Intervals are posteriors at `level`, for tasks like these or for `these` alone.
    """
    found: list[tuple[Harm, Harm]] = []
    for name, tolerated in _bounded(rules):
        one, other = (
            _harm(cell, who, name, tolerated, level, these) for who in (topology, reference)
        )
        found.append(_beside(one, other, level, these))
    return tuple(one for one, _ in found), tuple(other for _, other in found)


def _bounded(rules: Rules) -> Iterator[tuple[str, float]]:
    for name in HARMS:
        tolerated = getattr(rules, name)
        if tolerated is not None:
            yield name, tolerated


Counted = tuple[Harm, pl.DataFrame]
"""A harm with its counts: block, task, `c` of `n`."""


def _harm(
    cell: pl.DataFrame, topology: str, name: str, tolerated: float, level: float, these: bool
) -> Counted:
    said, happened = HARMS[name]
    counts = (
        cell.filter(pl.col("topology") == topology, pl.col("passed").is_not_null())
        .with_columns(happened.alias("harm"), pl.coalesce("block", "task").alias("block"))
        .group_by("block", "task")
        .agg(
            pl.col("harm").sum().cast(pl.Int64).alias("c"),
            pl.len().cast(pl.Int64).alias("n"),
            pl.col("harm").null_count().alias("unknown"),
        )
        .sort("block", "task")
    )
    if counts.is_empty() or counts.get_column("unknown").sum():
        return Harm(name, said, tolerated, None, None, None), counts
    c, n = (counts.get_column(column).to_numpy() for column in ("c", "n"))
    share = counts.get_column("block").n_unique() / counts.height
    posterior = on_these(c, n, 1, n / n.sum()) if these else pass_k_posterior(c, n, 1, share)
    rate = float(c.sum() / n.sum())
    low, high = (None, None) if posterior is None else posterior.interval(level, rate)
    return Harm(name, said, tolerated, rate, low, high, (c, n), share), counts


def _beside(one: Counted, other: Counted, level: float, these: bool) -> tuple[Harm, Harm]:
    """The harm of a topology with that of the reference beside it, and the latter."""
    (harm, counts), (reference, base) = one, other
    if harm.rate is None or reference.rate is None:
        return harm, reference
    pairs = counts.join(base.drop("block"), on="task", suffix="_base").sort("block", "task")
    columns = ("c", "n", "c_base", "n_base")
    c, n, base_c, base_n = (pairs.get_column(column).to_numpy() for column in columns)
    units = np.asarray(pairs.get_column("block").to_list(), dtype=np.str_)
    differ = difference_on_these if these else paired_difference
    excess = differ((c, n), (base_c, base_n), units, 1, level)
    beside = replace(
        harm,
        reference_rate=reference.rate,
        reference_low=reference.low,
        excess_low=excess.low,
    )
    return beside, reference
