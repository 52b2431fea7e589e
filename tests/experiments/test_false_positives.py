"""A topology against itself: real simulated trials, with no difference there to be found."""

import polars as pl
import pytest

from results.statistics.compare import compare
from tests.bench.coverage import false_positives
from tests.bench.false_positives import KS, TASKS, TRIALS, lines, sweep_specs, trials_of

pytestmark = pytest.mark.slow

SWEEPS = 4


@pytest.fixture(scope="module")
def trials() -> pl.DataFrame:
    return trials_of(SWEEPS)


def test_one_topology_under_two_names_is_seldom_found_to_differ(trials: pl.DataFrame) -> None:
    assert trials.height == SWEEPS * 2 * TASKS * TRIALS
    found = false_positives(compare(trials, by=["sweep"], ks=KS))
    assert found.get_column("compared").to_list() == [SWEEPS, SWEEPS]
    assert (found.get_column("found") <= 1).all()
    first, *rest = lines(trials)
    assert "4 sweeps of 12 tasks x 4 trials, 384 simulated trials" in first
    assert [line.split(":")[0] for line in rest] == ["pass^1", "pass^4"]


def test_the_two_names_have_other_luck_and_each_sweep_has_another(trials: pl.DataFrame) -> None:
    sides = trials.partition_by("sweep", "topology")
    assert len({tuple(side.get_column("passed")) for side in sides}) == 2 * SWEEPS
    assert len({spec.sweep_seed for n in range(SWEEPS) for spec in sweep_specs(n)}) == SWEEPS
