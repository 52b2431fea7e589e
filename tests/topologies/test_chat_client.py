import asyncio
import json
import threading
import time
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langchain_openai.chat_models.base import OpenAIInvalidRequestError, OpenAIModelNotFoundError
from pydantic import BaseModel, SecretStr

from topologies.models.chat_client import FastChatOpenAI, for_agent
from topologies.models.rate_limit import RateLimit
from topologies.models.replies import MALFORMED
from topologies.simulated.transport import BASE_URL, InProcessTransport
from topologies.simulated.wire import Reply, Request
from topologies.virtual_time import run_virtual

TEXT = st.text(max_size=40)
CALLS = [("call_1", "look_up", '{"module":"bisect"}'), ("call_2", "look_up", '{"module":')]


def scripted(request: Request) -> Reply:
    calls = CALLS if request.get("tools") else []
    return Reply("größer ✓", calls, 1_500, 1_024, 20, 5, seconds=0.5)


class Recording(InProcessTransport):
    """Keeps what came over the wire."""

    def __init__(self, respond: Any = scripted) -> None:
        super().__init__(respond, ["typical"])
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.bodies.append(await request.aread())
        self.headers.append(dict(request.headers))
        return await super().handle_async_request(request)


def client(
    kind: type[ChatOpenAI], transport: httpx2.AsyncBaseTransport, **settings: Any
) -> ChatOpenAI:
    chosen: dict[str, Any] = {
        "model": "typical",
        "api_key": SecretStr("any"),
        "base_url": BASE_URL,
        "http_async_client": httpx2.AsyncClient(transport=transport),
        "stream_usage": True,
        "use_responses_api": False,
        "max_retries": 0,
        **settings,
    }
    return kind(**chosen)


RECORDS = {kind: Recording() for kind in (ChatOpenAI, FastChatOpenAI)}
SHARED = {kind: client(kind, RECORDS[kind]) for kind in RECORDS}


def on_the_wire(
    messages: list[BaseMessage], changes: dict[str, Any], bound: dict[str, Any]
) -> list[tuple[bytes, Any]]:
    """Body and resulting message of the same call by the plain and by the fast client."""
    seen: list[tuple[bytes, Any]] = []
    for kind, shared in SHARED.items():
        model = shared.model_copy(update=changes).bind(**bound)
        reply = run_virtual(model.ainvoke(messages))
        seen.append((RECORDS[kind].bodies[-1], reply))
    return seen


@tool
async def look_up(module: str, deep: bool = False) -> str:
    """Look a module up. Größe egal."""
    return f"{module} {deep}"


TOOLS = SHARED[ChatOpenAI].bind_tools([look_up]).kwargs["tools"]  # type: ignore[attr-defined]
VALUES = st.dictionaries(TEXT, st.one_of(st.integers(), TEXT, st.none()), max_size=3)
CALL = st.builds(
    lambda n, args: {"name": "look_up", "args": args, "id": f"call_{n}", "type": "tool_call"},
    st.integers(0, 9),
    VALUES,
)
MESSAGE = st.one_of(
    st.builds(SystemMessage, TEXT),
    st.builds(HumanMessage, TEXT),
    st.builds(lambda text, name: HumanMessage(text, name=name), TEXT, st.just("lead")),
    st.builds(AIMessage, TEXT),
    st.builds(lambda t, calls: AIMessage(t, tool_calls=calls), TEXT, st.lists(CALL, max_size=3)),
    st.builds(lambda text: AIMessage([{"type": "text", "text": text}]), TEXT),
    st.builds(lambda text: ToolMessage(text, tool_call_id="call_1"), TEXT),
    st.builds(lambda t: ToolMessage([{"type": "text", "text": t}], tool_call_id="c"), TEXT),
)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "seed": st.integers(0, 2**31),
        "temperature": st.floats(0, 2),
        "max_tokens": st.integers(1, 9_999),
        "top_p": st.floats(0, 1),
        "stop": st.lists(TEXT, min_size=1, max_size=2),
        "reasoning_effort": st.just("low"),
        "model_kwargs": st.fixed_dictionaries({"prompt_cache_key": TEXT}),
        "extra_body": st.fixed_dictionaries({"min_p": st.floats(0, 1), "seed": st.integers()}),
        "metadata": st.just({"agent": "lead"}),
    },
)
BOUND = st.fixed_dictionaries(
    {},
    optional={
        "tools": st.just(TOOLS),
        "tool_choice": st.sampled_from(["auto", "required"]),
        "parallel_tool_calls": st.booleans(),
    },
)


@settings(deadline=None, max_examples=120)
@given(st.lists(MESSAGE, min_size=1, max_size=6), CHANGES, BOUND)
def test_the_bytes_on_the_wire_are_those_of_the_plain_client(
    messages: list[BaseMessage], changes: dict[str, Any], bound: dict[str, Any]
) -> None:
    (plain, _), (fast, _) = on_the_wire(messages, changes, bound)
    assert fast == plain


@pytest.mark.parametrize("bound", [{}, {"tools": TOOLS}])
def test_the_message_is_that_of_the_plain_client(bound: dict[str, Any]) -> None:
    (_, plain), (_, fast) = on_the_wire([HumanMessage("How many?")], {"seed": 4}, bound)
    assert fast.content == plain.content == "größer ✓"
    assert fast.tool_calls[:1] == plain.tool_calls
    assert fast.tool_calls[1:] == [
        {"name": c["name"], "args": {MALFORMED: c["args"]}, "id": c["id"], "type": "tool_call"}
        for c in plain.invalid_tool_calls
    ]
    assert len(plain.invalid_tool_calls) == len(bound)
    assert not fast.invalid_tool_calls
    assert fast.usage_metadata == plain.usage_metadata
    assert fast.usage_metadata["input_token_details"]["cache_read"] == 1_024
    assert fast.usage_metadata["output_token_details"]["reasoning"] == 5
    assert fast.additional_kwargs == plain.additional_kwargs
    for key in ("id", "model_name", "finish_reason", "system_fingerprint", "model_provider"):
        assert fast.response_metadata[key] == plain.response_metadata[key]


def test_the_headers_are_those_of_the_plain_client_but_for_its_own_detour() -> None:
    on_the_wire([HumanMessage("Hello")], {}, {})
    plain, fast = (dict(record.headers[-1]) for record in RECORDS.values())
    assert plain.pop("x-stainless-raw-response") == "true"
    assert fast == plain
    assert fast["authorization"] == "Bearer any"


class Count(BaseModel):
    """How many there are."""

    number: int


def test_structured_output_takes_the_ordinary_way() -> None:
    record = Recording(lambda _: Reply('{"number": 6}'))
    model = client(FastChatOpenAI, record).with_structured_output(Count)
    assert run_virtual(model.ainvoke("How many?")) == Count(number=6)
    assert record.headers[-1]["x-stainless-raw-response"] == "true"


def test_a_stream_adds_up_to_the_whole_reply() -> None:
    model = SHARED[FastChatOpenAI].bind(tools=TOOLS)

    async def trial() -> tuple[AIMessageChunk, float]:
        whole: Any = None
        async for chunk in model.astream("How many?"):
            whole = chunk if whole is None else whole + chunk
        return whole, asyncio.get_running_loop().time()

    streamed, seconds = run_virtual(trial())
    whole = run_virtual(model.ainvoke("How many?"))
    assert streamed.content == whole.content
    assert streamed.tool_calls == whole.tool_calls
    assert streamed.usage_metadata == whole.usage_metadata
    assert seconds == 0.5


@pytest.mark.parametrize("kind", list(RECORDS))
def test_errors_are_those_of_the_plain_client(kind: type[ChatOpenAI]) -> None:
    unknown = SHARED[kind].model_copy(update={"model_name": "gpt-9"})
    with pytest.raises(OpenAIModelNotFoundError, match="typical"):
        run_virtual(unknown.ainvoke("Hello"))
    with pytest.raises(OpenAIInvalidRequestError, match="'n' must be 1"):
        run_virtual(SHARED[kind].ainvoke("Hello", n=2))


class Page(httpx2.AsyncBaseTransport):
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, text="<html>Log in</html>", request=request)


def test_an_answer_that_is_no_json_is_shown() -> None:
    with pytest.raises(ValueError, match=r"simulated\.invalid.*Log in"):
        run_virtual(client(FastChatOpenAI, Page()).ainvoke("Hello"))


class Busy(Recording):
    """Says "too many requests" twice before it answers."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if len(self.bodies) < 2:
            self.bodies.append(await request.aread())
            return httpx2.Response(429, headers={"retry-after-ms": "1500"}, json={"error": {}})
        return await super().handle_async_request(request)


def test_a_busy_endpoint_is_asked_again_when_it_says() -> None:
    busy = Busy()
    model = client(FastChatOpenAI, busy, max_retries=2)

    async def trial() -> tuple[BaseMessage, float]:
        return await model.ainvoke("Hello"), asyncio.get_running_loop().time()

    message, seconds = run_virtual(trial())
    assert message.content == "größer ✓"
    assert seconds == 2 * 1.5 + 0.5
    assert len(set(busy.bodies)) == 1


def test_a_limited_client_holds_calls_back_and_settles_with_the_usage_it_is_told() -> None:
    # Each call takes 1,520 tokens of 3,040 a minute; its few words are estimated as almost none.
    model = SHARED[FastChatOpenAI].model_copy(update={"limit": RateLimit(tokens_per_minute=3_040)})

    async def trial() -> list[float]:
        ends: list[float] = []
        for _ in range(4):
            await model.ainvoke("Hello, how many are there in all?")
            ends.append(asyncio.get_running_loop().time())
        return ends

    ends = run_virtual(trial())
    assert ends[:2] == [0.5, 1.0]
    assert ends[2] < 3.0  # 8 tokens are left to be let in with
    assert 28 < ends[3] - ends[2] < 32


def test_calls_in_a_warm_client_use_no_thread() -> None:
    model = SHARED[FastChatOpenAI]
    run_virtual(model.ainvoke("Hello"))  # the first call of all looks up the platform
    real = client(FastChatOpenAI, Recording(lambda _: Reply("now")))
    run_virtual(real.ainvoke("Hello"))

    async def in_real_time() -> list[str]:
        await real.ainvoke("Hello")
        return [thread.name for thread in threading.enumerate()]

    assert not [name for name in asyncio.run(in_real_time()) if name.startswith("asyncio_")]


class Witness(BaseCallbackHandler):
    run_inline = True

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []

    def on_chat_model_start(self, *_: Any, metadata: dict[str, Any], **__: Any) -> None:
        self.seen.append(metadata)


def test_an_agents_copy_has_its_name_seed_and_cache_and_shares_the_client() -> None:
    shared = SHARED[FastChatOpenAI].model_copy(
        update={"metadata": {"sweep": "s"}, "model_kwargs": {"user": "u"}}
    )
    agents = [for_agent(shared, f"agent-{n}", "subagent", n, f"trial-{n}") for n in range(3)]
    witness = Witness()

    async def trial() -> None:
        calls = (a.bind_tools([look_up]).ainvoke("Hi", {"callbacks": [witness]}) for a in agents)
        await asyncio.gather(*calls)

    run_virtual(trial())
    sent = [json.loads(body) for body in RECORDS[FastChatOpenAI].bodies[-3:]]
    assert [body["seed"] for body in sent] == [0, 1, 2]
    assert [body["prompt_cache_key"] for body in sent] == ["trial-0", "trial-1", "trial-2"]
    assert all(body["user"] == "u" and "metadata" not in body for body in sent)
    assert [(m["sweep"], m["agent"], m["role"]) for m in witness.seen] == [
        ("s", f"agent-{n}", "subagent") for n in range(3)
    ]
    assert {m["endpoint"] for m in witness.seen} == {f"{BASE_URL}/"}
    assert all(agent.root_async_client is shared.root_async_client for agent in agents)
    assert (shared.seed, shared.metadata) == (None, {"sweep": "s"})
    assert "prompt_cache_key" not in shared.model_kwargs


def test_the_cache_key_is_left_out_where_it_is_not_wanted() -> None:
    for kind, shared in SHARED.items():
        run_virtual(for_agent(shared, "a", "agent", None, None).ainvoke("Hi"))
        assert not {"prompt_cache_key", "seed"} & json.loads(RECORDS[kind].bodies[-1]).keys()


def test_a_model_of_another_kind_gets_its_agents_name_and_role() -> None:
    model = FakeListChatModel(responses=["a word"])
    agent = for_agent(model, "lead", "lead", 5, "trial")
    assert agent.metadata == {**(model.metadata or {}), "agent": "lead", "role": "lead"}
    assert "agent" not in (model.metadata or {})
    assert run_virtual(agent.ainvoke("Hi")).content == "a word"


def test_an_agents_copy_is_cheap() -> None:
    began = time.perf_counter()
    for number in range(1_000):
        for_agent(SHARED[FastChatOpenAI], "agent", "subagent", number, "trial")
    assert time.perf_counter() - began < 0.5  # 2 us each where it was measured
