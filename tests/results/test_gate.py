"""The gate passes what is shown, fails what is shown not to hold, and leaves the rest open."""

import re
from typing import Any
from xml.etree import ElementTree

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from results.questions.gate.gate import gate

from .conftest import MadeRun, made_run, made_trials


def run(*passes: int, topology: str = "single_thread", n: int = 8, **fields: Any) -> MadeRun:
    outcomes = {topology: [[trial < c for trial in range(n)] for c in passes]}
    return made_run(made_trials(outcomes, **fields))


SURE = run(*[8] * 40)
MIXED = run(*[8] * 9, *[4] * 3)
POOR = run(*[3] * 20)


def test_it_passes_where_the_whole_interval_is_good_enough() -> None:
    found = gate(SURE, k=8, minimum=0.8)
    assert found.exit_code == 0
    assert found.line.startswith("passed: pass^8 of single_thread on orders")
    assert "\n" not in found.line


def test_it_fails_where_no_part_of_the_interval_is_good_enough() -> None:
    found = gate(POOR, k=4, minimum=0.8)
    assert found.exit_code == 1
    assert "asked for 80%" in found.line


def test_a_good_estimate_with_a_wide_interval_is_not_a_pass() -> None:
    found = gate(MIXED, k=8, minimum=0.7)
    assert found.exit_code == 2
    assert found.line.endswith("more tasks or trials would decide")


def test_the_price_of_a_pass_is_held_by_its_interval() -> None:
    priced = run(*[8, 7, 6, 8] * 5, dollars=lambda _, task, __: 0.01 + 0.001 * (task % 3))
    codes = [gate(priced, k=1, max_cost=most).exit_code for most in (0.02, 0.0126, 0.009)]
    assert codes == [0, 2, 1]
    unknown = gate(run(8, 8, dollars=None), k=1, max_cost=1.0)
    assert unknown.exit_code == 2
    assert "it takes the dollars of every trial" in unknown.line


def test_a_regression_against_the_baseline_fails_and_no_change_passes() -> None:
    assert gate(POOR, k=4, baseline=run(*[7] * 20)).exit_code == 1
    same = gate(SURE, k=4, baseline=SURE, tolerance=0.1)
    assert same.exit_code == 0
    assert "from the baseline" in same.line
    few = gate(run(8, 6, 7), k=1, baseline=run(7, 8, 7))
    assert few.exit_code == 2


def test_a_baseline_on_another_model_is_still_paired_by_task() -> None:
    before = run(*[7] * 20, model="older")
    assert gate(run(*[2] * 20, model="newer"), k=1, baseline=before).exit_code == 1


def test_what_only_the_baseline_did_holds_a_release() -> None:
    cells = {mode: SURE.trials.with_columns(mode=pl.lit(mode)) for mode in ("act", "answer")}
    before, now = made_run(pl.concat(cells.values())), made_run(cells["act"])
    found = gate(now, k=4, baseline=before, tolerance=0.1)
    assert found.exit_code == 2
    assert "(answer, width 4, coupling 0.5) is in the baseline and not in the run" in found.line
    assert "more tasks" not in found.line
    assert gate(before, k=4, baseline=now, tolerance=0.1).exit_code == 0


def test_crashed_trials_are_told_of() -> None:
    crashed = made_run(made_trials({"single_thread": [[True] * 6 + [None] * 2] * 40}))
    line = gate(crashed, k=4, minimum=0.7).line
    assert line.startswith("passed")
    assert line.endswith("; 80 of 320 trials crashed and are left out")


def test_a_bar_in_a_name_leaves_the_table_whole() -> None:
    (row,) = gate(run(8, 8, topology="a|b"), k=1, minimum=0.1).markdown.splitlines()[-1:]
    assert row.replace(r"\|", "").count("|") == 5


def test_one_failing_cell_fails_all() -> None:
    both = made_run(
        pl.concat([SURE.trials, POOR.trials.with_columns(pl.lit("answer").alias("mode"))])
    )
    found = gate(both, k=4, minimum=0.8)
    assert found.exit_code == 1
    assert "(answer" in found.line
    suite = ElementTree.fromstring(found.junit_xml.split("\n", 1)[1])
    assert (suite.attrib["tests"], suite.attrib["failures"], suite.attrib["errors"]) == (
        "2",
        "1",
        "0",
    )
    assert [case.find("failure") is not None for case in suite.iter("testcase")] == [False, True]
    assert found.line in found.markdown


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"k": 0, "minimum": 0.5}, "k is 0"),
        ({"k": 1}, "nothing to check"),
        ({"k": 1, "minimum": 90}, "must lie between 0 and 1"),
        ({"k": 1, "max_cost": 0.0}, "dollars above 0"),
        ({"k": 1, "max_cost": float("inf")}, "dollars above 0"),
        ({"k": 9, "minimum": 0.5}, "no task of the run has 9 graded trials"),
        ({"k": 8, "baseline": run(4, 4, n=4)}, "no task of the baseline has 8 graded trials"),
        ({"k": 1, "baseline": run(8, 8, topology="other")}, "no topology and cell in common"),
    ],
)
def test_bad_input_is_said_in_one_line(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        gate(MIXED, **asked)


@pytest.mark.parametrize("passes", [0, 8])
def test_the_line_never_puts_the_estimate_outside_its_interval(passes: int) -> None:
    line = gate(run(passes, passes), k=4, minimum=0.4).line
    end = "interval 0.0 to" if passes == 0 else "to 100.0%"
    assert end in line


def test_what_was_judged_by_different_rules_is_not_held_against_each_other() -> None:
    older, newer = run(*[7] * 20), run(*[7] * 20, judge="2")
    assert gate(newer, k=4, baseline=newer, tolerance=0.1).exit_code == 2
    with pytest.raises(ValueError, match="the run by 2, the baseline by none stated"):
        gate(newer, k=4, baseline=older)
    mixed = made_run(pl.concat([older.trials, newer.trials]))
    with pytest.raises(ValueError, match="the run by 2 and none stated"):
        gate(mixed, k=4, minimum=0.5)


def test_the_line_shows_the_interval_that_decided_with_its_level() -> None:
    trials = [
        run(*passes, topology=name).trials
        for name, passes in (("good", [8] * 40), ("poor", [3] * 20), ("a", [7] * 9), ("b", [7] * 9))
    ]
    checks = {one.topology: one.text for one in gate(made_run(pl.concat(trials)), 4, 0.7).checks}
    assert "(95% interval" in checks["good"]
    assert "(98.75% interval" in checks["poor"]
    assert "(98.75% interval" in checks["a"]


@given(st.lists(st.integers(0, 8), min_size=2, max_size=6), st.floats(0.05, 0.95))
@settings(deadline=None, max_examples=25)
def test_what_the_line_shows_is_why_it_was_so_decided(passes: list[int], minimum: float) -> None:
    both = pl.concat([run(*passes).trials, run(*passes[::-1], topology="team").trials])
    for these in (False, True):
        for check in gate(made_run(both), 2, minimum, these=these).checks:
            low, high = map(float, re.findall(r"interval ([\d.]+) to ([\d.]+)%", check.text)[0])
            least = 100 * minimum
            shown = {"passed": low >= least - 0.06, "failed": high < least + 0.06}
            assert shown.get(check.outcome, low <= least + 0.06 and high >= least - 0.06)


def test_one_task_is_enough_where_these_tasks_alone_are_asked_about() -> None:
    one = run(20, n=20)
    open_ = gate(one, k=1, minimum=0.7)
    assert open_.exit_code == 2
    assert "no interval for tasks like these" in open_.line
    assert "--these-tasks" in open_.line
    found = gate(one, k=1, minimum=0.7, these=True)
    assert found.exit_code == 0
    assert "for these tasks alone" in found.line
    worse = gate(run(4, n=20), k=1, baseline=one, these=True)
    assert worse.exit_code == 1


def test_a_topology_that_never_passes_is_too_dear_at_any_price() -> None:
    never = gate(run(*[0] * 20, dollars=0.01), k=1, max_cost=0.02)
    assert never.exit_code == 1
    assert "was not to be had" in never.line
    free = gate(run(*[4] * 20, dollars=0.0), k=1, max_cost=0.02)
    assert free.exit_code == 0


@pytest.mark.parametrize(("partly", "word"), [(True, ", partly simulated"), (False, ", simulated")])
def test_a_gate_on_simulated_models_says_so(partly: bool, word: str) -> None:
    assert word in gate(run(8, 8, partly_simulated=partly), k=1, minimum=0.1).line
    assert "simulated" not in gate(run(8, 8, simulated=False), k=1, minimum=0.1).line
