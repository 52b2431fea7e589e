"""The intervals hold what they say, in a smaller table than `make bench` prints."""

import numpy as np
import polars as pl
import pytest

from results.statistics.compare import compare
from results.statistics.differences import all_pass
from results.statistics.intervals import task_bootstrap, wilson
from results.statistics.populations import Population
from results.statistics.posterior import pass_k_posterior
from tests.bench.coverage import (
    BAND,
    FALSE_POSITIVES,
    FLOOR,
    difference_table,
    false_positives,
    in_words,
    lines,
    pass_k_table,
    same_under_two_names,
    these_table,
)
from tests.bench.populations import MIXTURES, POPULATIONS

pytestmark = pytest.mark.slow


def test_pass_k_is_covered_in_nine_of_ten_cells_and_never_far_below() -> None:
    truths = (*POPULATIONS[2:18:5], MIXTURES[1])
    cells = pass_k_table(250, truths=truths, tasks=(12, 50))
    covered = cells.get_column("covered")
    assert cells.height == len(truths) * 2 * 12
    # A cell of 250 samples is known to 1.4 points: the band and the floor are widened by that.
    assert float(str(covered.is_between(BAND[0] - 0.014, BAND[1] + 0.014).mean())) >= 0.9
    assert float(str(covered.min())) >= FLOOR - 0.014
    assert in_words(cells).startswith(f"{cells.height} cells")
    assert len(list(lines(cells))) == 1 + len(truths) * 2


def test_the_table_counts_what_the_intervals_themselves_hold() -> None:
    truth = POPULATIONS[13]
    cell = pass_k_table(80, truths=[truth], tasks=[12], trials=[4]).filter(pl.col("k") == 2)
    rng = np.random.default_rng([1, 12, 4, POPULATIONS.index(truth)])
    held = 0
    for passes in truth.draw(rng, (80, 12), 4):
        posterior = pass_k_posterior(passes, np.full(12, 4), 2)
        assert posterior is not None
        low, high = posterior.interval(estimate=float(all_pass(passes, np.full(12, 4), 2).mean()))
        held += low <= truth.pass_k(2) <= high
    assert cell.get_column("covered").item() == pytest.approx(held / 80)


def test_differences_are_covered_where_rates_are_low_alike_and_near_one() -> None:
    cells = difference_table(60, pairs=((0.1, 0.3), (0.9, 0.97)), tasks=(12, 50))
    assert float(str(cells.get_column("covered").mean())) >= 0.92
    assert float(str(cells.get_column("covered").min())) >= 0.8


def test_one_topology_under_two_names_is_rarely_found_to_differ() -> None:
    sweeps = 210
    found = false_positives(compare(same_under_two_names(sweeps), by=["sweep"], ks=(1, 4)))
    assert found.get_column("compared").to_list() == [sweeps, sweeps]
    # Of so few sweeps the upper bound itself is wide; the table of 1,000 holds it to the aim.
    assert all(rate <= FALSE_POSITIVES for rate in found.get_column("rate"))
    assert all(low <= 0.05 for low in found.get_column("low"))


def test_a_difference_that_is_there_is_found() -> None:
    trials = same_under_two_names(21)
    worse = pl.col("passed") & ((pl.col("topology") == "single_thread") | (pl.col("trial") < 4))
    found = false_positives(compare(trials.with_columns(worse), by=["sweep"], ks=(1,)))
    assert found.get_column("rate").item() > 0.8


def test_the_bootstrap_covers_as_published_and_wilson_to_the_k_must_not_be_used() -> None:
    """reference: coverage, nominal 95% interval for population pass^4, 4 trials a task."""
    rng = np.random.default_rng(9)
    truth = Population("", 0.7, 0.4)
    held = {20: 0, 60: 0}
    raised = 0
    for tasks in held:
        for c in truth.draw(rng, (200, tasks), 4):
            low, high = task_bootstrap((c == 4).astype(float), np.arange(tasks)) or (0.0, 0.0)
            held[tasks] += low <= truth.pass_k(4) <= high
            low, high = wilson(int(c.sum()), 4 * tasks) or (0.0, 1.0)
            raised += low**4 <= truth.pass_k(4) <= high**4
    assert held[60] / 200 == pytest.approx(0.95, abs=0.045)
    assert held[20] / 200 == pytest.approx(0.92, abs=0.06)
    assert raised / 400 < 0.57


def test_the_interval_for_these_tasks_alone_covers_from_one_task_on() -> None:
    cells = these_table(40, pairs=((0.5, 0.7), (0.97, 0.97)), tasks=(1, 12), trials=(8,))
    assert cells.height == 16
    assert float(str(cells.get_column("covered").mean())) > 0.9
    assert float(str(cells.get_column("covered").min())) > 0.75
