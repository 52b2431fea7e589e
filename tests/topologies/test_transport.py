import asyncio
import json
from typing import Any

import httpx2
import openai
import pytest

from topologies.simulated.transport import BASE_URL, InProcessTransport, SimulatedModelError
from topologies.simulated.wire import Reply, Request, RequestError
from topologies.virtual_time import TICK, run_virtual

PROFILES = ("typical", "flaky")
ASK: dict[str, Any] = {"model": "typical", "messages": [{"role": "user", "content": "Hello"}]}
ARGUMENTS = json.dumps({"module": "bisect", "note": "größer than one chunk of a stream is"})
TWO_CALLS = [("call_a", "look_up", ARGUMENTS), ("call_b", "submit", '{"answer":6}')]
REPLY = Reply("I look it up. " * 5, TWO_CALLS, 2_000, 1_152, 60, 12, seconds=1.0)


def scripted(request: Request) -> Reply:
    del request
    return REPLY


def clients(
    respond: Any = scripted,
) -> tuple[openai.AsyncOpenAI, openai.OpenAI]:
    transport = InProcessTransport(respond, PROFILES)
    return (
        openai.AsyncOpenAI(
            base_url=BASE_URL,
            api_key="any",
            max_retries=0,
            http_client=httpx2.AsyncClient(transport=transport),
        ),
        openai.OpenAI(
            base_url=BASE_URL,
            api_key="any",
            max_retries=0,
            http_client=httpx2.Client(transport=transport),
        ),
    )


def post(body: bytes | dict[str, Any], respond: Any = scripted) -> httpx2.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with httpx2.Client(transport=InProcessTransport(respond, PROFILES)) as client:
        return client.post(f"{BASE_URL}/chat/completions", content=content)


def test_a_plain_client_gets_content_tool_calls_and_usage() -> None:
    _, client = clients()
    completion = client.chat.completions.create(**ASK)
    message = completion.choices[0].message
    assert message.content == REPLY.content
    assert message.tool_calls is not None
    got = [(c.id, c.function.name, c.function.arguments) for c in message.tool_calls]  # type: ignore[union-attr]
    assert got == TWO_CALLS
    assert completion.choices[0].finish_reason == "tool_calls"
    assert completion.usage is not None
    assert completion.usage.model_dump(exclude_none=True) == {
        "prompt_tokens": 2_000,
        "completion_tokens": 60,
        "total_tokens": 2_060,
        "prompt_tokens_details": {"cached_tokens": 1_152},
        "completion_tokens_details": {"reasoning_tokens": 12},
    }


def test_a_stream_adds_up_to_the_reply_in_one_piece() -> None:
    _, client = clients()
    content, calls, usage, reasons = "", dict[int, list[str]](), None, list[str]()
    stream = client.chat.completions.create(
        **ASK, stream=True, stream_options={"include_usage": True}
    )
    for chunk in stream:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            content += choice.delta.content or ""
            reasons += [choice.finish_reason] if choice.finish_reason else []
            for call in choice.delta.tool_calls or []:
                parts = calls.setdefault(call.index, [call.id or "", "", ""])
                assert call.function is not None
                parts[1] += call.function.name or ""
                parts[2] += call.function.arguments or ""
    assert content == REPLY.content
    assert [tuple(parts) for parts in calls.values()] == TWO_CALLS
    assert reasons == ["tool_calls"]
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens) == (2_000, 60)


def test_usage_is_streamed_only_if_asked_for() -> None:
    _, client = clients()
    chunks = list(client.chat.completions.create(**ASK, stream=True))
    assert all(chunk.usage is None and chunk.choices for chunk in chunks)


@pytest.mark.parametrize("seconds", [0.0, 0.3, 1.0, 7.25])
def test_the_latency_passes_in_whole_ticks_and_a_stream_takes_as_long(seconds: float) -> None:
    def slow(request: Request) -> Reply:
        return Reply(f"{request['model']} thinks it over, and over again", seconds=seconds)

    async def trial() -> tuple[float, float]:
        client, _ = clients(slow)
        loop = asyncio.get_running_loop()
        await client.chat.completions.create(**ASK)
        first = loop.time()
        async for _ in await client.chat.completions.create(**ASK, stream=True):
            pass
        return first, loop.time() - first

    whole, streamed = run_virtual(trial())
    assert whole == streamed
    assert seconds <= whole < seconds + TICK
    assert (whole / TICK).is_integer()


def test_equal_requests_get_equal_bytes_and_other_requests_another_id() -> None:
    one, two = post(ASK), post(ASK)
    assert one.content == two.content
    other = post({**ASK, "seed": 5}).json()
    assert other["id"] != one.json()["id"]
    assert other["created"] == one.json()["created"] == 0


def test_the_model_sees_the_request_as_it_was_sent() -> None:
    seen: list[Request] = []

    def note(request: Request) -> Reply:
        seen.append(request)
        return Reply("done")

    request = {**ASK, "seed": 3, "temperature": 0.5, "prompt_cache_key": "t1", "tools": []}
    assert post(request, note).json()["choices"][0]["finish_reason"] == "stop"
    assert seen == [request]


def test_the_profiles_are_listed_as_models() -> None:
    _, client = clients()
    assert [model.id for model in client.models.list()] == list(PROFILES)


def test_an_unknown_profile_is_a_404_that_names_the_known_ones() -> None:
    _, client = clients()
    with pytest.raises(openai.NotFoundError, match="typical, flaky") as caught:
        client.chat.completions.create(model="gpt-9", messages=ASK["messages"])
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")


@pytest.mark.parametrize(
    ("body", "part"),
    [
        (b"{not json", "not valid JSON"),
        (b"[1]", "JSON object"),
        ({"model": 3}, "'model' must be a string"),
        ({**ASK, "messages": []}, "at least one message"),
        ({**ASK, "messages": ["hello"]}, r"messages\[0\]"),
        ({**ASK, "messages": [{"role": "wizard", "content": ""}]}, "role"),
        ({**ASK, "messages": [{"role": "user", "content": 5}]}, "content"),
        ({**ASK, "messages": [{"role": "tool", "content": "x"}]}, "tool_call_id"),
        ({**ASK, "tools": {}}, "'tools' must be an array"),
        ({**ASK, "tools": [{"type": "function"}]}, r"tools\[0\]\.function\.name"),
        ({**ASK, "n": 2}, "'n' must be 1"),
    ],
)
def test_a_malformed_request_is_a_400_that_says_where(
    body: bytes | dict[str, Any], part: str
) -> None:
    response = post(body)
    assert response.status_code == 400
    error = response.json()["error"]
    assert error["type"] == "invalid_request_error"
    with pytest.raises(AssertionError, match=part):
        raise AssertionError(error["message"])


def test_another_path_is_a_404() -> None:
    with httpx2.Client(transport=InProcessTransport(scripted, PROFILES)) as client:
        assert client.get(f"{BASE_URL}/embeddings").status_code == 404


def test_a_model_may_refuse_a_request() -> None:
    def full(_: Request) -> Reply:
        raise RequestError("Too long.", "messages", "context_length_exceeded")

    _, client = clients(full)
    with pytest.raises(openai.BadRequestError, match="Too long"):
        client.chat.completions.create(**ASK)


def test_a_failing_model_fails_the_call_with_its_own_words_and_is_not_retried() -> None:
    asked = 0

    def broken(_: Request) -> Reply:
        nonlocal asked
        asked += 1
        raise KeyError("habit")

    client = clients(broken)[0].with_options(max_retries=5)
    with pytest.raises(SimulatedModelError, match="KeyError: 'habit'") as caught:
        run_virtual(client.chat.completions.create(**ASK))
    assert isinstance(caught.value.__cause__, KeyError)
    assert asked == 1
