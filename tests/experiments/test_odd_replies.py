"""What an endpoint may answer, each with its ending and record; nothing of it ends the sweep."""

import gzip
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import polars as pl
import pytest

from experiments.running.runner import run_sweep
from results.store import Run
from tests.experiments.conftest import small_sweep
from tests.scripted_endpoint import (
    Answer,
    ScriptedEndpoint,
    answer,
    call,
    calling,
    completion,
    errors,
    raw,
    submitting,
)

pytestmark = pytest.mark.slow

SAID = {"role": "assistant", "content": "The jars are full."}
GOOD = completion(SAID)
WHOLE = json.dumps(GOOD).encode()
LONG = "This model's maximum context length is 4096 tokens; reduce the length of the messages."
DRIPS = (*((0.2, b" ") for _ in range(40)), (0.0, WHOLE))
HTML = (("content-type", "text/html"),)
EVENTS = (("content-type", "text/event-stream"),)


class Odd(NamedTuple):
    """An answer to a trial's first call, and what comes of it.

    `first` and `tool` are fields of the first model step and of the first tool step. After the odd
    answer the endpoint submits. `again` answers so that often.
    """

    answer: Answer
    ended: str
    first: Mapping[str, Any] = {}
    tool: Mapping[str, Any] = {}
    again: int = 1


def said(message: object, finish_reason: object = "stop", **changes: Any) -> Answer:
    return answer(completion(message, finish_reason, **changes))


def changed(**changes: Any) -> Answer:
    return answer({**GOOD, **changes})


def once(arguments: object, name: object = "look", call_id: object = "call_1") -> Answer:
    return answer(calling(call(name, arguments, call_id)))


INFRASTRUCTURE = "crashed: infrastructure"
REFUSED = {"error": "this is no call"}
WRONG = {"error": "called wrongly"}
TWICE = {"attempts": 2}

ODD: dict[str, Odd] = {
    # Calls that are none: the agent is told, and goes on.
    "broken JSON": Odd(once('{"jar": '), "completed", {"invalid_calls": '"{\\"jar\\": '}, REFUSED),
    "arguments in a list": Odd(once("[1,2]"), "completed", {"invalid_calls": "[1,2]"}, REFUSED),
    "arguments in a text": Odd(once('"J1"'), "completed", {"invalid_calls": "J1"}, REFUSED),
    "arguments null": Odd(once("null"), "completed", {"invalid_calls": "null"}, REFUSED),
    "arguments a number": Odd(once("7"), "completed", {"invalid_calls": "7"}, REFUSED),
    "arguments in words": Odd(once("jar J1 please"), "completed", {"invalid_calls": "J1"}, REFUSED),
    "arguments with NaN": Odd(once('{"jar": NaN}'), "completed", {"invalid_calls": "NaN"}, REFUSED),
    "arguments with 1e999": Odd(once('{"jar": 1e999}'), "completed", {}, REFUSED),
    "arguments cut short": Odd(
        answer(completion({**SAID, "tool_calls": [call("look", '{"jar": "J')]}, "length")),
        "completed",
        {"finish_reason": "length", "invalid_calls": "J"},
        REFUSED,
    ),
    "a number of 5,000 digits": Odd(once('{"jar": ' + "9" * 5000 + "}"), "completed", {}, REFUSED),
    "arguments nested 5,000 deep": Odd(
        once('{"jar": ' + "[" * 5000 + "]" * 5000 + "}"), "completed", {}, REFUSED
    ),
    "arguments nested 200 deep": Odd(
        once('{"jar": ' + "[" * 200 + "]" * 200 + "}"), "completed", {}, REFUSED
    ),
    "two objects as arguments": Odd(once('{"jar": "J1"}{"jar": "J2"}'), "completed", {}, REFUSED),
    "arguments as an object": Odd(once({"jar": "J1"}), "completed", {"invalid_calls": None}),
    "no arguments at all": Odd(once(None), "completed", {"invalid_calls": None}, WRONG),
    "empty arguments": Odd(once(""), "completed", {"invalid_calls": None}, WRONG),
    "the wrong type": Odd(once('{"jar": 7}'), "completed", {"invalid_calls": None}, WRONG),
    "an argument too many": Odd(once('{"jar": "J1", "x": 1}'), "completed", {}, WRONG),
    "half a character in an argument": Odd(
        once('{"jar": "J\\ud800"}'), "completed", {"invalid_calls": None}, {"error": "no jar"}
    ),
    "NUL in an argument": Odd(once('{"jar": "J\\u0000"}'), "completed", {}, {"error": "character"}),
    "a raw line break in an argument": Odd(once('{"jar": "J\n"}'), "completed", {}),
    "a tool that is none": Odd(once("{}", "open_door"), "completed", {}, {"error": "no tool"}),
    "a tool with an odd name": Odd(
        once('{"jar": "J1"}', "functions.look up!"),
        "completed",
        {"invalid_calls": "functions.look up!"},
        {"tool": "functions_look_up_"},
    ),
    "a tool without a name": Odd(once("{}", None), "completed", {}, {"tool": "unnamed"}),
    "a tool with an empty name": Odd(once("{}", ""), "completed", {}, {"tool": "unnamed"}),
    "a tool that is a number": Odd(once("{}", 7), "completed", {}, {"tool": "7"}),
    "a call without an id": Odd(once('{"jar": "J1"}', call_id=None), "completed"),
    "a call with a number for an id": Odd(once('{"jar": "J1"}', call_id=7), "completed"),
    "two calls with one id": Odd(
        answer(calling(call("look", '{"jar": "J1"}'), call("look", '{"jar": "J2"}'))),
        "completed",
        {"reply": "call_1_2"},
    ),
    "a call without a function": Odd(
        answer(calling({"id": "a", "type": "function"})), "completed", {}, {"tool": "unnamed"}
    ),
    "a call that is a text": Odd(answer(calling("look")), "completed", {}, {"tool": "unnamed"}),
    "calls that are no list": Odd(
        answer(completion({**SAID, "tool_calls": call("look", '{"jar": "J1"}')})),
        "completed",
        {"invalid_calls": None},
    ),
    "the old kind of call": Odd(
        said({**SAID, "function_call": {"name": "look", "arguments": '{"jar": "J1"}'}}),
        "completed",
        {"invalid_calls": None},
        {"tool": "look", "error": None},
    ),
    "submit with a blank answer": Odd(
        once('{"answer": " ", "status": "done", "confidence": 1}', "submit"),
        "completed",
        {},
        {"error": "empty"},
    ),
    "submit with too much confidence": Odd(
        once('{"answer": "x", "status": "done", "confidence": 7}', "submit"),
        "completed",
        {},
        {"error": "confidence"},
    ),
    # Refusals, filters and cut replies: recorded, and the graph goes on.
    "a refusal": Odd(
        said({"role": "assistant", "content": None, "refusal": "I will not."}),
        "completed: I will not.",
        {"refusal": "I will not.", "finish_reason": "stop"},
    ),
    "a content filter": Odd(
        said({"role": "assistant", "content": ""}, "content_filter"),
        "completed: ",
        {"finish_reason": "content_filter"},
    ),
    "a filter before the model": Odd(
        errors("The response was filtered", 400, "content_filter"),
        "completed: ",
        {"finish_reason": "content_filter", "refusal": "filtered"},
    ),
    "a moderation that forbids": Odd(
        errors("Your input was flagged by moderation", 403),
        "completed: ",
        {"finish_reason": "content_filter"},
    ),
    "a reply cut short": Odd(
        said(SAID, "length"), "completed: The jars", {"finish_reason": "length"}
    ),
    "replies cut short again and again": Odd(
        answer(completion({**SAID, "tool_calls": [call("look", '{"jar": "J1')]}, "length")),
        "limit: max_tokens",
        {"finish_reason": "length"},
        again=9,
    ),
    "a context too long": Odd(errors(LONG, 400, "context_length_exceeded"), "limit: context"),
    "a context too long, said with 413": Odd(errors("Prompt is too long", 413), "limit: context"),
    "a context too long, said with 500": Odd(
        errors("the request exceeds the available context size", 500), "limit: context", again=9
    ),
    # Odd, and readable.
    "no finish reason": Odd(said(SAID, None), "completed: The jars", {"finish_reason": None}),
    "an unknown finish reason": Odd(
        said(SAID, "tired"), "completed: The jars", {"finish_reason": "tired"}
    ),
    "a finish reason that is a number": Odd(
        said(SAID, 5), "completed: The jars", {"finish_reason": "5"}
    ),
    "nothing said": Odd(said({"role": "assistant", "content": None}), "completed: "),
    "no content": Odd(said({"role": "assistant"}), "completed: "),
    "content in parts": Odd(
        said({**SAID, "content": [{"type": "text", "text": "The jars"}]}), "completed: The jars"
    ),
    "content of odd parts": Odd(said({**SAID, "content": [None, 7, "x"]}), "completed: "),
    "content that is a number": Odd(said({**SAID, "content": 7}), "completed: 7"),
    "content that is an object": Odd(said({**SAID, "content": {"a": 1}}), "completed: "),
    "another role": Odd(said({**SAID, "role": "tool"}), "completed: The jars"),
    "no role": Odd(said({"content": "The jars"}), "completed: The jars"),
    "two choices": Odd(changed(choices=GOOD["choices"] * 2), "completed: The jars"),
    "half a character": Odd(said({**SAID, "content": "x \ud800 y"}), "completed: x \ufffd y"),
    "half a character in the model's name": Odd(changed(model="m\udc00"), "completed: The jars"),
    "control characters": Odd(said({**SAID, "content": "\x1b[2J\x00\r"}), "completed: "),
    "a megabyte of text": Odd(said({**SAID, "content": "x" * 10**6}), "completed: xxx"),
    "no model named": Odd(changed(model=None), "completed: The jars", {"model": None}),
    "usage left out": Odd(changed(usage=None), "completed: The jars", {"prompt_tokens": None}),
    "an id that is a number": Odd(changed(id=7), "completed: The jars"),
    "unknown fields": Odd(changed(thoughts={"a": [1]}), "completed: The jars"),
    "a message with an odd id": Odd(said({**SAID, "id": 7, "name": [1]}), "completed: The jars"),
    "packed with gzip": Odd(
        raw(gzip.compress(WHOLE), headers=(("content-encoding", "gzip"),)), "completed: The jars"
    ),
    "in chunks": Odd(Answer(((0, WHOLE[:9]), (0.05, WHOLE[9:])), length=-1), "completed: The jars"),
    "called HTML, and JSON": Odd(raw(WHOLE, headers=HTML), "completed: The jars"),
    "without a length": Odd(Answer(((0, WHOLE),), length=-2), "completed: The jars"),
    # No reply of a model at all.
    "a page": Odd(raw("<html>Log in</html>", headers=HTML), INFRASTRUCTURE, {"attempts": 1}),
    "nothing": Odd(raw(""), INFRASTRUCTURE),
    "204": Odd(raw("", 204), INFRASTRUCTURE),
    "JSON null": Odd(raw("null"), INFRASTRUCTURE),
    "a JSON list": Odd(raw("[1, 2]"), INFRASTRUCTURE),
    "JSON cut off": Odd(raw(WHOLE[:40]), INFRASTRUCTURE),
    "JSON nested 100,000 deep": Odd(raw("[" * 100_000), INFRASTRUCTURE),
    "no UTF-8": Odd(raw(b'{"choices": "\xff\xfe"}'), INFRASTRUCTURE),
    "events where none were asked for": Odd(
        raw(b"data: " + WHOLE + b"\n\n", headers=EVENTS), INFRASTRUCTURE
    ),
    "no choices": Odd(changed(choices=[]), INFRASTRUCTURE, {"prompt_tokens": 10}),
    "choices null": Odd(changed(choices=None), INFRASTRUCTURE),
    "choices of text": Odd(changed(choices=["x"]), INFRASTRUCTURE),
    "a choice without a message": Odd(changed(choices=[{"index": 0}]), INFRASTRUCTURE),
    "a message that is a text": Odd(said("hello"), INFRASTRUCTURE),
    "an error with 200": Odd(
        answer({"error": {"message": "upstream", "code": 502}}), INFRASTRUCTURE
    ),
    # The network, and an endpoint that is busy or broken: sent again.
    "gzip that is none": Odd(
        raw(b"no gzip", headers=(("content-encoding", "gzip"),)), INFRASTRUCTURE, TWICE, again=9
    ),
    "more promised than sent": Odd(raw(WHOLE, length=9999), INFRASTRUCTURE, TWICE, again=9),
    "broken off in the body": Odd(
        raw(WHOLE[:40], length=9999, reset=True), INFRASTRUCTURE, TWICE, again=9
    ),
    "broken off before the head": Odd(Answer(status=0, reset=True), INFRASTRUCTURE, TWICE, again=9),
    "no HTTP": Odd(raw("hello\r\n\r\n", status=0), INFRASTRUCTURE, TWICE, again=9),
    "too busy, then well": Odd(
        answer({"error": {}}, 429, retry_after_ms="20"), "completed", {**TWICE, "error": None}
    ),
    "too busy for good": Odd(errors("slow down", 429), INFRASTRUCTURE, TWICE, again=9),
    "broken, then well": Odd(errors("oops", 500), "completed", {**TWICE, "error": None}),
    "broken for good": Odd(raw("<html>Bad gateway", 502), INFRASTRUCTURE, TWICE, again=9),
    "overloaded for good": Odd(errors("overloaded", 529), INFRASTRUCTURE, TWICE, again=9),
    "asked to wait for an hour": Odd(
        answer({"error": {}}, 503, retry_after="3600"), INFRASTRUCTURE, {"attempts": 1}
    ),
    "silence": Odd(Answer(((9.0, WHOLE),)), INFRASTRUCTURE, TWICE, again=9),
    "a body that drips": Odd(
        Answer(DRIPS),
        INFRASTRUCTURE,
        TWICE,
        again=9,
    ),
    "a body that drips, then well": Odd(Answer(DRIPS), "completed", TWICE),
}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, dict[str, str]]:
    """One sweep in which every trial meets an oddity of its own; oddity to trial."""
    given: dict[str, str] = {}
    left = iter(ODD)

    def script(body: dict[str, Any], before: int) -> Answer:
        trial = body["prompt_cache_key"]
        if trial not in given:
            given[trial] = next(left)
        odd = ODD[given[trial]]
        return odd.answer if before < odd.again else submitting()

    with ScriptedEndpoint(script) as endpoint, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_BASE_URL", endpoint.url)
        patch.setenv("OPENAI_API_KEY", "any")
        sweep = small_sweep(
            topologies=["single_thread"],
            trials=1,
            task_sets={"tests.toy_task_set:JARS": {"width": 1, "tasks": len(ODD)}},
            models={"default": "openai:odd", "timeout_s": 2.5, "max_retries": 1},
        )
        run = run_sweep(sweep, tmp_path_factory.mktemp("odd") / "run", workers=32)
    return run, {name: trial for trial, name in given.items()}


def test_nothing_that_an_endpoint_answers_ends_the_sweep(
    played: tuple[Run, dict[str, str]],
) -> None:
    run, given = played
    assert run.complete
    assert len(given) == run.trials.height == len(ODD) >= 60


@pytest.mark.parametrize("name", ODD)
def test_an_odd_reply_has_its_ending_and_its_record(
    name: str, played: tuple[Run, dict[str, str]]
) -> None:
    run, given = played
    odd, own = ODD[name], pl.col("trial_id") == given[name]
    trial = run.trials.filter(own).row(0, named=True)
    ended, _, more = odd.ended.partition(": ")
    assert trial["ended"] == ended, trial["crash"]
    found = {"limit": trial["limit"], "crashed": trial["blame"], "completed": trial["answer"]}
    assert str(found[ended]).startswith(more) if more else found[ended] is not None
    assert (trial["passed"] is None) == (ended == "crashed")
    steps = run.steps.filter(own)
    for kind, expected in (("model", odd.first), ("tool", odd.tool)):
        if expected:
            step = steps.filter(pl.col("kind") == kind).row(0, named=True)
            for field, value in expected.items():
                is_part = isinstance(value, str) and value in str(step[field])
                assert is_part or step[field] == value, (field, step[field])
