"""From a square of the chart of tasks to its trials, and pieces of a report on other pages."""

import polars as pl

from results.charts.tasks import passes_by_task, task_passes, trial_list, trials_of
from results.reports.page import part
from results.reports.report import composed
from tests.results.conftest import MadeRun, Make


def test_each_square_counts_the_trials_that_it_leads_to(small_run: MadeRun) -> None:
    squares = task_passes(small_run.trials)
    assert squares.height == 2 * 2 * 6
    for square in squares.iter_rows(named=True):
        behind = trials_of(small_run.trials, pl.DataFrame([square]).select("row", "block"))
        assert behind.columns == small_run.trials.columns
        assert behind.height == square["graded"] == 4
        assert behind.get_column("passed").sum() == square["passed"]
        assert set(behind.get_column("topology")) == {square["topology"]}
    everything = trials_of(small_run.trials, squares.select("row", "block"))
    assert everything.equals(small_run.trials)


def test_a_square_without_graded_trials_has_no_share(make_trials: Make) -> None:
    squares = task_passes(make_trials({"single_thread": [[None, None], [True, None]]}))
    assert squares.select("share", "count").rows() == [(None, "0/0"), (1.0, "1/1")]


def test_the_chart_says_simulated_and_lets_squares_be_chosen(small_run: MadeRun) -> None:
    spec = passes_by_task(small_run).to_dict()
    assert "simulated" in spec["title"]["text"]
    (choice,) = spec["params"]
    assert (choice["name"], choice["select"]["fields"]) == ("chosen", ["row", "block"])


def test_the_list_of_trials_says_how_each_ended(make_trials: Make) -> None:
    trials = make_trials(
        {"single_thread": [[True, False, None]]},
        ended=lambda _, __, trial: ("completed", "limit", "crashed")[trial],
    )
    assert trial_list(trials).get_column("came to").to_list() == [
        "passed",
        "failed at limit",
        "crashed",
    ]


def test_pieces_of_a_report_bring_their_style_and_are_inert(small_run: MadeRun) -> None:
    report = composed(small_run)
    said = part("said", report.said)
    assert "<style>" in said
    assert all(text in said for _, sentences in report.said for _, text in sentences)
    assert "Outcomes" in part("tabled", *report.results)
    assert "&lt;script&gt;" in part("text", "<script>")
