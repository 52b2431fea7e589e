"""Whether conflicts hurt is counted beside what happened without them."""

from collections.abc import Callable

import polars as pl
import pytest

from results.conflicts import FINDINGS
from results.conflicts.harm import did_it_hurt, how_often, per_trial, unchecked
from results.conflicts.serial_twins import serial_twins, twin_table
from tests.histories import in_a_line

MakeTrials = Callable[..., pl.DataFrame]
TASKS = 6


def findings(*trials: str, kind: str = "stale-basis", family: str = "basis") -> pl.DataFrame:
    rows = [
        {"trial_id": trial, "finding": 0, "family": family, "kind": kind, "names": [kind]}
        for trial in trials
    ]
    return pl.DataFrame(rows, schema=FINDINGS)


@pytest.fixture
def trials(make_trials: MakeTrials) -> pl.DataFrame:
    """Teams pass their even trials; the serial team passes all."""
    return make_trials(
        {
            "lead_subagents": [[True, False, True, None]] * TASKS,
            "serial_team": [[True, True, True, True]] * TASKS,
        },
        models="{}",
        broken_invariants=lambda topology, _, trial: (
            ["oversold"] if topology == "lead_subagents" and trial == 1 else []
        ),
    )


ODD = [f"lead_subagents-{task}-1" for task in range(TASKS)]


def test_how_often_a_kind_happens_counts_graded_trials_and_draws_tasks_again(
    trials: pl.DataFrame,
) -> None:
    some = findings(*ODD[:3], *ODD[:1])
    team, serial = how_often(trials, some).to_dicts()
    assert (team["topology"], team["trials"], team["coupling"]) == ("lead_subagents", 18, 0.5)
    assert team["share"] == pytest.approx(3 / 18)
    assert team["per_trial"] == pytest.approx(4 / 18)
    assert 0 <= team["low"] < team["share"] < team["high"]
    assert (serial["share"], serial["low"], serial["high"]) == (0, None, None)


def test_success_with_and_without_is_compared_within_tasks(trials: pl.DataFrame) -> None:
    row = did_it_hurt(trials, findings(*ODD)).row(0, named=True)
    assert (row["trials_with"], row["trials_without"], row["units"]) == (TASKS, 2 * TASKS, TASKS)
    assert (row["success_with"], row["success_without"]) == (0, 1)
    assert row["success_difference"] == -1
    assert -1 <= row["success_low"] < row["success_high"] < 0
    assert (row["broken_with"], row["broken_without"], row["broken_difference"]) == (1, 0, 1)
    assert row["broken_low"] is None


def test_a_kind_that_no_trial_or_every_trial_met_has_nothing_to_be_compared_with(
    trials: pl.DataFrame,
) -> None:
    every = trials.filter(pl.col("topology") == "lead_subagents")
    row = did_it_hurt(every, findings(*every["trial_id"].to_list())).row(0, named=True)
    assert row["success_without"] is None
    assert row["success_difference"] is None
    assert row["units"] == 0


def test_trials_that_cannot_be_checked_are_null_and_not_counted(trials: pl.DataFrame) -> None:
    lost = in_a_line("a.rx0 b.wx1", ODD[0]).with_columns(version=pl.lit(None, pl.Int64))
    unknown = unchecked(lost)
    assert unknown == ODD[:1]
    found = findings(*ODD[1:])
    row = per_trial(trials, found, unknown).filter(pl.col("trial_id") == ODD[0])
    assert row["found"].to_list() == [None]
    assert how_often(trials, found, unknown=unknown)["trials"][0] == 3 * TASKS - 1


def test_a_trial_stands_beside_its_serial_twin(trials: pl.DataFrame) -> None:
    twins = serial_twins(trials, findings(*ODD))
    assert len(twins) == 3 * TASKS
    met = twins.filter(pl.col("team_findings") > 0)
    assert met["team_kinds"].to_list() == [["stale-basis"]] * TASKS
    assert met["twin_kinds"].to_list() == [[]] * TASKS
    assert set(met["team_broken"].to_list()) == {1}
    none, stale = twin_table(twins).to_dicts()
    assert (none["kind"], none["pairs"], none["both_passed"]) == ("none", 2 * TASKS, 2 * TASKS)
    assert (stale["pairs"], stale["only_twin"], stale["twin_met"]) == (TASKS, TASKS, 0)
    assert stale["difference"] == -1
    assert stale["high"] < 0


def test_a_conflict_that_cost_nothing_is_not_called_harmful(make_trials: MakeTrials) -> None:
    fine = make_trials(
        {"lead_subagents": [[True] * 3] * TASKS, "serial_team": [[True] * 3] * TASKS}, models="{}"
    )
    (row,) = twin_table(serial_twins(fine, findings(*fine["trial_id"][: 3 * TASKS]))).to_dicts()
    assert (row["only_twin"], row["difference"]) == (0, 0)
    assert row["low"] < 0 < row["high"]


def test_without_findings_all_tables_are_empty(trials: pl.DataFrame) -> None:
    empty = findings()
    assert how_often(trials, empty).is_empty()
    assert did_it_hurt(trials, empty).is_empty()
    assert twin_table(serial_twins(trials, empty))["kind"].to_list() == ["none"]
