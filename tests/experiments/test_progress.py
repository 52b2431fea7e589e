"""How far a sweep is, in numbers and words."""

import io
from itertools import pairwise

from experiments.running.progress import Display, Tally
from results.journal import Entry


def ended(passed: bool | None = True, dollars: float | None = 0.5) -> Entry:
    """A trial of 1,000 tokens that just ended; None crashed."""
    outcome = "crashed" if passed is None else "completed"
    return Entry("id", "single_thread", outcome, passed, 1000, dollars, b"")


def test_a_tally_counts_passes_among_graded_trials() -> None:
    tally = Tally(total=6)
    for entry in (ended(), ended(), ended(False), ended(None)):
        tally.spend(entry)
        tally.finish(entry)
    assert tally.line() == "4/6 trials, 67% passing, 1 crashed, 4,000 tokens, $2.00"


def test_dollars_are_shown_only_when_all_are_known() -> None:
    tally = Tally(total=2)
    for entry in (ended(), ended(dollars=None)):
        tally.spend(entry)
        tally.finish(entry)
    assert "$" not in tally.line()
    assert tally.unpriced == 1


def test_time_left_follows_the_pace_of_this_session() -> None:
    tally = Tally(total=30, done=20, resumed=10)
    tally.elapsed = 50.0
    assert tally.left == 50.0
    assert tally.line().endswith("50 s left")
    tally.resumed = 19
    assert tally.left is None


def test_a_display_that_is_no_terminal_prints_plain_lines() -> None:
    stream = io.StringIO()
    tally = Tally(total=2)
    with Display(stream, simulation="simulated") as display:
        for _ in range(2):
            tally.finish(ended())
            display(tally)
    assert stream.getvalue() == "2/2 trials, 100% passing, 0 tokens, $0.0000 (simulated)\n"


def test_plain_lines_come_ever_further_apart_up_to_a_minute() -> None:
    stream = io.StringIO()
    tally, seconds, shown = Tally(total=2000), 0, list[int]()
    with Display(stream, clock=lambda: float(seconds)) as display:
        for seconds in range(1, 901):
            tally.finish(ended())
            before = stream.tell()
            display(tally)
            if stream.tell() > before:
                shown.append(seconds)
    assert shown[:5] == [5, 15, 35, 75, 135]
    assert len(shown) < 20
    assert max(b - a for a, b in pairwise(shown)) == 60


def test_while_no_trial_ends_it_is_said_what_goes_on() -> None:
    stream = io.StringIO()
    tally, seconds, shown = Tally(total=9, started=8, calls=lambda: 1234), 0, list[int]()
    with Display(stream, clock=lambda: float(seconds)) as display:
        display(tally)
        for seconds in range(1, 301):
            before = stream.tell()
            display.beat()
            if stream.tell() > before:
                shown.append(seconds)
        tally.finish(ended())
        display(tally)
        seconds += 20
        display.beat()
    assert shown == [15, 30, 60, 120, 180, 240, 300]
    first, *_, last = stream.getvalue().splitlines()
    assert "8 under way, none has ended in 15 s, 1,234 calls made" in first
    assert "7 under way, the last ended 20 s ago" in last


def test_nothing_is_said_of_what_goes_on_when_nothing_does() -> None:
    stream = io.StringIO()
    seconds = 0
    with Display(stream, clock=lambda: float(seconds)) as display:
        display(Tally(total=2))
        seconds = 100
        display.beat()
    assert not stream.getvalue()
