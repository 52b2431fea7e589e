"""A gate for CI and release: is pass^k good enough, at a price, and no worse than before?

Decided by intervals, never by point estimates:

| exit | outcome | when |
|---|---|---|
| 0 | passed | every check is shown to hold |
| 1 | failed | some check is shown not to hold |
| 2 | undecided | none fails, but some interval lies on both sides; the line says what it takes |

Bad input is a ValueError, which the command line also ends with 2: a release is held either way.
Checks pass by their own 95% intervals (all must, so none needs a correction) and fail by intervals
that hold together over all checks of a kind (Bonferroni), so that many checks fail no more often.
"""

import math
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

import polars as pl

from results.records import Graded
from results.reports.sentences import many, signed
from results.reports.tables import tenths
from results.statistics.bands import pass_k_bands
from results.statistics.ratios import pass_costs
from results.statistics.strata import cell_label, strata
from results.verdicts.side_by_side import paired_runs

PASSED, FAILED, UNDECIDED = "passed", "failed", "undecided"
EXITS = {PASSED: 0, FAILED: 1, UNDECIDED: 2}
ALPHA = 0.05
TOLERANCE = 0.05


@dataclass(frozen=True)
class Check:
    """One thing asked of one topology in one cell."""

    kind: str
    cell: str
    topology: str
    outcome: str
    text: str


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
    there is a loss beyond doubt. Bad input, nothing to check included, is a ValueError.
    """
    _validate(run, k, minimum, max_cost, baseline, tolerance)
    by = strata(run.trials)
    checks: list[Check] = []
    if minimum is not None:
        checks += _at_least(run.trials, k, minimum, by)
    if max_cost is not None:
        checks += _at_most(run.trials, max_cost, by)
    if baseline is not None:
        checks += _no_worse(run.trials, baseline.trials, k, tolerance)
    outcomes = {check.outcome for check in checks}
    outcome = next(one for one in (FAILED, UNDECIDED, PASSED) if one in outcomes)
    line = _line(outcome, checks)
    name = str(run.manifest.get("name", "run"))
    return GateResult(
        EXITS[outcome], line, _junit(name, checks), _markdown(name, line, checks), tuple(checks)
    )


def _validate(
    run: Graded,
    k: int,
    minimum: float | None,
    max_cost: float | None,
    baseline: Graded | None,
    tolerance: float,
) -> None:
    if k < 1:
        raise ValueError(f"k is {k}; it counts trials and must be at least 1")
    if minimum is None and max_cost is None and baseline is None:
        raise ValueError("nothing to check: give a minimum, a highest cost or a baseline")
    if minimum is not None and not 0 < minimum < 1:
        raise ValueError(f"the minimum is {minimum!r}; it must lie between 0 and 1, as in 0.9")
    if max_cost is not None and not 0 < max_cost < math.inf:
        raise ValueError(f"the highest cost is {max_cost!r}; it must be dollars above 0")
    if not 0 <= tolerance < 1:
        raise ValueError(f"the tolerance is {tolerance!r}; it is a share from 0 to 1, as in 0.05")
    for name, one in (("run", run), ("baseline", baseline)):
        if one is not None and one.trials.is_empty():
            raise ValueError(f"the {name} has no trials yet")
    most = run.trials.filter(pl.col("passed").is_not_null()).group_by("topology", "task").len()
    if minimum is not None and int(most.get_column("len").max() or 0) < k:  # pyright: ignore[reportArgumentType]
        raise ValueError(f"no task has {k} graded trials: run more trials or ask for a smaller k")


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
        found.append(Check("cost per pass", row["cell"], row["topology"], outcome, text))
    return found


def _no_worse(now: pl.DataFrame, before: pl.DataFrame, k: int, tolerance: float) -> list[Check]:
    found: list[Check] = []
    topologies = sorted(set(now["topology"]) & set(before["topology"]))
    rows: list[dict[str, Any]] = []
    for topology in topologies:
        rows += paired_runs({"baseline": before, "run": now}, topology, k).to_dicts()
    if not rows:
        raise ValueError("the baseline has no topology and cell in common with the run")
    sure = [
        row
        for topology in topologies
        for row in paired_runs(
            {"baseline": before, "run": now}, topology, k, 1 - ALPHA / len(rows)
        ).to_dicts()
    ]
    for row, strict in zip(rows, sure, strict=True):
        who = f"pass^{k} of {row['compared']} on {row['cell']}"
        low, high = row["low"], row["high"]
        if low is None:
            outcome = UNDECIDED
            text = f"{who} cannot be paired with the baseline: {many(row['tasks'], 'common task')}"
        else:
            outcome = PASSED if low > -tolerance else FAILED if strict["high"] < 0 else UNDECIDED
            text = (
                f"{who} changed by {signed(row['difference'])} points from the baseline (95% "
                f"interval {signed(low)} to {signed(high)}), a loss under {100 * tolerance:g} is "
                "tolerated"
            )
        found.append(Check("regression", row["cell"], row["compared"], outcome, text))
    return found


def _line(outcome: str, checks: list[Check]) -> str:
    decisive = [check for check in checks if check.outcome == outcome]
    more = f" (and {len(decisive) - 1} more)" if len(decisive) > 1 else ""
    if outcome == PASSED:
        return f"passed: {decisive[0].text}{more}"
    blind = "0 common tasks" in decisive[0].text or "is not known" in decisive[0].text
    advice = "" if outcome == FAILED or blind else "; more tasks or trials would decide"
    return f"{outcome}: {decisive[0].text}{more}{advice}"


def _junit(name: str, checks: list[Check]) -> str:
    """JUnit's form: a shown miss is a failure, an undecided check an error."""
    failed, open_ = (sum(check.outcome == one for check in checks) for one in (FAILED, UNDECIDED))
    counts = {"tests": str(len(checks)), "failures": str(failed), "errors": str(open_)}
    suites = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(suites, "testsuite", {"name": f"fanout gate {name}", **counts})
    for check in checks:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            {"classname": f"{name}.{check.cell}", "name": f"{check.topology}: {check.kind}"},
        )
        tag = {FAILED: "failure", UNDECIDED: "error"}.get(check.outcome)
        if tag is not None:
            ElementTree.SubElement(case, tag, {"message": check.text, "type": check.outcome})
        else:
            ElementTree.SubElement(case, "system-out").text = check.text
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _markdown(name: str, line: str, checks: list[Check]) -> str:
    rows = (
        f"| {check.outcome} | {check.topology} | {check.cell} | {check.text} |" for check in checks
    )
    head = ["| outcome | topology | cell | why |", "|:--|:--|:--|:--|"]
    return "\n".join([f"## Gate of {name}", "", f"**{line}**", "", *head, *rows]) + "\n"
