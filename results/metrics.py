"""What is measured about a group of graded trials: each metric is one expression.

To add one, write a function here or anywhere that returns a Polars expression, and give it a name
in `results.METRICS`. The expression sees the graded trials of one group (they ended `completed` or
`limit`) and must be null where it is undefined. Tokens: prompt includes cached, completion
includes reasoning, and the total is prompt plus completion.
"""

import polars as pl

PASSED = pl.col("passed")
TOTAL_TOKENS = pl.col("prompt_tokens") + pl.col("completion_tokens")


def known_mean(value: pl.Expr) -> pl.Expr:
    """The mean, or null if any value is missing: the known ones need not be like the others."""
    return pl.when(value.null_count() == 0).then(value.mean())


def per_pass(value: pl.Expr) -> pl.Expr:
    """What all graded trials took, for each that passed; null if none passed or any is missing."""
    return pl.when((value.null_count() == 0) & PASSED.any()).then(value.sum() / PASSED.sum())


def one_encoding(value: pl.Expr) -> pl.Expr:
    """The value, or null if the group mixes encodings: such token counts cannot be added."""
    return pl.when(pl.col("encoding").drop_nulls().n_unique() <= 1).then(value)


def score() -> pl.Expr:
    """Mean partial credit, 0 to 1."""
    return known_mean(pl.col("score"))


def false_claim_rate() -> pl.Expr:
    """Share of trials that claimed "done" and had not passed; null if no trial claimed anything."""
    false = (pl.col("status") == "done").fill_null(False) & ~PASSED
    return pl.when(pl.col("status").is_not_null().any()).then(false.mean())


def silent_failure() -> pl.Expr:
    """Whether a trial failed and nothing showed it: no tool error, and no word of being blocked."""
    quiet = (pl.col("tool_errors") == 0) & (pl.col("status").fill_null("") != "blocked")
    return ~PASSED & quiet


def silent_failures() -> pl.Expr:
    """Share of trials that failed silently (see `silent_failure`)."""
    return known_mean(silent_failure().cast(pl.Float64))


def right_refusals() -> pl.Expr:
    """Share passed among trials of tasks that cannot be done (right is to refuse, not to write)."""
    return PASSED.filter(pl.col("solvable") == False).mean()  # noqa: E712


def invariants_broken() -> pl.Expr:
    """Declared invariants broken in the final state, per trial."""
    return known_mean(pl.col("broken_invariants").list.len().cast(pl.Float64))


def limit_rate() -> pl.Expr:
    """Share of trials that a limit ended."""
    return (pl.col("ended") == "limit").mean()


def prompt_tokens() -> pl.Expr:
    """Prompt tokens per trial, cached ones included."""
    return one_encoding(known_mean(pl.col("prompt_tokens")))


def cached_tokens() -> pl.Expr:
    """Prompt tokens served from a cache, per trial."""
    return one_encoding(known_mean(pl.col("cached_tokens")))


def completion_tokens() -> pl.Expr:
    """Completion tokens per trial, reasoning included."""
    return one_encoding(known_mean(pl.col("completion_tokens")))


def reasoning_tokens() -> pl.Expr:
    """Reasoning tokens per trial."""
    return one_encoding(known_mean(pl.col("reasoning_tokens")))


def tokens() -> pl.Expr:
    """Prompt and completion tokens per trial."""
    return one_encoding(known_mean(TOTAL_TOKENS))


def beside_tokens() -> pl.Expr:
    """Prompt and completion tokens per trial of judges and simulated users, who are no agents."""
    return known_mean(pl.col("beside_tokens"))


def beside_dollars() -> pl.Expr:
    """Dollars per trial of judges and simulated users."""
    return known_mean(pl.col("beside_dollars"))


def tokens_per_pass() -> pl.Expr:
    """Prompt and completion tokens of all graded trials for each that passed."""
    return one_encoding(per_pass(TOTAL_TOKENS))


def dollars() -> pl.Expr:
    """Dollars per trial, cached input at its own price."""
    return known_mean(pl.col("dollars"))


def dollars_per_pass() -> pl.Expr:
    """Dollars (caching counted) of all graded trials for each that passed."""
    return per_pass(pl.col("dollars"))


def dollars_uncached() -> pl.Expr:
    """Dollars per trial as if nothing had been cached."""
    return known_mean(pl.col("dollars_uncached"))


def dollars_uncached_per_pass() -> pl.Expr:
    """Dollars, as if nothing had been cached, of all graded trials for each that passed."""
    return per_pass(pl.col("dollars_uncached"))


def seconds() -> pl.Expr:
    """Seconds from start to end per trial: simulated ones where the model is simulated."""
    return known_mean(pl.col("seconds"))


def seconds_per_pass() -> pl.Expr:
    """Seconds of all graded trials for each that passed."""
    return per_pass(pl.col("seconds"))


def model_calls() -> pl.Expr:
    """Model calls per trial."""
    return known_mean(pl.col("model_calls"))


def tool_calls() -> pl.Expr:
    """Tool calls per trial."""
    return known_mean(pl.col("tool_calls"))


def agents() -> pl.Expr:
    """Agents per trial, the lead included."""
    return known_mean(pl.col("agents"))


def passed_within(deadline: float) -> pl.Expr:
    """Share of trials that passed within `deadline` seconds; null if any time is missing."""
    in_time = PASSED & (pl.col("seconds") <= deadline)
    return pl.when(pl.col("seconds").null_count() == 0).then(in_time.mean())
