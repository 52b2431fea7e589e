"""Shares of profiles, what they hang on, and where a difference changes its sign."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from results.map.reach import Reach, estimated_shares, reach
from results.map.sensitivity import deciders, differences, profile_of, shares
from results.records import frame
from results.reports.sensitivity_section import share_sentences
from results.statistics.break_even import ABOVE, BELOW, break_even, crossing

PARAMETERS = {
    "slope": {"range": [0.0, 1.0]},
    "noise": {"range": [0.0, 1.0]},
    "keeps": {"choices": ["all", "none"]},
}
SIMULATED = settings(deadline=None, max_examples=30)


def runs(profiles: int = 60, tasks: int = 8, trials: int = 3, seed: int = 1) -> pl.DataFrame:
    """A team that gains .6 x (slope - .5) and loses .3 if the lead keeps all."""
    rng = np.random.default_rng(seed)
    rows: list[dict[str, object]] = []
    for profile in range(profiles):
        slope, noise = rng.random(2)
        keeps = "all" if profile % 2 else "none"
        model = f"simulated:typical?slope={slope:.4f}&noise={noise:.4f}&keeps={keeps}"
        for topology in ("single_thread", "team"):
            rate = 0.5
            if topology == "team":
                rate += 0.6 * (slope - 0.5) - (0.3 if keeps == "all" else 0.0)
            for task in range(tasks):
                for trial in range(trials):
                    rows.append(
                        {
                            "trial_id": f"{profile}-{topology}-{task}-{trial}",
                            "topology": topology,
                            "task_set": "orders",
                            "task": f"t{task}",
                            "block": f"t{task}",
                            "width": 4,
                            "coupling": 1.0,
                            "mode": "act",
                            "model": model,
                            "simulated": True,
                            "trial": trial,
                            "ended": "completed",
                            "passed": bool(rng.random() < rate),
                        }
                    )
    return frame("trials", rows)


def test_a_profile_is_read_from_its_models_name() -> None:
    assert profile_of("simulated:typical?slip=0.01&partition=key") == {
        "slip": "0.01",
        "partition": "key",
    }
    assert profile_of("simulated:typical") == {}


def test_what_a_difference_hangs_on_is_found_and_noise_is_not() -> None:
    found = {
        row["parameter"]: row for row in deciders(differences(runs(150)), PARAMETERS).to_dicts()
    }
    slope, noise, keeps = (found[name] for name in ("slope", "noise", "keeps"))
    assert slope["q"] < 0.01
    assert 0 < slope["low"] < slope["strength"] < slope["high"]
    assert keeps["q"] < 0.01
    assert (keeps["best"], keeps["low"]) == ("none", None)
    assert noise["q"] > 0.05
    assert noise["break_even"] is None
    # On average over what the lead keeps the team loses .15, which a slope of .75 makes up for.
    assert slope["pays"] == ABOVE
    assert slope["break_even_low"] < 0.75 < (slope["break_even_high"] or 1.0)


def test_shares_are_of_all_profiles_and_estimates_see_what_single_profiles_cannot_show() -> None:
    found = differences(runs(150))
    held = shares(found)
    assert held.get_column("profiles").sum() == 150
    assert math.isclose(held.get_column("share").sum(), 1.0)
    told = {row["conclusion"]: row for row in estimated_shares(found).to_dicts()}
    # True gains are even over -.6 to 0 and -.3 to .3; 7/12 of them are below -.05... by halves.
    worse = 0.5 * (0.55 / 0.6) + 0.5 * (0.25 / 0.6)
    better = 0.5 * (0.25 / 0.6)
    assert told["worse"]["low"] < worse < told["worse"]["high"] + 0.03
    assert told["better"]["low"] - 0.03 < better < told["better"]["high"] + 0.03
    shown = held.filter(pl.col("conclusion") == "worse").get_column("share").item()
    assert shown < told["worse"]["share"]


def test_a_simulated_conclusion_is_never_a_bare_verdict() -> None:
    found = differences(runs(20))
    for text in share_sentences(shares(found), "single_thread", estimated_shares(found)):
        assert text.startswith("In simulation")
        assert "% (95% interval" in text
        assert "of plausible profiles" in text


def test_few_profiles_say_nothing() -> None:
    found = differences(runs(4))
    assert estimated_shares(found).is_empty()
    assert deciders(found, PARAMETERS).get_column("strength").is_null().all()


numbers = st.lists(st.floats(-1, 1), min_size=40, max_size=80)


@SIMULATED
@given(st.floats(0.1, 0.9), st.integers(40, 120))
def test_a_line_without_noise_breaks_even_where_it_passes_0(place: float, size: int) -> None:
    at = np.linspace(0, 1, size)
    rising = break_even(at, at - place)
    falling = break_even(at, place - at)
    assert (rising.pays, falling.pays) == (ABOVE, BELOW)
    for found in (rising, falling):
        assert found.value is not None
        assert found.value == pytest.approx(place, abs=0.08)
        assert found.low is None or found.low <= found.value
        assert found.high is None or found.high >= found.value


@SIMULATED
@given(numbers, st.floats(0.1, 5), st.floats(-3, 3))
def test_break_even_moves_with_the_parameters_scale(
    gains: list[float], scale: float, shift: float
) -> None:
    difference = np.array(gains)
    at = np.random.default_rng(1).permutation(np.linspace(0, 1, difference.size))
    plain, moved = break_even(at, difference), break_even(scale * at + shift, difference)
    assume(plain.value is not None)
    assert moved.value == pytest.approx(scale * (plain.value or 0) + shift, abs=1e-6)


@SIMULATED
@given(numbers)
def test_a_difference_of_one_sign_has_no_break_even_value(gains: list[float]) -> None:
    difference = np.abs(np.array(gains)) + 0.01
    at = np.linspace(0, 1, difference.size)
    assert break_even(at, difference).value is None
    assert break_even(at, -difference).value is None
    assert crossing(at, difference) == -math.inf
    assert crossing(at, -difference) == math.inf


@SIMULATED
@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(0, 0.2)), min_size=2, max_size=60))
def test_estimated_shares_add_up_and_turn_round_with_the_difference(
    pairs: list[tuple[float, float]],
) -> None:
    gains, luck = np.array(pairs).T
    ones = np.ones_like(gains)
    found, turned = reach(gains, luck, ones), reach(-gains, luck, ones)
    assert isinstance(found, Reach)
    assert isinstance(turned, Reach)
    assert found.better + found.within + found.worse == pytest.approx(1.0)
    assert min(found.better, found.within, found.worse) >= -1e-12
    assert found.better == pytest.approx(turned.worse)
    assert found.mean == pytest.approx(-turned.mean)
    assert reach(gains, luck, 0 * ones) is None
