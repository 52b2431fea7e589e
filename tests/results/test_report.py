"""The report says what was found, and its page needs nothing but itself."""

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest
from playwright.sync_api import sync_playwright

from results import CHARTS, METRICS
from results.reports.report import write_report
from results.words import percent, percent_interval, points
from tests.browser import chromium

if TYPE_CHECKING:
    from .conftest import MadeRun

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--enable-logging=stderr",
    "--virtual-time-budget=8000",
)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("report")


@pytest.fixture
def written(small_run: "MadeRun", folder: Path) -> tuple[Path, Path]:
    markdown, html = folder / "report.md", folder / "report.html"
    return (markdown, html) if html.exists() else write_report(small_run, folder)


def test_the_report_has_all_of_its_parts(written: tuple[Path, Path]) -> None:
    markdown, html = (path.read_text(encoding="utf-8") for path in written)
    for text in (markdown, html):
        for part in (
            "Which is better?",
            "What can be said",
            "Verdicts",
            "default rules",
            "primary, one of 2",
            "In simulation, on orders (act, width 4, coupling 0.5) there is not enough evidence",
            "Tasks or trials",
            "Checklist",
            "Prompt hashes",
            "no evidence about any real model",
            "Differences to single_thread, paired by task",
            "Invariants broken, by kind",
            "How consistent",
            "posterior of E[p^k]",
            "Counts of different encodings are never added or compared",
            "fanout run made",
            "abc123",
        ):
            assert part in text
    for picture in re.findall(r"\]\((charts/\w+\.svg)\)", markdown):
        assert (written[0].parent / picture).stat().st_size > 1000


def test_the_page_loads_nothing_and_holds_the_chart_script_once(
    written: tuple[Path, Path],
) -> None:
    html = written[1].read_text(encoding="utf-8")
    markup = re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)
    assert "default-src 'none'" in markup
    assert not re.search(r"<script[^>]+src=|<link[^>]+href=\"(?!data:)|@import|url\(", markup)
    assert html.count("window.vegaEmbed=") == 1
    assert len(CHARTS) >= html.count("data-chart=") == html.count("<figure id=") >= 4


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_a_browser_draws_every_chart_of_the_page(written: tuple[Path, Path]) -> None:
    command = [str(CHROMIUM), *FLAGS, "--dump-dom", written[1].as_uri()]
    found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    drawn = re.findall(
        r'<figure id="\w+" class="vega-embed"[^>]*>.*?</figure>', found.stdout, re.DOTALL
    )
    assert len(drawn) == written[1].read_text(encoding="utf-8").count("<figure id=")
    assert all("<svg" in figure for figure in drawn)
    assert "CONSOLE" not in found.stderr


def test_on_a_phone_only_tables_scroll_sideways(small_run: "MadeRun", tmp_path: Path) -> None:
    long = f"simulated:typical?{'x' * 300}"
    trials = small_run.trials.with_columns(pl.lit(long).alias("model"))
    _, html = write_report(replace(small_run, trials=trials), tmp_path)
    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 844})
        page.goto(html.as_uri())
        assert long in page.inner_text("main")
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        browser.close()


def test_several_verdicts_are_seen_at_a_glance_and_what_all_assume_is_said_once(
    written: tuple[Path, Path],
) -> None:
    markdown, html = (path.read_text(encoding="utf-8") for path in written)
    for text in (markdown, html):
        assert text.index("All verdicts") < text.index("All assume: Simulated (")
        assert text.count("a condition on how models err") == 1
    assert (
        len(re.findall(r"\| (?:lead|single)\w+ \| single_thread \| .* \| primary \|", markdown))
        == 2
    )
    assert html.count("<details") == 2


def test_settings_that_share_a_prompt_stand_together_in_the_checklist(
    small_run: "MadeRun", tmp_path: Path
) -> None:
    prompts = {f"orders dev width={n} style=atomic": "1dc2" for n in (4, 8, 12)}
    prompts["orders dev width=4 style=crud"] = "9107"
    run = replace(small_run, manifest={**small_run.manifest, "prompts": prompts})
    markdown, _ = write_report(run, tmp_path)
    line = "Prompt hashes: orders dev style=atomic (3 settings) 1dc2, orders dev width=4 style=crud"
    assert f"- {line} 9107" in markdown.read_text().splitlines()


def test_what_a_run_says_cannot_break_the_page(small_run: "MadeRun", tmp_path: Path) -> None:
    nasty = "</script><script>alert(1)</script>"
    trials = small_run.trials.with_columns(pl.lit(nasty).alias("mode"))
    run = replace(small_run, trials=trials)
    _, html = write_report(run, tmp_path)
    assert "<script>alert(1)" not in html.read_text(encoding="utf-8")


def test_a_run_of_one_topology_and_crashes_is_still_reported(
    small_run: "MadeRun", tmp_path: Path
) -> None:
    crashed = pl.col("trial") == 0
    trials = small_run.trials.filter(pl.col("topology") == "lead_subagents").with_columns(
        pl.when(~crashed).then("passed").alias("passed"),
        pl.when(crashed).then(pl.lit("crashed")).otherwise("ended").alias("ended"),
        pl.lit("other").alias("topology"),
    )
    run = replace(small_run, trials=trials, manifest={})
    markdown, _ = write_report(run, tmp_path)
    text = markdown.read_text(encoding="utf-8")
    assert "Nothing is compared: the run has one topology." in text
    assert "Pass^k under each way to treat crashed trials" in text


def test_of_imported_runs_only_what_is_true_of_them_is_said(
    small_run: "MadeRun", tmp_path: Path
) -> None:
    alone = small_run.trials.filter(pl.col("topology") == "single_thread")
    trials = alone.with_columns(
        pl.lit(None, dtype=pl.String).alias("kit"), pl.lit(None, dtype=pl.Float64).alias("seconds")
    )
    run = replace(small_run, trials=trials, manifest={"name": "theirs", "imported": {"file": "x"}})
    text = write_report(run, tmp_path)[0].read_text(encoding="utf-8")
    assert "imported as another harness recorded them" in text
    assert "decided by the harness that recorded it" in text
    assert "Tasks are generated" not in text
    assert "Holm" not in text
    assert "passed_by_time" not in text
    assert "What working together takes" not in text


def test_halves_are_rounded_as_published_figures_are() -> None:
    assert (percent(0.7125), percent(0.0005), percent(1.0)) == ("71.3%", "0.1%", "100%")
    assert percent_interval(0.7125, 0.5625, 0.8115) == "71.3% (56.3 to 81.2)"
    assert points(-0.0004, -0.0004, 0.0125) == "+0.0 (+0.0 to +1.3)"


def test_a_run_without_trials_says_what_to_do(small_run: "MadeRun", tmp_path: Path) -> None:
    run = replace(small_run, trials=small_run.trials.clear())
    with pytest.raises(ValueError, match="run the sweep before"):
        write_report(run, tmp_path)


def test_the_thresholds_of_the_sweep_and_its_missing_trials_are_reported(
    small_run: "MadeRun", tmp_path: Path
) -> None:
    thresholds = {"k": 2, "deadline_seconds": 10}
    run = replace(small_run, manifest={"name": "made", "planned": 500, "thresholds": thresholds})
    markdown, _ = write_report(run, tmp_path)
    text = markdown.read_text(encoding="utf-8")
    assert "not complete: 96 of 500 planned trials" in text
    assert "| passed | pass^2 |" in text
    assert "passed within 10 s" in text


def test_every_metric_is_shown_one_s_own_too(small_run: "MadeRun", tmp_path: Path) -> None:
    text = write_report(small_run, tmp_path, metrics=[share_of_tool_errors])[0].read_text(
        encoding="utf-8"
    )
    shown = text.partition("### Every metric")[2].partition("\n### ")[0]
    for name in (*METRICS, "share_of_tool_errors"):
        assert name.replace("_", " ") in shown
    assert "| share of tool errors | 0.2" in shown


def share_of_tool_errors() -> pl.Expr:
    return pl.lit(0.2).first() + 0 * pl.col("tool_errors").sum()
