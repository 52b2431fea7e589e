"""The report of a run: report.md with pictures beside it, and one page that needs no network."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from results import CHARTS, METRICS
from results.finder import Given, find, name_of, named
from results.questions.verdict.noise import with_floor
from results.questions.verdict.verdict import verdicts
from results.records import Graded, Recorded
from results.refused import Refused
from results.reports.attribution_section import attribution_section
from results.reports.budget_section import budget_section
from results.reports.checklist import checklist
from results.reports.comparison_words import told, what_can_be_said
from results.reports.conflict_section import conflict_section
from results.reports.consistency_tables import consistency_tables
from results.reports.failure_section import failure_section
from results.reports.fault_section import fault_section
from results.reports.loss_section import loss_section
from results.reports.map_section import map_section
from results.reports.metric_table import metric_table
from results.reports.page import written
from results.reports.parts import Report, Section
from results.reports.report_words import caveats, limits, method, unfinished
from results.reports.result_tables import (
    comparison_table,
    cost_table,
    invariant_table,
    outcome_table,
)
from results.reports.subagent_section import subagent_section
from results.reports.surface_section import surface_section
from results.reports.trajectory_section import trajectory_section
from results.reports.verdict_section import overview, parted
from results.rules import replicates
from results.simulation import simulation
from results.statistics.compare import compare
from results.statistics.summary import broken_invariants, summary
from results.table import Table
from results.tokens.attribution import CHARACTERS, Counter
from results.view import View, view_of
from results.words import number

NEEDS = {"passed_by_time": "seconds", "survival_over_steps": "tool_calls"}
"""Charts that show nothing where a field of the trials is never known."""

IN_SECTIONS = ("tokens_by_part",)
"""Charts that stand in the section they belong to."""

MARKDOWN, PAGE = "report.md.j2", "report.html.j2"


def write_report(
    run: Recorded,
    folder: Path | str,
    counter: Counter = CHARACTERS,
    metrics: Sequence[Given] = (),
    charts: Sequence[Given] = (),
) -> tuple[Path, Path]:
    """Writes report.md (with charts/*.svg) and report.html to `folder`; gives the two paths.

    `counter` counts as the run's model does, if that is known. `metrics` and `charts` are shown
    beside those of the registries, by import path. A run without trials is a `Refused`.
    """
    if run.trials.is_empty():
        raise Refused("this run has no trials yet: run the sweep before reporting on it")
    view = view_of(run)
    report, parts = composed(view, metrics), sections(view, counter)
    return written(
        Path(folder), "report", (MARKDOWN, PAGE), report, parts, _drawn_alone(view, charts)
    )


def _drawn_alone(view: View, charts: Sequence[Given]) -> dict[str, Any]:
    """The charts that stand in no section, by name."""
    trials = view.trials
    unknown = {
        name for name, field in NEEDS.items() if trials.get_column(field).drop_nulls().is_empty()
    }
    return {
        name_of(name): find(CHARTS, name)(view)
        for name in (*CHARTS, *charts)
        if name not in IN_SECTIONS and name not in unknown
    }


def sections(run: Recorded, counter: Counter = CHARACTERS) -> list[Section]:
    """The sections that a run has the records for, in the order of the report."""
    view = view_of(run)
    found = (
        map_section(view),
        budget_section(view),
        failure_section(view),
        surface_section(view),
        fault_section(view),
        trajectory_section(view),
        loss_section(view),
        conflict_section(view),
        subagent_section(view),
        attribution_section(view, counter),
    )
    return [section for section in found if section is not None]


def composed(run: Recorded, metrics: Sequence[Given] = ()) -> Report:
    """The report of a run: all of its numbers, sentences and tables; `metrics` as in `summary`."""
    view = view_of(run)
    trials, manifest, by, k = view.trials, view.manifest, view.by, view.k
    comparison = compared(view)
    judged = verdicts(trials, view.stated, by)
    assumes, apart = parted(judged)
    return Report(
        title=str(manifest.get("name", "run")),
        question=str(manifest.get("question") or "Which topology does this work better?"),
        simulated=view.simulated,
        simulation=simulation(trials),
        facts=_facts(view),
        rules=view.stated.sentence,
        overview=overview(judged),
        assumes=assumes,
        verdicts=apart,
        said=tuple(told(what_can_be_said(comparison))),
        caveats=(*unfinished(trials, manifest), *caveats(trials, by)),
        results=tuple(_results(view, comparison, metrics)),
        consistency=consistency_tables(view, sorted({1, min(2, view.most), k, view.most})),
        method=tuple(method(trials, view.reference, comparison)),
        limits=tuple(limits(manifest, view.simulated)),
        checklist=tuple(checklist(view)),
        command=str(manifest.get("command") or f"fanout run {manifest.get('name', '')}".strip()),
        reproduce=_reproduce(manifest),
    )


def _results(view: View, comparison: pl.DataFrame, metrics: Sequence[Given]) -> Iterator[Table]:
    trials, by, k = view.trials, view.by, view.k
    deadline = view.threshold("deadline_seconds")
    measured = [*METRICS, *metrics]
    table = summary(trials, by, sorted({1, k}), "drop", view.reference, deadline, measured)
    yield outcome_table(table, by, k, deadline)
    if not comparison.is_empty():
        yield comparison_table(comparison, view.reference)
    yield cost_table(table, by, view.reference, view.simulated)
    broken = broken_invariants(trials, by)
    if not broken.is_empty():
        yield invariant_table(broken, by)
    yield metric_table(table, by, named(measured))


def compared(run: Graded, ks: Sequence[int] | None = None) -> pl.DataFrame:
    """Every topology against the reference, at the levels of the verdicts, with the noise floor.

    At 1 and the leading k, unless `ks` are given. An arm that only repeats another one is in the
    floor and has no row.
    """
    view = view_of(run)
    ks = sorted({1, view.k}) if ks is None else ks
    found = compare(view.trials, view.reference, view.by, ks, level=view.levels)
    found = with_floor(found, view.trials, view.manifest, view.by, ks)
    return found.filter(~pl.col("topology").is_in(list(replicates(view.manifest))))


def _facts(view: View) -> tuple[tuple[str, str], ...]:
    trials = view.trials

    def known(column: str) -> str:
        return ", ".join(trials.get_column(column).drop_nulls().unique().sort().to_list())

    return (
        ("Trials", number(trials.height)),
        ("Tasks", number(trials.select("task_set", "task").n_unique())),
        ("Topologies", ", ".join(view.topologies)),
        ("Reference", view.reference),
        ("Task sets", known("task_set")),
        ("Models", known("model") or "not recorded"),
    )


def _reproduce(manifest: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    versions: dict[str, Any] = manifest.get("versions") or {}
    return (
        ("manifest hash", str(manifest.get("hash", "not recorded"))),
        ("seed", str(manifest.get("seed", "not recorded"))),
        ("trials per task", str(manifest.get("trials", "not recorded"))),
        *((str(name), str(version)) for name, version in versions.items()),
    )
