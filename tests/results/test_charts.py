"""Charts draw what the frames say, and say it in their titles."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from results import CHARTS
from results.charts.costs import cost_and_success, pareto, role_tokens
from results.charts.palette import SPARE_COLOURS, TOPOLOGY_COLOURS, topology_colour
from results.finder import find
from topologies import TOPOLOGIES

if TYPE_CHECKING:
    from .conftest import MadeRun, Make


def spec(chart: Any) -> dict[str, Any]:
    return chart.to_dict()


def rows(drawn: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for values in drawn["datasets"].values() for row in values]


@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_draws_a_simulated_run_and_says_that_it_is(
    name: str, small_run: "MadeRun"
) -> None:
    drawn = spec(find(CHARTS, name)(small_run))
    assert "simulated" in drawn["title"]["text"]
    assert {row["cell"] for row in rows(drawn)} == {
        "orders (act, width 4, coupling 0.5)",
        "orders (answer, width 4, coupling 0.5)",
    }
    assert {row["topology"] for row in rows(drawn)} == {"single_thread", "lead_subagents"}


def test_curves_carry_the_numbers_of_their_subtitle(small_run: "MadeRun") -> None:
    drawn = spec(find(CHARTS, "pass_k_curves")(small_run))
    assert "single_thread: 83% at k = 1, 50% at k = 4 over the panels" in drawn["title"]["subtitle"]
    fewer = small_run.trials.with_columns(pl.col("passed") & (pl.col("mode") == "act"))
    apart = spec(find(CHARTS, "pass_k_curves")(replace(small_run, trials=fewer)))
    first = [text for text in apart["title"]["subtitle"] if text.startswith("single_thread")]
    assert first == ["single_thread: 0% to 83% at k = 1, 0% to 50% at k = 4 over the panels"]
    ends = [row for row in rows(drawn) if row["k"] == 4 and row["topology"] == "single_thread"]
    assert [row["pass_hat"] for row in ends] == pytest.approx([0.5, 0.5])
    assert all(row["low"] < row["pass_hat"] < row["high"] for row in ends)


def test_a_real_run_is_not_called_simulated(make_trials: "Make", small_run: "MadeRun") -> None:
    trials = make_trials({"single_thread": [[True, False]] * 3}, simulated=False)
    real = replace(small_run, trials=trials)
    drawn = spec(find(CHARTS, "passed_by_time")(real))
    assert "simulated" not in str(drawn["title"])


@pytest.mark.parametrize("cost", ["tokens", "dollars", "dollars_uncached", "seconds"])
def test_success_can_be_drawn_against_any_cost(cost: str, small_run: "MadeRun") -> None:
    drawn = spec(cost_and_success(small_run, cost))
    assert all(row["cost"] > 0 for row in rows(drawn))


def test_the_pareto_front_is_what_nothing_beats() -> None:
    frame = pl.DataFrame(
        {
            "cell": ["x"] * 5 + ["y"],
            "topology": ["a", "b", "c", "d", "e", "a"],
            "cost": [1.0, 2.0, 2.0, 3.0, 1.0, 9.0],
            "success": [0.5, 0.7, 0.6, 0.7, 0.5, 0.1],
        }
    )
    assert pareto(frame).get_column("on_front").to_list() == [True, True, False, False, True, True]


def test_tokens_by_role_add_up_to_the_tokens_of_a_trial(small_run: "MadeRun") -> None:
    shares = role_tokens(small_run).filter(pl.col("topology") == "lead_subagents")
    totals = shares.group_by("mode").agg(pl.col("tokens").sum(), pl.col("share").sum()).sort("mode")
    assert totals.get_column("tokens").to_list() == pytest.approx([2002.5, 2008.5], abs=1)
    assert totals.get_column("share").to_list() == pytest.approx([1, 1])


def test_a_topology_keeps_its_colour_whatever_else_is_drawn() -> None:
    alone = spec_of(["lead_subagents"])
    beside = spec_of(["zeta", "single_thread", "lead_subagents"])
    assert alone == {"lead_subagents": TOPOLOGY_COLOURS["lead_subagents"]}
    assert beside["lead_subagents"] == alone["lead_subagents"]
    assert beside["zeta"] == SPARE_COLOURS[0]
    assert len(set(beside.values())) == 3


def spec_of(names: list[str]) -> dict[str, str]:
    colour: Any = topology_colour(names)
    channel: Any = colour.to_dict()
    return dict(zip(channel["scale"]["domain"], channel["scale"]["range"], strict=True))


def test_every_topology_of_the_kit_has_a_colour_of_its_own() -> None:
    assert set(TOPOLOGIES) == set(TOPOLOGY_COLOURS)
    every = [*TOPOLOGY_COLOURS.values(), *SPARE_COLOURS]
    assert len(set(every)) == len(every)
