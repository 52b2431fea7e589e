"""For what share of plausible profiles each conclusion holds, and what it depends on.

The trials are those of many profiles of the simulated model (`fanout sensitivity`): a profile's
values stand in its model's name. In each cell every profile is a paired comparison of its own.
Nothing here is a verdict on a model: a share says how much of what was assumed to be plausible a
conclusion holds for.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import polars as pl

from results.questions.map.phase_map import BETTER, UNDECIDED, WORSE, corrected
from results.statistics import quantiles
from results.statistics.break_even import BreakEven, Mean, break_even, end, mean_of
from results.statistics.compare import paired_counts
from results.statistics.differences import all_pass, paired_difference, unit_means
from results.statistics.intervals import Floats, wilson
from results.strata import cell_label, settings_label, strata

PROFILES = "profiles"
"""The key of a manifest whose run drew profiles: `number`, `seed`, `reference`, `parameters`."""

LEAST_PROFILES = 10
ALPHA = 0.05

Parameters = Mapping[str, Mapping[str, Any]]
"""Parameter name to its `range` (least, most) or `choices`."""


SHARES = pl.Schema(
    {
        "task_set": pl.String,
        "cell": pl.String,
        "place": pl.String,
        "topology": pl.String,
        "conclusion": pl.String,
        "profiles": pl.Int64,
        "of": pl.Int64,
        "share": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
    }
)
"""One row for each cell, topology and conclusion; the 95% interval is Wilson's."""

DECIDERS = pl.Schema(
    {
        "task_set": pl.String,
        "cell": pl.String,
        "place": pl.String,
        "topology": pl.String,
        "parameter": pl.String,
        "kind": pl.String,
        "strength": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "best": pl.String,
        "p": pl.Float64,
        "q": pl.Float64,
        "profiles": pl.Int64,
        "pays": pl.String,
        "break_even": pl.Float64,
        "break_even_low": pl.Float64,
        "break_even_high": pl.Float64,
        "end": pl.String,
        "end_first": pl.Float64,
        "end_last": pl.Float64,
        "end_mean": pl.Float64,
        "end_mean_low": pl.Float64,
        "end_mean_high": pl.Float64,
        "end_passed": pl.Float64,
    }
)
"""One row for each cell, topology and parameter; q is p corrected over all rows of the run.

For a number `strength` is Spearman's rank correlation with the difference, with its 95% interval;
for a choice the root of epsilon squared (Kruskal and Wallis), without a sign, and `best` the choice
with the largest mean difference. Break-even values are those of `results.statistics.break_even`,
given only for numbers with q of at most 0.05. `end_mean` is the mean difference in the tenth of
profiles at the highest or lowest `end` of the range (`end_first` to `end_last`), whichever is
nearer to changing its sign; for a choice that of the best one (its interval as wide as picking one
of them asks, after Bonferroni). `end_passed` is the share of trials there, of both sides, that
passed.
"""


def reference_in(manifest: Mapping[str, Any]) -> str:
    """The topology that the others of a sensitivity run are compared to."""
    return str(manifest[PROFILES].get("reference", "single_thread"))


def profile_of(model: str) -> dict[str, str]:
    """The values in a model's name, as they were written: `simulated:typical?slip=0.01`."""
    return dict(parse_qsl(model.partition("?")[2], keep_blank_values=True))


def differences(trials: pl.DataFrame, reference: str = "single_thread", k: int = 1) -> pl.DataFrame:
    """One row for each cell, topology beside the reference, and profile.

    Columns: task_set, *settings, `cell`, `place` (the cell without its task set), topology, model,
    `passed` of `trials` (of both), `difference` in pass^k with its 95% `low` and `high` and the
    `variance` that luck gives it, `tasks` and `conclusion` (better, worse, undecided). Below 2
    tasks a profile has no row.
    """
    by = [name for name in strata(trials) if name != "model"]
    rows: list[dict[str, Any]] = []
    for key, group in paired_counts(trials, reference, [*by, "model"]):
        c, n, base_c, base_n = (
            group.get_column(name).to_numpy() for name in ("c", "n", "c_base", "n_base")
        )
        units = np.asarray(group.get_column("block").to_list(), dtype=np.str_)
        both = (n >= k) & (base_n >= k)
        found = paired_difference((c, n), (base_c, base_n), units, k)
        if found.low is None or found.high is None:
            continue
        gains = all_pass(c[both], n[both], k) - all_pass(base_c[both], base_n[both], k)
        conclusion = BETTER if found.low > 0 else WORSE if found.high < 0 else UNDECIDED
        rows.append(
            key
            | {
                "passed": int(c.sum() + base_c.sum()),
                "trials": int(n.sum() + base_n.sum()),
                "difference": found.estimate,
                "low": found.low,
                "high": found.high,
                "variance": float(unit_means(gains, units[both]).var(ddof=1)) / found.units,
                "tasks": found.units,
                "conclusion": conclusion,
            }
        )
    keys = {name: trials.schema[name] for name in ("topology", "task_set", *by, "model")}
    values = {"passed": pl.Int64(), "trials": pl.Int64(), "difference": pl.Float64()}
    values |= dict.fromkeys(("low", "high", "variance"), pl.Float64()) | {"tasks": pl.Int64()}
    schema = keys | values | {"conclusion": pl.String()}
    return (
        pl.DataFrame(rows, schema=schema, orient="row")
        .with_columns(cell_label(by), settings_label(by).alias("place"))
        .sort("task_set", *by, "topology", "model", nulls_last=True)
    )


def shares(found: pl.DataFrame) -> pl.DataFrame:
    """The frame SHARES of `differences`: every conclusion of every cell, even of no profile."""
    rows = (
        {
            **key,
            "conclusion": conclusion,
            **_share(int((group.get_column("conclusion") == conclusion).sum()), group.height),
        }
        for key, group in cells_of(found)
        for conclusion in (BETTER, UNDECIDED, WORSE)
    )
    return pl.DataFrame(rows, schema=SHARES, orient="row")


def _share(count: int, of: int) -> dict[str, Any]:
    low, high = wilson(count, of) or (None, None)
    return {"profiles": count, "of": of, "share": count / of, "low": low, "high": high}


def deciders(found: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """The frame DECIDERS of `differences`: which parameters a cell's difference depends on."""
    rows = [key | row for key, group in cells_of(found) for row in _of_cell(group, parameters)]
    ps = np.array([np.nan if row["p"] is None else row["p"] for row in rows], dtype=np.float64)
    for row, q in zip(rows, corrected(ps), strict=True):
        even: BreakEven | None = row.pop("even")
        row["q"] = None if np.isnan(q) else float(q)
        if even is None or row["q"] is None or row["q"] > ALPHA:
            continue
        row |= {"pays": even.pays, "break_even": even.value}
        row |= {"break_even_low": even.low, "break_even_high": even.high}
    return pl.DataFrame(rows, schema=DECIDERS, orient="row")


def _of_cell(group: pl.DataFrame, parameters: Parameters) -> Iterator[dict[str, Any]]:
    values = [profile_of(model) for model in group.get_column("model").to_list()]
    gains = group.get_column("difference").to_numpy()
    rates = (group.get_column("passed") / group.get_column("trials")).to_numpy()
    for name, about in parameters.items():
        known = np.array([name in value for value in values])
        texts = [value[name] for value in values if name in value]
        row: dict[str, Any] = {"parameter": name, "profiles": len(texts), "p": None, "even": None}
        if "choices" in about:
            row |= {"kind": "choice"} | _of_choice(texts, gains[known], rates[known])
        else:
            at = np.array(texts, dtype=np.float64)
            row |= {"kind": "number"} | _of_number(at, gains[known], rates[known])
        yield row


def _of_number(at: Floats, gains: Floats, rates: Floats) -> dict[str, Any]:
    if at.size < LEAST_PROFILES or np.ptp(at) == 0 or np.ptp(gains) == 0:
        return {}
    strength, low, high, p = quantiles.rank_correlation(at, gains)
    row = {"strength": strength, "low": low, "high": high, "p": p, "even": break_even(at, gains)}
    found = end(at, gains)
    if found is None:
        return row
    row |= {"end": found.side, "end_first": found.first, "end_last": found.last}
    return row | _mean(found.mean) | {"end_passed": float(rates[found.places].mean())}


def _of_choice(texts: list[str], gains: Floats, rates: Floats) -> dict[str, Any]:
    taken = np.array(texts)
    groups = {name: gains[taken == name] for name in sorted(set(texts))}
    if len(texts) < LEAST_PROFILES or len(groups) < 2 or np.ptp(gains) == 0:
        return {}
    statistic, p = quantiles.kruskal(list(groups.values()))
    best = max(groups, key=lambda name: float(groups[name].mean()))
    row = {"strength": (statistic / (len(texts) - 1)) ** 0.5, "best": best, "p": p}
    found = mean_of(groups[best], 1 - ALPHA / len(groups))
    return row | _mean(found) | {"end_passed": float(rates[taken == best].mean())}


def _mean(found: Mean | None) -> dict[str, float | None]:
    if found is None:
        return {}
    return {
        "end_mean": found.value,
        "end_mean_low": found.low,
        "end_mean_high": found.high,
    }


def cells_of(found: pl.DataFrame) -> Iterator[tuple[dict[str, Any], pl.DataFrame]]:
    """What names each cell and topology of `differences`, and its rows."""
    keys = ["task_set", "cell", "place", "topology"]
    for key, group in found.group_by(keys, maintain_order=True):
        yield dict(zip(keys, key, strict=True)), group
