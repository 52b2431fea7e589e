"""Which of several answers to go by."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.workers.aggregation import attempts_in, next_turn
from tasks.workers.clerk import SOUND, Conversation
from tasks.workers.voting import Vote, agreed, agreement, combined, nearest


def test_each_line_is_the_most_common_one_and_ties_go_to_whoever_came_first() -> None:
    votes = [Vote("L1: a 1\nL2: b 2", "done"), Vote("L1: a 9\nL2: b 2", "done")]
    assert combined(votes) == "L1: a 1\nL2: b 2"
    assert combined([*votes, Vote("L1: `a` 9.\nL2: b 3", "done")]) == "L1: a 9\nL2: b 2"


def test_a_line_that_most_leave_out_is_left_out() -> None:
    votes = [Vote("L1: a", "done"), Vote("L1: a\nL2: b", "done"), Vote("L1: a", "done")]
    assert combined(votes) == "L1: a"


def test_statuses_are_voted_on_first() -> None:
    votes = [Vote("L1: a", "done"), Vote("no", "blocked"), Vote("cannot be", "blocked")]
    assert agreed(votes) == [1, 2]
    assert nearest(votes) == 1
    assert combined(votes) == "no"


def test_what_was_written_counts_as_much_as_what_was_said() -> None:
    same = "R1: sell 3"
    votes = [Vote(same, "done", ("x",)), Vote(same, "done", ("y",)), Vote(same, "done", ("y",))]
    assert nearest(votes) == 1


def test_writing_twice_is_not_the_same_as_writing_once() -> None:
    twice, once = Vote("R1: a", "done", ("x", "x")), Vote("R1: a", "done", ("x",))
    assert nearest([twice, once, once]) == 0
    assert nearest([once, twice, twice]) == 1


def test_answers_without_labels_are_compared_as_a_whole() -> None:
    votes = [Vote("It is so", None), Vote("it  is SO", None), Vote("no", None)]
    assert nearest(votes) == 0
    assert combined(votes) == "It is so"
    assert agreement(votes, "It is so") == pytest.approx(2 / 3)


def test_no_votes_are_refused() -> None:
    with pytest.raises(ValueError, match="no answer to choose from"):
        agreed([])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=7))
def test_a_strict_majority_always_wins(said: list[str]) -> None:
    votes = [Vote(f"L1: {value}", "done") for value in said]
    best = max(said, key=said.count)
    if said.count(best) * 2 > len(said):
        assert combined(votes) == f"L1: {best}"
        assert said[nearest(votes)] == best


TOLD = "Attempt 1 (done, confidence 0.9):\nL1: a 1\n\nAttempt 2 (blocked):\nno\n\n"


def test_an_aggregator_reads_the_attempts_from_its_conversation() -> None:
    assert attempts_in(TOLD) == [Vote("L1: a 1", "done"), Vote("no", "blocked")]
    assert attempts_in("R1: do this") == []


def test_an_aggregator_names_the_attempt_or_writes_the_answer() -> None:
    votes = [Vote("L1: a 1", "done"), Vote("L1: a 2", "done"), Vote("L1: a 2", "done")]
    choose: dict[str, Any] = {"pick": {"properties": {"attempt": {}}}}
    turn = next_turn(Conversation("", "", "", tools=choose), votes, SOUND)
    assert turn.calls == (("call_attempt_1_1", "pick", {"attempt": 2}),)
    submit: dict[str, Any] = {"submit": {"properties": {"answer": {}}}}
    turn = next_turn(Conversation("", "", "", tools=submit), votes, SOUND)
    assert turn.calls[0][2]["answer"] == "L1: a 2"
    assert turn.calls[0][2]["status"] == "done"
    assert turn.calls[0][2]["confidence"] < 1
