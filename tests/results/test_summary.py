"""The table of a run: known rates and costs come out as they went in, the rest is null."""

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from results import METRICS
from results.finder import find
from results.metrics import known_mean
from results.records import frame
from results.statistics.compare import compare
from results.statistics.ratios import cost_ratios
from results.statistics.summary import broken_invariants, summary
from results.strata import cell_label, strata, with_dials

if TYPE_CHECKING:
    from .conftest import Make

HALF = [[True, False, True, False]] * 4


def calls_squared() -> pl.Expr:
    """A metric from outside of the kit."""
    return known_mean(pl.col("model_calls") ** 2)


def one(table: pl.DataFrame, topology: str) -> dict[str, Any]:
    return table.row(by_predicate=pl.col("topology") == topology, named=True)


def test_rates_and_costs_come_out_as_they_went_in(make_trials: "Make") -> None:
    trials = make_trials(
        {"single_thread": HALF, "lead_subagents": [[True, True, True, None]] * 4},
        prompt_tokens=lambda topology, _, __: 900 if topology == "single_thread" else 2900,
    )
    table = summary(trials)
    single, team = one(table, "single_thread"), one(table, "lead_subagents")
    assert table.get_column("topology").to_list() == ["single_thread", "lead_subagents"]
    assert (single["success"], team["success"]) == (0.5, 1.0)
    assert (team["trials"], team["graded"], team["crashed"], team["tasks"]) == (16, 12, 4, 4)
    assert (single["tokens"], single["tokens_per_pass"]) == (1000, 2000)
    assert (single["dollars"], single["dollars_per_pass"]) == pytest.approx((0.01, 0.02))
    assert (single["seconds"], single["seconds_per_pass"]) == (10, 20)
    assert single["false_claim_rate"] == 0.5
    assert single["success_low"] < 0.5 < single["success_high"]
    assert (single["pass_hat_4"], single["pass_at_4"], single["pass_hat_8"]) == (0, 1, None)
    assert (team["pass_hat_2"], team["pass_hat_4"], team["pass_hat_4_low"]) == (1, None, None)
    assert team["tokens_ratio"] == 3.0
    assert team["dollars_ratio"] == 1.0
    assert single["passed_in_time"] is None


def test_tokens_and_dollars_can_disagree_about_who_is_cheaper(make_trials: "Make") -> None:
    trials = make_trials(
        {"single_thread": HALF, "lead_subagents": HALF},
        prompt_tokens=lambda topology, task, _: (900 if topology[0] == "s" else 500) + 10 * task,
        dollars=lambda topology, _, __: 0.01 if topology[0] == "s" else 0.015,
        dollars_uncached=lambda topology, _, __: 0.05 if topology[0] == "s" else 0.03,
    )
    team = one(summary(trials), "lead_subagents")
    assert team["tokens_ratio_low"] < team["tokens_ratio"] < team["tokens_ratio_high"] < 1
    assert team["dollars_ratio"] == pytest.approx(1.5)
    assert team["dollars_uncached_ratio"] == pytest.approx(0.6)


def test_what_is_undefined_is_null(make_trials: "Make") -> None:
    trials = make_trials(
        {"single_thread": [[False, False]] * 3},
        status=None,
        dollars=lambda _, task, trial: None if task == trial == 0 else 0.01,
        broken_invariants=None,
    )
    row = one(summary(trials, deadline=5), "single_thread")
    for name in ("false_claim_rate", "right_refusals", "tokens_per_pass", "seconds_per_pass"):
        assert row[name] is None
    for name in ("dollars", "dollars_per_pass", "dollars_ratio", "invariants_broken"):
        assert row[name] is None
    assert row["success"] == 0
    assert row["passed_in_time"] == 0


def test_a_run_of_crashes_only_has_counts_and_nothing_else(make_trials: "Make") -> None:
    row = one(summary(make_trials({"single_thread": [[None, None]] * 3})), "single_thread")
    assert (row["trials"], row["graded"], row["crashed"]) == (6, 0, 6)
    assert (row["success"], row["success_low"], row["tokens"], row["tokens_ratio"]) == (None,) * 4


def test_counts_of_different_encodings_are_never_mixed(make_trials: "Make") -> None:
    trials = make_trials(
        {"single_thread": HALF, "lead_subagents": HALF, "mixed": HALF},
        encoding=lambda topology, task, _: (
            "a" if topology == "single_thread" or (topology == "mixed" and task) else "b"
        ),
    )
    table = summary(trials)
    assert one(table, "lead_subagents")["tokens"] == 1000
    assert one(table, "lead_subagents")["tokens_ratio"] is None
    assert one(table, "lead_subagents")["dollars_ratio"] == 1
    assert one(table, "mixed")["tokens"] is None
    assert one(table, "mixed")["tokens_per_pass"] is None


def test_right_refusals_are_passes_of_tasks_that_cannot_be_done(make_trials: "Make") -> None:
    tasks = [[True, True], [False, False], [True, False]]
    trials = make_trials({"single_thread": tasks}, solvable=lambda _, task, __: task == 0)
    assert one(summary(trials), "single_thread")["right_refusals"] == 0.25


def test_passing_within_a_deadline_needs_both(make_trials: "Make") -> None:
    trials = make_trials({"single_thread": HALF}, seconds=lambda _, __, trial: 4.0 * (trial + 1))
    row = one(summary(trials, deadline=10), "single_thread")
    assert row["passed_in_time"] == 0.25


def test_invariants_are_counted_by_kind_for_every_topology(make_trials: "Make") -> None:
    trials = make_trials(
        {"single_thread": HALF, "lead_subagents": HALF},
        broken_invariants=lambda topology, task, _: (
            ["oversold", "double_refund"][: task + 1] if topology[0] == "l" and task < 2 else []
        ),
    )
    found = broken_invariants(trials).select("topology", "invariant", "count", "per_trial").rows()
    assert found == [
        ("lead_subagents", "double_refund", 4, 0.25),
        ("lead_subagents", "oversold", 8, 0.5),
        ("single_thread", "double_refund", 0, 0.0),
        ("single_thread", "oversold", 0, 0.0),
    ]
    assert one(summary(trials), "lead_subagents")["invariants_broken"] == 0.75


def test_settings_that_vary_are_kept_apart_and_named(make_trials: "Make") -> None:
    trials = make_trials(
        {"single_thread": HALF},
        coupling=lambda _, task, __: 0.5 * (task % 2),
        style=lambda _, task, __: "crud" if task < 2 else "atomic",
        write_share=1.0,
    )
    by = strata(trials)
    assert by == ["mode", "width", "coupling", "style"]
    table = summary(trials, by)
    assert table.height == 4
    assert table.select(cell_label(by)).to_series().to_list()[0] == (
        "orders (act, width 4, coupling 0, atomic tools)"
    )


def test_pooling_settings_of_a_base_task_does_not_narrow_the_interval(make_trials: "Make") -> None:
    tasks = [[trial < passes for trial in range(8)] for passes in (1, 4, 6, 8, 8, 2)]
    alone = one(summary(make_trials({"single_thread": tasks})), "single_thread")
    pooled = one(
        summary(
            make_trials({"single_thread": tasks * 4}, block=lambda _, task, __: f"b{task % 6}")
        ),
        "single_thread",
    )
    assert (pooled["tasks"], pooled["blocks"]) == (24, 6)
    for name in ("pass_hat_4", "pass_hat_4_low", "pass_hat_4_high"):
        assert pooled[name] == pytest.approx(alone[name])


def test_ratios_pair_topologies_by_the_tasks_both_did(make_trials: "Make") -> None:
    trials = make_trials(
        {"single_thread": HALF, "lead_subagents": HALF[:2]},
        prompt_tokens=lambda _, task, __: 1000 * (task + 1) - 100,
    )
    found = cost_ratios(trials)
    assert found.get_column("tokens_ratio").to_list() == [1.0, 1.0]
    assert cost_ratios(trials, reference="nobody").is_empty()


def test_metrics_are_found_by_name_and_ones_own_are_handed_in(make_trials: "Make") -> None:
    assert all(isinstance(find(METRICS, name)(), pl.Expr) for name in METRICS)
    table = summary(make_trials({"single_thread": HALF}), metrics=["tokens", calls_squared])
    assert table.get_column("calls_squared").to_list() == [25]
    assert "dollars" not in table.columns
    with pytest.raises(ValueError, match="no 'speed': use one of agents,"):
        find(METRICS, "speed")


def test_every_key_of_settings_that_varies_is_a_stratum(make_trials: "Make") -> None:
    def settings(_: str, task: int, __: int) -> str:
        return json.dumps({"lid": ["loose", "stuck"][task % 2], "n": task // 2, "width": 4})

    raw = make_trials({"single_thread": HALF, "lead_subagents": HALF}, settings=settings)
    trials = with_dials(raw)
    assert trials.equals(with_dials(trials))
    assert strata(trials) == ["mode", "width", "coupling", "dial_lid", "dial_n"]
    assert "settings" in strata(raw), "pooled where nobody gave the keys a column"
    cells = compare(trials).get_column("cell").unique().sort().to_list()
    assert cells[0] == "orders (act, width 4, coupling 0.5, lid loose, n 0)"
    assert len(cells) == 4


def test_a_key_that_a_column_tells_already_is_no_second_stratum(make_trials: "Make") -> None:
    trials = with_dials(
        make_trials(
            {"single_thread": HALF},
            distractors=lambda _, task, __: 8 * (task % 2),
            settings=lambda _, task, __: json.dumps({"distractors": 8} if task % 2 else {}),
        )
    )
    assert strata(trials) == ["mode", "width", "coupling", "distractors"]


def test_a_setting_whose_column_is_empty_is_read_from_settings(make_trials: "Make") -> None:
    trials = make_trials(
        {"single_thread": HALF},
        coupling=None,
        settings=lambda _, task, __: json.dumps({"coupling": task % 2}),
    )
    assert strata(with_dials(trials))[-1] == "dial_coupling"


fractions = st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: not x.is_integer())
SETTING = (
    st.none() | st.booleans() | st.integers() | fractions | st.text() | st.lists(st.integers())
)


@settings(deadline=None, max_examples=40)
@given(st.lists(SETTING, min_size=2, max_size=6, unique_by=json.dumps), st.text())
def test_no_two_values_of_a_setting_are_pooled_whatever_they_are(
    values: list[object], key: str
) -> None:
    rows = (
        {"trial_id": str(at), "task_set": "s", "settings": json.dumps({key: value})}
        for at, value in enumerate(values)
    )
    held = with_dials(frame("trials", rows))
    assert held.select(strata(held)).n_unique() == len(values)


def test_a_metric_that_is_none_is_named(make_trials: "Make") -> None:
    trials = make_trials({"single_thread": HALF})
    for own, why in ((every_score, "a list for each group"), (nobody_has, "is not measured")):
        with pytest.raises(ValueError, match=why) as refused:
            summary(trials, metrics=["tokens", own])
        assert own.__name__ in str(refused.value)


def every_score() -> pl.Expr:
    return pl.col("score")


def nobody_has() -> pl.Expr:
    return pl.col("no such column").mean()
