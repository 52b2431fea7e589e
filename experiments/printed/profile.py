"""What fan-out could bring to recorded runs: sentences, a table of tasks, and two pictures."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from experiments.printed.output import columns
from experiments.refused import Refused
from results.charts.gain import run_picture, tasks_picture
from results.charts.saving import save
from results.questions.gain.gain_words import profile_sentences
from results.questions.gain.profile import ProfileResult
from results.store import Run
from results.words import number
from tasks.finder import near

SHOWN_TASKS = 20


def profile_lines(name: str, result: ProfileResult) -> Iterator[str]:
    """All that is said of the run called `name`, but for where its pictures are."""
    simulated = " (simulated)" if result.overall["simulated"] else ""
    yield f"What fan-out could bring to {name}{simulated}"
    yield from (f"- {sentence}" for sentence in profile_sentences(result))
    yield ""
    yield from _table(result.per_task)
    yield ""


def writing(run: Run, written: str | None) -> dict[str, list[str]]:
    """Task set to the tools that --writes names: "" for none. `Refused` for one never called."""
    if written is None:
        return {}
    names = [name.strip() for name in written.split(",") if name.strip()]
    called = run.steps.get_column("tool").drop_nulls().unique().sort().to_list()
    for name in names:
        if name not in called:
            raise Refused(
                f"--writes {name}: no call of such a tool is recorded; {near(name, called)}"
            )
    return dict.fromkeys(run.trials.get_column("task_set").unique().to_list(), names)


def pictures(result: ProfileResult, folder: Path, trial: str | None) -> list[Path]:
    """The picture of all tasks and that of one run, as SVG and as pages that need no network."""
    folder.mkdir(parents=True, exist_ok=True)
    charts = {"tasks": tasks_picture(result), "run": run_picture(result, trial)}
    paths: list[Path] = []
    for name, chart in charts.items():
        for ending in ("svg", "html"):
            paths.append(folder / f"{name}.{ending}")
            save(chart, paths[-1], ending)
    return paths


def _table(per_task: pl.DataFrame) -> Iterator[str]:
    heading = ["task", "runs", "passed", "calls", "bound", "natural", "safe", "tokens", "verdict"]
    rows = [_row(row) for row in per_task.head(SHOWN_TASKS).iter_rows(named=True)]
    yield from columns([heading, *rows])
    if per_task.height > SHOWN_TASKS:
        yield f"  and {per_task.height - SHOWN_TASKS} more tasks; --json has all"
    yield (
        "  Times as fast: bound with any number of agents, natural if split by data alone, safe if "
        "nothing written is shared; tokens: of a team beside the single agent, at least and most."
    )


def _row(row: dict[str, Any]) -> list[str]:
    ends = (row["token_ratio_least"], row["token_ratio_most"])
    tokens = "-" if None in ends else f"{ends[0]:.1f} to {ends[1]:.1f}x"
    ratios = [number(row[name], 2) for name in ("bound", "natural_speed_up", "safe_speed_up")]
    task = str(row["task"]).partition("?")[0]
    counts = [number(row[name]) for name in ("runs", "passed", "calls")]
    return [task, *counts, *ratios, tokens, row["verdict"]]
