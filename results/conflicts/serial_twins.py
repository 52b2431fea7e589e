"""What a conflict cost, causally: each trial of a team beside its serial twin.

The twin is the same trial with the same luck of the work, by the same team, one agent at a time. A
difference between the two is due to agents being at work at once; harm is counted, never assumed.
"""

from collections.abc import Iterable
from typing import Any

import polars as pl

from results.statistics.pairs import paired_trials

TWIN = (
    "task_set",
    "task",
    "trial",
    "model",
    "models",
    "settings",
    "split",
    "faults",
    "seed",
)
"""What a trial and its serial twin have in common; null equals null."""


def twin_of(
    trials: pl.DataFrame, trial_id: str, team: str = "lead_subagents", twin: str = "serial_team"
) -> dict[str, Any] | None:
    """The row of the serial twin of a trial of `team`, or the team's trial of a twin, or None."""
    (mine,) = trials.filter(pl.col("trial_id") == trial_id).to_dicts()
    others = {team: twin, twin: team}
    if mine["topology"] not in others:
        return None
    found = trials.filter(
        pl.col("topology") == others[mine["topology"]],
        *(pl.col(name).eq_missing(mine[name]) for name in TWIN),
    )
    return found.row(0, named=True) if found.height else None


def serial_twins(
    trials: pl.DataFrame,
    findings: pl.DataFrame,
    team: str = "lead_subagents",
    twin: str = "serial_team",
    unknown: Iterable[str] = (),
) -> pl.DataFrame:
    """One row for each trial of `team` whose serial twin was recorded, with both sides.

    The columns of TWIN; then for each side (`team_`, `twin_`): `trial_id`, `passed`, `broken`
    (invariants broken), `kinds` (of the findings, sorted; null if not checked) and `findings`. A
    crashed trial has no twin.
    """
    kinds = findings.group_by("trial_id").agg(
        pl.col("kind").unique().sort().alias("kinds"), pl.len().cast(pl.Int64).alias("findings")
    )
    sides = (
        trials.filter(pl.col("passed").is_not_null())
        .join(kinds, on="trial_id", how="left")
        .with_columns(
            pl.col("broken_invariants").list.len().cast(pl.Int64).alias("broken"),
            pl.col("kinds").fill_null([]),
            pl.col("findings").fill_null(0),
        )
        .with_columns(
            pl.when(~pl.col("trial_id").is_in(list(unknown))).then(name).alias(name)
            for name in ("kinds", "findings")
        )
    )
    told = ("trial_id", "passed", "broken", "kinds", "findings")
    left, right = (
        sides.filter(pl.col("topology") == topology).select(
            *TWIN, "block", *(pl.col(name).alias(f"{side}_{name}") for name in told)
        )
        for side, topology in (("team", team), ("twin", twin))
    )
    return left.join(right.drop("block"), on=list(TWIN), how="inner", nulls_equal=True).sort(
        "team_trial_id"
    )


def twin_table(twins: pl.DataFrame) -> pl.DataFrame:
    """One row for each kind found on the team's side of `serial_twins`.

    `pairs` in which the team met it; in how many of them `twin_met` it too, `both_passed`,
    `only_team` passed, `only_twin` passed (the conflict may have cost the trial) and
    `neither_passed`; `team_success` and `twin_success` in those pairs; and `difference` (team minus
    twin) with its 95% interval and p on these tasks (see `results.statistics.pairs`). The row
    `kind` = "none" has the pairs without any finding on the team's side: what concurrency cost
    where no conflict was seen.
    """
    known = twins.filter(pl.col("team_kinds").is_not_null())
    met = known.with_columns(
        pl.when(pl.col("team_kinds").list.len() == 0)
        .then(pl.lit(["none"]))
        .otherwise("team_kinds")
        .alias("kind")
    ).explode("kind")
    rows = [
        {"kind": key[0], **_pair_counts(group, str(key[0]))}
        for key, group in met.group_by(["kind"], maintain_order=True)
    ]
    counts = ("pairs", "twin_met", "both_passed", "only_team", "only_twin", "neither_passed")
    values = ("team_success", "twin_success", "difference", "low", "high", "p")
    schema = {
        "kind": pl.String,
        **dict.fromkeys(counts, pl.Int64),
        **dict.fromkeys(values, pl.Float64),
    }
    return pl.DataFrame(rows, schema=schema, orient="row").sort("kind")


def _pair_counts(group: pl.DataFrame, kind: str) -> dict[str, float | int | None]:
    team, twin = pl.col("team_passed"), pl.col("twin_passed")
    one = group.select(
        pl.col("twin_kinds").list.contains(kind).sum().cast(pl.Int64).alias("twin_met"),
        (team & twin).sum().alias("both_passed"),
        (team & ~twin).sum().alias("only_team"),
        (~team & twin).sum().alias("only_twin"),
        (~team & ~twin).sum().alias("neither_passed"),
        team.mean().alias("team_success"),
        twin.mean().alias("twin_success"),
    ).row(0, named=True)
    if kind == "none":
        one["twin_met"] = None
    gain = paired_trials(one["only_team"], one["only_twin"], len(group))
    return {
        "pairs": len(group),
        **one,
        "difference": gain.estimate,
        "low": gain.low,
        "high": gain.high,
        "p": gain.p,
    }
