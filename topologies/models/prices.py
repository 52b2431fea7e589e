"""What a model call costs in dollars, from a maintained price list that needs no network.

Prices come from the genai-prices package as it is installed. They are looked up for one fixed
day, so that the same usage costs the same whenever it is priced; what the list does not know is
None, never a guess. Costs of the simulated model are an illustration: it is priced as the real
model that its profile names, and shown as simulated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache

import genai_prices
from genai_prices.types import ModelPrice, PriceCalculation

PRICES_OF = date(2026, 11, 20)
"""The day whose prices are used unless another is asked for."""

_MILLION = Decimal(1_000_000)


STANDARD_TIERS = (None, "default", "standard", "on_demand")
"""What endpoints call the service tier that the list's plain prices are for."""


@dataclass(frozen=True)
class Usage:
    """Tokens of one call, as OpenAI reports them.

    `cached_tokens` (None if they are not known) and `cache_write_tokens` are part of
    `prompt_tokens`, and `reasoning_tokens` of `completion_tokens`.
    """

    prompt_tokens: int
    cached_tokens: int | None
    completion_tokens: int
    reasoning_tokens: int = 0
    cache_write_tokens: int = 0


def price(
    model_name: str,
    usage: Usage,
    *,
    base_url: str | None = None,
    on: date = PRICES_OF,
    tier: str | None = None,
) -> tuple[float | None, float | None]:
    """Dollars of one call as charged, and as they would be if no prompt were cached.

    `base_url` is the endpoint that was called. Without it the name alone decides, which is right
    for a real model that a simulated one is priced as, and wrong for an open model served at
    home. `tier` is the service tier that the reply names. Both are None if the model, the endpoint
    or the tier is not in the list; the first is where it matters how much was cached and that is
    not known.
    """
    sample = _sample(model_name, base_url, on, tier)
    if sample is None:
        return None, None
    if not usage.prompt_tokens and not usage.completion_tokens:
        return 0.0, 0.0
    prices: ModelPrice = sample.model_price
    uncached = _dollars(model_name, base_url, on, tier, replace(usage, **_NOTHING_CACHED))
    if usage.cached_tokens is None:
        same = prices.cache_read_mtok in (None, prices.input_mtok)
        return (uncached if same else None), uncached
    return _dollars(model_name, base_url, on, tier, usage), uncached


_NOTHING_CACHED: dict[str, int] = {"cached_tokens": 0, "cache_write_tokens": 0}


Rates = tuple[float, float, float]
"""Dollars per million fresh, cached and output tokens."""


def price_at(rates: Rates, usage: Usage) -> tuple[float | None, float | None]:
    """The same at stated rates, whatever the list says."""
    fresh, cached, output = rates
    written = usage.completion_tokens * output
    uncached = (usage.prompt_tokens * fresh + written) / 1_000_000
    if usage.cached_tokens is None:
        return (uncached if cached == fresh else None), uncached
    read = (usage.prompt_tokens - usage.cached_tokens) * fresh + usage.cached_tokens * cached
    return (read + written) / 1_000_000, uncached


def _dollars(
    model_name: str, base_url: str | None, on: date, tier: str | None, usage: Usage
) -> float | None:
    rates = _flat_rates(model_name, base_url, on, tier)
    cached = usage.cached_tokens or 0
    if rates is not None and not usage.cache_write_tokens:
        fresh_rate, cached_rate, output_rate = rates
        fresh = usage.prompt_tokens - cached
        parts = (fresh * fresh_rate, cached * cached_rate, usage.completion_tokens * output_rate)
        return float(sum(parts) / _MILLION)
    full = _calculate(model_name, base_url, on, tier, usage)
    return None if full is None else float(full.total_price)


@lru_cache(maxsize=256)
def _flat_rates(
    model_name: str, base_url: str | None, on: date, tier: str | None
) -> tuple[Decimal, Decimal, Decimal] | None:
    """Dollars per million fresh, cached and output tokens where the price is just that.

    Asking the list takes as long as a tenth of a simulated call. None for prices in tiers or by
    request, and for models that are not in the list.
    """
    sample = _sample(model_name, base_url, on, tier)
    if sample is None:
        return None
    prices: ModelPrice = sample.model_price
    fresh, cached, output = prices.input_mtok, prices.cache_read_mtok, prices.output_mtok
    if cached is None:
        cached = fresh
    if prices.requests_kcount is not None:
        return None
    if isinstance(fresh, Decimal) and isinstance(cached, Decimal) and isinstance(output, Decimal):
        return fresh, cached, output
    return None


@lru_cache(maxsize=256)
def _sample(
    model_name: str, base_url: str | None, on: date, tier: str | None
) -> PriceCalculation | None:
    """The price of a call of two tokens; None where the list has none for its tier."""
    found = _calculate(model_name, base_url, on, tier, Usage(1, 0, 1))
    if found is None or tier in STANDARD_TIERS:
        return found
    variants = found.model.price_variants or ()
    return found if any(one.when.get("service_tier") == tier for one in variants) else None


def _calculate(
    model_name: str, base_url: str | None, on: date, tier: str | None, usage: Usage
) -> PriceCalculation | None:
    counted = genai_prices.Usage(
        input_tokens=usage.prompt_tokens,
        cache_read_tokens=usage.cached_tokens or 0,
        cache_write_tokens=usage.cache_write_tokens,
        output_tokens=usage.completion_tokens,
    )
    noon = datetime.combine(on, time(12), UTC)
    context = None if tier is None else {"service_tier": tier}
    try:
        if base_url is not None:
            return genai_prices.calc_price(
                counted,
                model_name,
                provider_api_url=base_url,
                genai_request_timestamp=noon,
                price_context=context,
            )
        return genai_prices.calc_price(
            counted, model_name, genai_request_timestamp=noon, price_context=context
        )
    except LookupError:
        return None
