"""What a gate asks, each check decided by an interval and told by that very one."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from results.questions.gate.gate_output import FAILED, PASSED, UNDECIDED, Check
from results.questions.runs.side_by_side import common_strata, paired_runs
from results.refused import Refused
from results.statistics.bands import pass_k_bands
from results.statistics.ratios import pass_costs
from results.strata import cell_label
from results.words import many, signed, tenths

ALPHA = 0.05


@dataclass(frozen=True)
class Interval:
    """The limits of one check with their level: those that decided, or that leave it open."""

    outcome: str
    low: float
    high: float
    level: float

    def told(self, limits: str, these: bool) -> str:
        """What is printed: level, limits and whom they speak of."""
        return f"{100 * self.level:.4g}% interval {limits} for {_whom(these)}"


def _whom(these: bool) -> str:
    return "these tasks alone" if these else "tasks like these"


Ends = tuple[float, float]


def _shown(passed: bool, failed: bool, own: Ends, strict: Ends, checks: int) -> Interval:
    """Passed by the check's own interval, failed by the strict one of so many checks, else open."""
    if passed:
        return Interval(PASSED, *own, 1 - ALPHA)
    return Interval(FAILED if failed else UNDECIDED, *strict, 1 - ALPHA / checks)


def at_least(
    trials: pl.DataFrame, k: int, minimum: float, by: list[str], these: bool
) -> list[Check]:
    """Whether pass^k of every topology in every cell is at least the minimum."""
    own = pass_k_bands(trials, [k], by, these=these).with_columns(cell_label(by))
    sure = pass_k_bands(trials, [k], by, level=1 - ALPHA / max(own.height, 1), these=these)
    found: list[Check] = []
    for row, strict in zip(own.to_dicts(), sure.to_dicts(), strict=True):
        who = f"pass^{k} of {row['topology']} on {row['cell']}"
        if row["low"] is None:
            takes = f"{1 if these else 2} tasks with {many(k, 'graded trial')} each"
            text = f"{who} has no interval for {_whom(these)}: it takes {takes}{_instead(these)}"
            found.append(Check(f"pass^{k}", row["cell"], row["topology"], UNDECIDED, text))
            continue
        at = _shown(
            row["low"] >= minimum,
            strict["high"] < minimum,
            (row["low"], row["high"]),
            (strict["low"], strict["high"]),
            own.height,
        )
        limits = f"{tenths(at.low):.1f} to {tenths(at.high):.1f}%"
        text = (
            f"{who} is {tenths(row['pass_hat']):.1f}% ({at.told(limits, these)}; "
            f"{many(row['tasks'], 'task')}), asked for {100 * minimum:g}%"
        )
        found.append(Check(f"pass^{k}", row["cell"], row["topology"], at.outcome, text))
    return found


def _instead(these: bool) -> str:
    return "" if these else "; --these-tasks asks of these tasks alone"


def at_most(trials: pl.DataFrame, max_cost: float, by: list[str], these: bool) -> list[Check]:
    """Whether a passed trial costs at most so many dollars."""
    costs = pass_costs(trials, by, these=these).with_columns(cell_label(by))
    sure = pass_costs(trials, by, level=1 - ALPHA / max(costs.height, 1), these=these)
    found: list[Check] = []
    for row, strict in zip(costs.to_dicts(), sure.to_dicts(), strict=True):
        who = f"a passed trial of {row['topology']} on {row['cell']}"
        known = row["low"] is not None
        outcome = UNDECIDED
        if not known:
            text = (
                f"what {who} costs is not known with an interval for {_whom(these)}: it takes the "
                "dollars of every trial, and 2 "
                + ("trials of each task" if these else f"tasks{_instead(these)}")
            )
        else:
            at = _shown(
                row["high"] <= max_cost,
                strict["low"] > max_cost,
                (row["low"], row["high"]),
                (strict["low"], strict["high"]),
                costs.height,
            )
            outcome = at.outcome
            value = row["dollars_per_pass"]
            costing = (
                f"{who} costs ${value:.3g}" if value < math.inf else f"{who} was not to be had"
            )
            limits = (
                f"{at.low:.3g} to {at.high:.3g}" if at.high < math.inf else f"from {at.low:.3g} on"
            )
            text = f"{costing} ({at.told(limits, these)}), asked for at most ${max_cost:g}"
        check = Check("cost per pass", row["cell"], row["topology"], outcome, text, known)
        found.append(check)
    return found


def no_worse(
    now: pl.DataFrame, before: pl.DataFrame, k: int, tolerance: float, these: bool
) -> list[Check]:
    """Whether pass^k is no worse than before, paired by task."""
    runs = {"baseline": before, "run": now}
    by = common_strata(runs.values())
    known, held = _cells(before, by), _cells(now, by)
    topologies = sorted({topology for topology, _ in known & held})
    if not topologies:
        raise Refused("the baseline has no topology and cell in common with the run")
    # What only the baseline did is not shown to be no worse; what only the run did cannot be.
    found = [
        Check(
            "regression",
            cell,
            topology,
            UNDECIDED,
            f"{topology} on {cell} is in the baseline and not in the run",
            open_to_more=False,
        )
        for topology, cell in sorted(known - held)
    ]

    def paired(level: float) -> list[dict[str, Any]]:
        frames = (paired_runs(runs, topology, k, level) for topology in topologies)
        rows = (row for frame in frames for row in frame.to_dicts())
        return [row for row in rows if (row["compared"], row["cell"]) in known]

    rows = paired(1 - ALPHA)
    sure = paired(1 - ALPHA / len(rows))
    low, high = ("these_low", "these_high") if these else ("low", "high")
    for row, strict in zip(rows, sure, strict=True):
        who = f"pass^{k} of {row['compared']} on {row['cell']}"
        outcome = UNDECIDED
        if row[low] is None:
            text = (
                f"{who} cannot be paired with the baseline for {_whom(these)}: "
                f"{many(row['tasks'], 'common task')} with {many(k, 'graded trial')} in both"
                f"{_instead(these) if row['tasks'] else ''}"
            )
        else:
            at = _shown(
                row[low] > -tolerance,
                strict[high] < 0,
                (row[low], row[high]),
                (strict[low], strict[high]),
                len(rows),
            )
            outcome = at.outcome
            limits = f"{signed(at.low)} to {signed(at.high)}"
            text = (
                f"{who} changed by {signed(row['difference'])} points from the baseline "
                f"({at.told(limits, these)}; {many(row['tasks'], 'common task')}), "
                f"a loss under {100 * tolerance:g} is tolerated"
            )
        more = row[low] is not None or row["tasks"] > 0
        found.append(Check("regression", row["cell"], row["compared"], outcome, text, more))
    return found


def _cells(trials: pl.DataFrame, by: Sequence[str]) -> set[tuple[str, str]]:
    """Topologies with the cells that they did, by name."""
    named = trials.select("topology", cell_label(by)).unique()
    return {(topology, cell) for topology, cell in named.iter_rows()}
