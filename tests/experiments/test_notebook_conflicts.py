"""The notebook on conflicts, driven as a person does: in a real browser, and as a script."""

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Page

from experiments.notebook_parts.controls import Choices, command, read_choices, sweep_of
from experiments.notebooks.conflicts import app
from experiments.running.runner import run_sweep
from results.conflicts.declared import conflicts_of
from results.conflicts.harm import HARMLESS
from results.conflicts.serial_twins import serial_twins
from results.journal import Journal
from results.reports.conflict_list import EVERY, LOOK, finding_list, finding_of, kinds_of
from results.reports.conflict_section import first_harmful
from results.store import Run, open_run, recorded_runs, write_manifest
from tests.browser import ROOT, Visit, chromium, served, visited
from tests.experiments.conftest import small_sweep

pytestmark = pytest.mark.slow

NOTEBOOK = ROOT / "experiments" / "notebooks" / "conflicts.py"
DRAWN = ".vega-embed canvas, .vega-embed > svg"
PATIENCE = 60_000
"""Milliseconds that anything on the page may take on a busy machine."""

SHOWN = int(LOOK["page_size"])

COUPLED = {
    "topologies": "single_thread,lead_subagents,serial_team",
    "style": "crud",
    "coupling": "0,1",
    "width": "4",
    "tasks": "2",
    "trials": "2",
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs with one recorded run, `desk`, of 24 trials in which agents conflict."""
    folder = tmp_path_factory.mktemp("runs")
    choices = read_choices(COUPLED)
    run_sweep(sweep_of(choices), folder / "desk", engine="here", command=command(choices))
    return folder


@pytest.fixture(scope="module")
def desk(runs: Path) -> Run:
    return open_run(runs / "desk")


def test_a_finding_is_followed_to_its_trial_and_its_twin_in_the_page(runs: Path, desk: Run) -> None:
    chromium()
    with (
        served(NOTEBOOK, "--runs", str(runs), "--run", "desk") as address,
        visited(address, height=6000) as visit,
    ):
        visit.page.set_default_timeout(PATIENCE)
        shows_every_part(visit)
        follows_findings(visit.page, desk)
        visit.assert_clean()


def shows_every_part(visit: Visit) -> None:
    page = visit.page
    for heading in (
        "How often it happened, and whether it hurt, simulated",
        "The anatomy of a conflict, simulated",
        "What a budget buys, simulated",
        "Where the tokens go, simulated",
        "How to reproduce",
    ):
        page.get_by_role("heading", name=heading).wait_for()
    page.get_by_text("they are no evidence about any real model").first.wait_for()
    page.get_by_role("tab", name="The same trials, one agent at a time").click()
    page.get_by_role("columnheader", name="only the twin").wait_for()
    page.locator(DRAWN).nth(3).wait_for()


def follows_findings(page: Page, run: Run) -> None:
    found = conflicts_of(run)
    twins = serial_twins(run.trials, found)
    first = finding_list(run.trials, found, twins).row(0, named=True)
    panes = page.locator("pre.text")
    panes.nth(0).get_by_text(f"trial {first['trial']} (simulated)").wait_for()
    panes.nth(1).get_by_text("serial_team on").wait_for()
    rows = page.locator("marimo-table tbody tr")
    for label, kind in list(kinds_of(found).items())[1:4]:
        page.get_by_label("kind", exact=True).select_option(label)
        listed = finding_list(run.trials, found, twins, kind)
        rows.first.get_by_text(kind, exact=True).wait_for()
        panes.nth(0).get_by_text(f"trial {listed['trial'][0]} (simulated)").wait_for()
        different = pl.col("trial") != str(listed["trial"][0])
        other = listed.head(SHOWN).with_row_index("place").filter(different).head(1)
        for place, trial in other.select("place", "trial").iter_rows():
            rows.nth(place).locator("button, input").first.click()
            panes.nth(0).get_by_text(f"trial {trial} (simulated)").wait_for()


def test_a_small_coupled_sweep_runs_from_the_page(tmp_path: Path) -> None:
    chromium()
    words = ["--runs", str(tmp_path), "--tasks", "1", "--trials", "1", "--width", "4"]
    with served(NOTEBOOK, *words) as address, visited(address) as visit:
        page = visit.page
        page.set_default_timeout(PATIENCE)
        page.get_by_text("1 trial of each = 9 trials, simulated").wait_for()
        assert page.locator(DRAWN).count() == 0
        page.get_by_role("button", name="Run the sweep").click()
        page.get_by_text("9/9 trials").wait_for()
        page.get_by_role("heading", name="How often it happened").wait_for()
        page.get_by_role("heading", name="How to reproduce").wait_for()
        visit.assert_clean()
    (made,) = recorded_runs(tmp_path)
    trials = open_run(made).trials
    assert set(trials["topology"]) == {"single_thread", "lead_subagents", "serial_team"}
    assert set(trials["style"]) == {"crud"}
    assert set(trials["coupling"]) == {0.0, 0.5, 1.0}


def test_the_notebook_shows_a_run_that_is_handed_to_it(runs: Path, desk: Run) -> None:
    _, names = app.run(defs={"given": Choices(run="desk", runs=runs)})
    assert names["run"].folder == desk.folder
    assert names["report"].simulated
    assert set(names["parts"]) >= {"Did state conflict?", "Where the tokens go"}
    assert names["finding"]["trial_id"] in desk.trials["trial_id"]


def test_a_run_without_conflicts_says_so_and_shows_the_rest(tmp_path: Path) -> None:
    alone = small_sweep(name="alone", topologies=["single_thread"])
    run_sweep(alone, tmp_path / "alone", engine="here")
    _, names = app.run(defs={"given": Choices(run="alone", runs=tmp_path)})
    assert "finding" not in names or names["finding"] is None
    assert "Where the tokens go" in names["parts"]


def test_the_first_finding_of_the_list_is_the_one_that_the_report_draws(desk: Run) -> None:
    found = conflicts_of(desk)
    twins = serial_twins(desk.trials, found)
    drawn = first_harmful(desk.trials, found, twins)
    first = finding_of(found, finding_list(desk.trials, found, twins))
    assert drawn is not None
    assert first == {name: drawn.finding[name] for name in found.columns}


def test_every_kind_can_be_listed_and_none_is_lost(desk: Run) -> None:
    found = conflicts_of(desk)
    twins = serial_twins(desk.trials, found)
    every, *kinds = kinds_of(found).values()
    whole = finding_list(desk.trials, found, twins, every)
    assert every == EVERY
    assert whole.height == found.height
    parts = [finding_list(desk.trials, found, twins, kind) for kind in kinds]
    assert sum(part.height for part in parts) == whole.height
    assert all(part["kind"].n_unique() == 1 for part in parts)
    harmless = whole["kind"].is_in(HARMLESS)
    assert harmless.to_list() == sorted(harmless.to_list())
    assert finding_of(found, whole.clear()) is None


def script(
    folder: Path, *words: str, notebook: str = "conflicts"
) -> "subprocess.CompletedProcess[str]":
    """A notebook as a script, with runs in `folder`."""
    return subprocess.run(
        [sys.executable, str(NOTEBOOK.with_stem(notebook)), *words, "--runs", str(folder)],
        cwd=folder,
        env={"PATH": "", "PYTHONPATH": str(ROOT), "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_notebook_is_a_script_too(runs: Path) -> None:
    done = script(runs, "--run", "desk")
    assert done.returncode == 0, done.stderr
    assert "(simulated)" in done.stdout
    assert "In simulation, on orders (act) lead_subagents met" in done.stdout


@pytest.mark.parametrize(
    ("notebook", "words", "expected"),
    [
        ("conflicts", ["--run", "nope"], "there is no run 'nope'"),
        ("compare", ["--", "--run", "nope"], "there is no run 'nope'"),
        ("conflicts", ["--run", "broken"], "cannot be read"),
        ("compare", ["--run", "unbegun"], "no trial is recorded in"),
        ("conflicts", ["--width", "1", "--coupling", "0.25"], "leaves no coupled pair"),
    ],
)
def test_a_script_that_cannot_run_says_why_in_one_line(
    tmp_path: Path, notebook: str, words: list[str], expected: str
) -> None:
    for name in ("broken", "unbegun"):
        write_manifest(tmp_path / name, {"name": name})
    with Journal(tmp_path / "unbegun", write=True):
        pass
    done = script(tmp_path, *words, notebook=notebook)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("fanout: ")
    assert expected in line
    assert len(recorded_runs(tmp_path)) == 2
