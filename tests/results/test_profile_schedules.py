"""Critical paths, bounds, splits and costs, on any graph."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from results.questions.gain.graph import (
    components,
    critical_path,
    greedy_makespan,
    on_critical_path,
    speed_up_bound,
    width_over_time,
)
from results.questions.gain.split import HANDOVER, split
from results.questions.gain.team_cost import Prices, Turn, conversation, team

PROPERTY = settings(deadline=None, max_examples=60)


@st.composite
def any_graph(draw: st.DrawFn) -> tuple[list[list[int]], list[float]]:
    count = draw(st.integers(1, 12))
    before = [
        sorted(draw(st.sets(st.integers(0, at - 1), max_size=3))) if at else []
        for at in range(count)
    ]
    weights = draw(st.lists(st.integers(1, 9).map(float), min_size=count, max_size=count))
    return before, weights


@PROPERTY
@given(any_graph())
def test_the_critical_path_is_never_longer_than_the_work(
    graph: tuple[list[list[int]], list[float]],
) -> None:
    before, weights = graph
    path = critical_path(before, weights)
    assert max(weights) <= path <= sum(weights)
    assert sum(weights[at] for at in on_critical_path(before, weights)) == path


@PROPERTY
@given(any_graph(), st.data())
def test_another_dependency_never_shortens_the_critical_path(
    graph: tuple[list[list[int]], list[float]], data: st.DataObject
) -> None:
    before, weights = graph
    after = data.draw(st.integers(0, len(before) - 1))
    more = [list(needs) for needs in before]
    if after:
        more[after] = sorted({*more[after], data.draw(st.integers(0, after - 1))})
    assert critical_path(more, weights) >= critical_path(before, weights)


@PROPERTY
@given(any_graph(), st.integers(1, 6))
def test_a_greedy_schedule_lies_between_the_bounds(
    graph: tuple[list[list[int]], list[float]], agents: int
) -> None:
    before, weights = graph
    work, path = sum(weights), critical_path(before, weights)
    span = greedy_makespan(before, weights, agents)
    assert max(path, work / agents) <= span + 1e-9
    assert span <= (work - path) / agents + path + 1e-9
    bound = speed_up_bound(work, path, agents)
    assert bound is not None
    assert work / span <= bound + 1e-9


@PROPERTY
@given(any_graph())
def test_widths_add_up_to_the_work(graph: tuple[list[list[int]], list[float]]) -> None:
    before, weights = graph
    spans = width_over_time(before, weights)
    assert sum((end - start) * width for start, end, width in spans) == pytest.approx(sum(weights))


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_chain_gains_nothing_and_independent_calls_are_as_wide_as_they_are_many(
    count: int,
) -> None:
    ones = [1.0] * count
    chain = [[at - 1] if at else [] for at in range(count)]
    assert speed_up_bound(count, critical_path(chain, ones)) == 1
    assert width_over_time([[] for _ in ones], ones) == [(0.0, 1.0, count)]
    assert speed_up_bound(count, critical_path([[]] * count, ones)) == count
    assert speed_up_bound(count, critical_path([[]] * count, ones), agents=2) == min(count, 2)


def test_no_work_has_no_speed_up() -> None:
    assert speed_up_bound(0, critical_path([], [])) is None


def test_components_need_nothing_of_each_other() -> None:
    before = [[], [0], [], [2], [1, 3]]
    assert components([0, 1, 2, 3], before) == [[0, 1], [2, 3]]
    assert components([0, 1, 2, 3, 4], before) == [[0, 1, 2, 3, 4]]


def test_a_chain_is_not_split_and_a_hub_is_kept_by_the_lead() -> None:
    chain = [[at - 1] if at else [] for at in range(8)]
    assert split(chain, [range(8)], 4).span == 8
    hub = [[], *([0] for _ in range(8)), list(range(1, 9))]
    found = split(hub, [range(10)], 4)
    assert (found.agent[0], found.agent[9]) == (0, 0)
    assert sorted(found.agent[1:9]) == [1, 1, 2, 2, 3, 3, 4, 4]
    assert found.span == 1 + 2 + 1 + HANDOVER


@PROPERTY
@given(any_graph(), st.integers(2, 4))
def test_a_split_is_never_slower_and_its_subagents_need_nothing_of_each_other(
    graph: tuple[list[list[int]], list[float]], agents: int
) -> None:
    before, _ = graph
    found = split(before, [range(len(before))], agents)
    assert found.span <= len(before)
    assert found.span >= critical_path(before, [1.0] * len(before))
    for at, needs in enumerate(before):
        for need in needs:
            assert 0 in (found.agent[at], found.agent[need]) or (
                found.agent[at] == found.agent[need]
            )


def test_calls_on_two_sides_of_a_word_with_the_user_are_not_split_together() -> None:
    free = [[] for _ in range(9)]
    assert split(free, [range(9)], 4).span < 9
    assert split(free, [range(3), range(3, 6), range(6, 9)], 4).span == 9


def test_a_conversation_sends_all_it_heard_again_and_caches_its_own_prefix() -> None:
    usage = conversation(1000, [Turn(10, 90), Turn(20, 80), Turn(30, 0)])
    assert usage.prompt == 1000 + 1100 + 1200
    assert usage.completion == 60
    assert usage.cached == 0 + 0 + 1024
    assert usage.longest == 1200
    assert usage.dollars(Prices(2, 1, 10)) == pytest.approx((2276 * 2 + 1024 + 600) / 1e6)


def test_a_team_pays_for_every_start_and_for_its_briefs() -> None:
    turns = [Turn(10, 100, agent) for agent in (0, 1, 1, 2, 2, 0)]
    alone = conversation(2000, turns)
    small = team(2000, 500, turns, [(1, 2)], {1: 50.0, 2: 50.0})
    large = team(2000, 500, turns, [(1, 2)], {1: 500.0, 2: 500.0})
    assert small.total < large.total
    assert small.completion > alone.completion
    assert small.prompt - small.cached > alone.prompt - alone.cached
    assert team(2000, 500, [Turn(t.written, t.heard) for t in turns], [], {}) == alone
