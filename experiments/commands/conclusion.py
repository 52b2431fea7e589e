"""What a finished `fanout run` ends with: the table, what can be said, and where the report is."""

import shlex
from collections.abc import Iterator
from typing import Any

from experiments.commands.output import columns
from experiments.counting import counter_of
from results.compare import compare
from results.reports.report import HEADLINE_K, reference_of, write_report
from results.reports.sentences import caveats, what_can_be_said
from results.reports.tables import dollars, number, percent_interval, ratio
from results.statistics.strata import cell_label, strata
from results.store import RUNS, Run
from results.summary import summary

Row = dict[str, Any]


def conclusion(run: Run) -> Row:
    """Everything that is told, as plain data; `report` is null for a run without trials."""
    told: Row = {
        "run": str(run.folder),
        "outcome": run.outcome,
        "planned": run.manifest.get("planned"),
        "recorded": run.manifest["recorded"],
        "simulated": bool(run.manifest.get("simulated")),
        "k": HEADLINE_K,
        "summary": [],
        "said": [],
        "caveats": [],
        "crashed": 0,
        "report": None,
        "notebook": "fanout notebook compare --run " + shlex.quote(_named(run)),
    }
    if run.trials.is_empty():
        return told
    trials = run.trials
    by = strata(trials)
    reference = reference_of(trials)
    told["k"] = k = min(HEADLINE_K, max(1, int(run.manifest.get("trials", 1))))
    table = summary(trials, by, sorted({1, k}), reference=reference)
    said = what_can_be_said(compare(trials, reference, by, sorted({1, k})))
    told["summary"] = table.with_columns(cell_label(by).alias("cell")).to_dicts()
    told["said"] = said.to_dicts()
    told["caveats"] = caveats(trials)
    told["crashed"] = int((trials.get_column("ended") == "crashed").sum())
    told["report"] = [str(path) for path in write_report(run, run.folder, counter_of(trials))]
    return told


def conclusion_lines(told: Row) -> Iterator[str]:
    """The same for people."""
    yield ""
    k = told["k"]
    simulated = " (simulated)" if told["simulated"] else ""
    for cell in dict.fromkeys(row["cell"] for row in told["summary"]):
        yield f"{cell}{simulated}"
        heading = ["", "passed", f"pass^{k}", "tokens", "ratio", "dollars", "ratio"]
        rows = [_row(row, k) for row in told["summary"] if row["cell"] == cell]
        yield from columns([heading, *rows])
        yield ""
    if told["said"]:
        yield "What can be said"
        for task_set in dict.fromkeys(row["task_set"] for row in told["said"]):
            yield f"  {task_set}"
            yield from (
                f"  - {row['sentence']}" for row in told["said"] if row["task_set"] == task_set
            )
        yield ""
    yield from told["caveats"]
    if told["crashed"]:
        yield f"Crashed: {told['crashed']} trials; --retry-crashed runs them again."
    if told["outcome"] != "complete":
        yield f"Not complete: {told['recorded']} of {told['planned']} trials; {told['outcome']}."
    if told["report"]:
        markdown, page = told["report"]
        yield f"Report:   {markdown}"
        yield f"          {page}"
    yield f"Notebook: {told['notebook']}"


def _named(run: Run) -> str:
    """What a command may call the run: its name, or its folder if that is kept elsewhere."""
    return run.folder.name if run.folder.parent == RUNS else str(run.folder)


def _row(row: Row, k: int) -> list[str]:
    hat = f"pass_hat_{k}"
    return [
        row["topology"],
        percent_interval(row["success"], row["success_low"], row["success_high"]),
        percent_interval(row[hat], row[f"{hat}_low"], row[f"{hat}_high"]),
        number(row["tokens"]),
        ratio(row["tokens_ratio"], row["tokens_ratio_low"], row["tokens_ratio_high"]),
        dollars(row["dollars"]),
        ratio(row["dollars_ratio"], row["dollars_ratio_low"], row["dollars_ratio_high"]),
    ]
