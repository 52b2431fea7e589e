"""Report: what the world did wrong, and what each topology made of it, beside faultless twins."""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import polars as pl

import results.resilience
from results.reports.parts import Section
from results.resilience.by_fault import BY_KIND, BY_PLACE, by_firing, by_plan
from results.strata import cell_label
from results.table import Row, Table, grouped
from results.view import View
from results.words import many, number, on, percent, percent_interval, points, ratio

PUBLISHED = Path(results.resilience.__file__).with_name("published_faults.json")
"""What papers say of faults, each with its source."""
MOST_TOLD = 6
"""Changes that are told one by one, the largest first; the table has all."""

Columns = list[tuple[str, Callable[[Row], str]]]


def fault_section(view: View) -> Section | None:
    """The section; None for a run without fault plans, or without a graded trial that had one."""
    planned = view.trials.filter(pl.col("faults").is_not_null() & pl.col("passed").is_not_null())
    if planned.is_empty():
        return None
    by = [name for name in view.by if name != "faults"]
    plans = by_plan(view, by).with_columns(cell_label(by))
    return Section(
        "What the world did wrong",
        tuple(fault_sentences(plans, view.simulated)),
        (
            plan_table(plans),
            _apart(view, by, BY_KIND, "By kind of fault, and how long it lasts"),
            _apart(view, by, BY_PLACE, "By place in the task"),
            published_table(),
        ),
    )


def fault_sentences(plans: pl.DataFrame, simulated: bool) -> Iterator[str]:
    """Where a plan was shown to move what passes, the largest first, and where nothing fired."""
    settled = plans.filter((pl.col("change_low") > 0) | (pl.col("change_high") < 0))
    for row in settled.sort(pl.col("change").abs(), descending=True).head(MOST_TOLD).to_dicts():
        change = points(row["change"], row["change_low"], row["change_high"])
        yield (
            f"{on(simulated)} {row['cell']} {row['topology']} passed {change} points beside its "
            f"faultless twins where {row['faults']} hit ({many(row['twins'], 'pair')}); of these "
            f"trials {percent(row['recovered'])} recovered, {percent(row['told'])} told of it."
        )
    if settled.height > MOST_TOLD:
        yield f"{settled.height - MOST_TOLD} more changes are settled: see the table."
    untouched = plans.filter(pl.col("hit") == 0)
    for (plan,), rows in untouched.group_by("faults", maintain_order=True):
        where = rows.select(pl.format("{} on {}", "topology", "cell")).to_series().to_list()
        yield (
            f"Nothing of {plan} fired for {', '.join(where)}: that is no fault survived, and "
            "nothing is said of it."
        )


def plan_table(plans: pl.DataFrame) -> Table:
    """Every plan and topology: how far its faults came, and what came of them."""
    return grouped(
        plans,
        "What faults came to",
        [
            ("topology", lambda row: row["topology"]),
            ("faults", lambda row: row["faults"]),
            ("graded trials", lambda row: number(row["trials"])),
            ("calls armed, fired, reached", _reach),
            *_outcome_columns(),
            ("recovered, over all", lambda row: _share(row, "over_all")),
            ("told", lambda row: percent(row["told"])),
            ("harm left", lambda row: percent(row["harm"])),
            ("effects doubled", lambda row: number(row["doubled"])),
            ("invariants broken", lambda row: number(row["broken"])),
            ("passed, points from twins", _change),
            ("tokens, from twins", _tokens),
            ("seconds", lambda row: ratio(row["seconds_ratio"], None, None)),
        ],
        "Armed: the plan drew it. Fired: reply, state, time or prompt are not what they would "
        "have been. Reached: an agent was asked again with it in sight. All that follows is of "
        "the trials hit by a fault that fired, but for the column over all. Noticed: of the "
        "firings that reached an agent, those after which it did something within two messages "
        "that its faultless twin did not (tried again, read again, checked, asked, escalated, "
        "said so). Recovered: the state is right and nothing was doubled. Told: it says blocked, "
        "or its answer says in English that something went wrong, and its twin's does not. Harm "
        "left: an effect doubled in a state that is not right, or an invariant broken that the "
        "twin keeps. Intervals are 95%, over tasks; the points from twins are of these tasks "
        "alone. Twins share luck, not interleaving; with a real model they share the task alone.",
    )


def _outcome_columns() -> Columns:
    return [
        ("trials hit", lambda row: number(row["hit"])),
        ("noticed", _noticed),
        ("recovered, where hit", lambda row: _share(row, "recovered")),
    ]


def _apart(view: View, by: Sequence[str], of: tuple[str, ...], title: str) -> Table:
    rows = by_firing(view, of, by).with_columns(cell_label(by))
    names = {"fault_kind": "kind", "fault_lasts": "lasts", "fault_place": "place"}
    return grouped(
        rows,
        title,
        [
            ("topology", lambda row: row["topology"]),
            *((names[name], partial(_text, name)) for name in of),
            ("calls armed, fired, reached", _reach),
            *_outcome_columns(),
            ("told", lambda row: percent(row["told"])),
            ("harm left", lambda row: percent(row["harm"])),
            ("passed, points from twins", _change),
        ],
        "A trial that faults of several sorts hit stands in several rows.",
    )


def published_table() -> Table:
    """What papers and public reports say, to stand beside."""
    told = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    rows = pl.DataFrame(told["rows"]).with_columns(pl.lit("other systems and work").alias("cell"))
    return grouped(
        rows,
        "Published numbers",
        [(name, partial(_text, name)) for name in ("source", "what", "value")],
        told["note"],
    )


def _text(name: str, row: Row) -> str:
    return row[name] or "-"


def _reach(row: Row) -> str:
    return ", ".join(number(row[name]) for name in ("armed", "fired", "reached"))


def _noticed(row: Row) -> str:
    if row["noticed"] is None:
        return "-"
    share = percent_interval(row["noticed"], row["noticed_low"], row["noticed_high"])
    return f"{share} of {row['judged']}"


def _share(row: Row, name: str) -> str:
    return percent_interval(row[name], row[f"{name}_low"], row[f"{name}_high"])


def _change(row: Row) -> str:
    return points(row["change"], row["change_low"], row["change_high"])


def _tokens(row: Row) -> str:
    return ratio(row["tokens_ratio"], row["tokens_low"], row["tokens_high"])
