"""What OpenAI's API would refuse, the simulated model refuses too."""

import json
from typing import Any

import pytest

from topologies.simulated.model import PROFILES, respond
from topologies.simulated.refusals import RequestError
from topologies.simulated.wire import read_request

USER = {"role": "user", "content": "What is 2 plus 3?"}
ADD = {"type": "function", "function": {"name": "add", "parameters": {"properties": {}}}}
CALL = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": "{}"}}


def _answer(**changes: Any) -> Any:
    request = {"model": "perfect", "messages": [USER], "tools": [ADD], **changes}
    return respond(read_request(json.dumps(request).encode(), PROFILES))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tool_choice": "bogus"}, "'tool_choice' must be one of"),
        ({"tool_choice": {"type": "function"}}, "must name a function that is offered"),
        ({"tool_choice": "required", "tools": []}, "but there are no tools"),
        ({"seed": "x"}, "'seed' must be a whole number"),
        ({"stream": "yes"}, "'stream' must be true or false"),
        ({"stream_options": "x"}, "'stream_options' must be an object"),
        ({"messages": [{"role": "user", "content": [5]}]}, "must be text or parts"),
        (
            {"messages": [USER, {"role": "assistant", "tool_calls": [{"id": "c1"}]}]},
            "must be calls",
        ),
        ({"messages": [USER, {"role": "assistant", "tool_calls": [CALL]}]}, "not answered: c1"),
        ({"messages": [USER, {"role": "tool", "tool_call_id": "c1", "content": ""}]}, "no call"),
        ({"tools": [{"type": "function", "function": {"name": "a", "parameters": "x"}}]}, "object"),
    ],
)
def test_a_request_that_would_fail_for_real_fails_here(changes: Any, said: str) -> None:
    with pytest.raises(RequestError, match=said) as refused:
        _answer(**changes)
    assert refused.value.status == 400


def test_a_reply_is_cut_at_the_most_tokens_that_are_asked_for() -> None:
    reply = _answer(tools=None, max_completion_tokens=3)
    assert (reply.completion_tokens, reply.finish_reason, reply.tool_calls) == (3, "length", [])
