"""A gate for CI and release: is pass^k good enough, at a price, and no worse than before?

Decided by intervals, never by point estimates:

| exit | outcome | when |
|---|---|---|
| 0 | passed | every check is shown to hold |
| 1 | failed | some check is shown not to hold |
| 2 | undecided | none fails, but some interval lies on both sides; the line says what it takes |

Bad input is `Refused`, which the command line also ends with 2: a release is held either way.
Checks pass by their own 95% intervals (all must, so none needs a correction) and fail by intervals
that hold together over all checks of a kind (Bonferroni), so that many checks fail no more often.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from results.records import Graded
from results.refused import Refused
from results.reports.sentences import many, signed
from results.reports.tables import tenths
from results.statistics.bands import pass_k_bands
from results.statistics.consistency import lost
from results.statistics.ratios import pass_costs
from results.statistics.strata import cell_label, strata
from results.verdicts.gate_output import (
    FAILED,
    PASSED,
    UNDECIDED,
    Check,
    as_junit,
    as_line,
    as_markdown,
)
from results.verdicts.side_by_side import common_strata, paired_runs
from results.withheld import withheld_in

EXITS = {PASSED: 0, FAILED: 1, UNDECIDED: 2}
ALPHA = 0.05
TOLERANCE = 0.05


@dataclass(frozen=True)
class GateResult:
    """The exit code, one line of why, and the same as JUnit XML and Markdown."""

    exit_code: int
    line: str
    junit_xml: str
    markdown: str
    checks: tuple[Check, ...] = field(repr=False, default=())


def gate(
    run: Graded,
    k: int,
    minimum: float | None = None,
    max_cost: float | None = None,
    baseline: Graded | None = None,
    tolerance: float = TOLERANCE,
) -> GateResult:
    """Hold a run to `minimum` pass^k, to `max_cost` dollars a passed trial, and to a baseline.

    Every topology in every cell is checked. Against the baseline the same topologies are paired by
    task: it passes where a loss of `tolerance` or more in pass^k is ruled out, and fails where
    there is a loss beyond doubt. Bad input, nothing to check included, is `Refused`.
    """
    _validate(run, k, minimum, max_cost, baseline, tolerance)
    by = strata(run.trials)
    checks: list[Check] = []
    withheld = withheld_in(run.trials, by)
    lost = {(one.topology, one.cell) for one in withheld}
    if minimum is not None:
        checks += _at_least(run.trials, k, minimum, by)
    if max_cost is not None:
        checks += _at_most(run.trials, max_cost, by)
    if baseline is not None:
        checks += _no_worse(run.trials, baseline.trials, k, tolerance)
    checks = [check for check in checks if (check.topology, check.cell) not in lost]
    checks += [
        Check("understood", one.cell, one.topology, UNDECIDED, one.sentence, open_to_more=False)
        for one in withheld
    ]
    outcomes = {check.outcome for check in checks}
    outcome = next(one for one in (FAILED, UNDECIDED, PASSED) if one in outcomes)
    line = as_line(outcome, checks, _crashed(run.trials))
    name = str(run.manifest.get("name", "run"))
    return GateResult(
        EXITS[outcome], line, as_junit(name, checks), as_markdown(name, line, checks), tuple(checks)
    )


def _crashed(trials: pl.DataFrame) -> str:
    """What is said of trials without a grade; nothing where there are none."""
    return f"{lost(trials)} and are left out" if lost(trials) else ""


def _validate(
    run: Graded,
    k: int,
    minimum: float | None,
    max_cost: float | None,
    baseline: Graded | None,
    tolerance: float,
) -> None:
    if k < 1:
        raise Refused(f"k is {k}; it counts trials and must be at least 1")
    if minimum is None and max_cost is None and baseline is None:
        raise Refused("nothing to check: give a minimum, a highest cost or a baseline")
    if minimum is not None and not 0 < minimum < 1:
        raise Refused(f"the minimum is {minimum!r}; it must lie between 0 and 1, as in 0.9")
    if max_cost is not None and not 0 < max_cost < math.inf:
        raise Refused(f"the highest cost is {max_cost!r}; it must be dollars above 0")
    if not 0 <= tolerance < 1:
        raise Refused(f"the tolerance is {tolerance!r}; it is a share from 0 to 1, as in 0.05")
    for name, one in (("run", run), ("baseline", baseline)):
        if one is not None and one.trials.is_empty():
            raise Refused(f"the {name} has no trials yet")
        if one is not None and (minimum is not None or baseline is not None):
            _has_trials(one.trials, k, name)
    _judged_alike({"run": run} if baseline is None else {"run": run, "baseline": baseline})


def _judged_alike(runs: dict[str, Graded]) -> None:
    """ValueError if not all trials were judged by one version of the rules."""
    by: dict[str, set[str]] = {}
    for name, run in runs.items():
        graded = run.trials.filter(pl.col("passed").is_not_null())
        by[name] = set(graded.get_column("judge").fill_null("none stated").to_list())
    if len(set[str]().union(*by.values())) > 1:
        told = ", ".join(f"the {name} by {' and '.join(sorted(by[name]))}" for name in by)
        raise Refused(f"judged by different rules ({told}): run both with one kit")


def _has_trials(trials: pl.DataFrame, k: int, name: str) -> None:
    graded = trials.filter(pl.col("passed").is_not_null())
    numbers: list[int] = graded.group_by("topology", "task").len().get_column("len").to_list()
    if max(numbers, default=0) < k:
        raise Refused(
            f"no task of the {name} has {k} graded trials: run more trials or ask for a smaller k"
        )


def _at_least(trials: pl.DataFrame, k: int, minimum: float, by: list[str]) -> list[Check]:
    bands = pass_k_bands(trials, [k], by).with_columns(cell_label(by).alias("cell"))
    sure = pass_k_bands(trials, [k], by, level=1 - ALPHA / bands.height)
    found: list[Check] = []
    for row, strict in zip(bands.to_dicts(), sure.to_dicts(), strict=True):
        low, high = row["low"], row["high"]
        who = f"pass^{k} of {row['topology']} on {row['cell']}"
        if low is None:
            text = f"{who} has no interval: it takes 2 tasks with {many(k, 'graded trial')} each"
            found.append(Check(f"pass^{k}", row["cell"], row["topology"], UNDECIDED, text))
            continue
        outcome = PASSED if low >= minimum else FAILED if strict["high"] < minimum else UNDECIDED
        text = (
            f"{who} is {tenths(row['pass_hat']):.1f}% (95% interval {tenths(low):.1f} to "
            f"{tenths(high):.1f}%), asked for {100 * minimum:g}%"
        )
        found.append(Check(f"pass^{k}", row["cell"], row["topology"], outcome, text))
    return found


def _at_most(trials: pl.DataFrame, max_cost: float, by: list[str]) -> list[Check]:
    costs = pass_costs(trials, by).with_columns(cell_label(by).alias("cell"))
    sure = pass_costs(trials, by, level=1 - ALPHA / costs.height)
    found: list[Check] = []
    for row, strict in zip(costs.to_dicts(), sure.to_dicts(), strict=True):
        who = f"a passed trial of {row['topology']} on {row['cell']}"
        low, high = row["low"], row["high"]
        if low is None:
            outcome = UNDECIDED
            text = (
                f"what {who} costs is not known with an interval: it takes the dollars of every "
                "trial, and some that passed"
            )
        else:
            outcome = (
                PASSED if high <= max_cost else FAILED if strict["low"] > max_cost else UNDECIDED
            )
            text = (
                f"{who} costs ${row['dollars_per_pass']:.3g} (95% interval {low:.3g} to "
                f"{high:.3g}), asked for at most ${max_cost:g}"
            )
        check = Check("cost per pass", row["cell"], row["topology"], outcome, text, low is not None)
        found.append(check)
    return found


def _no_worse(now: pl.DataFrame, before: pl.DataFrame, k: int, tolerance: float) -> list[Check]:
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
    for row, strict in zip(rows, sure, strict=True):
        who = f"pass^{k} of {row['compared']} on {row['cell']}"
        low, high = row["low"], row["high"]
        if low is None:
            outcome = UNDECIDED
            text = (
                f"{who} cannot be paired with the baseline: "
                f"{many(row['tasks'], 'common task')} with {many(k, 'graded trial')} in both"
            )
        else:
            outcome = PASSED if low > -tolerance else FAILED if strict["high"] < 0 else UNDECIDED
            text = (
                f"{who} changed by {signed(row['difference'])} points from the baseline (95% "
                f"interval {signed(low)} to {signed(high)}; {many(row['tasks'], 'common task')}), "
                f"a loss under {100 * tolerance:g} is tolerated"
            )
        more = low is not None or row["tasks"] > 0
        found.append(Check("regression", row["cell"], row["compared"], outcome, text, more))
    return found


def _cells(trials: pl.DataFrame, by: Sequence[str]) -> set[tuple[str, str]]:
    """Topologies with the cells that they did, by name."""
    named = trials.select("topology", cell_label(by).alias("cell")).unique()
    return {(topology, cell) for topology, cell in named.iter_rows()}
