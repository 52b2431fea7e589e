"""The comparison notebook, driven as a person does: in a real browser, and as a script."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, TimeoutError

from experiments.notebook_parts.controls import Choices
from experiments.notebooks.compare import app
from experiments.recorded.show import find_trial
from experiments.running.runner import run_sweep
from results import CHARTS
from results.store import open_run, recorded_runs
from tests.browser import ROOT, Visit, chromium, served, visited
from tests.experiments.conftest import small_sweep

pytestmark = pytest.mark.slow

NOTEBOOK = ROOT / "experiments" / "notebooks" / "compare.py"
DRAWN = ".vega-embed canvas, .vega-embed > svg"
PATIENCE = 60_000
"""Milliseconds that anything on the page may take on a busy machine."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs with one recorded run, `jars`, of 24 trials."""
    folder = tmp_path_factory.mktemp("runs")
    run_sweep(small_sweep(name="jars", trials=4), folder / "jars", engine="here")
    return folder


def test_a_small_sweep_runs_from_the_page_and_a_recorded_run_opens(runs: Path) -> None:
    chromium()
    words = ("--runs", str(runs), "--tasks", "2", "--trials", "2", "--width", "4")
    with served(NOTEBOOK, *words) as address, visited(address) as visit:
        visit.page.set_default_timeout(PATIENCE)
        runs_a_small_sweep(visit)
        reads_one_trial(visit, runs)
        opens_a_recorded_run(visit)
        visit.assert_clean()


def runs_a_small_sweep(visit: Visit) -> None:
    page = visit.page
    page.get_by_text("2 tasks x 2 trials of each = 8 trials, simulated").wait_for()
    assert page.locator(DRAWN).count() == 0
    page.get_by_role("button", name="Run the sweep").click()
    page.get_by_text("Running").wait_for()
    page.get_by_text("8/8 trials").wait_for()
    page.locator(DRAWN).nth(len(CHARTS)).wait_for()
    page.get_by_role("heading", name="What can be said, in simulation").wait_for()
    page.get_by_text("In simulation, on orders").first.wait_for()
    page.get_by_text("they are no evidence about any real model").first.wait_for()
    page.get_by_role("tab", name="Costs").click()
    page.get_by_role("columnheader", name="tokens per trial").wait_for()
    page.get_by_text("fanout run quickstart --set name=compare-").wait_for()


def reads_one_trial(visit: Visit, runs: Path) -> None:
    page = visit.page
    page.get_by_text("8 rows, 10 columns").wait_for()
    until(lambda: click_a_square(page), page.get_by_text("2 rows, 10 columns"))
    page.locator("marimo-table tbody tr").first.locator("button, input").first.click()
    told = page.locator("pre.text").first
    told.get_by_text("message 1").wait_for()
    (made,) = [folder for folder in recorded_runs(runs) if folder.name != "jars"]
    trial = told.inner_text().split()[1]
    assert find_trial(open_run(made), trial) == trial


def click_a_square(page: Page) -> None:
    """The square at the bottom left, right of the names: the last topology on the first task."""
    squares = page.locator(DRAWN).nth(len(CHARTS))
    squares.scroll_into_view_if_needed()
    box = squares.bounding_box()
    if box is not None:
        squares.click(position={"x": 120, "y": box["height"] - 20})


def until(act: Callable[[], None], seen: Locator) -> None:
    """Act again until something is seen: a chart may be drawn before it listens to clicks."""
    for _ in range(PATIENCE // 3000):
        act()
        try:
            seen.wait_for(timeout=3000)
        except TimeoutError:
            continue
        return
    seen.wait_for()


def opens_a_recorded_run(visit: Visit) -> None:
    page = visit.page
    page.get_by_text("Open a recorded run", exact=True).click()
    choice = page.get_by_test_id("marimo-plugin-searchable-dropdown")
    choice.wait_for()
    choice.click()
    page.get_by_role("option", name="jars").click()
    page.get_by_role("heading", name="jars simulated").wait_for()
    page.get_by_text("24 rows, 10 columns").wait_for()
    page.locator(DRAWN).nth(len(CHARTS)).wait_for()


def test_the_notebook_shows_a_run_that_is_handed_to_it(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, names = app.run(defs={"given": Choices(run="jars", runs=runs)})
    assert names["run"].folder == runs / "jars"
    assert names["report"].simulated
    assert names["trials"].height == 24
    assert "What can be said" in capsys.readouterr().out


def script(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """The notebook as a script, with runs in `folder`."""
    return subprocess.run(
        [sys.executable, str(NOTEBOOK), *words, "--runs", str(folder)],
        cwd=folder,
        env={"PATH": "", "PYTHONPATH": str(ROOT), "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_notebook_is_a_script_too(tmp_path: Path) -> None:
    words = ["--tasks", "1", "--trials", "2", "--width", "2", "--coupling", "0"]
    done = script(tmp_path, *words)
    assert done.returncode == 0, done.stderr
    assert "pass^2" in done.stdout
    assert "simulated" in done.stdout
    (folder,) = recorded_runs(tmp_path)
    assert open_run(folder).trials.height == 4


def test_a_script_that_cannot_run_fails_and_says_why(tmp_path: Path) -> None:
    done = script(tmp_path, "--width", "1", "--coupling", "0.25")
    assert done.returncode == 2
    assert "leaves no coupled pair" in done.stderr.splitlines()[-1]
    assert recorded_runs(tmp_path) == []
