"""Report: where the tokens went, what coordination took, and whether a gain is just tokens."""

from collections.abc import Callable, Iterator

import polars as pl

from results.charts.tokens import scale_note, tokens_by_part
from results.reports.parts import Section
from results.strata import cell_label
from results.table import Row, Table, grouped
from results.tokens.attribution import CHARACTERS, Counter, attribution, by_part
from results.tokens.coordination import coordination
from results.tokens.prompt_parts import PARTS
from results.tokens.token_regression import LEAST_OVERLAP, token_regression
from results.usage import OF_AGENTS
from results.view import View
from results.words import dollars, number, on, percent, points, ratio


def attribution_section(view: View, counter: Counter = CHARACTERS) -> Section | None:
    """The section; None for a run whose steps report no prompt tokens."""
    attributed = attribution(view.steps.filter(OF_AGENTS), counter)
    if attributed.get_column("tokens").drop_nulls().is_empty():
        return None
    trials, by, reference = view.trials, view.by, view.reference
    parts, worked = (
        found.with_columns(cell_label(by)).sort(
            "task_set", *by, nulls_last=True, maintain_order=True
        )
        for found in (
            by_part(trials, attributed, by),
            coordination(trials, view.steps, attributed, reference, by),
        )
    )
    told = token_regression(trials, reference)
    start = on(view.simulated)
    tables = [_parts_table(parts)]
    if len(view.topologies) > 1:
        tables.append(_coordination_table(worked, reference))
    if not told.is_empty():
        tables.append(_regression_table(told, reference))
    pooled = coordination(trials, view.steps, attributed, reference)
    sentences = (
        *coordination_sentences(pooled, reference, start),
        *regression_sentences(told, reference, start),
    )
    recorded = parts.filter(pl.col("part") != "unrecorded", pl.col("tokens").is_not_null())
    charts = (
        {} if recorded.is_empty() else {"tokens_by_part": tokens_by_part(view, counter, attributed)}
    )
    return Section("Where the tokens go", sentences, tuple(tables), charts)


def coordination_sentences(
    worked: pl.DataFrame, reference: str, start: str = "On"
) -> Iterator[str]:
    """One sentence for each topology beside the reference and task set, from `coordination`."""
    for row in worked.filter(pl.col("topology") != reference).iter_rows(named=True):
        if row["overhead"] is None:
            continue
        span = ""
        if row["overhead_low"] is not None:
            low, high = _whole(row["overhead_low"]), _whole(row["overhead_high"])
            span = f" (95% interval {low} to {high})"
        said = (
            f"{start} {row['task_set']} {row['topology']} took {number(row['turns'], 1)} turns a "
            f"trial, an overhead of {_whole(row['overhead'])} over {reference}{span}, at an "
            f"efficiency of {number(row['efficiency'], 2)}"
        )
        if row["handed"] is not None:
            said += (
                f"; {_whole(row['handed'])} of its prompt tokens were briefs, reports and "
                f"hand-offs, {_whole(row['repeated_setup'])} instructions and tool schemas said "
                "again"
            )
        if row["redundancy"] is not None:
            said += f"; {_whole(row['redundancy'])} of its work calls repeated another agent's"
        yield said + "."


def regression_sentences(told: pl.DataFrame, reference: str, start: str = "On") -> Iterator[str]:
    """Is the gain just tokens? One sentence for each row of `token_regression`."""
    for row in told.iter_rows(named=True):
        if row["difference"] is None:
            yield (
                f"{start} {row['task_set']} nothing is said of tokens and the success of "
                f"{row['topology']} beside {reference}: {row['why']}."
            )
            continue
        first = (
            f"{start} {row['task_set']} {row['topology']} passed "
            f"{points(row['difference'], row['low'], row['high'])} points beside {reference}"
        )
        if row["at_equal_tokens"] is None:
            yield f"{first}; whether that is just tokens cannot be told: {row['why']}."
            continue
        left = points(row["at_equal_tokens"], row["equal_low"], row["equal_high"])
        yield (f"{first}, and {left} points where both used equally many tokens: {_verdict(row)}.")


def _verdict(row: Row) -> str:
    low, high = row["equal_low"], row["equal_high"]
    if low is None:
        return "too little variation to say more"
    if low > 0 or high < 0:
        return "tokens alone do not account for it"
    if row["low"] is not None and (row["low"] > 0 or row["high"] < 0):
        return "what is left could be nothing, so tokens may account for it"
    return "not enough evidence yet for a difference either way"


def _whole(share: float) -> str:
    return f"{100 * share:.0f}%"


def _parts_table(parts: pl.DataFrame) -> Table:
    """A line for each topology and role, a column for each part that any of them has."""
    scales = parts.select(pl.col("scale_low").min(), pl.col("scale_high").max()).row(0)
    found = parts.get_column("part").to_list()
    used = [part for part in PARTS if part in found]
    sums = [pl.col(name).sum().name.prefix("all_") for name in ("tokens", "cached", "share")]
    unknown = pl.col("tokens").null_count() > 0
    uncached = pl.col("cached").null_count() > 0
    lines = parts.group_by("cell", "topology", "role", maintain_order=True).agg(
        pl.struct("part", "tokens", "share").alias("parts"),
        *(pl.when(~unknown).then(one) for one in sums[::2]),
        pl.when(~unknown & ~uncached).then(sums[1]),
    )
    return grouped(
        lines,
        "Prompt tokens per trial, by role and part",
        [
            ("topology", lambda row: row["topology"]),
            ("role", lambda row: row["role"]),
            ("all parts", lambda row: _tokens(row["all_tokens"], row["all_share"])),
            ("of them cached", lambda row: number(row["all_cached"])),
            *((part, _part(part)) for part in used),
        ],
        "In brackets the share of all prompt tokens of the topology. "
        f"{scale_note(*scales)}. {'; '.join(f'{part}: {PARTS[part]}' for part in used)}.",
    )


def _part(name: str) -> Callable[[Row], str]:
    def told(row: Row) -> str:
        mine = [one for one in row["parts"] if one["part"] == name]
        return _tokens(mine[0]["tokens"], mine[0]["share"]) if mine else "-"

    return told


def _tokens(tokens: float | None, share: float | None) -> str:
    return number(tokens) if share is None else f"{number(tokens)} ({percent(share)})"


def _coordination_table(worked: pl.DataFrame, reference: str) -> Table:
    return grouped(
        worked,
        "What working together takes",
        [
            ("topology", lambda row: row["topology"]),
            ("turns", lambda row: number(row["turns"], 1)),
            ("overhead", lambda row: percent(row["overhead"])),
            ("efficiency", lambda row: number(row["efficiency"], 3)),
            ("messages per turn", lambda row: number(row["message_density"], 2)),
            ("handed over", lambda row: percent(row["handed"])),
            ("redundancy", lambda row: percent(row["redundancy"])),
            ("failure ratio", lambda row: ratio(row["failure_ratio"], None, None)),
            ("error amplification", _amplified),
            ("delegated", lambda row: number(row["delegated"])),
            ("passed of those", lambda row: percent(row["active_success"])),
            ("recovered", lambda row: percent(row["recovered"])),
            ("tokens per pass", lambda row: number(row["tokens_per_pass"])),
            ("dollars per pass", lambda row: dollars(row["dollars_per_pass"])),
        ],
        f"Turns are model calls; overhead is turns over those of {reference}, less 1, and "
        "efficiency is success over that ratio (arXiv 2512.08296). Defined here: messages are "
        "briefs, reports and hand-offs that an agent had not been sent before; handed over is "
        "their share of prompt tokens; redundancy the share of work calls that another agent of "
        "the trial had made with the same arguments; failure ratio the chance of failing, and "
        "error amplification the share of milestones missed, over those of the reference; "
        "delegated the trials in which an agent worked for another (descriptive: which those are "
        "is the topology's own choice); "
        "recovered the share passed of the trials in which a tool call came back as an error.",
    )


def _amplified(row: Row) -> str:
    ends = (row["error_amplification_low"], row["error_amplification_high"])
    return ratio(row["error_amplification"], *ends)


def _regression_table(told: pl.DataFrame, reference: str) -> Table:
    return grouped(
        told.with_columns(pl.col("task_set").alias("cell")),
        "Is the gain just tokens?",
        [
            ("topology", lambda row: row["topology"]),
            ("difference, points", lambda row: points(row["difference"], row["low"], row["high"])),
            (
                "at equal tokens",
                lambda row: points(row["at_equal_tokens"], row["equal_low"], row["equal_high"]),
            ),
            (
                "twice the tokens go with",
                lambda row: points(row["per_doubling"], row["doubling_low"], row["doubling_high"]),
            ),
            ("overlap", lambda row: percent(row["overlap"])),
            ("tasks", lambda row: number(row["tasks"])),
        ],
        f"Success beside {reference}, from a linear model with a level for each task and errors "
        "clustered by base task (CR2). It describes: tokens were not dealt out by lot. "
        "Overlap is the share of trials whose tokens lie within the range of the reference on the "
        f"same task; below {LEAST_OVERLAP:.0%} nothing is said of equal tokens. A dash cannot be "
        "told, and the sentences above say why.",
    )
