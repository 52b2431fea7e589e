"""What is not known of what trials used is said, with why and of how many, wherever it is shown."""

from typing import TYPE_CHECKING

import polars as pl
import pytest

from results.charts.palette import simulated
from results.reports.report_words import caveats
from results.reports.result_tables import cost_table
from results.simulation import simulation
from results.statistics.summary import summary
from results.usage import misfit, totals

if TYPE_CHECKING:
    from .conftest import Make

HALF = [[True, False]] * 4


def test_one_unfinished_call_leaves_the_mean_of_the_others_with_its_n_and_a_reason(
    make_trials: "Make",
) -> None:
    trials = make_trials(
        {"single_thread": HALF, "lead_subagents": HALF},
        prompt_tokens=lambda t, task, n: None if t[0] == "l" and task == n == 0 else 900,
        completion_tokens=100,
        dollars=0.25,
    ).with_columns(
        pl.when(pl.col("prompt_tokens").is_null())
        .then(pl.lit("1 of 11 calls: cut off before the reply"))
        .alias("usage_note")
    )
    table = summary(trials)
    (row,) = table.filter(pl.col("topology") == "lead_subagents").to_dicts()
    assert row["tokens"] is row["tokens_ratio"] is None
    assert (row["tokens_known"], row["tokens_where_known"], row["graded"]) == (7, 1000, 8)
    told = str(cost_table(table, [], "single_thread", False))
    assert "1,000 in 7 of 8" in told
    (said,) = [line for line in caveats(trials) if "are not known of" in line]
    assert "Tokens of lead_subagents are not known of 1 of 8 graded trials" in said
    assert "1 of 11 calls: cut off before the reply" in said


def test_what_nobody_counted_is_not_complained_about(make_trials: "Make") -> None:
    trials = make_trials({"single_thread": HALF}, prompt_tokens=None, dollars=None)
    assert not [line for line in caveats(trials) if "not known of" in line]


def test_tokens_of_judges_and_users_are_shown_beside_those_of_the_agents(
    make_trials: "Make",
) -> None:
    trials = make_trials({"single_thread": HALF}, beside_tokens=550, beside_dollars=0.5)
    table = summary(trials)
    assert table.get_column("beside_tokens").to_list() == [550]
    assert "tokens of judges and users" in str(cost_table(table, [], "single_thread", False))
    none = summary(make_trials({"single_thread": HALF}, beside_tokens=0))
    assert "judges" not in str(cost_table(none, [], "single_thread", False))


@pytest.mark.parametrize(
    ("all_of_it", "partly", "word"),
    [
        (True, False, "simulated"),
        (True, True, "partly simulated"),
        (True, None, "simulated"),
        (False, False, ""),
        (None, None, ""),
    ],
)
def test_a_mix_of_models_is_called_partly_simulated(
    make_trials: "Make", all_of_it: bool | None, partly: bool | None, word: str
) -> None:
    trials = make_trials({"single_thread": HALF}, simulated=all_of_it, partly_simulated=partly)
    assert simulation(trials) == word
    assert simulated(trials) == (f", {word}" if word else "")
    assert word in " ".join(caveats(trials))


def test_counts_of_several_encodings_are_not_added() -> None:
    steps = [
        {"kind": "model", "agent": "a", "reply": "r", "prompt_tokens": 1, "completion_tokens": 1,
         "encoding": encoding} for encoding in ("provider", "other")
    ]  # fmt: skip
    found = totals(steps)
    assert found["prompt_tokens"] is found["encoding"] is None
    assert "several encodings" in found["usage_note"]


@pytest.mark.parametrize("value", [-1, 1.0, float("nan"), "7", True, 10**13, [1], {}])
def test_what_is_no_count_is_none(value: object) -> None:
    assert misfit(value) is not None
