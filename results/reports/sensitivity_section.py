"""Report: for what share of plausible profiles conclusions hold, and what they hang on."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import polars as pl

from results.charts.map import deciders_chart, listed, shares_chart
from results.map.phase_map import BETTER, UNDECIDED, WORSE
from results.map.reach import MARGIN, estimated_shares
from results.map.sensitivity import (
    PROFILES,
    Drawn,
    cells_of,
    deciders,
    differences,
    reference_in,
    shares,
)
from results.reports.section import Section
from results.reports.tables import Table, grouped, number, p_value, percent_interval

Row = dict[str, Any]


def sensitivity_section(run: Drawn, k: int = 1) -> Section:
    """How far each conclusion reaches over drawn profiles. ValueError if the run drew none."""
    if PROFILES not in run.manifest:
        raise ValueError("this run drew no profiles; start with `fanout sensitivity`")
    about: Mapping[str, Any] = run.manifest[PROFILES]
    reference = reference_in(run.manifest)
    found = differences(run.trials, reference, k)
    if found.is_empty():
        raise ValueError("no profile of this run is complete yet; run it on")
    held, decided = shares(found), deciders(found, about["parameters"])
    played = found.get_column("model").n_unique()
    likely = estimated_shares(found)
    charts: dict[str, Any] = {"shares": shares_chart(held, reference, played, likely)}
    if decided.get_column("strength").drop_nulls().len():
        charts["deciders"] = deciders_chart(decided)
    sentences = (*share_sentences(held, reference, likely), *decider_sentences(decided, reference))
    tables = (share_table(held, found, likely), decider_table(decided))
    return Section("How far it reaches", sentences, tables, charts)


def share_sentences(
    held: pl.DataFrame, reference: str, likely: pl.DataFrame | None = None
) -> Iterator[str]:
    """What holds for what share of profiles, one sentence for each cell and topology."""
    for (cell, topology), rows in held.group_by(["cell", "topology"], maintain_order=True):
        by = {row["conclusion"]: row for row in rows.iter_rows(named=True)}
        told = {} if likely is None else _estimates(likely, str(cell), str(topology))
        start = f"In simulation, on {cell}: that {topology} does"
        shown = (
            f"{100 * by[WORSE]['share']:.0f}% show worse and {100 * by[BETTER]['share']:.0f}% "
            f"better in their own trials alone"
        )
        if not told:
            yield f"{start} better or worse than {reference}: {shown} ({by[WORSE]['of']} profiles)."
            continue
        yield (
            f"{start} worse than {reference} by more than {100 * MARGIN:g} points holds for an "
            f"estimated {_of(told[WORSE])} of plausible profiles, better for {_of(told[BETTER])}; "
            f"{shown} ({by[WORSE]['of']} profiles)."
        )


def _estimates(likely: pl.DataFrame, cell: str, topology: str) -> dict[str, Row]:
    mine = likely.filter(pl.col("cell") == cell, pl.col("topology") == topology)
    return {row["conclusion"]: row for row in mine.iter_rows(named=True)}


def _of(row: Mapping[str, Any]) -> str:
    low, high = 100 * row["low"], 100 * row["high"]
    return f"{100 * row['share']:.0f}% (95% interval {low:.0f} to {high:.0f})"


def decider_sentences(decided: pl.DataFrame, reference: str) -> Iterator[str]:
    """What each cell's difference hangs on, and its break-even values."""
    for (cell, topology), rows in decided.group_by(["cell", "topology"], maintain_order=True):
        holds = rows.filter(pl.col("q") <= 0.05).sort(pl.col("strength").abs(), descending=True)
        if holds.is_empty():
            yield f"In simulation, on {cell}: no parameter is known to decide on {topology}."
            continue
        names = [_with_sign(row) for row in holds.head(4).iter_rows(named=True)]
        yield f"In simulation, on {cell}, {topology} hangs most on {listed(names)}."
        for row in holds.filter(pl.col("break_even").is_not_null()).iter_rows(named=True):
            yield (
                f"In simulation, on {cell}: {topology} pays {row['pays']} a {words(row)} of "
                f"{break_even_words(row)} against {reference}, on average over all else."
            )


def words(row: Mapping[str, Any]) -> str:
    """A parameter as it is spoken of."""
    return str(row["parameter"]).replace("_", " ")


def break_even_words(row: Mapping[str, Any]) -> str:
    """A break-even value with its interval; a limit out of the range is said to be."""
    unit = " per 1,000 tokens" if row["parameter"] == "context_slope" else ""
    low, high = row["break_even_low"], row["break_even_high"]
    ends = [
        "below the range" if low is None else f"{low:.2g}",
        "above the range" if high is None else f"{high:.2g}",
    ]
    return f"{row['break_even']:.2g}{unit} (95% interval {ends[0]} to {ends[1]})"


def _with_sign(row: Row) -> str:
    name = words(row)
    if row["kind"] == "choice":
        return f"{name} (best: {row['best']})"
    return f"{name} (rank correlation {row['strength']:+.2f})"


def share_table(held: pl.DataFrame, found: pl.DataFrame, likely: pl.DataFrame) -> Table:
    """The shares, with the mean difference over all profiles."""
    means = pl.DataFrame(
        [
            key
            | {
                "mean": group["difference"].mean(),
                "none": (group["passed"] == 0).mean(),
            }
            for key, group in cells_of(found)
        ]
    )
    wide = held.pivot(
        on="conclusion",
        index=["task_set", "cell", "topology", "of"],
        values=["share", "low", "high"],
    ).join(means.drop("place"), on=["task_set", "cell", "topology"])

    def share(name: str) -> Callable[[Row], str]:
        return lambda row: percent_interval(
            row[f"share_{name}"], row[f"low_{name}"], row[f"high_{name}"]
        )

    def estimate(name: str) -> Callable[[Row], str]:
        def text(row: Row) -> str:
            told = _estimates(likely, row["cell"], row["topology"]).get(name)
            return (
                "-" if told is None else percent_interval(told["share"], told["low"], told["high"])
            )

        return text

    return grouped(
        wide,
        "Shares of profiles",
        [
            ("topology", lambda row: row["topology"]),
            ("profiles", lambda row: number(row["of"])),
            *((f"{name} (estimated)", estimate(name)) for name in (BETTER, WORSE)),
            *((f"{name} (shown)", share(name)) for name in (BETTER, WORSE, UNDECIDED)),
            ("mean difference, points", lambda row: number(100 * row["mean"], 1)),
            ("no trial passed", lambda row: f"{100 * row['none']:.0f}%"),
        ],
        f"Estimated: true of the profile by more than {100 * MARGIN:g} points of trials passed, "
        "whether or not its own trials can show it. What differences vary by beyond the luck of "
        "trials (known from each profile's tasks) is taken as normal; interval by drawing profiles "
        "again. Shown: the profile's own 95% interval, paired by task, leaves out 0 (up to 5% by "
        "chance where none differs); interval by Wilson. All profiles are equally likely.",
    )


def decider_table(decided: pl.DataFrame) -> Table:
    """The parameters that hold after correction, the strongest first."""
    holds = decided.filter(pl.col("q") <= 0.05).sort(
        "task_set", "cell", "topology", pl.col("strength").abs(), descending=[False] * 3 + [True]
    )
    return grouped(
        holds,
        "What it hangs on",
        [
            ("parameter", lambda row: words(row)),
            ("topology", lambda row: row["topology"]),
            ("strength", _strength),
            ("p (corrected)", lambda row: p_value(row["q"])),
            ("best choice", lambda row: row["best"] or "-"),
            (
                "team pays",
                lambda row: (
                    "-" if row["break_even"] is None else f"{row['pays']} {break_even_words(row)}"
                ),
            ),
        ],
        "Strength is Spearman's rank correlation of the parameter with the difference (of choices "
        "the root of epsilon squared, without a sign). p is corrected by Benjamini and Hochberg "
        "over all parameters and cells. A break-even value is where the mean difference, over all "
        "else, passes 0: isotonic regression, interval by drawing profiles again; a dash means "
        "that there is none in the range.",
    )


def _strength(row: Row) -> str:
    if row["low"] is None:
        return number(row["strength"], 2)
    return f"{row['strength']:+.2f} ({row['low']:+.2f} to {row['high']:+.2f})"
