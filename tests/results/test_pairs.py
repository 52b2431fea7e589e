"""Twins are compared pair by pair."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar

from results.statistics.pairs import paired_trials

COUNTS = st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 60))


def test_eight_losses_to_none_are_a_loss() -> None:
    found = paired_trials(0, 8, 48)
    assert found.p == pytest.approx(0.0078, abs=1e-4)
    assert found.low is not None
    assert found.high is not None
    assert found.low == pytest.approx(-0.296, abs=1e-3)
    assert found.high == pytest.approx(-0.080, abs=1e-3)


@given(st.integers(0, 9), st.integers(0, 9), st.integers(1, 20))
def test_the_score_at_an_edge_is_the_quantile(first: int, second: int, same: int) -> None:
    """By the definition of the interval, with the likelihood maximised by brute force."""
    pairs = first + second + same
    found = paired_trials(first, second, pairs)
    assert found.high is not None
    if found.p is None or found.p > 0.05 or found.high >= 1 - 1e-9:
        return
    edge = found.high
    share = np.linspace(max(0.0, -edge), (1 - edge) / 2, 200_001)[1:-1]
    likelihood = second * np.log(share) + (pairs - first - second) * np.log1p(-2 * share - edge)
    if first:
        likelihood = likelihood + first * np.log(share + edge)
    best = float(share[np.argmax(likelihood)])
    score = (first - second - pairs * edge) / np.sqrt(pairs * (2 * best + edge * (1 - edge)))
    assert score == pytest.approx(-1.96, abs=2e-3)


@given(COUNTS)
def test_the_interval_holds_the_estimate_and_agrees_with_the_test(
    counts: tuple[int, int, int],
) -> None:
    first, second, same = counts
    found = paired_trials(first, second, first + second + same)
    if found.estimate is None:
        assert (found.pairs, found.low, found.high, found.p) == (0, None, None, None)
        return
    assert found.low is not None
    assert found.high is not None
    assert found.p is not None
    assert -1 - 1e-9 <= found.low <= found.estimate + 1e-9
    assert found.estimate - 1e-9 <= found.high <= 1 + 1e-9
    assert (found.low <= 0 <= found.high) == (found.p > 0.05)
    other = paired_trials(second, first, found.pairs)
    assert (other.low, other.high) == pytest.approx((-found.high, -found.low), abs=1e-9)


@given(st.integers(0, 40), st.integers(0, 40))
def test_the_test_is_that_of_statsmodels(one: int, other: int) -> None:
    table = np.array([[5, one], [other, 5]])
    expected = float(mcnemar(table, exact=True).pvalue)
    assert paired_trials(one, other, one + other + 10).p == pytest.approx(expected)


def test_intervals_cover_at_few_pairs() -> None:
    chance = np.random.default_rng(3)
    for pairs, first, second in ((12, 0.02, 0.12), (24, 0.0, 0.15), (48, 0.2, 0.3)):
        drawn = chance.multinomial(pairs, [first, second, 1 - first - second], size=400)
        found = [paired_trials(int(b), int(c), pairs) for b, c, _ in drawn]
        inside = [f.low <= first - second <= f.high for f in found]  # pyright: ignore[reportOptionalOperand]
        assert np.mean(inside) > 0.92


def test_counts_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="5 and 4 of 8 pairs cannot be"):
        paired_trials(5, 4, 8)
