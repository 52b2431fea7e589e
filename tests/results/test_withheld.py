"""What the simulated model did not understand: withheld in every table and sentence alike."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from experiments.printed.conclusion import conclusion, conclusion_lines
from experiments.recorded.show import trajectory, trial_lines
from experiments.running.runner import run_sweep
from experiments.sweeps.sweep_file import by_name
from experiments.sweeps.sweep_grid import parse_sweep
from results.questions.gate.gate import UNDECIDED, gate
from results.reports.report import composed, write_report
from results.statistics.compare import compare
from results.statistics.summary import summary
from results.store import Run, open_run
from results.withheld import understood, withheld_in

pytestmark = pytest.mark.slow

LOST = "debate_without_tools"
TOPOLOGIES: dict[str, Any] = {
    "single_thread": {},
    LOST: {"base": "tests.toy_topologies:argues_from_memory"},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Two widths; at both a topology whose second agent has no tool for its work."""
    folder = tmp_path_factory.mktemp("runs") / "lost"
    sweep = parse_sweep(
        by_name(
            {
                "name": "lost",
                "question": "?",
                "seed": 1,
                "trials": 2,
                "models": {"default": "simulated:perfect"},
                "topologies": TOPOLOGIES,
                "task_sets": {"stdlib": {"width": [2, 3], "tasks": 2}},
            }
        )
    )
    run_sweep(sweep, folder, engine="here")
    return open_run(folder)


def test_the_step_says_why_and_the_trial_counts_the_agents(run: Run) -> None:
    lost = run.trials.filter(pl.col("topology") == LOST)
    # What the text forbids can be said without a tool.
    assert (lost.get_column("not_understood") == lost.get_column("solvable").cast(pl.Int64)).all()
    lost = lost.filter("solvable")
    assert (run.trials.filter(pl.col("topology") != LOST).get_column("not_understood") == 0).all()
    said = run.steps.filter(pl.col("not_understood").is_not_null())
    assert said.height >= lost.height
    assert said.get_column("not_understood").str.contains("search_library").all()
    shown = "\n".join(trajectory(run, lost.get_column("trial_id")[0]))
    assert "NOT UNDERSTOOD no tool" in shown
    assert "not understood" in "\n".join(trial_lines(run))


def test_nothing_is_measured_of_it_and_the_tables_say_so(run: Run) -> None:
    table = summary(run.trials, ["width"]).filter(pl.col("topology") == LOST)
    assert table.get_column("withheld").all()
    for name in ("success", "tokens", "dollars", "tokens_ratio", "false_claim_rate"):
        assert table.get_column(name).null_count() == table.height
    assert (table.get_column("crashed") == 0).all()
    assert compare(run.trials).is_empty()
    report = composed(run)
    for shown in report.results:
        rows = [line for _, lines in shown.groups for line in lines if line[0].startswith(LOST)]
        assert all(line[0] == f"{LOST} (not understood)" for line in rows)
    assert [one.verdict for one in report.verdicts] == ["no comparison"] * 2
    assert not report.said
    assert sum("did not understand" in text for text in report.caveats) == 2


def test_report_terminal_and_gate_withhold_it_alike(run: Run, tmp_path: Path) -> None:
    markdown, page = write_report(run, tmp_path)
    for file in (markdown, page):
        assert "did not understand" in file.read_text(encoding="utf-8")
    lines = "\n".join(conclusion_lines(conclusion(run)))
    assert f"{LOST} (not understood)" in lines
    assert "did not understand" in lines
    found = gate(run, 1, minimum=0.1)
    of_it = [check for check in found.checks if check.topology == LOST]
    assert {check.outcome for check in of_it} == {UNDECIDED}
    assert all("did not understand" in check.text for check in of_it)


def test_one_lost_trial_withholds_its_settings_and_no_others() -> None:
    rows = [
        {"topology": topology, "task_set": "stdlib", "settings": settings, "model": "m"}
        | {"not_understood": lost, "passed": True, "width": width}
        for topology, settings, width, lost in (
            ("team", "{1}", 1, 0),
            ("team", "{1}", 1, 1),
            ("team", "{2}", 2, 0),
            ("single", "{1}", 1, 0),
            ("imported", "{1}", 1, None),
        )
    ]
    found = understood(pl.DataFrame(rows))
    assert found.get_column("withheld").to_list() == [True, True, False, False, None]
    assert found.get_column("passed").to_list() == [None, None, True, True, True]
    (one,) = withheld_in(found, ["width"])
    assert (one.topology, one.lost, one.trials, one.agents) == ("team", 1, 2, 1)
