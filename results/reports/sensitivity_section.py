"""Report: for what share of plausible profiles conclusions hold, and what they depend on."""

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from results.charts.map import deciders_chart, shares_chart
from results.questions.map.phase_map import BETTER, UNDECIDED, WORSE
from results.questions.map.sensitivity import (
    ALPHA,
    PROFILES,
    cells_of,
    deciders,
    differences,
    reference_in,
    shares,
)
from results.questions.map.share_of_profiles import EMPTY, MARGIN, WIDEST, estimated_shares
from results.records import Graded
from results.refused import Refused
from results.reports.parts import Section
from results.reports.sensitivity_words import (
    break_even_words,
    decider_sentences,
    end_words,
    estimates,
    name_of,
    share_sentences,
)
from results.table import Row, Table, grouped
from results.words import number, p_value, percent_interval, points


def sensitivity_section(run: Graded, k: int = 1) -> Section:
    """How far each conclusion reaches over drawn profiles. `Refused` if the run drew none."""
    if PROFILES not in run.manifest:
        raise Refused("this run drew no profiles; start with `fanout sensitivity`")
    about: Mapping[str, Any] = run.manifest[PROFILES]
    reference = reference_in(run.manifest)
    found = differences(run.trials, reference, k)
    if found.is_empty():
        raise Refused("no profile of this run has 2 tasks that both sides finished; run it on")
    held, decided = shares(found), deciders(found, about["parameters"])
    played = found.get_column("model").n_unique()
    likely = estimated_shares(found)
    charts: dict[str, Any] = {"shares": shares_chart(held, reference, played, likely)}
    if decided.get_column("strength").drop_nulls().len():
        charts["deciders"] = deciders_chart(decided)
    sentences = (*share_sentences(held, reference, likely), *decider_sentences(decided, reference))
    tables = (share_table(held, found, likely), decider_table(decided))
    return Section("How far it reaches", sentences, tables, charts)


def share_table(held: pl.DataFrame, found: pl.DataFrame, likely: pl.DataFrame) -> Table:
    """The shares, with the mean difference over all profiles."""
    floors = pl.DataFrame(
        [key | {"none": (group["passed"] == 0).mean()} for key, group in cells_of(found)]
    )
    wide = held.pivot(
        on="conclusion",
        index=["task_set", "cell", "topology", "of"],
        values=["share", "low", "high"],
    ).join(floors.drop("place"), on=["task_set", "cell", "topology"])

    def share(name: str) -> Callable[[Row], str]:
        return lambda row: percent_interval(
            row[f"share_{name}"], row[f"low_{name}"], row[f"high_{name}"]
        )

    def told(row: Row, name: str) -> Row:
        return dict(estimates(likely, row["cell"], row["topology"]).get(name, {}))

    def estimate(name: str) -> Callable[[Row], str]:
        return lambda row: estimated_words(told(row, name))

    def mean(row: Row) -> str:
        known = told(row, WORSE)
        return points(known.get("mean"), known.get("mean_low"), known.get("mean_high"))

    return grouped(
        wide,
        "Shares of profiles",
        [
            ("topology", lambda row: row["topology"]),
            ("profiles", lambda row: number(row["of"])),
            ("mean difference, points", mean),
            *((f"{name} (estimated)", estimate(name)) for name in (BETTER, WORSE)),
            *((f"{name} (shown)", share(name)) for name in (BETTER, WORSE, UNDECIDED)),
            ("no trial passed", lambda row: f"{100 * row['none']:.0f}%"),
        ],
        f"Estimated: true of the profile by more than {100 * MARGIN:g} points of trials passed, "
        "whether or not its own trials can show it; no shape of how profiles differ is assumed "
        "(nonparametric maximum likelihood, 95% likelihood-ratio interval). Where that interval is "
        f"wider than {100 * WIDEST:g} points it stands alone, and above {100 * EMPTY:g} points "
        "nothing can be told. Shown: the profile's own 95% interval, paired by task, leaves out 0 "
        "(up to 5% by chance where none differs); interval by Wilson. All profiles are equally "
        "likely. Where no trial passed there is nothing to differ.",
    )


def estimated_words(row: Mapping[str, Any]) -> str:
    """A share of `results.questions.map.share_of_profiles.ESTIMATED` as far as it is told."""
    if row.get("low") is None:
        return "not to be told" if row else "-"
    if row["share"] is None:
        return f"{100 * row['low']:.1f} to {100 * row['high']:.1f}%"
    return percent_interval(row["share"], row["low"], row["high"])


def decider_table(decided: pl.DataFrame) -> Table:
    """The parameters that hold after correction, the strongest first."""
    holds = decided.filter(pl.col("q") <= ALPHA).sort(
        "task_set", "cell", "topology", pl.col("strength").abs(), descending=[False] * 3 + [True]
    )
    return grouped(
        holds,
        "What it depends on",
        [
            ("parameter", lambda row: name_of(row)),
            ("topology", lambda row: row["topology"]),
            ("strength", _strength),
            ("p (corrected)", lambda row: p_value(row["q"])),
            (
                "break-even",
                lambda row: (
                    "-" if row["break_even"] is None else f"{row['pays']} {break_even_words(row)}"
                ),
            ),
            ("end", _end),
            (
                "difference there, points",
                lambda row: points(row["end_mean"], row["end_mean_low"], row["end_mean_high"]),
            ),
            (
                "trials passed there",
                lambda row: "-" if row["end_passed"] is None else f"{100 * row['end_passed']:.0f}%",
            ),
        ],
        "Strength is Spearman's rank correlation of the parameter with the difference (of choices "
        "the root of epsilon squared, without a sign). p is corrected by Benjamini and Hochberg "
        "over all parameters and cells. A break-even value is where the mean difference, over all "
        "else, passes 0: isotonic regression, interval by drawing profiles again. The end is the "
        "tenth of profiles where the difference is nearest to changing its sign (a whole number: "
        "all with that value), or the best choice. Trials passed are those of both sides: where "
        "hardly any pass, differences vanish for want of anything to differ in.",
    )


def _end(row: Row) -> str:
    if row["kind"] == "choice":
        return row["best"] or "-"
    return "-" if row["end"] is None else f"{row['end']}: {end_words(row)}"


def _strength(row: Row) -> str:
    if row["low"] is None:
        return number(row["strength"], 2)
    return f"{row['strength']:+.2f} ({row['low']:+.2f} to {row['high']:+.2f})"
