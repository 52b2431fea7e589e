"""Every chart, section and table stands on frames whose nullable fields are all null."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import results
from results import CHARTS
from results.charts.conflicts import conflict_anatomy, conflicts_by_coupling
from results.charts.gain import run_picture, tasks_picture
from results.charts.horizon import horizon_curves
from results.charts.resilience_surface import reliability_surface
from results.charts.tasks import passes_by_task, trial_list
from results.conflicts.declared import conflicts_of
from results.finder import Given, find
from results.questions.gain.gain_words import profile_sentences, task_sentences
from results.questions.gain.profile import profile_runs
from results.questions.runs.side_by_side import compare_runs
from results.records import SCHEMAS, frame
from results.refused import Refused
from results.reports.report import composed, sections, write_report
from results.statistics.compare import compare
from results.statistics.summary import summary
from results.strata import strata, with_dials

from .conftest import MadeRun

pytestmark = pytest.mark.slow

README = Path(results.__file__).with_name("README.md").read_text(encoding="utf-8")
OTHERS = (passes_by_task, horizon_curves, reliability_surface)
TOPOLOGIES = ("lead_subagents", "single_thread")
AGENTS = {"lead_subagents": ("lead", "subagent"), "single_thread": ("agent",)}

Rows = list[dict[str, Any]]


def never_null(name: str) -> set[str]:
    """The fields of a frame that are never null, by the table in results/README.md."""
    section = README.split(f"### {name}\n")[1].split("### ")[0]
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([^|]+?) \|$", section, re.MULTILINE)
    return {field for field, null in rows if null.startswith("never")}


def bare_run(graded: bool, steps: bool = True, accesses: bool = True) -> MadeRun:
    """Two topologies, 3 tasks x 2 trials, with nothing in it that may be null but `passed`."""
    rows: dict[str, Rows] = {name: [] for name in SCHEMAS}
    for topology in TOPOLOGIES:
        for task in range(3):
            for trial in range(2):
                _add_trial(rows, topology, f"t{task}", trial, (task + trial) % 2 if graded else -1)
    kept = {
        name: frame(name, [{k: v for k, v in row.items() if k in _allowed(name)} for row in own])
        for name, own in rows.items()
    }
    if not steps:
        kept["steps"] = frame("steps", [])
    if not accesses:
        kept["accesses"] = frame("accesses", [])
    return MadeRun(folder=Path("bare"), manifest={"name": "bare"}, **kept)


def _allowed(name: str) -> set[str]:
    return never_null(name) | {"passed"}


def _add_trial(rows: dict[str, Rows], topology: str, task: str, trial: int, passed: int) -> None:
    trial_id = f"{topology}/{task}/{trial}"
    row = {"trial_id": trial_id, "sweep": "s", "topology": topology, "task_set": "set"}
    row |= {"task": task, "block": task, "settings": "{}", "model": "m", "models": "{}"}
    row |= {"simulated": False, "trial": trial, "ended": "completed"}
    rows["trials"].append(row | {"passed": None if passed < 0 else bool(passed)})
    for at, agent in enumerate(AGENTS[topology]):
        own = {"trial_id": trial_id, "agent": agent}
        for kind in ("model", "tool"):
            rows["steps"].append(own | {"step": 2 * at + (kind == "tool"), "kind": kind})
        for number, op in enumerate(("read", "update")):
            access = {"access": 2 * number + at, "op": op, "table": "t", "key": "1"}
            rows["accesses"].append(own | access | {"predicate": False, "undone": False})
    for name in ("first", "second"):
        rows["milestones"].append({"trial_id": trial_id, "milestone": name, "weight": 1.0})
    reports = (
        {"trial_id": trial_id, "report": n, "agent": a} for n, a in enumerate(AGENTS[topology])
    )
    rows["reports"] += reports


def versioned(run: MadeRun) -> MadeRun:
    """The same accesses with versions and holds: read, read, write, write of one row."""
    order = pl.col("access").rank("ordinal").over("trial_id").cast(pl.Int64)
    return replace(
        run,
        accesses=run.accesses.sort("trial_id", "access").with_columns(
            (order - pl.len().over("trial_id") // 2).clip(0).alias("version"),
            pl.lit(1, pl.Int64).alias("hold"),
        ),
    )


def empty_run() -> MadeRun:
    return MadeRun(Path("bare"), {"name": "bare"}, *(frame(name, []) for name in SCHEMAS))


RUNS: dict[str, Callable[[], MadeRun]] = {
    "graded": lambda: bare_run(graded=True),
    "ungraded": lambda: bare_run(graded=False),
    "without steps": lambda: bare_run(graded=True, steps=False),
    "without accesses": lambda: bare_run(graded=True, accesses=False),
    "trials alone": lambda: bare_run(graded=True, steps=False, accesses=False),
    "versions alone": lambda: versioned(bare_run(graded=True)),
    "versions without steps": lambda: versioned(bare_run(graded=True, steps=False)),
    "a dial and a budget": lambda: _with_settings(bare_run(graded=True)),
    "faults and twins": lambda: _with_faults(bare_run(graded=True)),
    "faults without steps": lambda: _with_faults(bare_run(graded=True, steps=False)),
    "one topology": lambda: _of_one(bare_run(graded=True)),
    "one trial": lambda: _first(bare_run(graded=True)),
}


def _of_one(run: MadeRun) -> MadeRun:
    return replace(run, trials=run.trials.filter(pl.col("topology") == "single_thread"))


def _with_settings(run: MadeRun) -> MadeRun:
    """The same with a dial and a budget, in cells enough for a map, and each task in all cells."""
    cells = [{"n": n, "lid": lid} for n in (1, 2, 3) for lid in ("loose", "stuck")]
    trials = pl.concat(
        run.trials.with_columns(
            pl.lit(json.dumps(cell)).alias("settings"),
            pl.format("{}/{}", "trial_id", pl.lit(number)).alias("trial_id"),
            pl.format("{}?{}", "task", pl.lit(number)).alias("task"),
            pl.lit(float(cell["n"])).alias("budget"),
            pl.lit("dollars").alias("budget_unit"),
        )
        for number, cell in enumerate(cells)
    )
    return replace(run, trials=with_dials(trials))


def _with_faults(run: MadeRun) -> MadeRun:
    """The same trials once more with a fault plan, and a fault at the first call of each."""
    name, plan = pl.format("{}/lost", "trial_id").alias("trial_id"), pl.lit("lost").alias("faults")
    steps = run.steps.with_columns(name)
    hit = pl.when(pl.col("step") == 1).then(pl.lit("lost_reply")).alias("fault")
    return replace(
        run,
        trials=pl.concat([run.trials, run.trials.with_columns(name, plan)]),
        steps=pl.concat([run.steps, steps.with_columns(hit)]),
    )


def _first(run: MadeRun) -> MadeRun:
    return replace(run, trials=run.trials.head(1))


@pytest.fixture(params=RUNS)
def run(request: pytest.FixtureRequest) -> MadeRun:
    return RUNS[request.param]()


def drawn(chart: Any) -> dict[str, Any]:
    """The chart as a page or picture takes it, without rows of data in question."""
    return chart.to_dict()


def test_a_bare_run_has_no_more_than_it_must() -> None:
    made = RUNS["graded"]()
    for name in SCHEMAS:
        held: pl.DataFrame = getattr(made, name)
        nulls = {field for field in held.columns if held.get_column(field).null_count()}
        assert nulls == set(SCHEMAS[name]) - _allowed(name)


@pytest.mark.parametrize("name", [*CHARTS, *OTHERS])
def test_every_chart_is_drawn_of_frames_that_say_no_more_than_they_must(
    run: MadeRun, name: Given
) -> None:
    assert drawn(find(CHARTS, name)(run))


@pytest.mark.parametrize("name", [*CHARTS, *OTHERS])
def test_every_chart_is_drawn_of_empty_frames(name: Given) -> None:
    assert drawn(find(CHARTS, name)(empty_run()))


def test_conflicts_are_drawn(run: MadeRun) -> None:
    found = conflicts_of(run)
    assert drawn(conflicts_by_coupling(run, found))
    for finding in found.head(4).iter_rows(named=True):
        assert drawn(conflict_anatomy(finding))


def test_everything_is_said(run: MadeRun) -> None:
    assert composed(run).results
    for section in sections(run):
        assert section.sentences or section.tables
        assert all(drawn(chart) for chart in section.charts.values())
    by = strata(run.trials)
    topologies = run.trials.get_column("topology").n_unique()
    assert summary(run.trials, by).height % topologies == 0
    assert compare(run.trials, by=by).height % max(2 * (topologies - 1), 1) == 0
    assert trial_list(run.trials).height == run.trials.height
    assert compare_runs([run, run]).markdown


def test_what_fan_out_could_bring_is_told_and_drawn(run: MadeRun) -> None:
    alone = run.steps.join(run.trials, on="trial_id").filter(pl.col("topology") == "single_thread")
    if alone.is_empty():
        with pytest.raises(Refused, match="nothing to profile"):
            profile_runs(run.trials, run.steps, run.accesses)
        return
    found = profile_runs(run.trials, run.steps, run.accesses)
    assert drawn(run_picture(found))
    assert drawn(tasks_picture(found))
    assert profile_sentences(found)
    assert task_sentences(found)


@pytest.mark.parametrize("name", ["graded", "ungraded", "versions without steps"])
def test_the_report_is_written(name: str, tmp_path: Path) -> None:
    for file in write_report(RUNS[name](), tmp_path):
        assert file.stat().st_size > 1000


def test_what_an_empty_run_lacks_is_said_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no trials"):
        write_report(empty_run(), tmp_path)
    assert summary(empty_run().trials).is_empty()
    assert compare(empty_run().trials).is_empty()
    assert conflicts_of(empty_run()).is_empty()
    assert passes_by_task(empty_run()).to_dict()
