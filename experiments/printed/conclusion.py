"""What a finished `fanout run` ends with: the table, what can be said, and where the report is."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from experiments.printed.output import columns
from experiments.recorded.counting import counter_of
from experiments.recorded.show import known_as
from results.reports.comparison_words import SENTENCES, told, what_can_be_said
from results.reports.report import compared, write_report
from results.reports.report_words import caveats
from results.reports.result_tables import named
from results.simulation import of_manifest
from results.statistics.summary import summary
from results.store import Run
from results.strata import cell_label
from results.view import view_of
from results.words import dollars, number, percent_interval, ratio, where_known

Row = dict[str, Any]


def conclusion(run: Run) -> Row:
    """Everything that is told, as plain data; `report` is null for a run without trials."""
    view = view_of(run)
    data: Row = {
        "run": str(run.folder),
        "outcome": run.outcome,
        "planned": run.manifest.get("planned"),
        "recorded": run.manifest["recorded"],
        "simulated": bool(run.manifest.get("simulated")),
        "simulation": of_manifest(run.manifest),
        "k": view.k,
        "summary": [],
        "said": [],
        "caveats": [],
        "interrupted": run.manifest.get("interrupted"),
        "crashed": 0,
        "never_ran": {},
        "report": None,
        "notebook": f"fanout notebook compare --run {known_as(run)}",
    }
    if run.trials.is_empty():
        return data
    trials, by = view.trials, view.by
    table = summary(trials, by, sorted({1, view.k}), reference=view.reference)
    said = what_can_be_said(compared(view))
    data["summary"] = table.with_columns(cell_label(by)).to_dicts()
    data["said"] = said.to_dicts()
    data["caveats"] = caveats(trials, by)
    data["crashed"] = int((trials.get_column("ended") == "crashed").sum())
    data["never_ran"] = never_ran(trials)
    data["report"] = [str(path) for path in write_report(view, run.folder, counter_of(trials))]
    return data


def conclusion_lines(data: Row) -> Iterator[str]:
    """The same for people."""
    yield ""
    k = data["k"]
    simulated = f" ({data['simulation']})" if data["simulation"] else ""
    for cell in dict.fromkeys(row["cell"] for row in data["summary"]):
        yield f"{cell}{simulated}"
        heading = ["", "passed", f"pass^{k}", "tokens", "ratio", "dollars", "ratio"]
        rows = [_row(row, k) for row in data["summary"] if row["cell"] == cell]
        yield from columns([heading, *rows])
        yield ""
    if data["said"]:
        yield "What can be said"
        for task_set, sentences in told(pl.DataFrame(data["said"], schema=SENTENCES)):
            yield f"  {task_set}"
            yield from (f"  - {sentence}" for _, sentence in sentences)
        yield ""
    yield from data["caveats"]
    if data["crashed"]:
        yield f"Crashed: {data['crashed']} trials; --retry-crashed runs them again."
    for topology, crash in data["never_ran"].items():
        yield f"Every trial of {topology} crashed, as in: {crash}"
    if data["interrupted"] and data["interrupted"]["calls"]:
        yield _interrupted(data["interrupted"])
    if data["outcome"] != "complete":
        yield f"Not complete: {data['recorded']} of {data['planned']} trials; {data['outcome']}."
    if data["report"]:
        markdown, page = data["report"]
        yield f"Report:   {markdown}"
        yield f"          {page}"
    yield f"Notebook: {data['notebook']}"


def _interrupted(used: Row) -> str:
    tokens = "an unknown number of" if used["tokens"] is None else f"{used['tokens']:,}"
    cost = "" if used["dollars"] is None else f" ({dollars(used['dollars'])})"
    return (
        f"Trials that were interrupted had used {tokens} tokens{cost} in {used['calls']} calls; "
        "that counts towards limits.sweep."
    )


def never_ran(trials: pl.DataFrame) -> dict[str, str]:
    """The topologies of which every trial crashed, and what their first crash said."""
    lost = (
        trials.group_by("topology", maintain_order=True)
        .agg((pl.col("ended") == "crashed").all().alias("lost"), pl.col("crash").first())
        .filter("lost")
    )
    return dict(lost.select("topology", "crash").iter_rows())


def _row(row: Row, k: int) -> list[str]:
    hat = f"pass_hat_{k}"
    return [
        named(row),
        percent_interval(row["success"], row["success_low"], row["success_high"]),
        percent_interval(row[hat], row[f"{hat}_low"], row[f"{hat}_high"]),
        where_known(row, "tokens", number),
        ratio(row["tokens_ratio"], row["tokens_ratio_low"], row["tokens_ratio_high"]),
        where_known(row, "dollars", dollars),
        ratio(row["dollars_ratio"], row["dollars_ratio_low"], row["dollars_ratio_high"]),
    ]
