import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from topologies.models.rate_limit import RateLimit
from topologies.virtual_time import run_virtual


def starts(limit: RateLimit, sizes: list[int], used: list[int] | None = None) -> list[float]:
    """When each of these calls is let in, if all ask at once and take a quarter second."""

    async def trial() -> list[float]:
        begun: list[float] = []

        async def call(size: int, really: int) -> None:
            await limit.admit(size)
            begun.append(asyncio.get_running_loop().time())
            await asyncio.sleep(0.25)
            limit.settle(size, really)

        pairs = zip(sizes, used or sizes, strict=True)
        await asyncio.gather(*(call(size, really) for size, really in pairs))
        return begun

    return run_virtual(trial())


def test_requests_beyond_the_minutes_budget_wait_for_their_share() -> None:
    begun = starts(RateLimit(requests_per_minute=60), [0] * 63)
    assert begun[:60] == [0.0] * 60
    assert begun[60:] == pytest.approx([1.0, 2.0, 3.0], abs=0.01)


def test_tokens_beyond_the_minutes_budget_wait_for_their_share() -> None:
    begun = starts(RateLimit(tokens_per_minute=6_000), [3_000, 3_000, 500, 1_000])
    assert begun == pytest.approx([0.0, 0.0, 5.0, 15.0], abs=0.01)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=60), st.integers(100, 400))
def test_no_minute_ever_holds_more_than_twice_the_budget_and_in_the_long_run_it_holds(
    sizes: list[int], rate: int
) -> None:
    begun = starts(RateLimit(tokens_per_minute=rate), sizes)
    assert begun == sorted(begun)
    # A full budget may be spent at once; from then on it only refills. A call larger than the
    # budget is let in on a full one, and its debt is paid before the next.
    for last in range(len(sizes)):
        admitted_before = sum(sizes[:last])
        affordable = rate + begun[last] * rate / 60
        assert admitted_before + min(sizes[last], rate) <= affordable + 1e-6


def test_an_underestimated_call_is_paid_for_by_those_who_come_after() -> None:
    limit = RateLimit(tokens_per_minute=600)
    assert starts(limit, [100], used=[600 + 300]) == [0.0]

    async def later() -> float:
        await limit.admit(10)
        return asyncio.get_running_loop().time()

    # A new loop starts its clock at 0 again, and no refill is counted twice: -300 to 10 at 10/s.
    assert run_virtual(later()) == pytest.approx(31.0, abs=0.01)


def test_an_overestimated_call_gives_back_what_it_did_not_use() -> None:
    begun = starts(RateLimit(tokens_per_minute=600), [600, 500], used=[50, 500])
    # At 0.25 s the first settles; the second notices within a second.
    assert begun[1] <= 1.25
    limit = RateLimit(tokens_per_minute=600)
    assert starts(limit, [600], used=[50]) == [0.0]
    assert starts(limit, [540]) == [0.0]


def test_a_call_larger_than_a_whole_minute_is_let_in_on_a_full_budget() -> None:
    begun = starts(RateLimit(tokens_per_minute=600), [2_000, 10])
    assert begun == pytest.approx([0.0, 141.0], abs=0.01)


def test_without_rates_nothing_waits() -> None:
    assert starts(RateLimit(), [10**9] * 5) == [0.0] * 5


@pytest.mark.parametrize("rate", [0, -5])
def test_a_rate_that_lets_nothing_in_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="tokens_per_minute must be above 0"):
        RateLimit(tokens_per_minute=rate)
