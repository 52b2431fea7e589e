"""What a reply says of its call, as columns of a step: counted by the rules, and priced.

A simulated model is priced as its profile says, a real one by the prices that the sweep states for
it, else by the list, for the endpoint that was called and the tier that the reply names.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from results.usage import cache_writes, counted
from topologies.models.endpoints import shown
from topologies.models.prices import STANDARD_TIERS, Usage, price, price_at
from topologies.models.replies import malformed
from topologies.simulated.profile import profile
from topologies.simulated.tokens import ENCODING_NAME

Row = dict[str, Any]
Prices = tuple[float | None, float | None]


class Reply(Protocol):
    """What is read of a message of LangChain's."""

    response_metadata: dict[str, Any]
    additional_kwargs: dict[str, Any]

    @property
    def tool_calls(self) -> Sequence[Mapping[str, Any]]: ...
    @property
    def invalid_tool_calls(self) -> Sequence[Mapping[str, Any]]: ...


def charges(
    said: Mapping[str, Any], usage: Mapping[str, Any] | None, asked: Mapping[str, Any]
) -> Row:
    """`model`, `service_tier`, the counts, `encoding`, the dollars and `usage_note` of one call.

    `said` is the metadata of the reply and `usage` what LangChain read of its usage. `asked` is the
    metadata of the call, of which `simulated`, `endpoint` and `rates` tell.
    """
    name = str(said.get("model_name") or "") or None
    tier = str(said.get("service_tier") or "") or None
    reported: Any = said.get("token_usage")
    if reported is None and usage is not None:
        # LangChain writes 0 for a count that is missing, so 0 tells nothing here.
        reported = {key: value for key, value in usage.items() if value != 0}
    row: Row = {"model": name, "service_tier": tier, **counted(reported)}
    prompt, completion = row["prompt_tokens"], row["completion_tokens"]
    if prompt is not None or completion is not None:
        row["encoding"] = ENCODING_NAME if asked.get("simulated") else "provider"
    if prompt is None or completion is None:
        return row
    reasoning = row["reasoning_tokens"] or 0
    used = Usage(prompt, row["cached_tokens"], completion, reasoning, cache_writes(reported))
    row["dollars"], row["dollars_uncached"] = price_of(name, used, asked, tier)
    if row["dollars"] is None:
        why = _unpriced(row["dollars_uncached"], name, asked, tier)
        row["usage_note"] = row["usage_note"] or why
    return row


def end_of(message: Reply) -> Row:
    """Why the model stopped, whether it refused, and which of its calls were none."""
    known = message.response_metadata
    incomplete: dict[str, Any] = known.get("incomplete_details") or {}
    reasons = (*(known.get(n) for n in FINISH_REASONS), incomplete.get("reason"))
    reason = next((str(given) for given in reasons if given), None)
    refusal = message.additional_kwargs.get("refusal")
    invalid = malformed([*message.tool_calls, *message.invalid_tool_calls])
    return {
        "finish_reason": reason,
        "refusal": None if refusal is None else str(refusal),
        "invalid_calls": json.dumps(invalid, ensure_ascii=False) if invalid else None,
    }


FINISH_REASONS = ("finish_reason", "stop_reason", "done_reason")
"""Where OpenAI-compatible endpoints, Anthropic's and Ollama's own say why the model stopped."""


def price_of(name: str | None, usage: Usage, asked: Mapping[str, Any], tier: str | None) -> Prices:
    """Dollars of one call as charged, and as if nothing had been cached; null if not known."""
    rates = asked.get("rates")
    if rates is not None:
        return price_at(rates, usage)
    if name is None:
        return None, None
    if asked.get("simulated"):
        try:
            return price(profile(name).priced_as, usage)
        except ValueError:
            return None, None
    # By its name alone a model that is served at home would cost what its maker asks.
    return price(name, usage, base_url=asked.get("endpoint") or "", tier=tier)


def _unpriced(
    uncached: float | None, name: str | None, asked: Mapping[str, Any], tier: str | None
) -> str:
    """Why a call whose tokens are known has no price."""
    if uncached is not None:
        return "no price: what was cached is not reported"
    if name is None:
        return "no price: the reply names no model"
    if asked.get("simulated"):
        return f"no price: {name[:60]} is no profile"
    if tier not in STANDARD_TIERS:
        return f"no price for {name[:60]} in the service tier {tier[:30]}"
    return f"no price for {name[:60]} at {shown(asked.get('endpoint'))}"
