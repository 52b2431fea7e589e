"""Points that a budget made infeasible are named, and never told as failures."""

from typing import Any, Protocol

import polars as pl

from results.infeasible import LEAST, feasible
from results.reports.budget_section import amount, budget_section
from results.view import view_of


class Make(Protocol):
    def __call__(self, outcomes: Any, **fields: Any) -> pl.DataFrame: ...


class Run:
    """Trials at their budgets beside a manifest, opened as a run is."""

    def __init__(self, trials: pl.DataFrame, least: list[dict[str, Any]]) -> None:
        self.manifest: dict[str, Any] = {LEAST: least}
        self.trials = feasible(trials, least)


def needs(topology: str, least: float | None) -> dict[str, Any]:
    row = {"topology": topology, "task_set": "orders", "split": "dev", "settings": "{}"}
    return row | {"unit": "dollars", "amount": least, "short": least and 0.95 * least}


def budget(topology: str, task: int, trial: int) -> float:
    del topology, task
    return (0.01, 0.03)[trial]


def with_budgets(make_trials: Make) -> pl.DataFrame:
    """Two topologies with 0.01 and 0.03 dollars each: three tasks, one trial each."""
    outcomes = {"single_thread": [[True, True]] * 3, "team": [[False, True]] * 3}
    return make_trials(outcomes, budget=budget, budget_unit="dollars", limit="budget")


def test_infeasible_points_and_least_budgets_are_named(make_trials: Make) -> None:
    least = [needs("single_thread", 0.005), needs("team", 0.0161)]
    section = budget_section(view_of(Run(with_budgets(make_trials), least)))
    assert section is not None
    (sentence,) = section.sentences
    assert "team needs at least $0.0161 even without an error: $0.01 is infeasible" in sentence
    (table,) = section.tables
    assert table.columns == ("topology", "least budget", "$0.01", "$0.03")
    ((cell, (alone, team)),) = table.groups
    assert cell == "orders (act, width 4, coupling 0.5)"
    assert alone[:2] == ("single_thread", "$0.005")
    assert alone[2].startswith("100%")
    assert team[:3] == ("team", "$0.0161", "infeasible")
    assert team[3].startswith("100%")


def test_where_no_least_budget_is_known_it_is_said_and_failures_stay(make_trials: Make) -> None:
    section = budget_section(view_of(Run(with_budgets(make_trials), [])))
    assert section is not None
    assert section.sentences[0].startswith("No least budget is known")
    (table,) = section.tables
    assert "least budget" not in table.columns
    assert table.note.endswith("Not known for any row: least budget.")
    ((_, (_, team)),) = table.groups
    assert team[1].startswith("0.0%")


def test_a_topology_that_never_passes_even_without_an_error_has_no_least_budget(
    make_trials: Make,
) -> None:
    least = [needs("single_thread", 0.005), needs("team", None)]
    section = budget_section(view_of(Run(with_budgets(make_trials), least)))
    assert section is not None
    assert "no least budget of team was found" in section.sentences[0]


def test_a_run_without_budgets_has_no_such_section(make_trials: Make) -> None:
    assert budget_section(view_of(Run(make_trials({"single_thread": [[True]]}), []))) is None


def test_amounts_are_in_their_unit() -> None:
    assert amount(0.0163, "dollars") == "$0.0163"
    assert amount(12000.0, "output_tokens") == "12,000 output tokens"
    assert amount(None, "tokens") == "-"
