"""Four ways in which a long context rots: each moves a thing of its own, and leaves the others."""

from dataclasses import fields
from typing import Any

import pytest

from tasks.refused import Refused
from tasks.workers.clerk import CallMade, Conversation
from tasks.workers.conversation import Call
from tasks.workers.turns import next_turn
from tests.tasks.toy import SUBMIT, TASK, TOOLS, TOY
from topologies.simulated.errors import FallibleMind
from topologies.simulated.luck import Seed
from topologies.simulated.profile import Profile, parameters, profile, profiles

ROTS = ("distraction", "poisoning", "confusion", "clash")
BASE = "perfect?slip=0.02&poisoning=0"
MOVED = {"distraction": 0.5, "poisoning": 0.5, "confusion": 0.05, "clash": 0.5}
SEEDS = 400
IDLE = [Call(f"idle_{n}", {}) for n in range(40)]
LOOK = Call("look", {"shelf": "s1"}, ("units",))


def mind(model: str, seed: int, tokens: int = 10_000) -> FallibleMind:
    """A mind in a long conversation with forty tools of no use."""
    return FallibleMind(profile(model), Seed(seed, seed, 0), tokens, "s1 s2 s3", IDLE)


def _second_look(one: FallibleMind) -> Any:
    """What A4 reads of the shelf that A1 read before, which has changed since."""
    made = (
        CallMade("call_A1_1_1", "look", {"shelf": "s1"}, '{"units": 1}'),
        CallMade("call_A4_1_1", "look", {"shelf": "s1"}, '{"units": 9}'),
    )
    said = ("\n".join(f'A{n}.1 = {{"units": {n}}}\nA{n}.2 = {{"ok": true}}' for n in (1, 2, 3)),)
    tools = {**TOOLS, **SUBMIT}
    seen = Conversation("", "", TASK, said=said, calls=made, tools=tools)
    return 'A4.1 = {"units": 1}' in next_turn(TOY, seen, one).text


def _wrong_note(one: FallibleMind) -> bool:
    """Whether a note that its reply contradicts is cited as it stands."""
    made = (CallMade("call_A1_1_1", "look", {"shelf": "s1"}, '{"units": 1}'),)
    said = ('A1.1 = {"units": 50}',)
    seen = Conversation("", "", TASK, said=said, calls=made, tools={**TOOLS, **SUBMIT})
    turn = next_turn(TOY, seen, one)
    return any(call[2].get("units") == 100 for call in turn.calls)


MEASURED = {
    "distraction": lambda one: one.line("A1", "A1: words 2") != "A1: words 2",
    "poisoning": _wrong_note,
    "confusion": lambda one: one.call("A1.1", 1, LOOK).tool != "look",
    "clash": _second_look,
}
"""What each of the four is seen by."""


def share(model: str, way: str) -> float:
    """In what share of trials it happens."""
    return sum(bool(MEASURED[way](mind(model, seed))) for seed in range(SEEDS)) / SEEDS


@pytest.mark.parametrize("moved", ROTS)
def test_each_way_moves_its_own_measure_and_no_other(moved: str) -> None:
    rotten = f"{BASE}&{moved}={MOVED[moved]}"
    for way in ROTS:
        before, after = share(BASE, way), share(rotten, way)
        if way == moved:
            assert after > before + 0.05
        else:
            assert after == before, way


def test_distraction_grows_with_length_and_confusion_with_what_is_of_no_use() -> None:
    line = MEASURED["distraction"]
    model = "perfect?slip=0.02&distraction=0.5"
    short, long = (
        sum(bool(line(mind(model, seed, tokens))) for seed in range(SEEDS))
        for tokens in (0, 20_000)
    )
    assert long > 3 * short
    confused = profile("perfect?confusion=0.05")
    few, many = (
        sum(
            FallibleMind(confused, Seed(n, n, 0), 0, "", IDLE[:size]).call("A1.1", 1, LOOK) != LOOK
            for n in range(SEEDS)
        )
        for size in (4, 40)
    )
    assert many > 3 * few


def test_each_has_a_range_and_a_source_and_the_old_slope_is_refused_in_one_line() -> None:
    for name in ROTS:
        about = parameters()[name]
        assert about["range"][0] == 0
        assert "arXiv" in about["source"]
    with pytest.raises(Refused, match="distraction") as caught:
        profile("typical?context_slope=0.2")
    assert "\n" not in str(caught.value)


def test_flaky_differs_from_typical_in_errors_alone() -> None:
    errors = {"slip", "omission", "hallucination", "task_spread", "item_spread", "miss_bad_reply"}
    errors |= {"false_claim", "confidence_skill", *ROTS}
    typical, flaky = profiles()["typical"], profiles()["flaky"]
    names = [one.name for one in fields(Profile)]
    differ = {name for name in names if getattr(typical, name) != getattr(flaky, name)}
    assert differ <= errors
    assert differ
