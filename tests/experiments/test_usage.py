"""What calls used, from the bytes of a reply to the record: counted, priced, or null with why."""

import asyncio
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from langchain_core.messages import HumanMessage
from langgraph.graph import END, START, MessagesState, StateGraph
from pydantic import SecretStr

from experiments.trials.trial import Record, play_trial
from results.imports.jsonl import import_jsonl
from tests.trials import spec
from topologies.agent import agent_graph
from topologies.kit import Kit
from topologies.models.chat_client import FastChatOpenAI
from topologies.models.model import ModelSettings
from topologies.models.prices import Usage, price

REPLIES: list[dict[str, Any]] = []
"""What the scripted endpoint answers next; the last one is repeated."""

ONCE = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
DETAILED = ONCE | {
    "prompt_tokens_details": {"cached_tokens": 600},
    "completion_tokens_details": {"reasoning_tokens": 40},
}


def build(name: str, settings: ModelSettings) -> FastChatOpenAI:
    """OpenAI's own address, answered from `REPLIES` in this process."""

    def answer(_: httpx2.Request) -> httpx2.Response:
        body = REPLIES.pop(0) if len(REPLIES) > 1 else REPLIES[0]
        return httpx2.Response(200, content=json.dumps(body).encode())

    return FastChatOpenAI(
        model=name,
        api_key=SecretStr("none-needed"),
        base_url="https://api.openai.com/v1",
        http_async_client=httpx2.AsyncClient(transport=httpx2.MockTransport(answer)),
        max_retries=0,
        use_responses_api=bool(getattr(settings, "use_responses_api", False)),
    )


def submitting(usage: Any = None, model: str = "gpt-5-mini", **more: Any) -> dict[str, Any]:
    """The reply of a model that submits at once; without a usage it reports none."""
    arguments = json.dumps({"answer": "done", "status": "done", "confidence": 0.5})
    call = {"id": "c1", "type": "function", "function": {"name": "submit", "arguments": arguments}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    body = {"id": "r", "object": "chat.completion", "model": model, "choices": [choice]}
    return body | ({} if usage is None else {"usage": usage}) | more


def played(*replies: dict[str, Any], build_graph: str | None = None, name: str = "m") -> Record:
    REPLIES[:] = replies
    one = replace(spec(build=build_graph), models={"default": f"{__name__}:build:{name}"})
    return asyncio.run(play_trial(one))


def call_of(record: Record) -> dict[str, Any]:
    return next(step for step in record["steps"] if step["kind"] == "model")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGCHAIN_OPENAI_TCP_KEEPALIVE", "0")


def test_what_an_endpoint_reports_is_recorded_as_it_is() -> None:
    step = call_of(played(submitting(DETAILED)))
    assert (step["prompt_tokens"], step["cached_tokens"]) == (1000, 600)
    assert (step["completion_tokens"], step["reasoning_tokens"]) == (100, 40)
    assert (step["encoding"], step["usage_note"]) == ("provider", None)
    assert step["dollars"] == price("gpt-5-mini", Usage(1000, 600, 100))[0]


@pytest.mark.parametrize(
    ("usage", "lost", "says"),
    [
        (ONCE | {"prompt_tokens": 3, "prompt_tokens_details": {"cached_tokens": 12000}},
         ["prompt_tokens", "cached_tokens"], "cached_tokens are more than prompt_tokens"),
        (ONCE | {"completion_tokens_details": {"reasoning_tokens": 101}},
         ["completion_tokens", "reasoning_tokens"], "reasoning_tokens are more"),
        (ONCE | {"prompt_tokens": -5}, ["prompt_tokens"], "prompt_tokens is below 0"),
        (ONCE | {"completion_tokens": 1.5}, ["completion_tokens"], "is no whole number"),
        (ONCE | {"completion_tokens": "100"}, ["completion_tokens"], "is no whole number"),
        (ONCE | {"prompt_tokens": True}, ["prompt_tokens"], "is no whole number"),
        (ONCE | {"prompt_tokens": float("nan")}, ["prompt_tokens"], "is no whole number"),
        (ONCE | {"prompt_tokens": float("inf")}, ["prompt_tokens"], "is no whole number"),
        (ONCE | {"prompt_tokens": 2**62}, ["prompt_tokens"], "is above"),
        (ONCE | {"prompt_tokens": 10**40}, ["prompt_tokens"], "is above"),
        (ONCE | {"prompt_tokens": [7]}, ["prompt_tokens"], "is no whole number"),
        (ONCE | {"prompt_tokens_details": {"cached_tokens": -1}}, ["cached_tokens"], "below 0"),
        ({"prompt_tokens": 7}, ["completion_tokens"], "completion_tokens not reported"),
        ({}, ["prompt_tokens", "completion_tokens"], "nothing of its usage"),
        (None, ["prompt_tokens", "completion_tokens"], "nothing of its usage"),
        ("1100 tokens", ["prompt_tokens", "completion_tokens"], "usage is no object"),
        ([1000, 100], ["prompt_tokens", "completion_tokens"], "usage is no object"),
        (12, ["prompt_tokens", "completion_tokens"], "usage is no object"),
    ],
)  # fmt: skip
def test_what_fits_no_rule_is_null_with_the_reason_and_the_trial_goes_on(
    usage: Any, lost: list[str], says: str
) -> None:
    record = played(submitting(usage))
    step, (trial,) = call_of(record), record["trials"]
    assert trial["ended"] == "completed"
    assert says in step["usage_note"]
    assert "1 of 1 calls" in trial["usage_note"]
    for name in lost:
        assert step[name] is None
        assert trial[name] is None
    if "prompt_tokens" in lost or "completion_tokens" in lost:
        assert step["dollars"] is trial["dollars"] is trial["dollars_uncached"] is None


def test_a_detail_that_is_not_reported_is_null_and_one_of_0_is_0() -> None:
    silent = call_of(played(submitting(ONCE)))
    assert silent["cached_tokens"] is silent["reasoning_tokens"] is None
    # What was cached would be cheaper, so the price is not known either.
    assert silent["dollars"] is None
    assert "cached" in silent["usage_note"]
    assert silent["dollars_uncached"] == price("gpt-5-mini", Usage(1000, 0, 100))[0]
    nothing = {"prompt_tokens_details": {"cached_tokens": 0}}
    nothing |= {"completion_tokens_details": {"reasoning_tokens": 0}}
    told = call_of(played(submitting(ONCE | nothing)))
    assert (told["cached_tokens"], told["reasoning_tokens"]) == (0, 0)
    assert told["dollars"] == told["dollars_uncached"] is not None


@pytest.mark.parametrize(("tier", "share"), [("flex", 0.5), ("priority", 1.8), ("default", 1.0)])
def test_a_service_tier_keeps_its_counts_and_has_its_own_price(tier: str, share: float) -> None:
    step = call_of(played(submitting(DETAILED, service_tier=tier)))
    assert step["service_tier"] == tier
    assert (step["cached_tokens"], step["reasoning_tokens"]) == (600, 40)
    normal = price("gpt-5-mini", Usage(1000, 600, 100))[0]
    assert normal is not None
    assert step["dollars"] == pytest.approx(share * normal)


@pytest.mark.parametrize("tier", ["batch", "scale", "auto", "no-such-tier"])
def test_a_tier_without_a_listed_price_has_none(tier: str) -> None:
    step = call_of(played(submitting(DETAILED, service_tier=tier)))
    assert step["service_tier"] == tier
    assert step["dollars"] is step["dollars_uncached"] is None
    assert tier in step["usage_note"]
    assert step["prompt_tokens"] == 1000


def test_a_model_that_is_not_listed_says_where_it_has_no_price() -> None:
    step = call_of(played(submitting(DETAILED, model="no-such-model")))
    assert step["dollars"] is None
    assert "no price for no-such-model at https://api.openai.com/v1" in step["usage_note"]


def judged_graph(kit: Kit) -> Any:
    """An agent, and a judge that is asked about its work."""
    seat, judge = kit.seat("agent"), kit.seat("judge", role="judge")

    async def assess(state: MessagesState) -> dict[str, Any]:
        del state
        return {"messages": [await judge.model.ainvoke([HumanMessage("Is it well done?")])]}

    graph = StateGraph(MessagesState)
    graph.add_node("judge", assess)
    graph.add_node("agent", agent_graph(seat))
    graph.add_edge(START, "judge")
    graph.add_edge("judge", "agent")
    graph.add_edge("agent", END)
    return graph.compile()


def test_a_judge_of_a_live_topology_is_no_agent_and_its_tokens_are_apart() -> None:
    judge = submitting(ONCE | {"prompt_tokens": 500, "completion_tokens": 50})
    judge["choices"][0]["message"] = {"role": "assistant", "content": "Yes."}
    record = played(judge, submitting(DETAILED), build_graph=f"{__name__}:judged_graph")
    (trial,) = record["trials"]
    assert (trial["agents"], trial["model_calls"]) == (1, 1)
    assert (trial["prompt_tokens"], trial["completion_tokens"]) == (1000, 100)
    assert (trial["beside_calls"], trial["beside_tokens"]) == (1, 550)


@pytest.fixture
def shared() -> Path:
    if "FANOUT_SHARED" not in os.environ:
        pytest.skip("FANOUT_SHARED names no folder, so the case of a judge is not read")
    return Path(os.environ["FANOUT_SHARED"])


def test_an_imported_judge_is_no_agent_and_its_tokens_are_apart(shared: Path) -> None:
    (trial,) = import_jsonl(shared / "cases/judge_tokens.jsonl")["trials"].to_dicts()
    assert (trial["agents"], trial["model_calls"]) == (1, 1)
    assert trial["prompt_tokens"] + trial["completion_tokens"] == 80
    assert (trial["beside_calls"], trial["beside_tokens"]) == (1, 550)


@pytest.mark.parametrize("role", ["judge", "user", "grader", "user_simulator"])
def test_live_and_imported_steps_are_counted_by_the_same_rules(tmp_path: Path, role: str) -> None:
    steps = [
        {"kind": "model", "reply": "a", "prompt_tokens": 60, "completion_tokens": 20,
         "encoding": "provider", "dollars": 0.5},
        {"kind": "model", "agent": role, "role": role, "reply": "b", "prompt_tokens": 260,
         "completion_tokens": 290, "encoding": "other", "dollars": 2.0},
        {"kind": "model", "reply": "c", "encoding": "provider"},
    ]  # fmt: skip
    lines = [
        {"task": "t", "trial": 0, "passed": True, "steps": steps[:2]},
        {"task": "t", "trial": 1, "passed": True, "steps": steps},
    ]
    file = tmp_path / "runs.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    whole, part = import_jsonl(file)["trials"].to_dicts()
    assert (whole["dollars"], whole["beside_dollars"], whole["agents"]) == (0.5, 2.0, 1)
    assert (whole["prompt_tokens"], whole["usage_note"]) == (60, None)
    assert (part["prompt_tokens"], part["dollars"], part["model_calls"]) == (None, None, 2)
    assert part["usage_note"].startswith("1 of 2 calls: ")


def parts(of: int) -> Iterator[dict[str, Any]]:
    yield {"prompt_tokens": of}
    yield {"input_tokens": of}


@pytest.mark.parametrize("usage", list(parts(7)))
def test_counts_are_read_in_the_words_of_every_api(usage: dict[str, Any]) -> None:
    assert call_of(played(submitting(usage | {"output_tokens": 2})))["prompt_tokens"] == 7
