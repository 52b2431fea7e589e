"""Report: did agents that share a state get in each other's way, and did it hurt?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import polars as pl

from results.charts.conflicts import conflict_anatomy, conflicts_by_coupling
from results.conflicts import FAMILIES, find_conflicts
from results.conflicts.harm import did_it_hurt, how_often, unchecked
from results.conflicts.twins import serial_twins, twin_table
from results.reports.section import Section
from results.reports.tables import Table, grouped, number, percent, percent_interval, points
from results.statistics.strata import cell_label, strata

Row = dict[str, Any]

TEAM, TWIN = "lead_subagents", "serial_team"
"""The pair whose trials are twins: the same team, at once and one at a time."""

HARMLESS = ("wasted-work",)
"""Kinds that cost tokens and break nothing by themselves: not looked at for a harmful witness."""


class Accessed(Protocol):
    """What the section is made of."""

    @property
    def trials(self) -> pl.DataFrame: ...
    @property
    def steps(self) -> pl.DataFrame: ...
    @property
    def accesses(self) -> pl.DataFrame: ...


@dataclass(frozen=True)
class Harm:
    """A finding in a trial that failed, and what is known of its cause."""

    finding: Row
    trial: Row
    twin: str | None


def conflict_section(run: Accessed, choices: Mapping[str, str] | None = None) -> Section | None:
    """The section; None for a run that recorded no accesses. `choices` as in `find_conflicts`."""
    if run.accesses.is_empty():
        return None
    unknown = unchecked(run.accesses, run.trials)
    found = find_conflicts(run.accesses, run.steps, choices)
    by = strata(run.trials)
    often = how_often(run.trials, found, by, unknown).with_columns(cell_label(by).alias("cell"))
    hurt = did_it_hurt(run.trials, found, by, unknown).with_columns(cell_label(by).alias("cell"))
    twins = serial_twins(run.trials, found, TEAM, TWIN, unknown)
    beside = twin_table(twins)
    worst = first_harmful(run.trials, found, twins)
    simulated = bool(run.trials.get_column("simulated").any())
    tables = [_often_table(often), _hurt_table(hurt)] if often.height else []
    if beside.height:
        tables.append(_twin_table(beside))
    charts: dict[str, Any] = {}
    if run.trials.get_column("coupling").is_not_null().any():
        charts["conflicts_by_coupling"] = conflicts_by_coupling(run, found=found)
    if worst is not None:
        charts["conflict_anatomy"] = conflict_anatomy(worst.finding)
    by_coupling = how_often(run.trials, found, ("coupling",), unknown)
    sentences = conflict_sentences(by_coupling, hurt, beside, worst, len(unknown), simulated)
    return Section("Did state conflict?", tuple(sentences), tuple(tables), charts)


def first_harmful(trials: pl.DataFrame, found: pl.DataFrame, twins: pl.DataFrame) -> Harm | None:
    """The finding to show: the first, in the order of families, of a trial that it may have failed.

    Trials that failed while their serial twin passed come first, then those that broke an
    invariant, then others that failed. None if no trial with a finding failed.
    """
    only_twin = twins.filter(~pl.col("team_passed") & pl.col("twin_passed"))
    pairs = dict(only_twin.select("team_trial_id", "twin_trial_id").iter_rows())
    failed = found.filter(~pl.col("kind").is_in(HARMLESS)).join(
        trials.filter(pl.col("passed") == False).select(  # noqa: E712
            "trial_id", pl.col("broken_invariants").list.len().fill_null(0).alias("broken")
        ),
        on="trial_id",
    )
    if failed.is_empty():
        return None
    first = failed.with_columns(
        pl.col("trial_id").is_in(list(pairs)).alias("caused"),
        pl.col("family").cast(pl.Enum(FAMILIES)),
    ).sort(
        "caused", pl.col("broken") > 0, "family", "trial_id", "finding",
        descending=[True, True, False, False, False],
    )  # fmt: skip
    row = first.row(0, named=True)
    trial = trials.row(by_predicate=pl.col("trial_id") == row["trial_id"], named=True)
    return Harm(row, trial, pairs.get(row["trial_id"]))


def conflict_sentences(
    often: pl.DataFrame,
    hurt: pl.DataFrame,
    beside: pl.DataFrame,
    worst: Harm | None,
    unknown: int,
    simulated: bool,
) -> Iterator[str]:
    """What can be said, from the frames of `results.conflicts.harm` and `twins`."""
    start = "In simulation, on" if simulated else "On"
    if unknown:
        yield (
            f"{unknown} trials could not be checked, since what they touched has no versions "
            "(private copies, say); they are left out and not counted as free of conflicts."
        )
    if not often.filter(pl.col("share") > 0).height:
        yield "No conflict was found in any trial that could be checked."
        return
    bad = ~pl.col("kind").is_in(HARMLESS)
    for key, rows in often.filter(bad).group_by(
        "task_set", "topology", "kind", maintain_order=True
    ):
        task_set, topology, kind = key
        shares = [
            f"{percent_interval(row['share'], row['low'], row['high'])}"
            + ("" if row["coupling"] is None else f" at coupling {row['coupling']:g}")
            for row in rows.sort("coupling").iter_rows(named=True)
        ]
        if rows.get_column("share").sum() > 0:
            yield (
                f"{start} {task_set} {topology} met {kind} in this share of its trials: "
                f"{', '.join(shares)}."
            )
    for row in hurt.filter(pl.col("success_low").is_not_null(), bad).iter_rows(named=True):
        low, high = row["success_low"], row["success_high"]
        if low > 0 or high < 0:
            yield (
                f"{start} {row['cell']} trials of {row['topology']} with {row['kind']} passed "
                f"{points(row['success_difference'], low, high)} points beside trials of the same "
                "task without it; that need not be its doing."
            )
    for row in beside.filter(pl.col("kind") != "none", bad).iter_rows(named=True):
        yield (
            f"Of {row['pairs']} trials of {TEAM} with {row['kind']}, {row['only_twin']} failed "
            f"while the same trial one agent at a time passed, and {row['only_team']} the other "
            f"way round: {points(row['difference'], row['low'], row['high'])} points, due to "
            f"being at work at once. {_harm(row)}"
        )
    if worst is None:
        yield "No trial in which agents conflicted failed: what was found did no visible harm."
    else:
        trial = worst.trial
        why = (
            f"its serial twin {worst.twin[:10]} passed"
            if worst.twin
            else "no serial twin that passed was recorded, so the cause is not proved"
        )
        yield (
            f"Shown below: {worst.finding['kind']} in trial {trial['trial_id'][:10]} "
            f"({trial['topology']} on {trial['task']}, trial {trial['trial']}), which failed; "
            f"{why}. Follow it with `fanout show RUN {trial['trial_id'][:10]}`."
        )


def _harm(row: Row) -> str:
    if row["low"] is None:
        return "Too few base tasks for an interval."
    if row["high"] < 0:
        return "It hurt."
    if row["low"] > 0:
        return "It helped."
    return "Not enough evidence yet to say that it hurt."


def _often_table(often: pl.DataFrame) -> Table:
    return grouped(
        often.filter(pl.col("share") > 0).sort("task_set", "cell", "kind", "topology"),
        "How often each kind of conflict happened",
        [
            ("topology", lambda row: row["topology"]),
            ("kind", lambda row: row["kind"]),
            ("graded trials", lambda row: number(row["trials"])),
            ("with it", lambda row: percent_interval(row["share"], row["low"], row["high"])),
            ("findings per trial", lambda row: number(row["per_trial"], 2)),
        ],
        "Intervals are from drawing base tasks again. What is not listed was not found. Isolation "
        "anomalies have Adya's names; wasted-work is the same read by several agents.",
    )


def _hurt_table(hurt: pl.DataFrame) -> Table:
    return grouped(
        hurt.filter(pl.col("trials_with") > 0).sort("task_set", "cell", "kind", "topology"),
        "Trials with a conflict beside trials without",
        [
            ("topology", lambda row: row["topology"]),
            ("kind", lambda row: row["kind"]),
            ("trials with", lambda row: number(row["trials_with"])),
            ("without", lambda row: number(row["trials_without"])),
            ("passed with", lambda row: percent(row["success_with"])),
            ("passed without", lambda row: percent(row["success_without"])),
            (
                "within tasks, points",
                lambda row: points(
                    row["success_difference"], row["success_low"], row["success_high"]
                ),
            ),
            ("broken with", lambda row: number(row["broken_with"], 2)),
            ("broken without", lambda row: number(row["broken_without"], 2)),
        ],
        "Within tasks: over tasks that have trials of both sorts. Broken: invariants per trial. "
        "Trials with a conflict can differ in other ways too; the serial twin tells cause apart.",
    )


def _twin_table(beside: pl.DataFrame) -> Table:
    return grouped(
        beside.with_columns(pl.lit(f"{TEAM} beside {TWIN}").alias("cell")),
        "The same trials, one agent at a time",
        [
            ("kind met by the team", lambda row: row["kind"]),
            ("pairs", lambda row: number(row["pairs"])),
            ("twin met it too", lambda row: number(row["twin_met"])),
            ("both passed", lambda row: number(row["both_passed"])),
            ("only the team", lambda row: number(row["only_team"])),
            ("only the twin", lambda row: number(row["only_twin"])),
            ("neither", lambda row: number(row["neither_passed"])),
            ("difference, points", lambda row: points(row["difference"], row["low"], row["high"])),
        ],
        "A pair is one trial of the team and the same trial with the same luck of the work, by the "
        "same team working one at a time. A trial with several kinds counts in each.",
    )
