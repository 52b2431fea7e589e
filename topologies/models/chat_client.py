"""The chat client of every agent: ChatOpenAI, with a shorter way to the wire.

Most of the time of a plain ChatOpenAI call at a long history goes into openai's recursive walk
over typed messages, which changes nothing in what LangChain hands over. `FastChatOpenAI` posts
the same bytes through the same openai client (its retries, timeouts, keys and errors) without
the walk, and reads the reply without building typed objects that are dumped at once. It also
stays in the calling thread, where ChatOpenAI hands every reply to an executor. What an endpoint may
send that is no proper reply is made readable here (`topologies.models.replies`), streamed or not.

Whatever is out of the ordinary (the Responses API, structured output, streaming, fields that
openai's client does not know) takes ChatOpenAI's own way.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, TypeVar, cast
from uuid import UUID

import httpx2
import openai
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI
from langchain_openai.chat_models import base as langchain_openai_base
from pydantic import ConfigDict, Field

from topologies.models.attempts import sending
from topologies.models.rate_limit import RateLimit
from topologies.models.replies import (
    Offered,
    UnreadableReplyError,
    printable,
    readable,
    stream_calls,
    with_calls,
)

AnyChatModel = TypeVar("AnyChatModel", bound=BaseChatModel)
Own = Callable[[UUID], Mapping[str, Any]]

# ChatOpenAI's translation of openai's errors and usage; private there, and test_chat_client.py
# says so when it moves.
_translate_bad_request = langchain_openai_base._handle_openai_bad_request  # pyright: ignore[reportPrivateUsage]
_translate_api_error = langchain_openai_base._handle_openai_api_error  # pyright: ignore[reportPrivateUsage]
_read_usage: Any = langchain_openai_base._create_usage_metadata  # pyright: ignore

# openai's client writes a body in this order: these first, the others by name.
_FIRST_ON_THE_WIRE = ("model", "stream", "service_tier", "messages")
_OTHERS_ON_THE_WIRE = (
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "n",
    "parallel_tool_calls",
    "presence_penalty",
    "prompt_cache_key",
    "reasoning_effort",
    "seed",
    "stop",
    "store",
    "temperature",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "user",
    "verbosity",
)
_WIRE_ORDER = {
    name: place for place, name in enumerate((*_FIRST_ON_THE_WIRE, *_OTHERS_ON_THE_WIRE))
}


_MOST_TOKENS = 10**9  # more in one call is a slip of the endpoint, and would stop all others


class FastChatOpenAI(ChatOpenAI):
    """A ChatOpenAI whose `ainvoke` costs about a sixth at long histories.

    `limit` holds `ainvoke` and `astream` back until they fit its rates; the synchronous methods
    are ChatOpenAI's own, unlimited and no faster. `own` says what the request of one run has of its
    own. `says_max_tokens` is True for endpoints that know the older name of that field alone.
    `tool_choice` holds for every call with tools that says none: "auto", "required", "none", or the
    name of a tool.
    """

    limit: RateLimit | None = Field(default=None, exclude=True)
    own: Own | None = Field(default=None, exclude=True)
    says_max_tokens: bool = False
    tool_choice: str | None = None

    model_config = ConfigDict(arbitrary_types_allowed=True, populate_by_name=True)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        if self.own is not None and run_manager is not None:
            kwargs |= self.own(run_manager.run_id)
        estimate = await self._admitted(messages)
        try:
            result = await self._send(messages, stop, run_manager, **kwargs)
        except openai.APIStatusError as error:
            result = ChatResult(generations=[ChatGeneration(message=_filtered(error))])
        for generation in result.generations:
            if isinstance(generation.message, AIMessage):
                generation.message = with_calls(generation.message)
        if self.limit is not None:
            used = _used_tokens([g.message for g in result.generations], estimate)
            self.limit.settle(estimate, used)
        return result

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        """ChatOpenAI's stream, with the calls at its end, in one piece each and mended."""
        run_manager = args[2] if len(args) > 2 else kwargs.get("run_manager")
        if self.own is not None and run_manager is not None:
            kwargs |= self.own(run_manager.run_id)
        messages: list[BaseMessage] = args[0] if args else kwargs["messages"]
        estimate = await self._admitted(messages)
        seen: list[BaseMessage] = []
        held = AIMessageChunk(content="")
        try:
            async for chunk in super()._astream(*args, **kwargs):
                message = chunk.message
                if isinstance(message, AIMessageChunk):
                    if message.usage_metadata:
                        seen.append(message)
                    if message.tool_call_chunks:
                        held += AIMessageChunk(
                            content="", tool_call_chunks=message.tool_call_chunks
                        )
                        chunk.message = message.model_copy(update=NO_CALLS)
                yield chunk
        except openai.APIStatusError as error:
            filtered = _filtered(error)
            yield ChatGenerationChunk(message=AIMessageChunk(**filtered.model_dump(exclude=TYPE)))
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            raise UnreadableReplyError(f"a stream of {self.openai_api_base}: {error!r}") from error
        if held.tool_call_chunks:
            calls = stream_calls(held.tool_call_chunks, kwargs.get("tools") or ())
            yield ChatGenerationChunk(message=AIMessageChunk(content="", tool_call_chunks=calls))
        if self.limit is not None:
            self.limit.settle(estimate, _used_tokens(seen, estimate))

    async def _admitted(self, messages: list[BaseMessage]) -> int:
        """Wait until the rates leave room; about how many tokens the prompt has."""
        estimate = _rough_tokens(messages)
        if self.limit is not None:
            call = sending()
            call.wait()
            await self.limit.admit(estimate)
            call.go()
        return estimate

    def _get_request_payload(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        payload: dict[str, Any] = super()._get_request_payload(*args, **kwargs)  # pyright: ignore
        if self.says_max_tokens and "max_completion_tokens" in payload:
            payload["max_tokens"] = payload.pop("max_completion_tokens")
        if self.tool_choice is not None and payload.get("tools"):
            payload.setdefault("tool_choice", self._choice("messages" in payload))
        return payload

    def _choice(self, chat_completions: bool) -> Any:
        if self.tool_choice in ("auto", "required", "none"):
            return self.tool_choice
        named = {"name": self.tool_choice}
        return {"type": "function", **({"function": named} if chat_completions else named)}

    async def _send(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None,
        run_manager: AsyncCallbackManagerForLLMRun | None,
        **kwargs: Any,
    ) -> ChatResult:
        payload = self._get_request_payload(messages, stop=stop, **kwargs)
        extra_body: dict[str, Any] = payload.pop("extra_body", None) or {}
        usual = payload.keys() <= _WIRE_ORDER.keys() and "messages" in payload
        if not usual or self.include_response_headers or self._uses_gateway:
            try:
                return await super()._agenerate(messages, stop, run_manager, **kwargs)
            except (LookupError, TypeError, AttributeError, ValueError) as error:
                raise UnreadableReplyError(f"{self.openai_api_base}: {error!r}") from error
        body = {name: payload[name] for name in sorted(payload, key=_WIRE_ORDER.__getitem__)}
        body.update(extra_body)
        try:
            response = await self.root_async_client.post(
                "/chat/completions", cast_to=httpx2.Response, body=body
            )
        except openai.BadRequestError as error:
            _translate_bad_request(error)
            raise
        except openai.APIError as error:
            _translate_api_error(error)
            raise
        return self._read(response, body.get("tools") or ())

    def _read(self, response: httpx2.Response, offered: Offered) -> ChatResult:
        try:
            said: Any = response.json()
        except (ValueError, RecursionError) as error:
            raise UnreadableReplyError(
                f"The endpoint {self.openai_api_base} answered with something that is not JSON: "
                f"{response.text[:200]!r}"
            ) from error
        halves = b"\\ud" in response.content.lower()
        completion = readable(printable(said) if halves else said, offered)
        # ChatOpenAI would take what the usage leaves out for 0, and die of one that is no object.
        usage: object = completion.pop("usage", None)
        result = self._create_chat_result(completion)  # pyright: ignore[reportUnknownMemberType]
        tier: object = (result.llm_output or {}).get("service_tier")
        for generation, choice in zip(result.generations, completion["choices"], strict=True):
            generation.message.response_metadata["token_usage"] = usage
            if isinstance(generation.message, AIMessage):
                generation.message.usage_metadata = _usage_metadata(usage, tier)
            # ChatOpenAI sets this from the typed reply, which is not built here.
            generation.message.additional_kwargs["refusal"] = choice["message"].get("refusal")
        return result


def _usage_metadata(usage: object, tier: object) -> UsageMetadata | None:
    """LangChain's reading of a usage; None for one that it cannot read."""
    try:
        return _read_usage(cast("dict[str, Any]", usage), str(tier)) if usage else None
    except (AttributeError, TypeError, ValueError):
        return None


def _filtered(error: openai.APIStatusError) -> AIMessage:
    """What a content filter before the model says in its place; any other error is raised again."""
    text = str(error)
    if error.status_code not in (400, 403) or not FILTERED.search(f"{error.code} {text}"):
        raise error
    said = {"finish_reason": "content_filter"}
    return AIMessage(text, additional_kwargs={"refusal": text}, response_metadata=said)


FILTERED = re.compile(r"content_(filter|policy)|content management policy|moderation|was flagged")
"""How Azure, OpenAI and OpenRouter refuse a prompt: as an error, though it is a refusal."""
NO_CALLS: dict[str, Any] = {"tool_call_chunks": [], "tool_calls": [], "invalid_tool_calls": []}
TYPE = {"type"}


def for_agent(
    model: AnyChatModel,
    agent: str,
    role: str,
    seed: int | None,
    cache_key: str | None,
    own: Own | None = None,
) -> AnyChatModel:
    """The shared model as one seat uses it: its name and role, its seed, its prompt cache.

    A copy that shares all clients and takes some microseconds. `agent`, `role` and, for an
    OpenAI-compatible model, `endpoint` (its base URL, by which calls are priced) are metadata of
    every call: callbacks see them, and they are never part of a request. With a seed of None the
    model keeps its own; with a cache key of None the request has none. `own` gives, by the id of a
    run, the fields in which its request differs from those of its seat. A model of another kind,
    from an outside builder, gets the metadata only.
    """
    metadata = {**(model.metadata or {}), "agent": agent, "role": role}
    changes: dict[str, Any] = {"metadata": metadata}
    if isinstance(model, ChatOpenAI):
        metadata["endpoint"] = str(model.root_async_client.base_url)
        if seed is not None:
            changes["seed"] = seed
        if isinstance(model, FastChatOpenAI):
            changes["own"] = own
        if cache_key is not None:
            changes["model_kwargs"] = {**model.model_kwargs, "prompt_cache_key": cache_key}
    return model.model_copy(update=changes)


def _rough_tokens(messages: list[BaseMessage]) -> int:
    """Four characters a token: good enough to be let in, and settled afterwards."""
    characters = 0
    for message in messages:
        characters += len(str(message.content))
        if isinstance(message, AIMessage):
            characters += len(str(message.tool_calls))
    return characters // 4


def _used_tokens(messages: list[BaseMessage], estimate: int) -> int:
    """What the endpoint says a call used; the estimate stands where it says nothing of sense."""
    for message in messages:
        if isinstance(message, AIMessage) and message.usage_metadata:
            total: object = message.usage_metadata["total_tokens"]
            return total if type(total) is int and 0 <= total <= _MOST_TOKENS else estimate
    return estimate
