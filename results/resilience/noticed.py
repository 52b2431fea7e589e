"""Whether an agent noticed a fault: by an act within two messages that its twin did not make.

Nothing is asked of the agent: what it did is looked at. An act is one that the twin did not make
where the trial has made that call (the same tool with the same arguments) oftener than the twin
ever did, or has said something that the twin did not.
"""

import json

import polars as pl

from results.resilience.faultless import SAYS, values_of, with_canonical
from results.resilience.trajectory import ENDING

MESSAGES = 2
AGAIN, READ, CHECKED, ASKED, ESCALATED, SAID = (
    "tried again",
    "read again",
    "checked",
    "asked",
    "escalated",
    "said so",
)
ACTS = (AGAIN, READ, CHECKED, ASKED, ESCALATED, SAID)
"""How a fault is noticed; the first of these that was done is what counts. A read is looked at
again, a write is checked by a read; both are calls of another tool about something the same."""

ASKS, HANDS_ON = r"(?i)(^|_)ask", r"(?i)(^|_)(escalate|transfer_to_human|human)"
KEY = ("trial_id", "step")


def firings(pairs: pl.DataFrame, steps: pl.DataFrame, accesses: pl.DataFrame) -> pl.DataFrame:
    """One row for each call at which a fault was armed in a trial of `with_twins`.

    `trial_id`, `twin_id`, `step`, `agent`, `fault`, `fault_kind`, `fault_lasts`, `fault_place`,
    `fault_attempt`, `fired`, `reached`; `act` (one of ACTS; null for none) and `noticed`, null
    where the fault did not reach an agent, there is no twin, or messages are not numbered.
    """
    own = pairs.select("trial_id", "twin_id")
    armed = steps.filter(pl.col("fault").is_not_null()).join(own, on="trial_id")
    reached = pl.col("fault_effect") == "reached"
    known = reached & pl.col("twin_id").is_not_null() & pl.col("message").is_not_null()
    acts = _acts(armed.filter(known), steps, accesses)
    return (
        armed.with_columns(
            pl.col("fault_effect").is_in(["fired", "reached"]).alias("fired"),
            reached.alias("reached"),
            known.alias("known"),
        )
        .join(acts, on=KEY, how="left", maintain_order="left")
        .with_columns(pl.when("known").then(pl.col("act").is_not_null()).alias("noticed"))
        .select(
            *("trial_id", "twin_id", "step", "agent", "fault", "fault_kind", "fault_lasts"),
            *("fault_place", "fault_attempt", "fired", "reached", "act", "noticed"),
        )
    )


def _acts(hit: pl.DataFrame, steps: pl.DataFrame, accesses: pl.DataFrame) -> pl.DataFrame:
    """`trial_id`, `step` and `act` of each fault that was noticed."""
    hit = with_canonical(hit.select(*KEY, "twin_id", "agent", "message", "tool", "arguments"))
    found = pl.concat([_calls(hit, steps, accesses), _texts(hit, steps)])
    order = pl.col("act").replace_strict(list(ACTS), range(len(ACTS)), return_dtype=pl.Int64)
    return found.sort(*KEY, order).group_by(KEY, maintain_order=True).agg(pl.col("act").first())


def _window(hit: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """What the agent of each fault did in its next messages: columns of `rows` end in `_next`."""
    after = rows.rename(
        {name: f"{name}_next" for name in rows.columns if name not in ("trial_id", "agent")}
    )
    gone = pl.col("message_next") - pl.col("message")
    return hit.join(after, on=["trial_id", "agent"]).filter((gone > 0) & (gone <= MESSAGES))


def _calls(hit: pl.DataFrame, steps: pl.DataFrame, accesses: pl.DataFrame) -> pl.DataFrame:
    """Acts that are calls, made oftener than in the twin."""
    calls = with_canonical(
        steps.filter(pl.col("kind") == "tool").select(*KEY, "agent", "message", "tool", "arguments")
    ).sort(KEY)
    same = ["trial_id", "tool", "canonical"]
    calls = calls.with_columns(pl.int_range(1, pl.len() + 1).over(same).alias("nth"))
    totals = calls.group_by(same).agg(pl.len().cast(pl.Int64).alias("in_twin"))
    near = _window(hit, calls).join(
        totals,
        left_on=["twin_id", "tool_next", "canonical_next"],
        right_on=same,
        how="left",
        nulls_equal=True,
    )
    extra = near.filter(pl.col("nth_next") > pl.col("in_twin").fill_null(0))
    shared = _sharing(extra)
    touched = accesses.join(calls.select(*KEY, "tool"), on=KEY)
    writing = touched.filter(pl.col("op") != "read")["tool"].unique().to_list()
    reading = [name for name in touched["tool"].unique().to_list() if name not in writing]
    again = (pl.col("tool_next") == pl.col("tool")) & (
        pl.col("canonical_next") == pl.col("canonical")
    )
    looked = pl.col("shares") & pl.col("tool_next").is_in(reading)
    ended = (pl.col("tool_next") == ENDING) & pl.col("canonical_next").str.contains(
        '"status": "blocked"', literal=True
    )
    act = (
        pl.when(again).then(pl.lit(AGAIN))
        .when(looked & pl.col("tool").is_in(writing)).then(pl.lit(CHECKED))
        .when(looked).then(pl.lit(READ))
        .when(pl.col("tool_next").str.contains(ASKS)).then(pl.lit(ASKED))
        .when(pl.col("tool_next").str.contains(HANDS_ON) | ended).then(pl.lit(ESCALATED))
        .when((pl.col("tool_next") == ENDING) & pl.col("arguments_next").str.contains(SAYS))
        .then(pl.lit(SAID))
    )  # fmt: skip
    return shared.select(*KEY, act.alias("act")).drop_nulls("act")


def _sharing(extra: pl.DataFrame) -> pl.DataFrame:
    """The calls with `shares`: whether a text among the arguments of both is the same."""
    texts = pl.concat([extra["arguments"], extra["arguments_next"]]).drop_nulls().unique().to_list()
    values = values_of(texts)
    rows = extra.with_row_index("row")
    shares = (
        rows.select("row", "arguments", "arguments_next")
        .join(values, on="arguments")
        .join(
            values,
            left_on=["arguments_next", "value"],
            right_on=["arguments", "value"],
            how="semi",
        )
        .select("row")
        .unique()
        .with_columns(pl.lit(True).alias("shares"))
    )
    return rows.join(shares, on="row", how="left").with_columns(pl.col("shares").fill_null(False))


def _texts(hit: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """Acts that are words to people: a question, or that something went wrong."""
    models = steps.filter(pl.col("kind") == "model")
    own = models.select("trial_id", "agent", "message", "reply")
    near = _window(hit, own).drop_nulls("reply_next")
    said = near["reply_next"].unique().to_list()
    spoken = pl.DataFrame(
        {"reply_next": said, "text": [text_of(reply) for reply in said]},
        schema={"reply_next": pl.String, "text": pl.String},
    )
    twins = models.filter(pl.col("trial_id").is_in(hit["twin_id"].unique().to_list()))
    known = twins.select(pl.col("trial_id").alias("twin_id"), pl.col("reply").alias("reply_next"))
    new = near.join(known.unique(), on=["twin_id", "reply_next"], how="anti")
    act = (
        pl.when(pl.col("text").str.contains("?", literal=True))
        .then(pl.lit(ASKED))
        .when(pl.col("text").str.contains(SAYS))
        .then(pl.lit(SAID))
    )
    return new.join(spoken, on="reply_next").select(*KEY, act.alias("act")).drop_nulls("act")


def text_of(reply: str) -> str:
    """What a reply says in words: itself, or the content beside its tool calls."""
    try:
        told: object = json.loads(reply)
    except ValueError:
        return reply
    if not isinstance(told, dict) or "content" not in told:
        return reply
    content: object = told["content"]  # pyright: ignore[reportUnknownVariableType]
    return content if isinstance(content, str) else json.dumps(content)
