"""A run as it is analysed: its strata, reference, k, rules and levels, found once and handed on."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import polars as pl

from results.infeasible import counted
from results.records import Graded, Recorded
from results.rules import Stated, stated
from results.strata import strata

HEADLINE_K = 4


@dataclass(frozen=True, eq=False)
class View:
    """A recorded run with what all of its analyses share; each part is found when first asked for.

    It is a run itself, so that whatever takes a run takes a view. `levels`, `reference`, `stated`
    and `family` take a run with trials.
    """

    run: Recorded

    @property
    def manifest(self) -> dict[str, Any]:
        """The sweep as it was run."""
        return self.run.manifest

    @property
    def trials(self) -> pl.DataFrame:
        """One row a trial."""
        return self.run.trials

    @property
    def steps(self) -> pl.DataFrame:
        """One row a model or tool call."""
        return self.run.steps

    @property
    def accesses(self) -> pl.DataFrame:
        """One row an access to a row or predicate."""
        return self.run.accesses

    @property
    def milestones(self) -> pl.DataFrame:
        """One row a milestone of a trial."""
        return self.run.milestones

    @property
    def reports(self) -> pl.DataFrame:
        """One row a report of an agent to another."""
        return self.run.reports

    @property
    def folder(self) -> Path | None:
        """Where the run is kept; None for frames that are in no folder."""
        return getattr(self.run, "folder", None)

    @cached_property
    def by(self) -> list[str]:
        """The settings that tell its cells apart."""
        return strata(self.trials)

    @cached_property
    def topologies(self) -> list[str]:
        """Those that took part, by name."""
        return self.trials.get_column("topology").unique().sort().to_list()

    @cached_property
    def reference(self) -> str:
        """`single_thread` where it took part, else the first topology in the alphabet."""
        return "single_thread" if "single_thread" in self.topologies else self.topologies[0]

    @cached_property
    def most(self) -> int:
        """The most trials that any topology had of a task, crashed ones included."""
        keys = ("topology", "task_set", *self.by, "task")
        return max(self.trials.group_by(keys).len().get_column("len").to_list(), default=0)

    @cached_property
    def k(self) -> int:
        """The k that tables and sentences lead with: the threshold `k` of the sweep, else 4.

        At most the trials of a task, at least 1.
        """
        return max(1, min(int(self.threshold("k") or HEADLINE_K), self.most))

    @cached_property
    def stated(self) -> Stated:
        """The rules of the run, with its contrasts."""
        return stated(self.manifest, self.topologies, self.reference, self.most)

    @cached_property
    def family(self) -> int:
        """How many contrasts in strata there are to judge."""
        return family_of(self.trials, self.stated.contrasts, self.by)

    @cached_property
    def levels(self) -> dict[str, float]:
        """The level at which each topology is compared to the reference, wherever it is."""
        return self.stated.levels(self.topologies, self.reference, self.family)

    @cached_property
    def simulated(self) -> bool:
        """Whether any of its trials is."""
        return bool(self.trials.get_column("simulated").any())

    def threshold(self, name: str) -> float | None:
        """A threshold that the sweep stated; None without."""
        thresholds: dict[str, Any] = self.manifest.get("thresholds") or {}
        value = thresholds.get(name)
        return None if value is None else float(value)


def view_of(run: Graded) -> View:
    """The view of a run; a view is its own. What a run lacks (steps, say), its view lacks too."""
    return run if isinstance(run, View) else View(cast("Recorded", run))


def family_of(trials: pl.DataFrame, contrasts: Sequence[tuple[str, str]], by: Sequence[str]) -> int:
    """How many contrasts in strata there are to judge: the primary family."""
    cells = counted(trials).select("topology", "task_set", *by, "task").unique()
    keys = ["task_set", *by]
    return sum(
        cells.filter(pl.col("topology") == one)
        .join(cells.filter(pl.col("topology") == other), on=[*keys, "task"], nulls_equal=True)
        .select(keys)
        .n_unique()
        for one, other in contrasts
    )
