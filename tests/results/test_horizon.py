"""Horizons of reliability, beside the published ones (Ord, arXiv 2505.05115; METR, 2503.14499)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.statistics.horizon import half_lives, logistic, weibull_shape

CHANCES = st.floats(0.01, 0.99)
LENGTHS = st.floats(0.1, 1e4)


def test_ratios_to_the_half_life_are_as_published(published: dict[str, Any]) -> None:
    source = published["horizons"]
    for name, shape in (("exponential", 1.0), ("weibull_k_0.6", 0.6)):
        for success, ratio in source[f"{name}_ratio_to_T50"].items():
            assert half_lives(float(success), shape) == pytest.approx(ratio, abs=6e-7)


def test_two_points_give_the_published_laws_and_what_they_say_far_away(
    published: dict[str, Any],
) -> None:
    known = published["horizons"]["two_point"]
    half, length = known["p50_minutes"], known["p80_minutes"]
    law = logistic(half, length, 0.8)
    assert law.slope == pytest.approx(known["logistic_slope_per_log2"], abs=5e-5)
    assert law.intercept == pytest.approx(known["logistic_intercept"], abs=1e-4)
    assert law.length(0.99) == pytest.approx(known["logistic_p99"], abs=5e-4)
    shape = weibull_shape(half, length, 0.8)
    assert shape == pytest.approx(known["weibull_k"], abs=5e-5)
    assert half * half_lives(0.99, shape) == pytest.approx(known["weibull_p99"], abs=5e-4)
    assert half * half_lives(0.8) == pytest.approx(known["exponential_p80"], abs=5e-3)


@given(CHANCES.filter(lambda p: abs(p - 0.5) > 0.01), LENGTHS, st.floats(0.2, 0.9))
def test_every_law_passes_through_the_points_it_was_made_from(
    success: float, half: float, ratio: float
) -> None:
    length = half * (ratio if success > 0.5 else 1 / ratio)
    law = logistic(half, length, success)
    assert law.success(half) == pytest.approx(0.5)
    assert law.success(length) == pytest.approx(success)
    assert law.length(success) == pytest.approx(length)
    shape = weibull_shape(half, length, success)
    assert half * half_lives(success, shape) == pytest.approx(length)


@pytest.mark.parametrize("bad", [0.0, 1.0, -1.0, float("nan")])
def test_what_is_no_chance_or_no_length_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        half_lives(bad)
    with pytest.raises(ValueError, match="above 0 and differ"):
        logistic(1.0, bad if bad != 0.0 else -3.0, 0.8)
    with pytest.raises(ValueError, match="shape is"):
        half_lives(0.8, 0.0)
