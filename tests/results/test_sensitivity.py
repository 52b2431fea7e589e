"""Shares of profiles, what they depend on, and where a difference changes its sign."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from results.questions.map.sensitivity import deciders, differences, profile_of, shares
from results.questions.map.share_of_profiles import EMPTY, WIDEST, estimated_shares, told
from results.records import frame
from results.reports.sensitivity_words import decider_sentences, share_sentences, share_words
from results.statistics.break_even import ABOVE, BELOW, HIGHEST, LOWEST, break_even, crossing, end
from results.statistics.tail_share import Share

pytestmark = pytest.mark.slow

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
    known = {row["conclusion"]: row for row in estimated_shares(found).to_dicts()}
    # True gains are even over -.6 to 0 and -.3 to .3; 7/12 of them are below -.05... by halves.
    worse = 0.5 * (0.55 / 0.6) + 0.5 * (0.25 / 0.6)
    better = 0.5 * (0.25 / 0.6)
    assert known["worse"]["low"] < worse < known["worse"]["high"]
    assert known["better"]["low"] < better < known["better"]["high"]
    shown = held.filter(pl.col("conclusion") == "worse").get_column("share").item()
    assert shown < known["worse"]["high"]
    assert known["worse"]["mean_low"] < -0.15 < known["worse"]["mean_high"]


def test_a_simulated_conclusion_is_never_a_bare_verdict() -> None:
    found = differences(runs(60))
    (text,) = share_sentences(shares(found), "single_thread", estimated_shares(found))
    assert text.startswith("In simulation")
    assert "% of plausible profiles" in text or "interval" in text
    assert "The mean difference over profiles is -" in text
    assert "(95% interval -" in text


def test_a_share_that_trials_cannot_tell_is_withheld() -> None:
    narrow, wide, empty = told(Share(0.3, 0.1, 0.5)), told(Share(0.3, 0.1, 0.7)), Share(0, 0, 1)
    assert (narrow.share, narrow.low, narrow.high) == (0.3, 0.1, 0.5)
    assert (wide.share, wide.low, wide.high) == (None, 0.1, 0.7)
    assert (told(empty).share, told(empty).low, told(empty).high) == (None, None, None)
    assert WIDEST < EMPTY < 1
    assert share_words(vars(narrow)) == (
        "an estimated 30% (95% interval 10 to 50) of plausible profiles"
    )
    assert share_words(vars(wide)) == "somewhere from 10% to 70% of plausible profiles"
    assert "these trials cannot tell" in share_words(vars(told(empty)))


def test_a_mean_beside_the_margin_with_no_spread_tells_no_share() -> None:
    rng = np.random.default_rng(5)
    frame_of = differences(runs(40))
    luck = rng.normal(0, 0.1, 40)
    close = frame_of.with_columns(
        (pl.lit(pl.Series(luck - luck.mean())) - 0.05).alias("difference"),
        pl.lit(0.01).alias("variance"),
    )
    worse = estimated_shares(close).filter(pl.col("conclusion") == "worse").row(0, named=True)
    assert worse["share"] is None
    assert worse["mean"] == pytest.approx(-0.05)
    assert worse["mean_low"] < -0.05 < worse["mean_high"]


def test_where_nothing_breaks_even_the_end_of_the_range_says_by_how_much() -> None:
    found = differences(runs(150))
    lower = found.with_columns(pl.col("difference") - 0.4)
    sentences = list(decider_sentences(deciders(lower, PARAMETERS), "single_thread"))
    assert any("depends most on" in text and "in the team's favour" in text for text in sentences)
    (slope,) = [text for text in sentences if "highest slope of the range" in text]
    assert "even with" in slope
    assert "no break-even value is seen in the range" in slope
    (keeps,) = [text for text in sentences if "best choice of keeps (none)" in text]
    assert "so it does not pay there on average" in keeps
    higher = found.with_columns(pl.col("difference") + 0.9)
    sentences = list(decider_sentences(deciders(higher, PARAMETERS), "single_thread"))
    assert any("pays over the whole range" in text for text in sentences)
    assert any("so it pays there on average" in text for text in sentences)


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
@given(st.booleans(), st.booleans(), st.integers(40, 120))
def test_the_end_told_of_is_the_nearer_to_a_change_of_sign(
    rising: bool, behind: bool, size: int
) -> None:
    at = np.linspace(0, 1, size)
    gains = (at if rising else 1 - at) - (1.5 if behind else -0.5)
    found = end(at, gains)
    assert found is not None
    assert found.side == (HIGHEST if rising == behind else LOWEST)
    assert found.mean.low <= found.mean.value <= found.mean.high
    nearest = np.abs(gains[found.places])
    assert nearest.max() <= np.abs(np.delete(gains, found.places)).min()
