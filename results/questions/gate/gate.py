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
Of the two the one that decided is shown, with its level; what is open is open by both. They speak
of tasks like these, or, if asked, of these tasks alone: then trials are the sample, and one task
will do.
"""

import math
from dataclasses import dataclass, field

import polars as pl

from results.questions.gate.gate_checks import at_least, at_most, no_worse
from results.questions.gate.gate_output import (
    FAILED,
    PASSED,
    UNDECIDED,
    Check,
    as_junit,
    as_line,
    as_markdown,
)
from results.records import Graded
from results.refused import Refused
from results.simulation import simulation
from results.statistics.consistency import lost
from results.strata import strata
from results.withheld import withheld_in

EXITS = {PASSED: 0, FAILED: 1, UNDECIDED: 2}
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
    these: bool = False,
) -> GateResult:
    """Hold a run to `minimum` pass^k, to `max_cost` dollars a passed trial, and to a baseline.

    Every topology in every cell is checked. Against the baseline the same topologies are paired by
    task: it passes where a loss of `tolerance` or more in pass^k is ruled out, and fails where
    there is a loss beyond doubt. `these` asks of these tasks alone. Bad input, nothing to check
    included, is `Refused`.
    """
    _validate(run, k, minimum, max_cost, baseline, tolerance)
    by = strata(run.trials)
    checks: list[Check] = []
    withheld = withheld_in(run.trials, by)
    lost = {(one.topology, one.cell) for one in withheld}
    if minimum is not None:
        checks += at_least(run.trials, k, minimum, by, these)
    if max_cost is not None:
        checks += at_most(run.trials, max_cost, by, these)
    if baseline is not None:
        checks += no_worse(run.trials, baseline.trials, k, tolerance, these)
    checks = [check for check in checks if (check.topology, check.cell) not in lost]
    checks += [
        Check("understood", one.cell, one.topology, UNDECIDED, one.sentence, open_to_more=False)
        for one in withheld
    ]
    outcomes = {check.outcome for check in checks}
    outcome = next(one for one in (FAILED, UNDECIDED, PASSED) if one in outcomes)
    line = as_line(outcome, checks, _crashed(run.trials), simulation(run.trials))
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
