"""From a model's name in a sweep to the chat client that all its agents share.

"openai:NAME" is any OpenAI-compatible endpoint, "simulated:PROFILE" the embedded model, and
"my_package.my_module:build" (or "my_package.my_module:build:NAME") a builder from outside.
Clients are made once per process and model, since that takes 17 ms; an agent gets a cheap copy
from `topologies.chat_client.for_agent`.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast

import dotenv
import httpx2
import openai
from langchain_core.language_models import BaseChatModel
from pydantic import SecretStr

from tasks.refused import Refused
from topologies import MODELS
from topologies.attempts import Client
from topologies.chat_client import FastChatOpenAI
from topologies.rate_limit import RateLimit
from topologies.simulated.transport import BASE_URL, InProcessTransport
from topologies.simulated.wire import Respond


@dataclass(frozen=True)
class ModelSettings:
    """What a sweep may say about a model besides its name; None leaves it to the endpoint.

    `timeout_s` bounds one attempt in all its bytes, `max_retries` the attempts after the first
    (with growing waits, and as long as the endpoint says where it says so); one that ran out of
    time is repeated once. `max_tokens` is `MOST_TOKENS` if not given. The rates are per minute,
    for the whole process. `sends_cache_key` is False for endpoints that refuse
    fields they do not know: no agent of theirs then sends a `prompt_cache_key`, whoever built the
    client.
    """

    temperature: float | None = None
    seed: int | None = None
    max_tokens: int | None = None
    timeout_s: float = 120.0
    max_retries: int = 6
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    sends_cache_key: bool = True


MOST_TOKENS = 8192
"""The tokens of one reply of a real model, if a sweep does not say. A model that generates without
end is cut here, within `timeout_s` where it is faster than 68 tokens a second, and costs no more
than this; what an agent says or thinks in one step seldom comes to half of it."""
OPENAI = re.compile(r"^https?://([^/]*\.)?(openai|azure)\.com")
"""Endpoints that want `max_completion_tokens`; all others know `max_tokens`, many nothing else."""
CONNECT_S = 10.0
"""Seconds in which an endpoint must take a connection up."""

Builder = Callable[[str, ModelSettings], BaseChatModel]


def make_model(name: str, settings: ModelSettings | None = None) -> BaseChatModel:
    """The shared client of the model "provider:name"; the same arguments give the same object.

    Raises `Refused`, in one line that says what to do, for a provider or profile that does not
    exist and for a key that is missing.
    """
    return _made(name, settings or ModelSettings())


async def close_models(names: Collection[str], settings: ModelSettings | None = None) -> None:
    """Close the connections of these models, in the event loop that opened them.

    All shared clients are forgotten: who asks for one in another loop gets a new one, since
    connections die with their loop.
    """
    for name in names:
        model = make_model(name, settings)
        if isinstance(model, FastChatOpenAI):
            await model.root_async_client.close()
    _made.cache_clear()


def openai_model(name: str, settings: ModelSettings) -> FastChatOpenAI:
    """A model at OPENAI_BASE_URL (OpenAI's own by default) with the key OPENAI_API_KEY.

    Both are read from the environment, or else from a .env file in the working directory.
    """
    if not name:
        raise Refused("Name the model as in openai:gpt-5-mini.")
    key = _variable("OPENAI_API_KEY")
    if not key:
        raise Refused(
            f"openai:{name} needs OPENAI_API_KEY in the environment or in .env (any text for a "
            "server without keys); or use simulated:typical, which needs none."
        )
    base_url, limit = _variable("OPENAI_BASE_URL"), None
    if settings.requests_per_minute is not None or settings.tokens_per_minute is not None:
        limit = RateLimit(settings.requests_per_minute, settings.tokens_per_minute)
    return FastChatOpenAI(
        model=name,
        api_key=SecretStr(key),
        base_url=base_url,
        says_max_tokens=base_url is not None and not OPENAI.search(base_url),
        # LangChain would share one pool of connections among clients, for ever.
        http_async_client=Client(),
        http_client=openai.DefaultHttpxClient(),
        temperature=settings.temperature,
        seed=settings.seed,
        max_completion_tokens=settings.max_tokens or MOST_TOKENS,
        timeout=httpx2.Timeout(settings.timeout_s, connect=min(settings.timeout_s, CONNECT_S)),
        max_retries=settings.max_retries,
        stream_usage=True,
        use_responses_api=False,
        limit=limit,
    )


def simulated_model(name: str, settings: ModelSettings) -> FastChatOpenAI:
    """The embedded model with a profile, such as `typical` or `typical?slip=0.01`."""
    embedded = importlib.import_module("topologies.simulated.model")
    importlib.import_module("topologies.simulated.profile").profile(name)
    profiles = cast("Collection[str]", embedded.PROFILES)
    return in_process_model(name, cast("Respond", embedded.respond), profiles, settings)


def in_process_model(
    name: str,
    respond: Respond,
    profiles: Collection[str],
    settings: ModelSettings | None = None,
) -> FastChatOpenAI:
    """A client whose endpoint is the function `respond`, without network, keys or threads.

    It never retries and has no timeouts: what goes wrong in the process would go wrong again,
    and both would draw on real time and on the global random numbers.
    """
    settings = settings or ModelSettings()
    transport = InProcessTransport(respond, profiles)
    return FastChatOpenAI(
        model=name,
        api_key=SecretStr("none-needed"),
        base_url=BASE_URL,
        http_async_client=Client(transport=transport),
        http_client=httpx2.Client(transport=transport),
        openai_proxy=None,
        organization=None,
        temperature=settings.temperature,
        seed=settings.seed,
        max_completion_tokens=settings.max_tokens,
        timeout=None,
        max_retries=0,
        stream_usage=True,
        stream_chunk_timeout=None,
        use_responses_api=False,
    )


@cache
def _made(name: str, settings: ModelSettings) -> BaseChatModel:
    provider, _, rest = name.partition(":")
    if provider in MODELS:
        return _function(MODELS[provider])(rest, settings)
    function, _, model = rest.partition(":")
    if not function or not _is_module(provider):
        raise Refused(f"The model '{name}' is not known: {_what_there_is()}")
    return _function(f"{provider}:{function}")(model, settings)


def _function(path: str) -> Builder:
    module, _, name = path.partition(":")
    found = getattr(importlib.import_module(module), name, None)
    if not callable(found):
        raise Refused(
            f"There is no function '{name}' in {module}, which '{path}' asks for: "
            + _what_there_is()
        )
    return cast("Builder", found)


def _what_there_is() -> str:
    allowed = ", ".join(f"{known}:NAME" for known in MODELS)
    return f"use {allowed}, or my_package.my_module:build."


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _variable(name: str) -> str | None:
    found = os.environ.get(name) or dotenv.dotenv_values(Path.cwd() / ".env").get(name)
    return found or None
