"""The tables of the report's section on conflicts: only what occurred, zeros folded together."""

from collections.abc import Sequence

import polars as pl

from results.conflicts import FAMILIES
from results.conflicts.consequences import OUTCOMES
from results.conflicts.harm import HARMLESS
from results.table import Row, Table, grouped
from results.words import number, percent, percent_interval, points

MEANINGS = {
    "stale-basis": "a write from what its agent had read before another wrote that",
    "lost-update": "a write over another's, from a read before it",
    "write-skew": "each of two wrote what the other had read",
    "G-single": "one saw or overwrote some of another's changes and missed others",
    "G-nonadjacent": "a cycle of whom several missed what the next wrote, never two in a row",
    "G2": "a cycle of whom two in a row or more missed what the next wrote",
    "G0": "two wrote several rows in opposite orders",
    "G1a": "a read of what was later undone",
    "G1b": "a read of what its writer then wrote over",
    "G1c": "each read what the other had written",
    "internal": "an agent did not see what it had itself written",
    "self-conflict": "calls that one agent made at once conflict with each other",
    "duplicate-effect": "a call again with the same arguments, which may be what was asked for",
    "divergent-decision": "different choices where all had to be alike",
    "overwritten-work": "another wrote over it, and no other agent had read it",
    "wasted-work": "the same read by several agents",
}
"""The kinds in plain words, without the endings of Adya's names (see `ENDINGS`)."""

ENDINGS = ("-process", "-realtime", "-item")

POOLED = ("width", "coupling")
"""Settings that these tables do not keep apart row by row: coupling stands in the columns."""


def met_kinds(often: pl.DataFrame) -> pl.DataFrame:
    """One row for each kind that a topology met, what it met most in its cell first.

    `often` is from `results.conflicts.harm.how_often`, by coupling and with a column `cell`. Added:
    `at`, the rows of the kind by coupling, and `most`, the largest share among them.
    """
    keys = ("cell", "topology", "family", "kind")
    at = pl.struct("coupling", "trials", "share", "low", "high", "per_trial").sort_by("coupling")
    found = often.group_by(keys, maintain_order=True).agg(
        at.alias("at"), pl.col("share").max().alias("most")
    )
    return found.filter(pl.col("most") > 0).sort(
        "cell",
        "topology",
        pl.col("kind").is_in(HARMLESS),
        "most",
        pl.col("family").cast(pl.Enum(FAMILIES)),
        "kind",
        descending=[False, False, False, True, False, False],
    )


def often_table(often: pl.DataFrame) -> Table:
    """How often each kind happened that did, a column for each coupling."""
    couplings: list[float | None] = often.get_column("coupling").unique().sort().to_list()
    return grouped(
        met_kinds(often),
        "How often each kind of conflict happened",
        [
            ("topology", lambda row: row["topology"]),
            ("kind", lambda row: row["kind"]),
            *(
                (
                    "trials with it" if at is None else f"at coupling {at:g}",
                    lambda row, at=at: _share(row["at"], at),
                )
                for at in couplings
            ),
            ("findings per trial", lambda row: number(_per_trial(row["at"]), 2)),
        ],
        "Shares of graded trials, with intervals from drawing base tasks again. What is not listed "
        f"was not found. {_glossary(often.filter(pl.col('share') > 0))}",
    )


def _glossary(met: pl.DataFrame) -> str:
    """What the kinds that occurred mean, in the order of MEANINGS."""
    kinds: list[str] = met.get_column("kind").unique().to_list()
    plain = {_plain(kind) for kind in kinds}
    told = [f"{kind}: {words}" for kind, words in MEANINGS.items() if kind in plain]
    if any(kind.endswith("-item") for kind in kinds):
        told.append("-item: of rows alone, not of what a search found")
    if any(kind.endswith(ENDINGS[:2]) for kind in kinds):
        told.append("-process, -realtime: with each agent's own order, or that of time")
    return f"{'; '.join(told)}." if told else ""


def _plain(kind: str) -> str:
    for ending in ENDINGS:
        kind = kind.removesuffix(ending)
    return kind


def _share(parts: Sequence[Row], coupling: float | None) -> str:
    for part in parts:
        if part["coupling"] == coupling:
            if not part["share"]:
                return f"none of {number(part['trials'])}"
            shown = percent_interval(part["share"], part["low"], part["high"])
            return f"{shown} of {number(part['trials'])}"
    return "-"


def _per_trial(parts: Sequence[Row]) -> float:
    trials = sum(part["trials"] for part in parts)
    return sum(part["per_trial"] * part["trials"] for part in parts) / trials


def outcome_table(outcomes: pl.DataFrame) -> Table:
    """What came of the findings of each kind, by topology."""
    return grouped(
        outcomes,
        "What came of them",
        [
            ("topology", lambda row: row["topology"]),
            ("kind", lambda row: row["kind"]),
            ("findings", lambda row: number(row["findings"])),
            ("in trials", lambda row: number(row["trials"])),
            *((words, lambda row, at=at: number(row[at])) for at, words in OUTCOMES.items()),
            ("not known", lambda row: number(row["unknown"])),
        ],
        "By the last call that a finding rests on. An agent took note if, within its next two "
        "messages, it called that tool again, touched one of the same rows, or handed in as "
        "blocked.",
    )


def hurt_table(hurt: pl.DataFrame) -> Table:
    """Trials with a kind beside trials of the same task without it, where a task had both."""
    met = hurt.filter(pl.col("trials_with") > 0)
    alone = met.filter(pl.col("success_difference").is_null())
    left_out = (
        f" {alone.height} of {met.height} rows are left out, since no tasks had two trials or more "
        "of both sorts."
        if alone.height
        else ""
    )
    return grouped(
        met.filter(pl.col("success_difference").is_not_null()).sort("cell", "topology", "kind"),
        "Trials with a conflict beside trials without",
        [
            ("topology", lambda row: row["topology"]),
            ("kind", lambda row: row["kind"]),
            ("trials with", lambda row: number(row["trials_with"])),
            ("without", lambda row: number(row["trials_without"])),
            ("passed with", lambda row: percent(row["success_with"])),
            ("passed without", lambda row: percent(row["success_without"])),
            (
                "within tasks, points",
                lambda row: points(
                    row["success_difference"], row["success_low"], row["success_high"]
                ),
            ),
            ("broken with", lambda row: number(row["broken_with"], 2)),
            ("broken without", lambda row: number(row["broken_without"], 2)),
        ],
        "Only `within tasks` compares like with like: over tasks, each at one width and coupling, "
        "that have trials of both sorts. The other columns take all trials. Broken: invariants per "
        "trial. Trials with a conflict can differ in other ways too; the serial twin tells cause "
        f"apart.{left_out}",
    )


def twin_kinds(beside: pl.DataFrame, team: str, twin: str) -> Table:
    """What the team met, beside the same trials one agent at a time."""
    return grouped(
        beside.with_columns(pl.lit(f"{team} beside {twin}").alias("cell")).sort(
            pl.col("kind") == "none",
            pl.col("kind").is_in(HARMLESS),
            -pl.col("pairs"),
            maintain_order=True,
        ),
        "The same trials, one agent at a time",
        [
            ("kind met by the team", lambda row: row["kind"]),
            ("pairs", lambda row: number(row["pairs"])),
            ("twin met it too", lambda row: number(row["twin_met"])),
            ("both passed", lambda row: number(row["both_passed"])),
            ("only the team", lambda row: number(row["only_team"])),
            ("only the twin", lambda row: number(row["only_twin"])),
            ("neither", lambda row: number(row["neither_passed"])),
            ("difference, points", lambda row: points(row["difference"], row["low"], row["high"])),
        ],
        "A pair is one trial of the team and the same trial with the same luck of the work, by the "
        "same team working one at a time. A trial with several kinds counts in each. Intervals are "
        "over pairs: they are about these tasks, not about tasks like these.",
    )
