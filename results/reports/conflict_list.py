"""What was found in a run as a list to choose from: one finding a row, beside how its trial did."""

from typing import Any

import polars as pl

from results.conflicts import FAMILIES
from results.conflicts.harm import HARMLESS

EVERY = "every kind"

LOOK: dict[str, Any] = {
    "page_size": 8,
    "show_column_summaries": False,
    "show_data_types": False,
    "show_download": False,
    "column_widths": {
        "kind": 140,
        "agents": 170,
        "about": 150,
        "came to": 75,
        "serial twin": 85,
        "topology": 125,
        "coupling": 75,
        "task": 110,
        "n": 40,
        "finding": 65,
        "trial": 190,
    },
}
"""How a table of a notebook sets a `finding_list`; widths are in pixels."""


def kinds_of(found: pl.DataFrame) -> dict[str, str]:
    """Label, with a count, to kind: all of them first, then the most frequent kinds first."""
    counts = found.group_by("kind").len().sort("len", "kind", descending=[True, False])
    return {f"{EVERY} ({found.height:,})": EVERY} | {
        f"{kind} ({count:,})": kind for kind, count in counts.iter_rows()
    }


def finding_list(
    trials: pl.DataFrame, found: pl.DataFrame, twins: pl.DataFrame, kind: str = EVERY
) -> pl.DataFrame:
    """The findings of a kind (a value of `kinds_of`) as a person chooses among them.

    `trial` and `finding` name one (see `finding_of`); `about` is the row or the predicate, or
    "several" of them. `came to` is how the trial ended, which need not be the conflict's doing;
    `serial twin` how the same trial ended one agent at a time, null if it was not recorded (`twins`
    as from `results.conflicts.serial_twins.serial_twins`). Those that may have failed their trial
    come first, as in `results.reports.conflict_section.first_harmful`.
    """
    told = trials.select(
        "trial_id",
        "topology",
        "coupling",
        pl.col("task").str.split("?").list.first(),
        "trial",
        pl.when(pl.col("passed").is_null()).then("ended").otherwise(_word("passed")).alias("end"),
        (pl.col("broken_invariants").list.len().fill_null(0) > 0).alias("broke"),
    ).join(
        twins.select(
            pl.col("team_trial_id").alias("trial_id"), _word("twin_passed").alias("serial twin")
        ),
        on="trial_id",
        how="left",
    )
    failed = (pl.col("end") == "failed") & ~pl.col("kind").is_in(HARMLESS)
    may = failed & pl.col("touches_missed").fill_null(True)
    link = pl.when("predicate").then(pl.lit(" where ")).otherwise(pl.lit(" "))
    return (
        (found if kind == EVERY else found.filter(pl.col("kind") == kind))
        .join(told, on="trial_id")
        .sort(
            pl.col("kind").is_in(HARMLESS),
            may,
            may & pl.col("touches_missed").fill_null(False),
            may & (pl.col("serial twin") == "passed").fill_null(False),
            may & pl.col("broke"),
            pl.col("trial_id").filter(may).n_unique().over("kind"),
            failed,
            pl.col("family").cast(pl.Enum(FAMILIES)),
            "trial_id",
            "finding",
            descending=[False, True, True, True, True, True, True, False, False, False],
        )
        .select(
            "kind",
            pl.col("agents").list.join(", "),
            pl.concat_str("table", link, "key").fill_null("several").alias("about"),
            pl.col("end").alias("came to"),
            "serial twin",
            "topology",
            "coupling",
            "task",
            pl.col("trial").alias("n"),
            "finding",
            pl.col("trial_id").alias("trial"),
        )
    )


def finding_of(found: pl.DataFrame, listed: pl.DataFrame) -> dict[str, Any] | None:
    """The finding that the first row of a `finding_list` names; None if nothing is listed."""
    if listed.is_empty():
        return None
    trial, finding = listed.select("trial", "finding").row(0)
    return found.row(
        by_predicate=(pl.col("trial_id") == trial) & (pl.col("finding") == finding), named=True
    )


def _word(passed: str) -> pl.Expr:
    return pl.when(passed).then(pl.lit("passed")).otherwise(pl.lit("failed"))
