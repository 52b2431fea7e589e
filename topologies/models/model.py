"""From a model's name in a sweep to the chat client that all its agents share.

"openai:NAME" is any OpenAI-compatible endpoint, "simulated:PROFILE" the embedded model, and
"my_package.my_module:build" (or "my_package.my_module:build:NAME") a builder from outside.
Clients are made once per process and model, since that takes 17 ms; an agent gets a cheap copy
from `topologies.models.chat_client.for_agent`.
"""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Callable, Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

import dotenv
import httpx2
import openai
from langchain_core.language_models import BaseChatModel
from langchain_openai.chat_models.base import BaseChatOpenAI
from pydantic import SecretStr

from tasks.finder import find_function
from tasks.refused import Refused
from topologies import MODELS
from topologies.models.attempts import Client
from topologies.models.chat_client import FastChatOpenAI
from topologies.models.endpoints import base_url_of, is_openai, is_simulated, without_query
from topologies.models.model_settings import MOST_TOKENS, OF_AN_ENDPOINT
from topologies.models.model_settings import ModelSettings as ModelSettings
from topologies.models.rate_limit import RateLimit
from topologies.secrets import keep
from topologies.simulated.transport import BASE_URL, InProcessTransport
from topologies.simulated.wire import Respond

NO_KEY = "none-needed"


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
    return _made(name, settings or ModelSettings(), os.environ.get("OPENAI_BASE_URL"))


async def close_models() -> None:
    """Close the connections of all shared clients, in the event loop that opened them.

    They are forgotten: who asks for one in another loop gets a new one, since connections die with
    their loop.
    """
    for model in _clients:
        await model.root_async_client.close()
    _clients.clear()
    _made.cache_clear()


_clients: list[BaseChatOpenAI] = []
"""Those that were made since the last time they were closed."""


def openai_model(name: str, settings: ModelSettings) -> FastChatOpenAI:
    """A model at `base_url`, else at OPENAI_BASE_URL, else at OpenAI's own address.

    Variables are read from the environment, or else from a .env file in the working directory. An
    address of the sweep's own gets OPENAI_API_KEY only if it is the one that this key is for: any
    other needs `api_key_env`, or gets no key.
    """
    if not name:
        raise Refused("Name the model as in openai:gpt-5-mini.")
    key, address = _key(name, settings), settings.base_url or _variable("OPENAI_BASE_URL")
    headers, limit = _headers(settings), None
    if settings.requests_per_minute is not None or settings.tokens_per_minute is not None:
        limit = RateLimit(settings.requests_per_minute, settings.tokens_per_minute)
    base_url, query = without_query(address)
    for secret in (key, address or "", *(query or {}).values(), *_read(settings, headers)):
        keep(secret)
    return FastChatOpenAI(
        model=name,
        api_key=SecretStr(key),
        base_url=base_url,
        says_max_tokens=base_url is not None and not OPENAI.search(base_url),
        default_query=query,
        default_headers=headers,
        # LangChain would share one pool of connections among clients, for ever.
        http_async_client=Client(),
        http_client=openai.DefaultHttpxClient(),
        temperature=settings.temperature,
        seed=settings.seed,
        max_completion_tokens=settings.max_tokens or MOST_TOKENS,
        reasoning_effort=settings.reasoning_effort,
        extra_body=settings.extra_body,
        timeout=httpx2.Timeout(settings.timeout_s, connect=min(settings.timeout_s, CONNECT_S)),
        max_retries=settings.max_retries,
        stream_usage=True,
        use_responses_api=settings.use_responses_api,
        limit=limit,
        tool_choice=settings.tool_choice,
    )


def _key(name: str, settings: ModelSettings) -> str:
    """The key that goes to the endpoint."""
    if settings.api_key_env is not None:
        found = _variable(settings.api_key_env)
        if not found:
            raise Refused(
                f"openai:{name} needs {settings.api_key_env} in the environment or in .env, as its "
                "api_key_env says."
            )
        return found
    address = settings.base_url
    if address not in (None, _variable("OPENAI_BASE_URL")) and not is_openai(str(address)):
        return NO_KEY
    found = _variable("OPENAI_API_KEY")
    if not found:
        raise Refused(
            f"openai:{name} needs OPENAI_API_KEY in the environment or in .env (any text for a "
            "server without keys); or use simulated:typical, which needs none."
        )
    return found


def _headers(settings: ModelSettings) -> dict[str, str] | None:
    """Those of the sweep, with what "$NAME" stands for."""
    found = dict(settings.headers or {})
    for name, value in found.items():
        if value.startswith("$"):
            known = _variable(value[1:].strip("{}"))
            if not known:
                raise Refused(f"the header {name} needs {value[1:]} in the environment or in .env.")
            found[name] = known
    return found or None


def _read(settings: ModelSettings, headers: Mapping[str, str] | None) -> list[str]:
    """The headers whose values the environment gave."""
    written = settings.headers or {}
    return [value for name, value in (headers or {}).items() if value != written.get(name)]


def simulated_model(name: str, settings: ModelSettings) -> FastChatOpenAI:
    """The embedded model with a profile, such as `typical` or `typical?slip=0.01`."""
    embedded = importlib.import_module("topologies.simulated.model")
    importlib.import_module("topologies.simulated.profile").profile(name)
    odd = next(
        (key for key in vars(settings) if key in OF_AN_ENDPOINT and getattr(settings, key)), None
    )
    if odd is not None:
        raise Refused(
            f"simulated:{name} has no endpoint, so no {odd}; give it to the role that has one."
        )
    profiles = cast("Collection[str]", embedded.PROFILES)
    return in_process_model(name, cast("Respond", embedded.respond), profiles, settings)


def in_process_model(
    name: str,
    respond: Respond,
    profiles: Collection[str],
    settings: ModelSettings | None = None,
) -> FastChatOpenAI:
    """A client whose endpoint is the function `respond`, without network, keys or threads.

    It has no timeouts, which would be in real time, and what it answers itself it would answer
    again; it retries what a fault of the channel makes of that, after waits without chance.
    """
    settings = settings or ModelSettings()
    transport = InProcessTransport(respond, profiles)
    made = FastChatOpenAI(
        model=name,
        api_key=SecretStr(NO_KEY),
        base_url=BASE_URL,
        http_async_client=Client(transport=transport),
        http_client=httpx2.Client(transport=transport),
        openai_proxy=None,
        organization=None,
        temperature=settings.temperature,
        seed=settings.seed,
        max_completion_tokens=settings.max_tokens,
        timeout=None,
        max_retries=settings.max_retries,
        stream_usage=True,
        stream_chunk_timeout=None,
        use_responses_api=False,
        tool_choice=settings.tool_choice,
    )
    # openai's client spreads its waits by the global random numbers; private there, and
    # test_model_faults.py says so when it moves.
    made.root_async_client._calculate_retry_timeout = _steady_wait  # pyright: ignore[reportPrivateUsage]
    return made


def _steady_wait(left: int, options: Any, headers: httpx2.Headers | None = None) -> float:
    """Seconds before the next attempt: what the endpoint says, or else half a second, doubling."""
    told = headers.get("retry-after-ms") if headers else None
    most = options.get_max_retries(left)
    return float(told) / 1000 if told else min(0.5 * 2.0 ** (most - left), 8.0)


@cache
def _made(name: str, settings: ModelSettings, _address: str | None) -> BaseChatModel:
    model = _built(name, settings)
    if isinstance(model, BaseChatOpenAI):
        _clients.append(model)
    # Who records a call prices it by these; they are never part of a request.
    known = {"endpoint": base_url_of(model), "simulated": is_simulated(model)}
    metadata = {**(model.metadata or {}), **known, "rates": settings.rates}
    return model.model_copy(update={"metadata": metadata})


def _built(name: str, settings: ModelSettings) -> BaseChatModel:
    provider, _, rest = name.partition(":")
    if provider in MODELS:
        return _builder(provider)(rest, settings)
    function, _, model = rest.partition(":")
    path = f"{provider}:{function}"
    if not function:
        raise Refused(f"The model '{name}' is not known: {_what_there_is()}")
    try:
        build = _builder(path)
    except Refused as error:
        raise Refused(f"The model '{name}' is not known: {error}; {_what_there_is()}") from error
    try:
        built: Any = build(model, settings)
    except Exception as error:
        told = " ".join(f"{type(error).__name__}: {error}".split())
        raise Refused(f"{path} built no model from a name and settings: {told}") from error
    if not isinstance(built, BaseChatModel):
        raise Refused(f"{path} built a {type(built).__name__}, which is no chat model")
    return built


def _builder(name: str) -> Builder:
    return find_function("model builder", name, MODELS, ("name", "settings"))


def _what_there_is() -> str:
    allowed = ", ".join(f"{known}:NAME" for known in MODELS)
    return f"use {allowed}, or my_package.my_module:build."


def _variable(name: str) -> str | None:
    found = os.environ.get(name) or dotenv.dotenv_values(Path.cwd() / ".env").get(name)
    return found or None
