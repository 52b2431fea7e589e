"""The report of a run: report.md with pictures beside it, and one page that needs no network."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from results import CHARTS, METRICS
from results.charts.saving import save
from results.finder import find
from results.questions.verdict.noise import with_floor
from results.questions.verdict.verdict import family_of, levels, verdicts
from results.records import WITHOUT_GRADE, Recorded
from results.refused import Refused
from results.reports.attribution_section import attribution_section
from results.reports.budget_section import budget_section
from results.reports.checklist import checklist
from results.reports.comparison_words import caveats, told, what_can_be_said
from results.reports.conflict_section import conflict_section
from results.reports.consistency_tables import consistency_table, split_table
from results.reports.failure_section import failure_section
from results.reports.loss_section import loss_section
from results.reports.map_section import map_section
from results.reports.markdown import as_markdown
from results.reports.metric_table import metric_table
from results.reports.page import page
from results.reports.parts import Report, Section
from results.reports.prose import limits, method
from results.reports.result_tables import comparison_table, cost_table, outcome_table
from results.reports.subagent_section import subagent_section
from results.reports.trajectory_section import trajectory_section
from results.reports.verdict_section import overview, parted
from results.rules import Stated, replicates, stated
from results.simulation import simulation
from results.statistics.bands import pass_k_bands
from results.statistics.compare import compare
from results.statistics.consistency import CRASHES, consistency
from results.statistics.summary import broken_invariants, metric_columns, summary
from results.strata import cell_label, strata
from results.table import Table, grouped
from results.tokens.attribution import CHARACTERS, Counter
from results.words import number, percent

HEADLINE_K = 4


def write_report(
    run: Recorded,
    folder: Path | str,
    counter: Counter = CHARACTERS,
    metrics: Sequence[str] = (),
    charts: Sequence[str] = (),
) -> tuple[Path, Path]:
    """Writes report.md (with charts/*.svg) and report.html to `folder`; gives the two paths.

    `counter` counts as the run's model does, if that is known. `metrics` and `charts` are shown
    beside those of the registries, by import path. A run without trials is a `Refused`.
    """
    if run.trials.is_empty():
        raise Refused("this run has no trials yet: run the sweep before reporting on it")
    folder = Path(folder)
    (folder / "charts").mkdir(parents=True, exist_ok=True)
    report = composed(run, metrics)
    parts = sections(run, counter)
    unknown = {
        name
        for name, field in NEEDS.items()
        if run.trials.get_column(field).drop_nulls().is_empty()
    }
    alone = {
        name.rpartition(":")[2]: find(CHARTS, name)(run)
        for name in (*CHARTS, *charts)
        if name not in IN_SECTIONS and name not in unknown
    }
    drawn = alone | {name: chart for part in parts for name, chart in part.charts.items()}
    for name, chart in drawn.items():
        save(chart, folder / "charts" / f"{name}.svg", "svg")
    markdown, html = folder / "report.md", folder / "report.html"
    markdown.write_text(as_markdown(report, list(alone), parts), encoding="utf-8")
    html.write_text(page(report, alone, parts), encoding="utf-8")
    return markdown, html


NEEDS = {"passed_by_time": "seconds", "survival_over_steps": "tool_calls"}
"""Charts that show nothing where a field of the trials is never known."""

IN_SECTIONS = ("tokens_by_part",)
"""Charts that stand in the section they belong to."""


def sections(run: Recorded, counter: Counter = CHARACTERS) -> list[Section]:
    """The sections that a run has the records for, in the order of the report."""
    reference = reference_of(run.trials)
    found = (
        map_section(
            run,
            reference,
            headline_k(run.trials, run.manifest),
            levels(run.trials, reference, rules_of(run.trials, run.manifest)),
        ),
        budget_section(run),
        failure_section(run, pooled="imported" in run.manifest),
        trajectory_section(run),
        loss_section(run),
        conflict_section(run),
        subagent_section(run),
        attribution_section(run, reference, counter),
    )
    return [section for section in found if section is not None]


def composed(run: Recorded, metrics: Sequence[str] = ()) -> Report:
    """The report of a run: all of its numbers, sentences and tables; `metrics` as in `summary`."""
    trials, manifest = run.trials, run.manifest
    by = strata(trials)
    reference = reference_of(trials)
    most = most_trials(trials)
    k = headline_k(trials, manifest)
    ks = sorted({1, min(2, most), k, most})
    deadline = _threshold(manifest, "deadline_seconds")
    measured = [*METRICS, *metrics]
    table = summary(trials, by, sorted({1, k}), "drop", reference, deadline, measured)
    simulated = bool(trials.get_column("simulated").any())
    rules = rules_of(trials, manifest)
    comparison = compared(run, by, sorted({1, k}))
    judged = verdicts(trials, rules)
    assumes, apart = parted(judged)
    results = [outcome_table(table, by, k, deadline), cost_table(table, by, reference, simulated)]
    if not comparison.is_empty():
        results.insert(1, comparison_table(comparison, reference))
    broken = broken_invariants(trials, by)
    if not broken.is_empty():
        results.append(_invariant_table(broken, by))
    results.append(metric_table(table, by, metric_columns(measured).values()))
    return Report(
        title=str(manifest.get("name", "run")),
        question=str(manifest.get("question") or "Which topology does this work better?"),
        simulated=simulated,
        simulation=simulation(trials),
        facts=_facts(trials, reference),
        rules=rules.sentence,
        overview=overview(judged),
        assumes=assumes,
        verdicts=apart,
        said=tuple(told(what_can_be_said(comparison))),
        caveats=(*_unfinished(trials, manifest), *caveats(trials)),
        results=tuple(results),
        consistency=_consistency(trials, by, ks),
        method=tuple(method(trials, reference, comparison)),
        limits=tuple(limits(manifest, simulated)),
        checklist=tuple(checklist(trials, manifest, rules, family_of(trials, rules.contrasts, by))),
        command=str(manifest.get("command") or f"fanout run {manifest.get('name', '')}".strip()),
        reproduce=_reproduce(manifest),
    )


def compared(run: Recorded, by: Sequence[str], ks: Sequence[int]) -> pl.DataFrame:
    """Every topology against the reference, at the levels of the verdicts, with the noise floor.

    An arm that only repeats another one is in the floor and has no row.
    """
    trials, reference = run.trials, reference_of(run.trials)
    level = levels(trials, reference, rules_of(trials, run.manifest))
    found = compare(trials, reference, by, ks, level=level)
    found = with_floor(found, trials, run.manifest, by, ks)
    return found.filter(~pl.col("topology").is_in(list(replicates(run.manifest))))


def headline_k(trials: pl.DataFrame, manifest: Mapping[str, Any]) -> int:
    """The k that tables and sentences lead with: the threshold `k` of the sweep, else 4.

    At most the trials of a task, at least 1.
    """
    wanted = _threshold(manifest, "k") or HEADLINE_K
    return max(1, min(int(wanted), most_trials(trials)))


def rules_of(trials: pl.DataFrame, manifest: Mapping[str, Any]) -> Stated:
    """The rules of a run, with its contrasts."""
    names = trials.get_column("topology").unique().sort().to_list()
    return stated(manifest, names, reference_of(trials), most_trials(trials))


def most_trials(trials: pl.DataFrame) -> int:
    """The most trials that any topology had of a task, crashed ones included."""
    keys = ("topology", "task_set", *strata(trials), "task")
    return max(trials.group_by(keys).len().get_column("len").to_list(), default=0)


def _unfinished(trials: pl.DataFrame, manifest: Mapping[str, Any]) -> list[str]:
    planned = manifest.get("planned")
    if planned is None or trials.height >= planned:
        return []
    return [
        f"This run is not complete: {trials.height} of {planned} planned trials are recorded. The "
        "missing ones need not be like the others."
    ]


def reference_of(trials: pl.DataFrame) -> str:
    """`single_thread` where it took part, else the first topology in the alphabet."""
    names = sorted(trials.get_column("topology").unique().to_list())
    return "single_thread" if "single_thread" in names else names[0]


def _threshold(manifest: Mapping[str, Any], name: str) -> float | None:
    thresholds: dict[str, Any] = manifest.get("thresholds") or {}
    value = thresholds.get(name)
    return None if value is None else float(value)


def _facts(trials: pl.DataFrame, reference: str) -> tuple[tuple[str, str], ...]:
    def listed(column: str) -> str:
        return ", ".join(trials.get_column(column).drop_nulls().unique().sort().to_list())

    return (
        ("Trials", number(trials.height)),
        ("Tasks", number(trials.select("task_set", "task").n_unique())),
        ("Topologies", listed("topology")),
        ("Reference", reference),
        ("Task sets", listed("task_set")),
        ("Models", listed("model") or "not recorded"),
    )


def _invariant_table(broken: pl.DataFrame, by: list[str]) -> Table:
    return grouped(
        broken.with_columns(cell_label(by).alias("cell")).sort(
            "task_set", *by, "invariant", "topology", nulls_last=True
        ),
        "Invariants broken, by kind",
        [
            ("topology", lambda row: row["topology"]),
            ("invariant", lambda row: row["invariant"]),
            ("graded trials", lambda row: number(row["trials"])),
            ("broken", lambda row: number(row["count"])),
            ("per trial", lambda row: number(row["per_trial"], 3)),
        ],
    )


def _consistency(trials: pl.DataFrame, by: list[str], ks: list[int]) -> tuple[Table, ...]:
    """Pass^k at each k, and, if any trial crashed or paused, under each way to treat that."""
    bands = pass_k_bands(trials, ks, by)
    tables = [consistency_table(bands, by), split_table(bands, by)]
    if trials.get_column("ended").is_in(WITHOUT_GRADE).any():
        ways = pl.concat([consistency(trials, ks, by, crashed) for crashed in CRASHES])
        wide = ways.pivot(
            on="crash_convention",
            index=["topology", "task_set", *by, "k"],
            values="pass_hat",
        ).with_columns(cell_label(by).alias("cell"))
        tables.append(
            grouped(
                wide.sort("task_set", *by, "topology", "k", nulls_last=True),
                "Pass^k under each way to treat crashed trials",
                [
                    ("topology", lambda row: row["topology"]),
                    ("k", lambda row: str(row["k"])),
                    ("drop (used)", lambda row: percent(row["drop"])),
                    ("failed", lambda row: percent(row["failed"])),
                    ("lowest_k", lambda row: percent(row["lowest_k"])),
                ],
            )
        )
    return tuple(tables)


def _reproduce(manifest: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    versions: dict[str, Any] = manifest.get("versions") or {}
    return (
        ("manifest hash", str(manifest.get("hash", "not recorded"))),
        ("seed", str(manifest.get("seed", "not recorded"))),
        ("trials per task", str(manifest.get("trials", "not recorded"))),
        *((str(name), str(version)) for name, version in versions.items()),
    )
