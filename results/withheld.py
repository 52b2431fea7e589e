"""Keeps apart what the simulated model did not understand: it shows nothing, and is no failure.

An agent that found no work it can read, or no tool that it knows for its work, says nothing about
its topology. So where that happened in any trial, all trials of that topology at those settings are
withheld: not graded, not compared, and said to be so wherever they would have stood.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from results.strata import cell_label

ALIKE = ("topology", "task_set", "settings", "model")
"""Trials that are withheld together."""

SIGN = "not understood"
"""What stands for a topology that is withheld."""


@dataclass(frozen=True)
class Withheld:
    """A topology that is withheld in a cell: in how many trials how many agents were lost."""

    topology: str
    task_set: str
    cell: str
    lost: int
    trials: int
    agents: int

    @property
    def sentence(self) -> str:
        """What is said of it."""
        agents = "1 agent" if self.agents == 1 else f"{self.agents} agents"
        return (
            f"{self.topology} on {self.cell}: no comparison, for the simulated model did not "
            f"understand what {agents} in {self.lost} of its {self.trials} trials were to do. "
            "Neither its success nor its costs say anything; `fanout show` names what was not "
            "understood."
        )


def understood(trials: pl.DataFrame) -> pl.DataFrame:
    """The trials, with those that are withheld marked and not graded.

    `withheld` is null where the count of lost agents is not known.
    The other columns are as recorded.
    """
    lost = (pl.col("not_understood") > 0).any().over(ALIKE)
    known = pl.col("not_understood").is_not_null().any().over(ALIKE)
    return trials.with_columns(withheld=pl.when(known).then(lost)).with_columns(
        passed=pl.when(~pl.col("withheld").fill_null(False)).then("passed")
    )


def withheld_in(trials: pl.DataFrame, by: Sequence[str]) -> list[Withheld]:
    """What is withheld, one for each topology and cell of the settings `by`."""
    if "withheld" not in trials.columns or not trials.get_column("withheld").any():
        return []
    keys = list(dict.fromkeys(["task_set", *by, "topology"]))
    rows = (
        trials.filter("withheld")
        .with_columns(cell_label(by))
        .group_by(*keys, "cell")
        .agg(
            (pl.col("not_understood") > 0).sum().cast(pl.Int64).alias("lost"),
            pl.len().cast(pl.Int64).alias("trials"),
            pl.col("not_understood").sum().alias("agents"),
        )
        .sort(*keys, nulls_last=True)
    )
    names = ("topology", "task_set", "cell", "lost", "trials", "agents")
    return [Withheld(**{name: row[name] for name in names}) for row in rows.iter_rows(named=True)]
