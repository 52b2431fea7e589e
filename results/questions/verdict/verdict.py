"""The verdict: fan out, stay single, no difference worth its cost, or not enough evidence yet.

Each contrast is judged in each stratum alone, never pooled: reading says nothing about writing. The
contrasts named in the sweep, in all strata, are the primary family, and their intervals hold
together (Bonferroni); contrasts that were not named are exploratory and have intervals of their
own. What is measured here is judged by `results.questions.verdict.decision`, twice: for tasks like
these, of which base tasks are the sample, and for these tasks alone, of which trials are.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from results.infeasible import UNTIMED
from results.questions.verdict.contrast import Measured, Verdict
from results.questions.verdict.decision import Bounds, decide
from results.questions.verdict.harms import Harm, harms_of
from results.questions.verdict.more_tasks import Evidence, settled_by
from results.questions.verdict.unjudged import unjudged
from results.questions.verdict.verdict_words import worded
from results.rules import EXPLORATORY, NOT_ENOUGH, Rules, Stated
from results.statistics.compare import compare, paired_counts
from results.statistics.differences import all_pass, unit_means
from results.statistics.pass_costs import BOTH_FREE, UNKNOWN
from results.statistics.spread import paired_spread
from results.strata import strata
from results.view import family_of
from results.withheld import withheld_in


def verdicts(
    trials: pl.DataFrame, stated: Stated, by: Sequence[str] | None = None
) -> list[Verdict]:
    """A verdict on every contrast in every stratum, the primary family first.

    Strata are of the settings `by`: those that vary, if it is not said.

    The family counts a contrast in each stratum in which its two topologies did a common task.
    Rules that bound what was not recorded leave a contrast undecided, at best.
    """
    rules = stated.rules
    by = strata(trials) if by is None else by
    withheld = withheld_in(trials, by)
    lost = {(one.topology, one.cell) for one in withheld}
    judged = in_time(trials, rules.deadline_seconds)
    named = set(stated.contrasts)
    family = family_of(judged, stated.contrasts, by)
    found = [
        _verdict(one, rules, family)
        for reference in dict.fromkeys(other for _, other in stated.contrasts)
        for one in _measured(judged, reference, by, stated, family, True)
        if (one.row["topology"], reference) in named and (reference, one.row["cell"]) not in lost
    ]
    if stated.contrasts_named:
        found += [
            _verdict(one, rules, family)
            for reference in dict.fromkeys(other for _, other in stated.contrasts)
            for one in _measured(judged, reference, by, stated, family, False)
            if not {(one.row["topology"], reference), (reference, one.row["topology"])} & named
            and (reference, one.row["cell"]) not in lost
        ]
    return [*found, *unjudged(trials, stated, by, withheld)]


def in_time(trials: pl.DataFrame, deadline: float | None) -> pl.DataFrame:
    """The trials with a pass counting only within `deadline` seconds.

    A graded trial without a time is then not graded: whether it was in time is not known.
    """
    if deadline is None:
        return trials
    in_time = pl.col("passed") & (pl.col("seconds") <= deadline)
    untimed = pl.col("passed").is_not_null() & pl.col("seconds").is_null()
    return trials.with_columns(
        passed=pl.when(~untimed).then(in_time),
        ended=pl.when(untimed).then(pl.lit(UNTIMED)).otherwise("ended"),
    )


def _measured(
    trials: pl.DataFrame,
    reference: str,
    by: Sequence[str],
    stated: Stated,
    family: int,
    primary: bool,
) -> list[Measured]:
    rules = stated.rules
    names = trials.get_column("topology").unique().to_list()
    level = stated.levels(names, reference, family)
    rows = compare(trials, reference, by, (rules.k,), level=level)
    pairs = {tuple(key.values()): group for key, group in paired_counts(trials, reference, by)}
    keys = ["topology", "task_set", *by]
    found: list[Measured] = []
    for row in rows.iter_rows(named=True):
        group = pairs[tuple(row[key] for key in keys)]
        cell = trials.filter(*(pl.col(key).eq_missing(pl.lit(row[key])) for key in keys[1:]))
        level = row["level"]
        harms, reference_harms = harms_of(cell, row["topology"], reference, rules, level)
        on_these, _ = harms_of(cell, row["topology"], reference, rules, level, these=True)
        cost = _cost_measure(row)
        evidence = _evidence(group, row, cost, harms, rules.k, level)
        found.append(
            Measured(row, cell, level, primary, cost, harms, reference_harms, on_these, evidence)
        )
    return found


def _cost_measure(row: Mapping[str, Any]) -> str | None:
    """Dollars where they are known, nothing included; else tokens; None if those say nothing."""
    name = "tokens" if row["dollars_per_pass_why"] == UNKNOWN else "dollars"
    known = row[f"{name}_per_pass_ratio"] is not None
    return name if known or row[f"{name}_per_pass_why"] == BOTH_FREE else None


def _evidence(
    pairs: pl.DataFrame,
    row: Mapping[str, Any],
    cost: str | None,
    harms: tuple[Harm, ...],
    k: int,
    level: float,
) -> Evidence | None:
    """What a larger run would be projected from; None where nothing can be."""
    c, n, base_c, base_n = (
        pairs.get_column(name).to_numpy() for name in ("c", "n", "c_base", "n_base")
    )
    units = np.asarray(pairs.get_column("block").to_list(), dtype=np.str_)
    spread = paired_spread((c, n), (base_c, base_n), units, k)
    if spread is None or row["difference"] is None:
        return None
    kept = (n >= k) & (base_n >= k)
    counts = ((c[kept], n[kept]), (base_c[kept], base_n[kept]))
    one, other = (unit_means(all_pass(*side, k), units[kept]) for side in counts)
    ends = ("", "_low", "_high")
    costs = None if cost is None else [row[f"{cost}_per_pass_ratio{end}"] for end in ends]
    return Evidence(
        counts=counts,
        means=(one, other),
        spread=spread,
        tasks=row["tasks"],
        trials=row["fewest"],
        level=level,
        cost=None if costs is None or None in costs else (costs[0], costs[1], costs[2]),
        harms=harms,
    )


def _verdict(one: Measured, rules: Rules, family: int) -> Verdict:
    word = decide(one.bounds, rules)
    settling = None
    if word == NOT_ENOUGH and one.evidence is not None:
        settling = settled_by(one.evidence, lambda projected: decide(Bounds(*projected), rules))
    status = f"primary, one of {max(family, 1)}" if one.primary else EXPLORATORY
    return worded(word, decide(one.bounds_on_these, rules), one, rules, status, settling)
