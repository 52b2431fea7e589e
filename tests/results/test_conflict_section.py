"""The section on conflicts says what occurred, folds what did not, and claims no more."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from results.charts.conflicts import conflicts_by_coupling
from results.conflicts import find_conflicts
from results.records import frame
from results.reports.conflict_section import conflict_section, often_in_cells, twin_sentences
from results.reports.conflict_tables import MEANINGS
from results.view import view_of
from tests.histories import in_a_line

MakeTrials = Callable[..., pl.DataFrame]


@dataclass(frozen=True)
class Frames:
    trials: pl.DataFrame
    accesses: pl.DataFrame
    steps: pl.DataFrame = field(default_factory=lambda: frame("steps", []))
    manifest: dict[str, Any] = field(default_factory=dict[str, Any])
    milestones: pl.DataFrame = field(default_factory=lambda: frame("milestones", []))
    reports: pl.DataFrame = field(default_factory=lambda: frame("reports", []))


def coupling(topology: str, task: int, trial: int) -> float:
    del topology, trial
    return (0.5, 1.0)[task]


def team_in_conflict(make_trials: MakeTrials, topology: str = "lead_subagents") -> Frames:
    """A team that loses an update in one of two trials at coupling 1 and in none at 0.5."""
    trials = make_trials(
        {topology: [[True, True], [True, False]], "single_thread": [[True, True]] * 2},
        coupling=coupling,
    )
    return Frames(
        trials,
        pl.concat(
            [
                in_a_line("a.rx0 b.rx0 a.wx1 b.wx2", f"{topology}-1-1"),
                in_a_line("a.rx0 a.wx1", f"{topology}-0-0"),
            ]
        ),
    )


def test_couplings_are_columns_and_what_never_happened_is_not_a_row(
    make_trials: MakeTrials,
) -> None:
    section = conflict_section(view_of(team_in_conflict(make_trials)))
    assert section is not None
    table = section.tables[0]
    assert table.columns[2:4] == ("at coupling 0.5", "at coupling 1")
    ((cell, rows),) = table.groups
    assert cell == "orders (act)"
    assert {row[0] for row in rows} == {"lead_subagents"}
    assert rows[0][1:4] == ("stale-basis", "none of 2", "50.0% (no interval) of 2")
    assert rows[-1][1] == "wasted-work"
    assert f"stale-basis: {MEANINGS['stale-basis']}" in table.note
    assert "G1c" not in table.note


def test_many_models_are_told_together_and_a_few_apart(make_trials: MakeTrials) -> None:
    trials = make_trials({"lead_subagents": [[True]] * 9})
    found = find_conflicts(in_a_line("a.rx0 b.rx0 a.wx1 b.wx2", "lead_subagents-0-0"))
    for models, cells in ((2, 2), (9, 1)):
        model = pl.format("simulated:{}", pl.int_range(pl.len()) % models)
        often = often_in_cells(
            view_of(Frames(trials.with_columns(model.alias("model")), found)), found
        )
        assert often["cell"].n_unique() == cells


def test_a_topology_that_never_met_a_kind_has_no_line_in_its_panel(
    make_trials: MakeTrials,
) -> None:
    chart = conflicts_by_coupling(team_in_conflict(make_trials)).to_dict()
    rows = [row for values in chart["datasets"].values() for row in values]
    assert {row["topology"] for row in rows} == {"lead_subagents"}


def test_a_run_in_which_nothing_is_found_draws_nothing_of_conflicts(
    make_trials: MakeTrials,
) -> None:
    trials = make_trials({"single_thread": [[True, True]]})
    section = conflict_section(
        view_of(Frames(trials, in_a_line("a.rx0 a.wx1", "single_thread-0-0")))
    )
    assert section is not None
    assert section.sentences == ("No conflict was found in any trial that could be checked.",)
    assert (section.tables, section.charts) == ((), {})


def test_what_is_missing_to_know_what_conflicts_cost_is_named(make_trials: MakeTrials) -> None:
    told = conflict_section(view_of(team_in_conflict(make_trials)))
    assert told is not None
    assert any("add serial_team (the same team" in one for one in told.sentences)
    other = conflict_section(view_of(team_in_conflict(make_trials, "my_graph:build")))
    assert other is not None
    (said,) = [one for one in other.sentences if "cannot be told from other causes" in one]
    assert "my_graph:build" in said
    assert "to the topologies" not in said


def test_a_difference_to_the_twin_is_only_called_a_harm_where_its_interval_says_so() -> None:
    rows = [
        {"kind": "stale-basis", "pairs": 30, "low": -0.4, "high": -0.1},
        {"kind": "G1c", "pairs": 40, "low": -0.3, "high": 0.1},
        {"kind": "G0", "pairs": 2, "low": -1.0, "high": 1.0},
        {"kind": "none", "pairs": 9, "low": None, "high": None},
    ]
    counts = {"only_twin": 8, "only_team": 0, "difference": -0.25, "p": 0.008}
    most, hurt, rest = twin_sentences(pl.DataFrame([row | counts for row in rows]), simulated=True)
    assert most.startswith("In simulation, of 40 trials of lead_subagents with G1c")
    assert most.endswith("Not enough evidence yet to say that being at work at once hurt there.")
    assert hurt.endswith("It is due to being at work at once: it hurt.")
    assert rest.startswith("In simulation, whether G0 (2) hurt is not known yet")
