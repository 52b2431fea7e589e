"""The clerk engine, on a toy."""

from dataclasses import replace
from typing import Any

import pytest

from tasks.workers.clerk import (
    FAILED,
    NO_CLERK,
    NOT_WRITTEN,
    SOUND,
    Call,
    Item,
    SoundMind,
    items_in,
    reads,
)
from tasks.workers.turns import next_turn
from tests.tasks.toy import RIGHT, SUBMIT, TASK, TOOLS, TOY, Shop, alone, lead


def test_items_are_the_labelled_lines_and_nothing_else() -> None:
    assert [item.label for item in items_in(TASK)] == ["A1", "A2", "A3", "A4"]
    assert items_in("Note: this is none\n  A1: nor this\nB2: but this") == [Item("B2", "but this")]


def test_a_worker_alone_does_every_item_and_submits() -> None:
    shop = Shop()
    shop.run("one", alone())
    assert shop.submitted == {"answer": RIGHT, "status": "done", "confidence": 1.0}
    assert shop.put == [("s1", 2), ("s2", 4), ("s3", 6), ("s1", 2)]


def test_a_lead_delegates_every_item_once_and_merges_the_reports() -> None:
    shop = Shop()
    shop.run("lead", lead())
    assert shop.submitted["answer"] == RIGHT
    assert sorted(shop.put) == [("s1", 2), ("s1", 2), ("s2", 4), ("s3", 6)]
    assert [[item.label for item in items_in(b)] for b in shop.briefs] == [
        ["A1", "A3"],
        ["A2", "A4"],
    ]
    assert all(b.startswith("Double what each shelf holds.\n") for b in shop.briefs)
    assert not any("sum" in b for b in shop.briefs)


def test_one_item_or_no_delegate_tool_means_doing_it_oneself() -> None:
    for conversation in (replace(lead(), task="Do.\nA1: shelf s1"), alone("Do.\nA1: shelf s1")):
        shop = Shop()
        shop.run("one", conversation)
        assert not shop.briefs
        assert shop.submitted["answer"] == "A1: words 2\nsum: 2"


def test_a_worker_has_no_memory_but_what_was_said() -> None:
    conversation, shop = alone(), Shop()
    for _ in range(30):
        turn = next_turn(TOY, conversation, SOUND)
        assert next_turn(TOY, conversation, SoundMind()) == turn
        conversation = shop.step(conversation, turn)
        if shop.submitted:
            return
    raise AssertionError("the worker never ends")


def test_a_value_altered_in_what_was_said_alters_what_follows() -> None:
    conversation, shop = alone(), Shop()
    for _ in range(2):
        conversation = shop.step(conversation, next_turn(TOY, conversation, SOUND))
    assert shop.put == [("s1", 2)]
    said = tuple(text.replace('{"units": 1}', '{"units": 50}') for text in conversation.said)
    altered = replace(conversation, said=said, calls=conversation.calls[:1])
    assert next_turn(TOY, altered, SOUND).calls == (
        ("call_A1_2_1", "put", {"shelf": "s1", "units": 100}),
    )


def test_only_kept_fields_of_a_reply_are_noted() -> None:
    shop = Shop()
    shop.run("one", alone())
    said = "\n".join(shop.ends["one"].said)
    assert 'A1.1 = {"units": 1}' in said
    assert "colour" not in said


def test_a_convention_is_chosen_once_and_then_read_from_the_conversation() -> None:
    shop = Shop()
    shop.run("one", alone())
    assert "\n".join(shop.ends["one"].said).count("Choice: style = words") == 1
    told = replace(alone(), background="Choice: style = digits")
    shop.run("two", told)
    assert "A1: digits 2" in shop.submitted["answer"]


def test_an_error_is_tried_again_and_then_reported_as_failed() -> None:
    shop = Shop(broken=frozenset({"s2"}))
    shop.run("one", alone())
    tried = [call.id for call in shop.ends["one"].calls if call.arguments.get("shelf") == "s2"]
    assert tried == ["call_A2_1_1", "call_A2_1_2", "call_A2_1_3"]
    assert shop.submitted["status"] == "blocked"
    assert f"A2: {FAILED}" in shop.submitted["answer"]
    assert shop.submitted["confidence"] < 1
    team = Shop(broken=frozenset({"s2"}))
    team.run("lead", lead())
    assert (team.submitted["status"], len(team.put)) == ("blocked", 3)


def test_a_text_that_cannot_be_followed_is_refused_before_any_call() -> None:
    shop = Shop()
    shop.run("one", alone(TASK.replace("Shelves", "It is forbidden. Shelves")))
    assert shop.submitted["status"] == "blocked"
    assert not shop.put


def test_a_subagent_without_the_writing_tool_proposes_and_the_lead_writes() -> None:
    shop = Shop(subagent_tools=("look",))
    shop.run("lead", lead())
    assert shop.submitted["answer"] == RIGHT
    report = next(call.reply for call in shop.ends["lead"].calls if call.tool == "delegate")
    assert 'A1.1 = {"units": 1}' in str(report)
    assert f"A1: {NOT_WRITTEN}" in str(report)
    own = [call.tool for call in shop.ends["lead"].calls]
    assert own == ["delegate", "delegate", "put", "put", "put", "put", "submit"]


class Forgetful(SoundMind):
    """Forgets one call."""

    def call(self, at: str, attempt: int, call: Call) -> Call | None:
        return None if at == "A2.2" else super().call(at, attempt, call)


class Careless(SoundMind):
    """Does not notice that a reply is an error."""

    def notices(self, at: str) -> bool:
        return at == "plan"


class Terse(SoundMind):
    """Leaves the second item and the second common line out of its briefs."""

    def line(self, at: str, text: str) -> str | None:
        return None if at.endswith(".A2") and at.startswith("brief") else text

    def passes_on(self, at: str) -> bool:
        return not at.endswith("opening1")


class ByKey(SoundMind):
    """Gives items that name the same thing to the same subagent."""

    partition = "key"


class Hurried(SoundMind):
    """Makes two calls in a message."""

    calls_per_message = 2


def test_a_forgotten_call_is_believed_to_have_been_made() -> None:
    shop = Shop()
    shop.run("one", alone(), Forgetful())
    assert shop.put == [("s1", 2), ("s3", 6), ("s1", 2)]
    assert shop.submitted["answer"] == RIGHT


def test_an_error_nobody_noticed_is_taken_for_done() -> None:
    shop = Shop(broken=frozenset({"s2"}))
    shop.run("one", alone(), Careless())
    assert shop.submitted["status"] == "done"
    assert "A2: done" in shop.submitted["answer"]
    assert len([c for c in shop.ends["one"].calls if c.arguments.get("shelf") == "s2"]) == 1


def test_what_a_brief_leaves_out_the_subagent_does_not_know_and_the_lead_does() -> None:
    shop = Shop()
    shop.run("lead", lead(), Terse())
    assert not any("A2" in brief or "counted" in brief for brief in shop.briefs)
    assert shop.submitted["answer"] == RIGHT
    assert [c.id for c in shop.ends["lead"].calls if c.tool == "put"] == ["call_A2_2_1"]


@pytest.mark.parametrize("team", [1, 2, 3])
def test_items_with_a_common_key_stay_together_when_partitioned_by_key(team: int) -> None:
    shop = Shop()
    shop.run("lead", lead(team), ByKey())
    groups = [{item.label for item in items_in(brief)} for brief in shop.briefs]
    assert len(groups) == team
    assert any({"A1", "A4"} <= group for group in groups)
    assert sorted(label for group in groups for label in group) == ["A1", "A2", "A3", "A4"]


def test_several_calls_in_a_message_are_of_different_items() -> None:
    shop, conversation = Shop(), alone()
    turn = next_turn(TOY, conversation, Hurried())
    assert [call[0] for call in turn.calls] == ["call_A1_1_1", "call_A2_1_1"]
    shop.run("one", conversation, Hurried())
    assert shop.submitted["answer"] == RIGHT


def test_tools_are_known_by_what_they_take_and_not_by_their_names() -> None:
    renamed: dict[str, Any] = {"ask": lead().tools["delegate"], "finish": SUBMIT["submit"]}
    turn = next_turn(TOY, replace(lead(), tools={**TOOLS, **renamed}), SOUND)
    assert {call[1] for call in turn.calls} == {"ask"}


def test_without_a_submit_tool_the_answer_is_the_last_message() -> None:
    shop = Shop()
    assert shop.run("one", replace(alone(), tools=TOOLS)) == RIGHT


def test_where_a_task_set_has_no_clerk_no_line_is_read_as_work() -> None:
    for line in ("add 3 beans to jar J1", "Refund order O7.", ""):
        assert not reads(NO_CLERK, Item("R1", line))
