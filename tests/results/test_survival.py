"""From steps to the long run: curves, laws and lengths, held to truths that are known."""

import math
from dataclasses import replace
from typing import Any, cast

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from results.imports.tau_bench import import_tau_bench
from results.records import frame
from results.reports.first_wrong_table import first_wrongs, wrong_table
from results.reports.long_run_tables import long_run_tables
from results.resilience.first_wrong import CLAIMED, WROTE, first_wrong
from results.resilience.laws import Spans, climb, fit
from results.resilience.long_run import hazards, lengths_done, silent_by, spans, survival_curves
from results.resilience.survival import product_limit
from results.view import View
from tests.bench.long_run import covered, made_spans

from .conftest import MadeRun, made_run, made_trials

ENDS = st.lists(st.tuples(st.integers(1, 30), st.booleans()), min_size=2, max_size=60)


@pytest.mark.filterwarnings("ignore:The confidence interval is undefined:RuntimeWarning")
@given(ENDS)
@settings(max_examples=60, deadline=None)
def test_the_curve_and_its_interval_are_those_of_scipy(ends: list[tuple[int, bool]]) -> None:
    at, failed = np.array([float(n) for n, _ in ends]), np.array([gone for _, gone in ends])
    found = product_limit(at, failed)
    assume(failed.any())
    data = stats.CensoredData(uncensored=at[failed], right=at[~failed])
    other = cast("Any", stats.ecdf(data).sf)
    assert found.survival == pytest.approx(other.evaluate(found.step))
    inside = (found.survival > 0) & (found.survival < 1)
    limits = other.confidence_interval(method="log-log")
    assert found.low[inside] == pytest.approx(limits.low.evaluate(found.step)[inside])
    assert found.high[inside] == pytest.approx(limits.high.evaluate(found.step)[inside])


@given(ENDS)
@settings(max_examples=40, deadline=None)
def test_a_curve_falls_and_lies_within_its_interval(ends: list[tuple[int, bool]]) -> None:
    at, failed = np.array([float(n) for n, _ in ends]), np.array([gone for _, gone in ends])
    found = product_limit(at, failed, np.arange(at.size) // 2)
    assert (np.diff(found.survival) <= 0).all()
    known = ~np.isnan(found.low)
    assert (found.low <= found.survival + 1e-12)[known].all()
    assert (found.high >= found.survival - 1e-12)[known].all()


@given(st.lists(st.tuples(st.integers(1, 40), st.booleans()), min_size=3, max_size=80))
@settings(max_examples=40, deadline=None)
def test_a_constant_hazard_of_dated_failures_is_failures_over_steps(
    ends: list[tuple[int, bool]],
) -> None:
    by, failed = np.array([float(n) for n, _ in ends]), np.array([gone for _, gone in ends])
    assume(0 < failed.sum() < by.sum())
    law = fit(Spans(np.where(failed, by - 1, 0), by, failed, np.arange(by.size)), constant=True)
    assert law is not None
    assert law.survival(1) == pytest.approx(1 - failed.sum() / by.sum(), abs=1e-5)


@given(st.integers(1, 30), st.integers(1, 40), st.integers(2, 50))
@settings(max_examples=40, deadline=None)
def test_undated_failures_of_one_length_give_back_their_share(
    failures: int, passes: int, length: int
) -> None:
    failed = np.arange(failures + passes) < failures
    by = np.full(failed.size, float(length))
    seen = Spans(np.zeros(failed.size), by, failed, np.arange(failed.size))
    law = fit(seen, constant=True)
    assert law is not None
    assert law.survival(length) == pytest.approx(passes / (passes + failures), abs=1e-4)
    assert fit(seen, constant=False) is None, "one length cannot tell how a hazard moves"


def test_half_lives_and_compounding_are_as_published(published: dict[str, Any]) -> None:
    for row in published["compounding"]["rows"]:
        half = -math.log(2) / math.log(row["p"])
        assert 2 ** -(row["n"] / half) == pytest.approx(row["value"], abs=6e-7)
    steps = np.repeat(19.0, 20)
    failed = np.arange(20) < 19
    dated = Spans(np.where(failed, 18.0, 0.0), steps, failed, np.arange(20))
    law = fit(dated, constant=True)
    assert law is not None
    assert law.survival(1) == pytest.approx(0.95)
    assert law.half == pytest.approx(13.5134, abs=1e-3)
    assert law.length(0.9) == pytest.approx(law.half * 0.152003, rel=1e-5)


def test_a_hazard_that_climbs_is_told_from_one_that_does_not() -> None:
    rng = np.random.default_rng(4)
    for shape, dated in ((2.0, True), (2.0, False), (0.5, True)):
        seen = made_spans(rng, tasks=40, trials=8, half=25.0, shape=shape, dated=dated)
        free, constant = fit(seen, constant=False), fit(seen, constant=True)
        assert free is not None
        assert constant is not None
        found = climb(seen, free, constant)
        assert found.low < shape < found.high
        assert (found.low > 1) == (shape > 1)
        assert found.p < 0.05


@given(st.integers(0, 400), st.sampled_from([0.7, 1.0, 1.4]))
@settings(max_examples=15, deadline=None)
def test_one_is_within_the_interval_of_the_shape_exactly_where_p_is_above_5_percent(
    seed: int, shape: float
) -> None:
    seen = made_spans(np.random.default_rng(seed), 15, 4, 20.0, shape, True)
    free, constant = fit(seen, constant=False), fit(seen, constant=True)
    assume(free is not None and constant is not None)
    assert free is not None
    assert constant is not None
    found = climb(seen, free, constant)
    assert (found.low <= 1 <= found.high) == (found.p >= 0.05)


@pytest.mark.parametrize("dated", [True, False])
def test_truths_lie_within_their_intervals_in_about_95_of_100(dated: bool) -> None:
    shares = covered(repeats=120, shape=1.0, dated=dated, seed=3)
    assert set(shares) == {"half-life", "length at 90%", "failed by 20", "shape"}
    for name, share in shares.items():
        assert 0.88 <= share <= 1, (name, share)


def test_nothing_failed_is_no_law_and_no_curve() -> None:
    run = made_run(made_trials({"a": [[True, True]] * 3}))
    found = spans(run)
    assert survival_curves(found).is_empty()
    assert lengths_done(found).is_empty()
    (row,) = hazards(found).to_dicts()
    assert (row["failures"], row["half_life"], row["hazard"]) == (0, None, None)


def planted(seed: int = 1) -> MadeRun:
    """30 tasks x 4 trials of 5 to 60 calls at 98% a step; failures are not dated."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(5, 60, size=30)
    passed = [[bool(rng.uniform() < 0.98**n) for _ in range(4)] for n in lengths]
    return made_run(made_trials({"a": passed}, tool_calls=lambda _, task, __: int(lengths[task])))


def test_what_lies_beyond_the_records_is_flagged() -> None:
    found = lengths_done(spans(planted())).filter(law="constant")
    by_share = {row["share"]: row for row in found.to_dicts()}
    assert not by_share[0.5]["extrapolated"]
    assert by_share[0.99]["extrapolated"]
    assert by_share[0.5]["low"] < 34.3 < by_share[0.5]["high"]
    silent = silent_by(spans(planted())).filter(law="constant")
    assert silent["extrapolated"].to_list() == [False, False, False, False, True]
    for row in silent.to_dicts():
        # All of them are silent here, so that they are what compounds.
        assert row["share"] == pytest.approx(row["compounded"], abs=1e-6)
        assert row["low"] < 1 - 0.98 ** row["steps"] < row["high"]


def test_open_failures_are_no_silent_ones() -> None:
    run = planted()
    loud = replace(run, trials=run.trials.with_columns(tool_errors=pl.lit(1, pl.Int64)))
    assert silent_by(spans(loud)).is_empty()
    unknown = replace(run, trials=run.trials.with_columns(tool_errors=None))
    assert silent_by(spans(unknown)).is_empty()
    assert not lengths_done(spans(unknown)).is_empty()


def dated_run() -> MadeRun:
    """One failed trial of 4 calls: the second wrote a row that is wrong at the end."""
    trials = made_trials({"a": [[False]], "b": [[True]]})
    key = {"trial_id": "a-0-0"}
    kinds = ("model", "tool", "tool", "model", "tool", "tool")
    steps = [key | {"step": n, "kind": kind, "agent": "agent"} for n, kind in enumerate(kinds)]
    accesses = [
        key | {"access": n, "step": step, "agent": "agent", "op": op, "table": "refunds"}
        | {"key": "R1 b", "predicate": False, "undone": False}
        for n, (step, op) in enumerate(((1, "read"), (2, "insert"), (5, "read")))
    ]  # fmt: skip
    missed = key | {"milestone": "nothing_else", "weight": 0.0, "reached": False}
    return replace(
        made_run(trials),
        steps=frame("steps", steps),
        accesses=frame("accesses", accesses),
        milestones=frame("milestones", [missed | {"about": ["refunds R1 b", "answer total"]}]),
    )


def test_a_wrong_row_is_dated_by_the_call_that_left_it_so() -> None:
    run = dated_run()
    parts = (run.trials, run.steps, run.accesses, run.milestones)
    (row,) = first_wrong(*parts, run.reports).to_dicts()
    assert (row["trial_id"], row["step"], row["call"], row["why"]) == ("a-0-0", 2, 2, WROTE)
    claim = {"trial_id": "a-0-0", "report": 0, "agent": "sub", "step": 1, "held": "false"}
    (row,) = first_wrong(*parts, frame("reports", [claim])).to_dicts()
    assert (row["step"], row["agent"], row["why"]) == (1, "sub", CLAIMED)
    (span,) = spans(run).filter(topology="a").to_dicts()
    assert (span["after"], span["by"], span["dated"]) == (1, 2, True)
    (other,) = spans(run).filter(topology="b").to_dicts()
    assert (other["after"], other["by"], other["event"]) == (0, 4, False)


def test_who_went_wrong_first_is_told_in_a_table() -> None:
    run = dated_run()
    run = replace(run, steps=run.steps.with_columns(role=pl.lit("agent")))
    (row,) = first_wrongs(View(run)).to_dicts()
    assert (row["failures"], row["dated"], row[WROTE], row[CLAIMED]) == (1, 1, 1, 0)
    assert (row["roles"], row["along"]) == (["agent"], 0.5)
    assert "| a | 1 | 1 | 1 | 0 | agent 1 | 50.0% |" in wrong_table(View(run)).markdown()


def test_a_trial_that_passed_has_no_wrong_step() -> None:
    run = dated_run()
    passed = run.trials.with_columns(passed=True)
    parts = (run.steps, run.accesses, run.milestones, run.reports)
    assert first_wrong(passed, *parts).is_empty()


def test_the_hazards_of_tau_bench_are_what_its_lengths_carry(shared: Any) -> None:
    found = import_tau_bench(shared / "data" / "tau_bench_gpt4o_airline.json")
    run = replace(made_run(found["trials"]), steps=found["steps"])
    (row,) = hazards(spans(run)).to_dicts()
    assert (row["dated"], row["failures"]) == (0, spans(run)["event"].sum())
    assert row["shape_low"] <= row["shape"] <= row["shape_high"]
    assert 0.8 < row["per_step"] < 0.95


def test_an_interval_that_bounds_nothing_is_told_as_nothing(shared: Any) -> None:
    found = import_tau_bench(shared / "data" / "tau_bench_gpt4o_airline.json")
    run = replace(made_run(found["trials"].filter(mode="act")), steps=found["steps"])
    tables = {table.title: table for table in long_run_tables(spans(run), ["mode"])}
    lengths = "\n".join(tables["Length done with a chance"].markdown())
    assert "| single_thread | constant | 3.6 (2.5 to 5.2) |" in lengths
    assert "| single_thread | Weibull | not told | not told | not told | not told |" in lengths
