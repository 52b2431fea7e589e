"""What a team lost to one thread, parted into delegating and being at work at once."""

from collections.abc import Callable

import polars as pl
import pytest

from results.conflicts.lost import lost_points
from results.reports.loss_section import loss_section
from results.view import view_of

from .conftest import made_run

MakeTrials = Callable[..., pl.DataFrame]


def passes(*counts: int, n: int = 4) -> list[list[bool]]:
    return [[trial < count for trial in range(n)] for count in counts]


def three(make_trials: MakeTrials, team: int) -> pl.DataFrame:
    """12 tasks: one thread passes all, the team in turn three quarters, at once `team` of 4."""
    return make_trials(
        {
            "single_thread": passes(*[4] * 12),
            "serial_team": passes(*[3] * 12),
            "lead_subagents": passes(*[team] * 12),
        },
        models="{}",
    )


def test_what_the_twin_loses_is_delegation_and_the_rest_concurrency(
    make_trials: MakeTrials,
) -> None:
    (row,) = lost_points(three(make_trials, 2), ["mode"]).to_dicts()
    assert (row["single"], row["serial"], row["team"]) == (1, 0.75, 0.5)
    assert (row["delegation"], row["concurrency"], row["total"]) == (-0.25, -0.25, -0.5)
    assert row["pairs"] == 48
    assert row["concurrency_high"] < 0


def test_a_part_that_cannot_be_told_from_none_is_said_to_be_so(make_trials: MakeTrials) -> None:
    section = loss_section(view_of(made_run(three(make_trials, 3))))
    assert section is not None
    (sentence,) = section.sentences
    assert sentence.startswith("In simulation, on orders")
    assert "25.0 by delegating" in sentence
    assert "0.0 (not to be told from none) by being at work at once" in sentence


@pytest.mark.parametrize("missing", ["single_thread", "serial_team", "lead_subagents"])
def test_without_all_three_nothing_is_parted(make_trials: MakeTrials, missing: str) -> None:
    trials = three(make_trials, 2).filter(pl.col("topology") != missing)
    assert lost_points(trials, []).is_empty()
    assert loss_section(view_of(made_run(trials))) is None
