"""Where the prompt tokens of a run went: by role of the agent and part of its prompt.

The pieces of each prompt are counted by us, and scaled so that they add up to the usage that was
reported, token by token: the share of a piece is rounded down and what is left over goes to the
largest remainders. `scale` (reported over counted) says how far our count was from the provider's.
"""

from collections import Counter as Tally
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

import polars as pl

from results.refused import Refused
from results.statistics.consistency import group_columns
from results.tokens.prompt_parts import PARTS, Piece, Prompt, prompts

ATTRIBUTION = pl.Schema(
    {
        "trial_id": pl.String,
        "step": pl.Int64,
        "agent": pl.String,
        "role": pl.String,
        "part": pl.String,
        "tokens": pl.Int64,
        "cached": pl.Int64,
        "messages": pl.Int64,
        "counted": pl.Int64,
        "scale": pl.Float64,
    }
)
"""One row for each model call and part of its prompt.

`tokens` add up to the call's `prompt_tokens`; `cached` of them, to its `cached_tokens` (null where
these are), were served from a cache; `messages` of the part are new to the agent; `counted` is what
we counted before scaling, and `scale` the call's reported over counted tokens. A call whose prompt
was not recorded has one row, `unrecorded`, without a scale; so has a call that reported no usage,
without tokens.
"""

READ = (
    "trial_id",
    "step",
    "kind",
    "agent",
    "parent",
    "role",
    "tool",
    "tools",
    "call_id",
    "arguments",
    "prompt",
    "reply",
    "prompt_tokens",
    "cached_tokens",
)


@dataclass(frozen=True)
class Counter:
    """Counts tokens: `piece` those of a role and a text with what frames them as a message.

    `request` is what every request costs besides its pieces; it is counted with its first one.
    """

    name: str
    piece: Callable[[str, str], int]
    request: int = 0


CHARACTERS = Counter("characters", lambda _, text: len(text))
"""Where no better counter is known: tokens are taken to follow characters."""


def attribution(steps: pl.DataFrame, counter: Counter = CHARACTERS) -> pl.DataFrame:
    """The frame ATTRIBUTION of all model calls."""
    columns: dict[str, list[Any]] = {name: [] for name in ATTRIBUTION}
    counts: dict[Piece, int] = {}

    def counted(piece: Piece) -> int:
        known = counts.get(piece)
        if known is None:
            known = counts[piece] = counter.piece(piece.role, piece.text)
        return known

    rows = steps.select(READ).sort("trial_id", "step").iter_rows(named=True)
    for _, trial in groupby(rows, itemgetter("trial_id")):
        # Most pieces are of this trial alone; those that are not are counted again cheaply.
        counts.clear()
        for call, prompt in prompts(list(trial)):
            sizes = [counted(piece) for piece in prompt.pieces]
            if sizes:
                sizes[0] += counter.request
            for values in _parts(call, prompt, sizes):
                for name, value in zip(ATTRIBUTION, values, strict=True):
                    columns[name].append(value)
    return pl.DataFrame(columns, schema=ATTRIBUTION)


def _parts(
    call: Mapping[str, Any], prompt: Prompt, sizes: Sequence[int]
) -> Iterator[tuple[Any, ...]]:
    """The rows of one call, its parts in the order in which they first stand in the prompt."""
    named = (call["trial_id"], call["step"], call["agent"], call["role"] or "agent")
    reported, cached = call["prompt_tokens"], call["cached_tokens"]
    whole = sum(sizes)
    if not whole or reported is None:
        yield (*named, "unrecorded", reported, cached, 0, 0, None)
        return
    shares = apportioned(sizes, reported)
    fresh = Tally(piece.part for piece in prompt.new)
    at = 0
    sums: dict[str, list[int]] = {}
    for piece, size, tokens in zip(prompt.pieces, sizes, shares, strict=True):
        own = sums.setdefault(piece.part, [0, 0, 0])
        own[0] += tokens
        # A cache serves the beginning of a prompt.
        own[1] += min(max((cached or 0) - at, 0), tokens)
        own[2] += size
        at += tokens
    for part, (tokens, served, size) in sums.items():
        yield (
            *named,
            part,
            tokens,
            None if cached is None else served,
            fresh[part],
            size,
            reported / whole,
        )


def apportioned(sizes: Sequence[int], total: int) -> list[int]:
    """Whole numbers in proportion to `sizes` that add up to `total`, by largest remainder.

    Among equal remainders the first one gets more. `Refused` if all sizes are 0 and total is not.
    """
    whole = sum(sizes)
    if whole == total:
        return list(sizes)
    if not whole:
        raise Refused(f"{total} tokens cannot be shared among pieces of no size")
    shares = [size * total // whole for size in sizes]
    rest = [size * total % whole for size in sizes]
    for at in sorted(range(len(sizes)), key=lambda at: -rest[at])[: total - sum(shares)]:
        shares[at] += 1
    return shares


def reported_sum() -> pl.Expr:
    """The attributed tokens of a group, null if any call of it reported none."""
    return pl.when(pl.col("tokens").null_count() == 0).then(pl.col("tokens").sum())


NUMBERS = ("tokens", "cached", "share", "scale", "scale_low", "scale_high")


def by_part(trials: pl.DataFrame, found: pl.DataFrame, by: Sequence[str] = ()) -> pl.DataFrame:
    """Prompt tokens per graded trial, by topology, task set, `by`, role and part.

    `tokens` and `cached` per trial, and `share` of all prompt tokens of the group; null where any
    call of the group did not report its usage or the group mixes encodings. `scale` is the group's
    reported over counted tokens, `scale_low` and `scale_high` those of single calls.
    """
    keys = group_columns(by)
    graded = trials.filter(pl.col("passed").is_not_null())
    sums = found.group_by("trial_id").agg(reported_sum().alias("attributed"))
    groups = (
        graded.join(sums, on="trial_id", how="left")
        .group_by(keys)
        .agg(
            pl.len().alias("trials"),
            (
                (pl.col("attributed").null_count() == 0)
                & (pl.col("encoding").drop_nulls().n_unique() == 1)
            ).alias("known"),
            pl.col("attributed").sum(),
        )
    )
    calls = found.join(graded.select("trial_id", *keys), on="trial_id")
    known = pl.col("tokens").filter(pl.col("scale").is_not_null())
    scales = calls.group_by(keys).agg(
        pl.when(pl.col("counted").sum() > 0)
        .then(known.sum() / pl.col("counted").sum())
        .alias("scale"),
        pl.col("scale").min().alias("scale_low"),
        pl.col("scale").max().alias("scale_high"),
    )
    place = pl.col("part").replace_strict(list(PARTS), range(len(PARTS)), return_dtype=pl.Int64)
    return (
        calls.group_by(*keys, "role", "part")
        .agg(
            pl.col("tokens").sum(),
            pl.when(pl.col("cached").null_count() == 0).then(pl.col("cached").sum()),
        )
        .join(groups, on=keys, nulls_equal=True)
        .join(scales, on=keys, nulls_equal=True)
        .with_columns(
            *(
                pl.when("known").then(pl.col(name) / pl.col("trials")).alias(name)
                for name in ("tokens", "cached")
            ),
            pl.when("known").then(pl.col("tokens") / pl.col("attributed")).alias("share"),
        )
        .select(*keys, "role", "part", *NUMBERS)
        .sort(*keys, "role", place, nulls_last=True)
    )
