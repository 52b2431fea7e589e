"""What model calls used, by one set of rules for what is recorded live and what is imported.

A count is a whole number of tokens from 0 to `MOST`, and a part is never more than its whole. What
is not reported is null; what fits no rule is null too, and a note says why. The calls of a judge or
of a simulated user are kept apart from those of the agents: they are not what a topology takes.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

import polars as pl

Row = dict[str, Any]

PARTS = (("cached_tokens", "prompt_tokens"), ("reasoning_tokens", "completion_tokens"))
"""Counts that are part of another."""

COUNTS = ("prompt_tokens", "cached_tokens", "completion_tokens", "reasoning_tokens")
MOST = 10**12
"""Tokens; more is no count of a call or trial, and sums of millions of them stay whole."""

OUTSIDE = "outside"
"""The role of whoever acts on the shared world and is no agent of the topology."""

NOT_AGENTS = ("judge", "grader", "user", "user_simulator")
"""Roles whose calls are counted apart."""

OF_AGENTS = ~pl.col("role").is_in(NOT_AGENTS).fill_null(False)
"""The steps of a frame that are not of those."""

NOT_REPORTED = "the reply says nothing of its usage"
CUT_OFF = "cut off before the reply"
FAILED = "the call failed"

_PATHS: dict[str, tuple[tuple[str, ...], ...]] = {
    "prompt_tokens": (("prompt_tokens",), ("input_tokens",)),
    "completion_tokens": (("completion_tokens",), ("output_tokens",)),
    "cached_tokens": (
        ("prompt_tokens_details", "cached_tokens"),
        ("input_tokens_details", "cached_tokens"),
        ("input_token_details", "cache_read"),
        ("input_token_details", "flex_cache_read"),
        ("input_token_details", "priority_cache_read"),
        ("prompt_cache_hit_tokens",),
    ),
    "reasoning_tokens": (
        ("completion_tokens_details", "reasoning_tokens"),
        ("output_tokens_details", "reasoning_tokens"),
        ("output_token_details", "reasoning"),
        ("output_token_details", "flex_reasoning"),
        ("output_token_details", "priority_reasoning"),
    ),
}
"""Where the APIs (Chat Completions, Responses, LangChain's own reading) report each count."""


_CACHE_WRITES = (
    ("prompt_tokens_details", "cache_write_tokens"),
    ("input_tokens_details", "cache_write_tokens"),
    ("input_token_details", "cache_creation"),
)


def misfit(value: object) -> str | None:
    """Why a value is no count of tokens, as in "is -3"; None for one that is, and for null."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        return "is no whole number"
    if value < 0:
        return "is below 0"
    return f"is above {MOST:,}" if value > MOST else None


def contradictions(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The parts of a row that are more than their whole, with it."""
    for part, whole in PARTS:
        some, of = row.get(part), row.get(whole)
        if some is not None and of is not None and some > of:
            yield part, whole


def counted(reported: object) -> Row:
    """The counts of one call from what an endpoint reports, with `usage_note` on what is missing.

    `reported` is the `usage` of the reply, of any of the usual APIs, whatever it holds. Of a part
    that is more than its whole neither is known. A part that is not reported is null without a
    note: many endpoints have none.
    """
    if not isinstance(reported, Mapping):
        why = NOT_REPORTED if reported is None else "usage is no object"
        return {**dict.fromkeys(COUNTS), "usage_note": why}
    usage = cast("Mapping[str, object]", reported)
    found: Row = {name: _first(usage, _PATHS[name]) for name in COUNTS}
    notes: list[str] = []
    for name in COUNTS:
        why = misfit(found[name])
        if why is not None:
            notes.append(f"{name} {why}")
            found[name] = None
    for part, whole in list(contradictions(found)):
        notes.append(f"{part} are more than {whole}")
        found[part] = found[whole] = None
    if not notes:
        notes += [
            f"{name} not reported"
            for name in ("prompt_tokens", "completion_tokens")
            if found[name] is None
        ]
        if len(notes) == 2:
            notes = [NOT_REPORTED]
    return {**found, "usage_note": "; ".join(notes) or None}


def cache_writes(reported: object) -> int:
    """The prompt tokens that a call wrote to a cache, which some endpoints charge more for."""
    found = _first(_fields(reported), _CACHE_WRITES)
    return found if isinstance(found, int) and found and misfit(found) is None else 0


def _first(usage: Mapping[str, object], paths: Iterable[tuple[str, ...]]) -> object:
    for path in paths:
        value: object = usage
        for key in path:
            value = _fields(value).get(key)
        if value is not None:
            return value
    return None


def _fields(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}


def is_agent(row: Mapping[str, Any]) -> bool:
    """Whether a step is of neither a judge nor a user."""
    return row.get("role") not in NOT_AGENTS


def totals(steps: Sequence[Mapping[str, Any]]) -> Row:
    """What a trial took, from its steps; a sum is null if any call lacks the count.

    Counts of several encodings are never added. `usage_note` says of how many calls what is not
    known. `beside_calls`, `beside_tokens` and
    `beside_dollars` are those of whoever is no agent.
    """
    mine = [row for row in steps if is_agent(row) and row.get("role") != OUTSIDE]
    models = [row for row in mine if row["kind"] == "model"]
    tools = [row for row in mine if row["kind"] == "tool"]
    beside = [row for row in steps if row["kind"] == "model" and not is_agent(row)]
    kinds = {row.get("encoding") for row in models if _has_counts(row)}
    sums: Row = {name: _sum(models, name) for name in COUNTS}
    note = _noted(models)
    if len(kinds) > 1 or None in kinds:
        sums = dict.fromkeys(COUNTS)
        why = "counted in several encodings" if len(kinds) > 1 else "counted in no known encoding"
        note = "; ".join(filter(None, (why, note)))
    apart = [_sum(beside, name) for name in ("prompt_tokens", "completion_tokens")]
    return {
        "agents": len({row["agent"] for row in models}),
        "model_calls": len(models),
        "tool_calls": len(tools),
        "tool_errors": sum(row.get("error") is not None for row in tools),
        **sums,
        "encoding": kinds.pop() if len(kinds) == 1 else None,
        **{name: _sum(models, name) for name in ("dollars", "dollars_uncached")},
        "usage_note": note,
        "beside_calls": len(beside),
        "beside_tokens": None if None in apart else sum(cast("list[int]", apart)),
        "beside_dollars": _sum(beside, "dollars"),
    }


def _has_counts(row: Mapping[str, Any]) -> bool:
    return row.get("prompt_tokens") is not None or row.get("completion_tokens") is not None


def _sum(rows: Sequence[Mapping[str, Any]], name: str) -> Any:
    values = [row.get(name) for row in rows]
    return None if None in values else sum(cast("list[float]", values))


def _noted(models: Sequence[Mapping[str, Any]]) -> str | None:
    """What is not known of how many calls, as in "1 of 11 calls: cut off before the reply"."""
    reasons = Counter(why for row in models if (why := _missing(row)) is not None)
    return "; ".join(f"{n} of {len(models)} calls: {why}" for why, n in reasons.items()) or None


def _missing(row: Mapping[str, Any]) -> str | None:
    """Why something is not known of what a call used; None if all is."""
    if row.get("usage_note") is not None:
        return str(row["usage_note"])
    if row.get("prompt_tokens") is not None and row.get("completion_tokens") is not None:
        return None
    if row.get("error") is not None:
        return FAILED
    return NOT_REPORTED if row.get("reply") is not None else CUT_OFF


def unknown_usage(trials: pl.DataFrame) -> Iterator[str]:
    """A sentence for each topology of whose graded trials some tokens or dollars are not known.

    Nothing for one of which nothing is known and nothing is said of why: it was never counted.
    """
    graded = trials.filter(pl.col("passed").is_not_null())
    missing = {
        "tokens": pl.any_horizontal(pl.col("prompt_tokens", "completion_tokens").is_null()),
        "dollars": pl.col("dollars").is_null(),
    }
    for (topology,), part in graded.group_by("topology", maintain_order=True):
        told: dict[str, list[str]] = {}
        for what, lost in missing.items():
            gone = part.filter(lost)
            why = gone.get_column("usage_note").drop_nulls()
            if gone.is_empty() or (gone.height == part.height and why.is_empty()):
                continue
            reason = f"as in: {why[0]}" if len(why) else "why is not recorded"
            told.setdefault(
                f"of {gone.height} of {part.height} graded trials ({reason})", []
            ).append(what)
        for how, whats in told.items():
            yield (
                f"{' and '.join(whats).capitalize()} of {topology} are not known {how}; a mean "
                "over the others says over how many, and no ratio or verdict rests on it."
            )


def mean_where_known(name: str, value: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Over how many trials a sum is known, and its mean over those."""
    known = value.is_not_null().sum().cast(pl.Int64)
    return known.alias(f"{name}_known"), value.mean().alias(f"{name}_where_known")
