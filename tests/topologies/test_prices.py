from datetime import UTC, datetime

import genai_prices
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from topologies.models.prices import PRICES_OF, Usage, price

MODELS = ["gpt-4o", "gpt-4.1-mini", "gpt-5-mini", "gpt-5", "claude-sonnet-4-5", "gpt-4", "o3"]
TOKENS = st.integers(0, 400_000)


def listed(model: str, prompt: int, cached: int, completion: int) -> float:
    usage = genai_prices.Usage(
        input_tokens=prompt, cache_read_tokens=cached, output_tokens=completion
    )
    noon = datetime(PRICES_OF.year, PRICES_OF.month, PRICES_OF.day, 12, tzinfo=UTC)
    found = genai_prices.calc_price(usage, model, genai_request_timestamp=noon)
    return float(found.total_price)


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(MODELS), TOKENS, st.floats(0, 1), TOKENS)
def test_prices_are_those_of_the_library(
    model: str, prompt: int, share: float, completion: int
) -> None:
    usage = Usage(prompt, int(prompt * share), completion)
    charged, uncached = price(model, usage)
    assert charged == pytest.approx(listed(model, prompt, usage.cached_tokens, completion))
    assert uncached == pytest.approx(listed(model, prompt, 0, completion))


def test_gpt_4o_costs_what_its_price_page_says() -> None:
    # $2.50 fresh, $1.25 cached and $10 output per million tokens.
    charged, uncached = price("gpt-4o", Usage(1_000_000, 400_000, 100_000, 20_000))
    assert charged == pytest.approx(0.6 * 2.50 + 0.4 * 1.25 + 0.1 * 10)
    assert uncached == pytest.approx(2.50 + 0.1 * 10)


def test_reasoning_tokens_are_part_of_the_completion_and_not_charged_twice() -> None:
    assert price("gpt-5", Usage(0, 0, 500, 0)) == price("gpt-5", Usage(0, 0, 500, 400))


@pytest.mark.parametrize("usage", [Usage(10, 0, 5), Usage(0, 0, 0)])
def test_what_the_list_does_not_know_has_no_price(usage: Usage) -> None:
    assert price("my-own-model", usage) == (None, None)
    assert price("gpt-4o", usage, base_url="http://127.0.0.1:8000/v1") == (None, None)


def test_no_tokens_cost_nothing() -> None:
    assert price("gpt-4o", Usage(0, 0, 0)) == (0.0, 0.0)


def test_openais_own_address_gives_openais_prices() -> None:
    usage = Usage(1_000, 0, 100)
    for base_url in ("https://api.openai.com/v1", "https://api.openai.com/v1/"):
        assert price("gpt-4o", usage, base_url=base_url) == price("gpt-4o", usage)
