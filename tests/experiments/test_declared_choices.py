"""A run keeps what its task sets let agents choose, and its conflicts are judged by that."""

from pathlib import Path

import polars as pl
import pytest

from experiments.running.manifest import manifest_of
from experiments.running.runner import run_sweep
from results.conflicts import find_conflicts
from results.conflicts.declared import conflicts_of
from tests.experiments.conftest import small_sweep


@pytest.mark.slow
def test_agents_decide_differently_just_where_the_desks_invariant_is_broken(
    tmp_path: Path,
) -> None:
    settings = {"width": 8, "coupling": 1.0, "phrasing": "underspecified", "tasks": 4}
    sweep = small_sweep(
        name="desk",
        topologies=["lead_subagents", "single_thread"],
        task_sets={"orders": {**settings, "style": ["crud", "atomic"]}},
        trials=2,
    )
    run = run_sweep(sweep, tmp_path / "desk", engine="here")
    declared = {"orders": {"refund": "to", "create_row": "values.destination"}}
    assert manifest_of(sweep)["choices"] == run.manifest["choices"] == declared
    divergent = pl.col("kind") == "divergent-decision"
    found = conflicts_of(run).filter(divergent)
    broken = run.trials.filter(pl.col("broken_invariants").list.contains("disagreeing_choices"))
    assert set(found["trial_id"]) == set(broken["trial_id"]) != set()
    assert set(found["table"]) == {"refunds"}
    guessed = find_conflicts(run.accesses, run.steps).filter(divergent)
    assert guessed.is_empty()
