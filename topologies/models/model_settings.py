"""What can be said of a model besides its name, and what of that cannot be.

Light to import: a sweep is read without waiting for a client.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, cast
from urllib.parse import urlsplit

from tasks.refused import Refused

MOST_TOKENS = 8192
"""The tokens of one reply of a real model, if a sweep does not say. A model that generates without
end is cut here, within `timeout_s` where it is faster than 68 tokens a second, and costs no more
than this; what an agent says or thinks in one step seldom comes to half of it."""


@dataclass(frozen=True)
class ModelSettings:
    """What a sweep may say about a model besides its name; None leaves it to the endpoint.

    `timeout_s` bounds one attempt in all its bytes, `max_retries` the attempts after the first
    (with growing waits, and as long as the endpoint says where it says so); one that ran out of
    time is repeated once. `max_tokens` is `MOST_TOKENS` if not given. The
    rates are per minute, for the whole process. `sends_cache_key` is False for endpoints that
    refuse fields they do not know: no agent of theirs then sends a `prompt_cache_key`, whoever
    built the client.

    `base_url` is the endpoint's (OPENAI_BASE_URL if not given), `api_key_env` the variable that
    holds its key. A header "$NAME" is read from the environment, like keys. `extra_body` goes into
    every request as it is. `tool_choice` is "auto", "required", "none" or a tool's name. Prices are
    in dollars per million tokens, for models that the price list does not have.
    """

    temperature: float | None = None
    seed: int | None = None
    max_tokens: int | None = None
    timeout_s: float = 120.0
    max_retries: int = 6
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    sends_cache_key: bool = True
    base_url: str | None = None
    api_key_env: str | None = None
    reasoning_effort: str | None = None
    tool_choice: str | None = None
    use_responses_api: bool = False
    input_price: float | None = None
    cached_input_price: float | None = None
    output_price: float | None = None
    # A dict has no hash; equal settings have equal ones all the same.
    extra_body: Mapping[str, Any] | None = field(default=None, hash=False)
    headers: Mapping[str, str] | None = field(default=None, hash=False)

    @property
    def rates(self) -> tuple[float, float, float] | None:
        """Dollars per million fresh, cached and output tokens, where they are stated."""
        if self.input_price is None or self.output_price is None:
            return None
        cached = self.input_price if self.cached_input_price is None else self.cached_input_price
        return self.input_price, cached, self.output_price


KINDS = {
    known.name: str(known.type).partition(" |")[0].partition("[")[0]
    for known in fields(ModelSettings)
}
"""Setting to the name of the type that it must have."""

OF_AN_ENDPOINT = (
    "base_url",
    "api_key_env",
    "headers",
    "extra_body",
    "reasoning_effort",
    "use_responses_api",
)
"""What a model without an endpoint cannot heed."""

ABOVE_0 = ("max_tokens", "timeout_s", "requests_per_minute", "tokens_per_minute")
"""Settings that would let no call through at 0."""

_SECRET = re.compile(
    r"auth|cookie|(api|access|secret|private|subscription)[-_]?key|^key$|token$|secret|password",
    re.IGNORECASE,
)
_VARIABLE = re.compile(r"[A-Za-z_]\w*")


def refuse_odd(where: str, settings: Mapping[str, Any]) -> None:
    """`Refused`, with the key and what it must be, for the first value that cannot be.

    Values that may hold a key or a password are not repeated.
    """
    for name, value in settings.items():
        must = next(_must(name, value), None)
        if must is not None:
            told = "" if name in _UNSHOWN else f" is {value!r}; it"
            raise Refused(f"{where}.{name}{told} must be {must}")
    if settings.get("use_responses_api") and settings.get("seed") is not None:
        raise Refused(f"{where}.seed cannot be: the Responses API takes none; leave it out")
    stated = [settings.get(name) is not None for name in ("input_price", "output_price")]
    if any(stated) != all(stated):
        raise Refused(f"{where}.input_price and output_price go together: give both or neither")
    if settings.get("cached_input_price") is not None and not all(stated):
        raise Refused(f"{where}.cached_input_price needs input_price and output_price beside it")


_UNSHOWN = ("base_url", "api_key_env", "headers", "extra_body")


def _must(name: str, value: Any) -> Iterator[str]:
    """What a value must be instead; nothing for one that can be."""
    kind = KINDS[name]
    if kind == "bool":
        if not isinstance(value, bool):
            yield "true or false"
    elif kind in ("int", "float"):
        number = isinstance(value, int if kind == "int" else (int, float))
        if not number or isinstance(value, bool) or not 0 <= value < 2**63:
            yield "a whole number of 0 or more" if kind == "int" else "a number of 0 or more"
        elif value == 0 and name in ABOVE_0:
            yield "above 0"
    elif kind == "str":
        if not isinstance(value, str) or not value.strip():
            yield "text"
        elif name == "base_url":
            yield from _base_url(value)
        elif name == "api_key_env" and not _VARIABLE.fullmatch(value):
            yield "the name of the environment variable that holds the key, not the key"
    elif not isinstance(value, dict):
        yield 'a table, as in {"name" = "value"}'
    else:
        yield from _table(name, cast("dict[str, Any]", value))


def _base_url(value: str) -> Iterator[str]:
    try:
        parts = urlsplit(value)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname)
        fits = fits and (parts.port is None or parts.port > 0) and not re.search(r"\s", value)
    except ValueError:
        fits = False
    if not fits:
        yield "an address, as in http://127.0.0.1:8000/v1"
    elif "@" in urlsplit(value).netloc:
        yield "without user and password; name the variable that holds the key in api_key_env"


def _table(name: str, value: dict[str, Any]) -> Iterator[str]:
    for key, part in value.items():
        if name == "headers" and not isinstance(part, str):
            yield f"a table of texts, and {key} is none"
        if _SECRET.search(key) and not (isinstance(part, str) and part.startswith("$")):
            yield (
                f"without {key}: a sweep holds no keys. Name a variable in api_key_env"
                + (', or write the header as "$VARIABLE"' if name == "headers" else "")
            )
