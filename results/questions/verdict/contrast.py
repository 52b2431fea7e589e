"""A contrast of two topologies in one stratum: as it was measured, and as it was judged."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from results.questions.verdict.decision import Bounds
from results.questions.verdict.harms import Harm
from results.questions.verdict.more_tasks import Evidence
from results.statistics.pass_costs import BOTH_FREE


@dataclass(frozen=True)
class Measured:
    """One contrast in one stratum: its comparison row, trials, cost measure and harms.

    `cost` is dollars, or tokens if dollars are not known; None if neither says what a pass costs.
    """

    row: Mapping[str, Any]
    cell: pl.DataFrame
    level: float
    primary: bool
    cost: str | None
    harms: tuple[Harm, ...]
    reference_harms: tuple[Harm, ...]
    harms_on_these: tuple[Harm, ...]
    evidence: Evidence | None

    @property
    def bounds(self) -> Bounds:
        """The limits that decide for tasks like these."""
        return Bounds(*self._limits(""), self.harms)

    @property
    def bounds_on_these(self) -> Bounds:
        """The limits that decide for these tasks alone."""
        return Bounds(*self._limits("these_"), self.harms_on_these)

    def _limits(self, of: str) -> tuple[float | None, float | None, float | None, float | None]:
        row, cost = self.row, f"{self.cost}_per_pass_ratio_{of}"
        low, high = (0.0 if self.free else row.get(f"{cost}{end}") for end in ("low", "high"))
        return row[f"{of}low"], row[f"{of}high"], low, high

    @property
    def free(self) -> bool:
        """Whether neither side costs anything: no ceiling is then passed."""
        return self.cost == "dollars" and self.row["dollars_per_pass_why"] == BOTH_FREE


@dataclass(frozen=True)
class Verdict:
    """One contrast in one stratum, judged.

    `verdict` is one of the four, for tasks like these, and `on_these` one for these tasks alone, or
    both say that there is no comparison;
    `headline` says both in a sentence; `difference` (points of pass^k) and `cost` (the ratio per
    pass) are what they rest on, as text with their intervals (`_on_these` those of the second);
    `status` is its family or "exploratory"; `simulated` verdicts are conditions, not verdicts on
    any model.
    """

    cell: str
    task_set: str
    topology: str
    reference: str
    verdict: str
    on_these: str
    headline: str
    difference: str
    cost: str
    difference_on_these: str
    cost_on_these: str
    status: str
    simulated: bool
    reasons: tuple[str, ...]
    assumes: tuple[str, ...]
    changes: tuple[str, ...]
