"""What a probe of a model shows, and which of the drawn profiles are like it.

A probe is a small run on one model: the single thread at growing widths, and pairs of subagents
whose text leaves a choice open. From it come two numbers with intervals: how failures grow with the
conversation, and how often two agents choose differently. Where the model lies on a map is then
told by weighing the profiles of a sensitivity run by how well each explains what the probe saw.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from results.questions.map.sensitivity import profile_of
from results.questions.map.share_of_profiles import LEAST_PROFILES, Reach, weighed
from results.statistics.intervals import Floats, wilson
from results.statistics.quantiles import student
from results.statistics.tail_share import worth
from results.strata import cell_label

ITEM = r"^[A-Z]+\d+$"
"""Milestones with such names are items of the work."""

LEAST_TASKS = 3
CELL = ("task_set", "mode", "width", "coupling")


@dataclass(frozen=True)
class ContextSlope:
    """How the share of failed items grows per 1,000 tokens, as a multiple of `at_mean`.

    `at_mean` is the share that fails in conversations of mean length: that of the shortest would be
    a base nearer to a profile's own, but too few items stand in them to measure it. `value` has 95%
    limits (Fieller), null on a side where the data bound nothing; all is null without failures or
    with fewer than 3 base tasks. What counts is failure that shows in the end: an error that a
    model notices and mends is none, so this is not the parameter `distraction` of a profile, but
    what that comes to.
    """

    value: float | None
    low: float | None
    high: float | None
    at_mean: float | None
    items: int
    failed: int
    tasks: int


@dataclass(frozen=True)
class HabitSpread:
    """How often two subagents chose differently where nobody said: `differ` of `pairs`."""

    share: float | None
    low: float | None
    high: float | None
    differ: int
    pairs: int


def items_of(trials: pl.DataFrame, steps: pl.DataFrame, milestones: pl.DataFrame) -> pl.DataFrame:
    """One row a graded trial: block, width, `items`, `failed`, mean prompt `tokens` (thousands)."""
    counted = (
        milestones.filter(pl.col("milestone").str.contains(ITEM))
        .group_by("trial_id")
        .agg(pl.len().cast(pl.Int64).alias("items"), (~pl.col("reached")).sum().alias("failed"))
    )
    held = (
        steps.filter(pl.col("kind") == "model")
        .group_by("trial_id")
        .agg((pl.col("prompt_tokens").mean() / 1000).alias("tokens"))
    )
    return (
        trials.filter(pl.col("passed").is_not_null())
        .join(counted, on="trial_id")
        .join(held, on="trial_id")
        .filter(pl.col("tokens").is_not_null())
        .select(pl.coalesce("block", "task").alias("block"), "width", "items", "failed", "tokens")
        .sort("block", "width")
    )


def context_slope(items: pl.DataFrame, level: float = 0.95) -> ContextSlope:
    """The slope from the rows of `items_of`: a line through the shares of failed items.

    Least squares weighted by items, errors clustered by base task (statsmodels); the interval of
    the ratio of slope to intercept is Fieller's, t with one degree of freedom less than tasks.
    """
    import statsmodels.api as sm  # pyright: ignore[reportMissingTypeStubs]

    units = np.unique(items.get_column("block").to_numpy(), return_inverse=True)[1]
    tasks = 0 if items.is_empty() else int(units.max()) + 1
    n, failed = items.get_column("items").to_numpy(), items.get_column("failed").to_numpy()
    tokens = items.get_column("tokens").to_numpy()
    sizes = (int(n.sum()), int(failed.sum()), tasks)
    if tasks < LEAST_TASKS or failed.sum() == 0 or np.ptp(tokens) < 1e-9:
        return ContextSlope(None, None, None, None, *sizes)
    lines = np.column_stack([np.ones_like(tokens), tokens - np.average(tokens, weights=n)])
    weights: Any = n.astype(np.float64)
    model: Any = sm.WLS(failed / n, lines, weights=weights)
    fit: Any = model.fit(cov_type="cluster", cov_kwds={"groups": units})
    at_mean, slope = (float(value) for value in fit.params)
    quantile = student((1 + level) / 2, tasks - 1)
    low, high = fieller((at_mean, slope), np.asarray(fit.cov_params()), quantile)
    value = slope / at_mean if at_mean > 0 else None
    return ContextSlope(value, low, high, at_mean, *sizes)


def fieller(
    estimates: tuple[float, float], covariance: Floats, quantile: float
) -> tuple[float | None, float | None]:
    """Fieller's limits of second / first; None for a side that is not bounded.

    The ratios r for which second - r first is within `quantile` errors of 0. Where the first cannot
    be told from 0 that set reaches to infinity, and its lower end (if any) is that above 0.
    """
    first, second = estimates
    squared = quantile**2
    a = first**2 - squared * float(covariance[0, 0])
    b = first * second - squared * float(covariance[0, 1])
    c = second**2 - squared * float(covariance[1, 1])
    inside = b**2 - a * c
    if inside < 0 or a == 0:
        return None, None
    roots = sorted(((b - math.sqrt(inside)) / a, (b + math.sqrt(inside)) / a))
    if a > 0:
        return roots[0], roots[1]
    return (roots[1] if roots[1] > 0 > roots[0] else None), None


def habit_spread(steps: pl.DataFrame, tool: str = "refund", argument: str = "to") -> HabitSpread:
    """How often the first two subagents that made a choice differ, one pair a trial.

    A choice is an argument of a tool; each agent's first that was not refused counts.
    """
    calls = steps.filter(
        pl.col("role") == "subagent",
        pl.col("tool") == tool,
        pl.col("error").is_null(),
        pl.col("arguments").is_not_null(),
    ).sort("trial_id", "step")
    chosen: dict[str, dict[str, str]] = {}
    for trial, agent, text in calls.select("trial_id", "agent", "arguments").iter_rows():
        value = json.loads(text).get(argument)
        if value is not None:
            chosen.setdefault(trial, {}).setdefault(agent, str(value))
    pairs = [list(made.values())[:2] for made in chosen.values() if len(made) > 1]
    differ = sum(one != other for one, other in pairs)
    low, high = wilson(differ, len(pairs)) or (None, None)
    return HabitSpread(differ / len(pairs) if pairs else None, low, high, differ, len(pairs))


@dataclass(frozen=True)
class Placed:
    """A cell of the map for models like this one: what `reach` says of the profiles, weighed."""

    cell: str
    topology: str
    reach: Reach


def placed(differences: pl.DataFrame, weights: Mapping[str, float]) -> list[Placed]:
    """Every cell of `results.questions.map.sensitivity.differences`, its profiles (models) weighed.

    Empty where the weights are worth too few profiles.
    """
    return [
        Placed(str(key["cell"]), str(key["topology"]), found)
        for key, found in weighed(differences, weights)
    ]


def parameter_span(
    weights: Mapping[str, float], name: str, level: float = 0.95
) -> tuple[float, float, float] | None:
    """Weighed median of a number among drawn profiles, and the limits that hold `level` of it.

    None where the weights are worth too few profiles.
    """
    known = [(float(profile_of(m)[name]), w) for m, w in weights.items() if name in profile_of(m)]
    values, weight = (
        (np.array(column) for column in zip(*sorted(known), strict=True))
        if known
        else (
            np.array([]),
            np.array([]),
        )
    )
    if worth(weight) < LEAST_PROFILES:
        return None
    share = (weight.cumsum() - weight / 2) / weight.sum()
    middle, low, high = np.interp([0.5, (1 - level) / 2, (1 + level) / 2], share, values)
    return float(middle), float(low), float(high)


def likelihoods(
    drawn: pl.DataFrame,
    probed: pl.DataFrame,
    spread: HabitSpread,
    differs: Mapping[str, float],
) -> dict[str, float]:
    """Model of each drawn profile to how well it explains the probe, the best at 1.

    `drawn` and `probed` are the trials of the reference of both runs; their passes are compared in
    every cell that both have (the rate of a profile is as uncertain as its trials leave it), and
    `differs` gives the chance that two of its agents choose differently. Trials count as
    independent, which makes the weights sharper than tasks that differ would allow.
    """
    graded = pl.col("passed").is_not_null()
    seen = {
        key: (int(group["passed"].sum()), group.height)
        for key, group in probed.filter(graded).group_by(*CELL)
    }
    logs: dict[str, float] = {}
    for (model,), trials in drawn.filter(graded).group_by("model"):
        total = 0.0
        for key, group in trials.group_by(*CELL):
            if key in seen:
                total += _explains(*seen[key], int(group["passed"].sum()), group.height)
        chance = min(max(differs.get(str(model), 0.5), 0.02), 0.98)
        total += spread.differ * math.log(chance)
        total += (spread.pairs - spread.differ) * math.log(1 - chance)
        logs[str(model)] = total
    best = max(logs.values(), default=0.0)
    return {model: math.exp(value - best) for model, value in logs.items()}


@dataclass(frozen=True)
class Standing:
    """The probed model in a cell of the map: trials passed, and the profiles beside it.

    `as_often` and `as_seldom` are the shares of profiles that pass at least, and at most, that
    often.
    """

    cell: str
    passed: int
    trials: int
    as_often: float
    as_seldom: float


def standings(drawn: pl.DataFrame, probed: pl.DataFrame) -> list[Standing]:
    """Every cell that both runs have; `drawn` and `probed` as for `likelihoods`."""
    graded = pl.col("passed").is_not_null()
    name = cell_label(CELL[1:])
    theirs = drawn.filter(graded).group_by(*CELL, "model").agg(pl.col("passed").mean())
    found: list[Standing] = []
    mine = probed.filter(graded).with_columns(name).group_by(*CELL, "cell")
    for row in mine.agg(pl.col("passed").sum(), pl.len()).sort(*CELL).iter_rows(named=True):
        cell = pl.DataFrame({key: [row[key]] for key in CELL}, schema=_schema(theirs))
        rates = theirs.join(cell, on=CELL, nulls_equal=True).get_column("passed").to_numpy()
        if rates.size:
            rate = row["passed"] / row["len"]
            shares = (float((rates >= rate).mean()), float((rates <= rate).mean()))
            found.append(Standing(row["cell"], row["passed"], row["len"], *shares))
    return found


def _schema(frame: pl.DataFrame) -> dict[str, pl.DataType]:
    return {key: frame.schema[key] for key in CELL}


def _explains(x: int, n: int, c: int, of: int) -> float:
    """The log chance of x passes in n, for a rate of which c of `of` trials are known (Jeffreys).

    Up to what does not depend on the profile.
    """
    a, b = c + 0.5, of - c + 0.5
    return _log_beta(x + a, n - x + b) - _log_beta(a, b)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
