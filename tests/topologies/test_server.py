import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest
from langchain_core.messages import AIMessage, HumanMessage
from pydantic import SecretStr

from topologies.models.chat_client import FastChatOpenAI, for_agent
from topologies.models.model import in_process_model
from topologies.simulated.server import serve
from topologies.simulated.transport import BASE_URL, InProcessTransport
from topologies.simulated.wire import Reply, Request
from topologies.virtual_time import run_virtual

PROFILES = ("typical", "slow")
ASK: dict[str, Any] = {"model": "typical", "messages": [{"role": "user", "content": "Wie viele?"}]}
TOOLS: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": "look_up",
            "parameters": {"type": "object", "properties": {"module": {"type": "string"}}},
        },
    }
]


def scripted(request: Request) -> Reply:
    """Calls the first tool that is offered, and otherwise says how much it was told."""
    if request["messages"][-1]["content"] == "break":
        raise RuntimeError("broken")
    seconds = 3600.0 if request["model"] == "slow" else 0.0
    if request.get("tools"):
        arguments = json.dumps({"module": "bisect", "reason": "because it was asked for: ✓"})
        name = request["tools"][0]["function"]["name"]
        return Reply(None, [("call_1", name, arguments)], 1_500, 1_024, 30, 4, seconds)
    return Reply(f"I was told {len(request['messages'])} things, größtenteils.", [], 9, 0, 8, 0)


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    program = subprocess.Popen(
        [sys.executable, __file__],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    yield program.stdout.readline().strip()
    program.send_signal(signal.SIGINT)
    assert program.wait(timeout=20) is not None
    program.stdout.close()


@pytest.fixture
def client(base_url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=base_url, api_key="any", max_retries=0) as client:
        yield client


def test_a_plain_client_is_answered_with_tool_calls_and_usage(client: openai.OpenAI) -> None:
    completion = client.chat.completions.create(**ASK, tools=TOOLS)
    calls = completion.choices[0].message.tool_calls
    assert calls is not None
    assert json.loads(calls[0].function.arguments)["module"] == "bisect"  # type: ignore[union-attr]
    assert completion.usage is not None
    assert completion.usage.prompt_tokens_details is not None
    assert completion.usage.prompt_tokens_details.cached_tokens == 1_024


def test_a_plain_client_can_stream_content(client: openai.OpenAI) -> None:
    options: Any = {"include_usage": True}
    with client.chat.completions.stream(**ASK, stream_options=options) as stream:
        deltas = [event.delta for event in stream if event.type == "content.delta"]
        final = stream.get_final_completion()
    assert len(deltas) > 1
    assert "".join(deltas) == final.choices[0].message.content
    assert final.choices[0].message.content == "I was told 1 things, größtenteils."
    assert final.usage is not None
    assert final.usage.total_tokens == 17


def test_a_plain_client_can_stream_tool_calls(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(**ASK, tools=TOOLS) as stream:
        message = stream.get_final_completion().choices[0].message
    assert message.tool_calls is not None
    assert message.tool_calls[0].id == "call_1"
    assert message.tool_calls[0].function.name == "look_up"
    assert json.loads(message.tool_calls[0].function.arguments)["reason"].endswith("✓")


def test_the_profiles_are_listed(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == list(PROFILES)


def test_latency_is_not_waited_for_unless_asked(client: openai.OpenAI) -> None:
    slow = client.with_options(timeout=30)
    completion = slow.chat.completions.create(**{**ASK, "model": "slow"}, tools=TOOLS)
    assert completion.choices[0].finish_reason == "tool_calls"


def test_errors_come_in_openais_format(client: openai.OpenAI, base_url: str) -> None:
    with pytest.raises(openai.NotFoundError) as unknown:
        client.chat.completions.create(**{**ASK, "model": "gpt-9"})
    assert unknown.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError, match="at least one message"):
        client.chat.completions.create(model="typical", messages=[])
    with pytest.raises(openai.InternalServerError, match="RuntimeError: broken"):
        client.chat.completions.create(
            model="typical", messages=[{"role": "user", "content": "break"}]
        )
    assert httpx2.post(f"{base_url}/embeddings").json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("extra", [{}, {"tools": TOOLS}, {"stream": True}, {"model": "gpt-9"}])
def test_over_http_come_the_same_bytes_as_in_the_process(
    base_url: str, extra: dict[str, Any]
) -> None:
    body = json.dumps({**ASK, **extra}).encode()
    with httpx2.Client(transport=InProcessTransport(scripted, PROFILES)) as inside:
        expected = inside.post(f"{BASE_URL}/chat/completions", content=body)
    served = httpx2.post(f"{base_url}/chat/completions", content=body)
    assert served.content == expected.content
    assert served.status_code == expected.status_code


def test_the_chat_client_gets_the_same_message_from_both(base_url: str) -> None:
    inside = in_process_model("typical", scripted, PROFILES)
    question = [HumanMessage("How many?")]

    async def ask(outside: FastChatOpenAI) -> list[AIMessage]:
        agent = for_agent(outside, "lead", "lead", 5, "trial-1").bind_tools(TOOLS)
        return await asyncio.gather(*(agent.ainvoke(question) for _ in range(3)))

    async def over_http() -> list[AIMessage]:
        async with httpx2.AsyncClient() as wire:
            key = SecretStr("any")
            return await ask(
                FastChatOpenAI(
                    model="typical", base_url=base_url, api_key=key, http_async_client=wire
                )
            )

    here, there = run_virtual(ask(inside)), asyncio.run(over_http())
    for one, other in zip(here, there, strict=True):
        assert one.tool_calls == other.tool_calls
        assert one.usage_metadata == other.usage_metadata
        assert one.response_metadata == other.response_metadata


@pytest.mark.parametrize("host", ["0.0.0.0", "10.1.2.3", "example.com"])
def test_other_machines_are_not_served(host: str) -> None:
    with pytest.raises(ValueError, match=r"use --host 127\.0\.0\.1"):
        serve(host, 0, scripted, PROFILES)


def test_a_port_that_is_taken_is_refused_in_one_line(base_url: str) -> None:
    port = int(base_url.split(":")[2].split("/")[0])
    with pytest.raises(ValueError, match=f"Port {port} .* choose another"):
        serve("127.0.0.1", port, scripted, PROFILES)


if __name__ == "__main__":
    serve("127.0.0.1", 0, scripted, PROFILES, ready=lambda url: print(url, flush=True))
