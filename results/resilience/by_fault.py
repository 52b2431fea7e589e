"""What a fault came to, by topology: fired, noticed, recovered from, told, harm left.

These are apart, and each is given where the fault fired; what is given over all trials says so. A
fault that did not fire is not a fault survived: without one that fired everything else is null.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from results.records import Recorded
from results.resilience.faultless import SAYS, doubled_effects, with_twins
from results.resilience.noticed import firings
from results.statistics.bands import pass_k_bands
from results.statistics.consistency import group_columns
from results.statistics.intervals import ratio_bootstrap
from results.statistics.pairs import paired_trials

Row = dict[str, Any]
Strings = tuple[str, ...]


def faulted_trials(run: Recorded) -> pl.DataFrame:
    """The graded trials with a fault plan, each with what came of it beside its faultless twin.

    Columns of `results.resilience.faultless.with_twins`, then `armed`, `fired` and `reached`
    (calls); `doubled` (effects beyond the twin's; null without a twin or accesses); `recovered`:
    the state is right and nothing doubled; `told`: it says blocked, or its answer that something
    went wrong, and the twin's does not; `harm`: an effect was doubled and the state is not right,
    or an invariant is broken that the twin's state keeps; `more_tokens` and `more_seconds` than the
    twin.
    """
    pairs = with_twins(run.trials).filter(pl.col("passed").is_not_null())
    counts = (
        firings(pairs, run.steps, run.accesses)
        .group_by("trial_id")
        .agg(
            pl.len().cast(pl.Int64).alias("armed"),
            *(pl.col(name).sum().cast(pl.Int64).alias(name) for name in ("fired", "reached")),
        )
    )
    doubled = doubled_effects(pairs, run.steps, run.accesses)
    broken = pl.col("broken_invariants").list.set_difference("twin_broken_invariants").list.len()
    return (
        pairs.join(counts, on="trial_id", how="left", maintain_order="left")
        .with_columns(pl.col("armed", "fired", "reached").fill_null(0))
        .join(doubled, on="trial_id", how="left", maintain_order="left")
        .with_columns(
            pl.when(pl.col("doubled").is_not_null())
            .then(pl.col("passed") & (pl.col("doubled") == 0))
            .alias("recovered"),
            (_admits("") & ~_admits("twin_")).alias("told"),
            (((pl.col("doubled") > 0) & ~pl.col("passed")) | (broken > 0)).alias("harm"),
            (pl.col("tokens") - pl.col("twin_tokens")).alias("more_tokens"),
            (pl.col("seconds") - pl.col("twin_seconds")).alias("more_seconds"),
        )
    )


def _admits(side: str) -> pl.Expr:
    """Whether a trial's status or answer says that something went wrong; null without either."""
    answer = pl.col(f"{side}answer").str.contains(SAYS)
    blocked = pl.col(f"{side}status") == "blocked"
    known = pl.col(f"{side}answer").is_not_null() | pl.col(f"{side}status").is_not_null()
    return pl.when(known).then(blocked.fill_null(False) | answer.fill_null(False))


BY_PLAN: Strings = ("faults",)
BY_FAULT: Strings = ("faults", "fault")
BY_KIND: Strings = ("fault_kind", "fault_lasts")
BY_PLACE: Strings = ("fault_kind", "fault_place")


def by_plan(run: Recorded, by: Sequence[str] = ()) -> pl.DataFrame:
    """One row for each topology, task set, `by` and fault plan: OUTCOME, over all and where hit.

    `over_all` with `over_all_low` to `over_all_high` is what recovered of all trials of the plan,
    those in which nothing fired included: that is how good it looked, not how well it recovers.
    """
    keys = group_columns([*by, *BY_PLAN])
    trials = faulted_trials(run)
    calls = firings(trials, run.steps, run.accesses)
    hit = trials.filter(pl.col("fired") > 0)
    called = calls.join(trials.select("trial_id", "block", "task", *keys), on="trial_id")
    everything = _share(trials, keys, "recovered", "over_all")
    return _outcomes(trials, hit, called, keys).join(
        everything, on=keys, how="left", nulls_equal=True, maintain_order="left"
    )


def by_firing(run: Recorded, of: Sequence[str], by: Sequence[str] = ()) -> pl.DataFrame:
    """One row for each topology, task set, `by` and value of `of` (such as BY_KIND): OUTCOME.

    The trials of a row are those in which such a fault was armed, of whatever plan; a trial with
    several kinds stands in several rows.
    """
    keys = group_columns([*by, *of])
    trials = faulted_trials(run)
    own = [name for name in of if name not in trials.columns]
    calls = firings(trials, run.steps, run.accesses)
    counts = calls.group_by("trial_id", *own).agg(
        pl.len().cast(pl.Int64).alias("armed"),
        *(pl.col(name).sum().cast(pl.Int64).alias(name) for name in ("fired", "reached")),
    )
    apart = trials.drop("armed", "fired", "reached").join(counts, on="trial_id")
    told = ["trial_id", "block", "task", *(key for key in keys if key not in own)]
    called = calls.join(trials.select(list(dict.fromkeys(told))), on="trial_id")
    return _outcomes(apart, apart.filter(pl.col("fired") > 0), called, keys)


OUTCOME: Strings = (
    *("trials", "armed", "fired", "reached", "hit"),
    *("judged", "noticed", "noticed_low", "noticed_high"),
    *("recovered", "recovered_low", "recovered_high"),
    *("told", "harm", "doubled", "broken"),
    *("twins", "twins_passed", "change", "change_low", "change_high"),
    *("tokens_ratio", "tokens_low", "tokens_high", "seconds_ratio"),
)
"""What came of faults. Counts: graded `trials`, calls `armed`, `fired`, `reached`; trials that were
`hit` by one that fired. Of the `judged` firings (they reached an agent that has a twin) the share
`noticed`; of the trials hit the share `recovered`, 95% intervals over tasks; the shares that `told`
and that left `harm`; `doubled` effects and `broken` invariants in all; and beside their `twins`:
how many `twins_passed`, the `change` in what passed with its interval on these tasks, and the price
in tokens and seconds as a ratio, that of tokens with its interval over tasks. Null where none fired
or nothing is known."""


def _outcomes(
    trials: pl.DataFrame, hit: pl.DataFrame, calls: pl.DataFrame, keys: Sequence[str]
) -> pl.DataFrame:
    counted = trials.group_by(keys, maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("trials"),
        *(pl.col(name).sum().alias(name) for name in ("armed", "fired", "reached")),
        (pl.col("fired") > 0).sum().cast(pl.Int64).alias("hit"),
    )
    twinned = pl.col("twin_passed").is_not_null()
    paired = hit.group_by(keys).agg(
        *(_known_mean(pl.col(name)).alias(name) for name in ("told", "harm")),
        pl.when(pl.col("doubled").null_count() == 0).then(pl.col("doubled").sum()).alias("doubled"),
        pl.when(pl.col("broken_invariants").null_count() == 0)
        .then(pl.col("broken_invariants").list.len().sum().cast(pl.Int64))
        .alias("broken"),
        twinned.sum().cast(pl.Int64).alias("twins"),
        pl.when(twinned.any()).then(pl.col("twin_passed").sum().cast(pl.Int64)).alias("twins_passed"),
        (pl.col("passed") & ~pl.col("twin_passed")).sum().cast(pl.Int64).alias("only_hit"),
        (~pl.col("passed") & pl.col("twin_passed")).sum().cast(pl.Int64).alias("only_twin"),
        _ratio("seconds").alias("seconds_ratio"),
    )  # fmt: skip
    parts = (
        paired,
        _share(hit, keys, "recovered", "recovered"),
        _bootstrapped(calls.filter(pl.col("noticed").is_not_null()), keys),
        _prices(hit, keys),
    )
    whole = counted
    for part in parts:
        whole = whole.join(part, on=keys, how="left", nulls_equal=True, maintain_order="left")
    return (
        whole.with_columns(_changes(whole))
        .with_columns(pl.col("judged", "twins").fill_null(0))
        .select(*keys, *OUTCOME)
        .sort(keys, nulls_last=True)
    )


def _known_mean(value: pl.Expr) -> pl.Expr:
    return pl.when(value.null_count() == 0).then(value.mean())


def _ratio(name: str) -> pl.Expr:
    """What the trials hit took over what their twins did; null where any is not known."""
    known = (pl.col(name).null_count() == 0) & (pl.col(f"twin_{name}").null_count() == 0)
    below = pl.col(f"twin_{name}").sum()
    return pl.when(known & (below > 0)).then(pl.col(name).sum() / below)


def _share(trials: pl.DataFrame, keys: Sequence[str], name: str, told: str) -> pl.DataFrame:
    """The share of trials over tasks, with the posterior interval of pass^1."""
    known = trials.filter(pl.col(name).is_not_null()).with_columns(pl.col(name).alias("passed"))
    bands = pass_k_bands(known, [1], [key for key in keys if key not in ("topology", "task_set")])
    ends = (pl.col(end).alias(f"{told}_{end}") for end in ("low", "high"))
    return bands.select(*keys, pl.col("pass_hat").alias(told), *ends)


def _bootstrapped(calls: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """The share of firings that was noticed, base tasks drawn again for its interval."""
    rows: list[Row] = []
    for key, group in calls.group_by(keys, maintain_order=True):
        unit = pl.coalesce("block", "task").alias("unit")
        units = group.select(unit)["unit"].to_numpy()
        top = group["noticed"].cast(pl.Float64).to_numpy()
        ends = ratio_bootstrap(top, np.ones(top.size), units) or (None, None)
        rows.append(
            dict(zip(keys, key, strict=True))
            | {"judged": group.height, "noticed": float(top.mean())}
            | {"noticed_low": ends[0], "noticed_high": ends[1]}
        )
    schema = {key: calls.schema[key] for key in keys} | {"judged": pl.Int64}
    schema |= dict.fromkeys(("noticed", "noticed_low", "noticed_high"), pl.Float64)
    return pl.DataFrame(rows, schema=schema, orient="row")


def _prices(hit: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Tokens over those of the twins, base tasks drawn again for the interval."""
    rows: list[Row] = []
    for key, group in hit.group_by(keys, maintain_order=True):
        row: Row = dict(zip(keys, key, strict=True))
        both = group.select("tokens", "twin_tokens", pl.coalesce("block", "task").alias("unit"))
        if not both.null_count().select(pl.sum_horizontal(pl.all())).item():
            top, bottom = (both[n].cast(pl.Float64).to_numpy() for n in ("tokens", "twin_tokens"))
            ends = ratio_bootstrap(top, bottom, both["unit"].to_numpy()) or (None, None)
            if bottom.sum() > 0:
                row |= {"tokens_ratio": float(top.sum() / bottom.sum())}
                row |= {"tokens_low": ends[0], "tokens_high": ends[1]}
        rows.append(row)
    schema = {key: hit.schema[key] for key in keys}
    schema |= dict.fromkeys(("tokens_ratio", "tokens_low", "tokens_high"), pl.Float64)
    return pl.DataFrame(rows, schema=schema, orient="row")


def _changes(whole: pl.DataFrame) -> list[pl.Series]:
    """What passed of the trials hit less what passed of their twins, on these tasks."""
    counts = whole.select("only_hit", "only_twin", "twins").fill_null(0).iter_rows()
    gains = [paired_trials(*row) for row in counts]
    return [
        pl.Series(name, [getattr(gain, of) for gain in gains], dtype=pl.Float64)
        for name, of in (("change", "estimate"), ("change_low", "low"), ("change_high", "high"))
    ]
