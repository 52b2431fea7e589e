"""Report: did agents that share a state get in each other's way, and did it hurt?"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from results.charts.conflicts import conflict_anatomy, conflicts_by_coupling
from results.charts.palette import simulated as simulated_words
from results.conflicts import FAMILIES
from results.conflicts.consequences import NOTICED, OUTCOMES, OVERLOOKED, outcome_counts
from results.conflicts.declared import conflicts_of
from results.conflicts.harm import HARMLESS, did_it_hurt, how_often, unchecked
from results.conflicts.serial_twins import serial_twins, twin_table
from results.reports.conflict_tables import (
    POOLED,
    hurt_table,
    met_kinds,
    often_table,
    outcome_table,
    twin_kinds,
)
from results.reports.parts import Section
from results.strata import cell_label
from results.table import Row
from results.view import View
from results.words import listed, many, on, percent, percent_interval, points, short_id

TEAM, TWIN = "lead_subagents", "serial_team"
"""The pair whose trials are twins: the same team, at once and one at a time."""

MOST_MODELS = 8
"""More models than a table keeps apart."""

TITLE = "Did state conflict?"
NONE_CHECKED = (
    "Whether agents conflicted is not known: no trial could be checked, since what they touched "
    "has no versions (private copies, say)."
)


@dataclass(frozen=True)
class Harm:
    """A finding in a trial that failed, and what is known of its cause."""

    finding: Row
    trial: Row
    twin: str | None


def conflict_section(view: View) -> Section | None:
    """The section; None for a run that recorded no accesses."""
    trials = view.trials
    if view.accesses.is_empty():
        return None
    unknown = unchecked(view.accesses, trials)
    graded = trials.filter(pl.col("passed").is_not_null())
    if len(unknown) == trials.height:
        return Section(TITLE, (NONE_CHECKED,))
    found = conflicts_of(view)
    by = _kept(view)
    often = often_in_cells(view, found, unknown)
    hurt = did_it_hurt(trials, found, by, unknown).with_columns(cell_label(by))
    twins = serial_twins(trials, found, TEAM, TWIN, unknown)
    beside = twin_table(twins)
    worst = first_harmful(trials, found, twins)
    simulated = view.simulated
    tables = [often_table(often), hurt_table(hurt)] if often.height else []
    outcomes = outcome_counts(found, trials, ["task_set", *by]).with_columns(cell_label(by))
    if outcomes.height:
        tables.insert(1, outcome_table(outcomes))
    if beside.height:
        tables.append(twin_kinds(beside, TEAM, TWIN))
    charts: dict[str, Any] = {}
    if not found.is_empty() and trials.get_column("coupling").is_not_null().any():
        charts["conflicts_by_coupling"] = conflicts_by_coupling(view, found)
    if worst is not None:
        charts["conflict_anatomy"] = conflict_anatomy(worst.finding, simulated_words(trials))
    sentences = [
        *_unchecked_sentences(graded.filter(pl.col("trial_id").is_in(unknown)).height),
        *often_sentences(often, simulated),
        *outcome_sentences(outcomes, simulated),
        *hurt_sentences(hurt, simulated),
        *(twin_sentences(beside, simulated) if beside.height else twin_missing(trials, found)),
        *_worst_sentences(found, worst),
    ]
    shown = tuple(table for table in tables if table.groups)
    return Section(TITLE, tuple(sentences), shown, charts)


def often_in_cells(view: View, found: pl.DataFrame, unknown: Iterable[str] = ()) -> pl.DataFrame:
    """`results.conflicts.harm.how_often` by coupling and `cell`, all widths together."""
    by = _kept(view)
    often = how_often(view.trials, found, [*by, "coupling"], unknown)
    return often.with_columns(cell_label(by))


def _kept(view: View) -> list[str]:
    """The settings that stand apart; models that were drawn, not chosen, do not."""
    drawn = ("model",) if view.trials.get_column("model").n_unique() > MOST_MODELS else ()
    return [name for name in view.by if name not in (*POOLED, *drawn)]


def first_harmful(trials: pl.DataFrame, found: pl.DataFrame, twins: pl.DataFrame) -> Harm | None:
    """The finding to show: the first of a trial that it may have failed.

    Those that touch what the trial missed come first, then trials whose serial twin passed, then
    those that broke an invariant, then the kind that most such trials met. What is known to touch
    nothing that was missed is left out. None if no trial with another finding failed.
    """
    only_twin = twins.filter(~pl.col("team_passed") & pl.col("twin_passed"))
    pairs = dict(only_twin.select("team_trial_id", "twin_trial_id").iter_rows())
    may = pl.col("touches_missed").fill_null(True)
    failed = found.filter(~pl.col("kind").is_in(HARMLESS), may).join(
        trials.filter(pl.col("passed") == False).select(  # noqa: E712
            "trial_id", pl.col("broken_invariants").list.len().fill_null(0).alias("broken")
        ),
        on="trial_id",
    )
    if failed.is_empty():
        return None
    first = failed.with_columns(
        pl.col("trial_id").is_in(list(pairs)).alias("caused"),
        pl.col("trial_id").n_unique().over("kind").alias("met"),
        pl.col("family").cast(pl.Enum(FAMILIES)),
    ).sort(
        pl.col("touches_missed").fill_null(False), "caused", pl.col("broken") > 0,
        "met", "family", "trial_id", "finding",
        descending=[True, True, True, True, False, False, False],
    )  # fmt: skip
    row = first.row(0, named=True)
    trial = trials.row(by_predicate=pl.col("trial_id") == row["trial_id"], named=True)
    return Harm(row, trial, pairs.get(row["trial_id"]))


def _unchecked_sentences(unknown: int) -> Iterator[str]:
    if unknown:
        yield (
            f"{unknown} graded trials could not be checked, since what they touched has no "
            "versions (private copies, say); they are left out, not counted as free of conflicts."
        )


def often_sentences(often: pl.DataFrame, simulated: bool) -> Iterator[str]:
    """For each cell and topology the kind that it met most, and the names of the others."""
    met = met_kinds(often)
    if met.is_empty():
        yield "No conflict was found in any trial that could be checked."
    bad = met.filter(~pl.col("kind").is_in(HARMLESS))
    for (cell, topology), kinds in bad.group_by("cell", "topology", maintain_order=True):
        first, *others = kinds.iter_rows(named=True)
        shares = ", ".join(
            f"{percent_interval(part['share'], part['low'], part['high'])} of {part['trials']}"
            + ("" if part["coupling"] is None else f" at coupling {part['coupling']:g}")
            for part in first["at"]
            if part["share"]
        )
        less = [f"{row['kind']} (up to {percent(row['most'])})" for row in others]
        rest = f"; also {listed(less)}" if less else ""
        yield (
            f"{on(simulated)} {cell} {topology} met {first['kind']} in this share of its "
            f"trials: {shares}{rest}."
        )


def outcome_sentences(outcomes: pl.DataFrame, simulated: bool) -> Iterator[str]:
    """For each topology and kind of which the tool refused some: what came of all of them."""
    bad = outcomes.filter(~pl.col("kind").is_in(HARMLESS), pl.col(NOTICED) + pl.col(OVERLOOKED) > 0)
    for row in bad.iter_rows(named=True):
        told = ", ".join(
            f"in {row[outcome]} {words}" for outcome, words in OUTCOMES.items() if row[outcome]
        )
        yield (
            f"{on(simulated)} {row['cell']} {topology_finds(row)}: {told}"
            + (f", and of {row['unknown']} nothing is known." if row["unknown"] else ".")
        )


def topology_finds(row: Row) -> str:
    """Who met how many findings of which kind, in how many trials."""
    return (
        f"{row['topology']} met {many(row['findings'], 'finding')} of {row['kind']} in "
        f"{many(row['trials'], 'trial')}"
    )


def hurt_sentences(hurt: pl.DataFrame, simulated: bool) -> Iterator[str]:
    """The kinds with which trials of the same task ended otherwise than without."""
    bad = ~pl.col("kind").is_in(HARMLESS)
    for row in hurt.filter(pl.col("success_low").is_not_null(), bad).iter_rows(named=True):
        low, high = row["success_low"], row["success_high"]
        if low > 0 or high < 0:
            yield (
                f"{on(simulated)} {row['cell']} trials of {row['topology']} with {row['kind']} "
                f"passed {points(row['success_difference'], low, high)} points beside trials of "
                "the same task without it; that need not be its doing."
            )


def twin_sentences(beside: pl.DataFrame, simulated: bool) -> Iterator[str]:
    """What conflicts cost beside the serial twin: where it is known, and for the kind met most."""
    start = "In simulation, of" if simulated else "Of"
    bad = ~pl.col("kind").is_in(["none", *HARMLESS])
    settled = ((pl.col("low") > 0) | (pl.col("high") < 0)).fill_null(False)
    met = beside.filter(bad).sort("pairs", descending=True, maintain_order=True)
    told = met.filter(settled | (pl.int_range(pl.len()) == 0))
    for row in told.iter_rows(named=True):
        yield (
            f"{start} {row['pairs']} trials of {TEAM} with {row['kind']}, {row['only_twin']} "
            f"failed while the same trial one agent at a time passed, and {row['only_team']} the "
            f"other way round: {points(row['difference'], row['low'], row['high'])} points on "
            f"these tasks, p = {row['p']:.3f}. {_harm(row)}"
        )
    open_still = met.join(told, on="kind", how="anti")
    if open_still.height:
        kinds = [
            f"{kind} ({pairs})" for kind, pairs in open_still.select("kind", "pairs").iter_rows()
        ]
        yield (
            f"{'In simulation, whether' if simulated else 'Whether'} {listed(kinds)} hurt is not "
            "known yet (in brackets: trials that met it and whose serial twin is recorded)."
        )


def _harm(row: Row) -> str:
    if row["high"] < 0:
        return "It is due to being at work at once: it hurt."
    if row["low"] > 0:
        return "It is due to being at work at once: it helped."
    return "Not enough evidence yet to say that being at work at once hurt there."


def twin_missing(trials: pl.DataFrame, found: pl.DataFrame) -> Iterator[str]:
    """Where agents conflicted and no serial twin is recorded: what would tell what that cost."""
    ran = trials.get_column("topology").unique()
    met = found.filter(~pl.col("kind").is_in(HARMLESS)).join(trials, on="trial_id")
    several = met.filter(pl.col("agents").list.len() > 1).get_column("topology").unique().sort()
    if TEAM in several:
        yield (
            f"What these conflicts cost {TEAM} cannot be told from other causes: "
            + (
                f"no graded trial of {TWIN} is the same trial as one of {TEAM}."
                if TWIN in ran
                else f"add {TWIN} (the same team, one agent at a time) to the topologies of the "
                "sweep, and each trial has its serial twin beside it."
            )
        )
    elif several.len():
        yield (
            f"What these conflicts cost {listed(several.to_list())} cannot be told from other "
            "causes: that takes the same trials with one agent at a time, as the kit has them for "
            f"{TEAM} ({TWIN})."
        )


def _worst_sentences(found: pl.DataFrame, worst: Harm | None) -> Iterator[str]:
    if worst is not None:
        trial = worst.trial
        why = (
            f"its serial twin {short_id(worst.twin)} passed"
            if worst.twin
            else "no serial twin that passed was recorded, so the cause is not proved"
        )
        about = (
            "; it touches what the trial missed"
            if worst.finding["touches_missed"]
            else "; whether it touches what the trial missed is not known"
        )
        yield (
            f"Shown below: {worst.finding['kind']} in trial {short_id(trial['trial_id'])} "
            f"({trial['topology']} on {trial['task']}, trial {trial['trial']}), which failed; "
            f"{why}{about}. Follow it with `fanout show RUN {short_id(trial['trial_id'])}`."
        )
        return
    bad = found.filter(~pl.col("kind").is_in(HARMLESS))
    elsewhere = bad.filter(pl.col("touches_missed") == False).get_column("trial_id").n_unique()  # noqa: E712
    if elsewhere:
        yield (
            f"Agents conflicted in {many(elsewhere, 'trial')} that failed, but no conflict touches "
            "what was missed there: those failures lie elsewhere."
        )
    elif bad.height:
        yield "No trial in which agents conflicted failed: what was found did no visible harm."
