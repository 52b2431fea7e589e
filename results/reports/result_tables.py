"""The tables of a report's results: how each topology did, what it took, and beside which."""

from collections.abc import Callable, Sequence

import polars as pl

from results.strata import cell_label
from results.table import Row, Table, difference_columns, grouped
from results.withheld import SIGN
from results.words import dollars, number, percent, percent_interval, points, ratio, where_known


def _share(name: str) -> Callable[[Row], str]:
    return lambda row: percent_interval(row[name], row[f"{name}_low"], row[f"{name}_high"])


def _ratio(name: str) -> Callable[[Row], str]:
    return lambda row: ratio(
        row[f"{name}_ratio"], row[f"{name}_ratio_low"], row[f"{name}_ratio_high"]
    )


def named(row: Row) -> str:
    """A topology of a summary, with a sign if nothing is said of it."""
    return f"{row['topology']} ({SIGN})" if row["withheld"] else row["topology"]


def _rests_on(row: Row, k: int) -> str:
    return f"{row[f'pass_hat_{k}_tasks'] or 0} of {row['tasks']}"


def outcome_table(
    table: pl.DataFrame, by: Sequence[str], k: int, deadline: float | None = None
) -> Table:
    """How each topology did, from a summary that was given the same deadline (seconds)."""
    columns: list[tuple[str, Callable[[Row], str]]] = [
        ("topology", named),
        ("tasks", lambda row: number(row["tasks"])),
        ("graded trials", lambda row: number(row["graded"])),
        ("crashed", lambda row: number(row["crashed"])),
        ("passed", _share("success")),
        (f"pass^{k}", _share(f"pass_hat_{k}")),
        (f"tasks with {k} trials", lambda row: _rests_on(row, k)),
        ("partial credit", lambda row: percent(row["score"])),
        ("false claims", lambda row: percent(row["false_claim_rate"])),
        ("right refusals", lambda row: percent(row["right_refusals"])),
        ("invariants broken per trial", lambda row: number(row["invariants_broken"], 3)),
    ]
    if k == 1:
        del columns[5:7]
    elif (table.get_column(f"pass_hat_{k}_tasks") == table.get_column("tasks")).all():
        columns.pop(6)
    if deadline is not None:
        name = f"passed within {deadline:g} s"
        columns.append((name, lambda row: percent(row["passed_in_time"])))
    return grouped(table.with_columns(cell_label(by)), "Outcomes", columns)


def cost_table(table: pl.DataFrame, by: Sequence[str], reference: str, simulated: bool) -> Table:
    """What each topology took, from a summary."""
    columns: list[tuple[str, Callable[[Row], str]]] = [
        ("topology", named),
        ("tokens per trial", lambda row: where_known(row, "tokens", number)),
        ("of them cached", lambda row: number(row["cached_tokens"])),
        ("tokens per pass", lambda row: number(row["tokens_per_pass"])),
        ("tokens, ratio", _ratio("tokens")),
        ("dollars per trial", lambda row: where_known(row, "dollars", dollars)),
        ("dollars per pass", lambda row: dollars(row["dollars_per_pass"])),
        ("dollars, ratio", _ratio("dollars")),
        ("uncached dollars, ratio", _ratio("dollars_uncached")),
        (
            "simulated seconds per trial" if simulated else "seconds per trial",
            lambda row: number(row["seconds"], 1),
        ),
    ]
    if any(row.get("beside_tokens") for row in table.iter_rows(named=True)):
        beside = "beside: tokens of judges and users"
        columns.insert(4, (beside, lambda row: number(row["beside_tokens"])))
    note = f"Ratios are to {reference} on the same tasks, with a 95% bootstrap interval over tasks."
    if table.get_column("topology").n_unique() == 1:
        columns, note = [pair for pair in columns if not pair[0].endswith("ratio")], ""
    return grouped(table.with_columns(cell_label(by)), "Costs", columns, note)


def comparison_table(comparison: pl.DataFrame, reference: str) -> Table:
    """Paired differences to the reference, from a comparison."""
    columns: list[tuple[str, Callable[[Row], str]]] = [
        ("topology", lambda row: row["topology"]),
        ("measure", lambda row: "passed" if row["k"] == 1 else f"pass^{row['k']}"),
        ("tasks", lambda row: number(row["tasks"])),
        ("rate", lambda row: percent(row["estimate"])),
        ("reference rate", lambda row: percent(row["reference_estimate"])),
        *difference_columns(),
        ("interval", lambda row: row["interval"] or "-"),
    ]
    if "floor" in comparison.columns and comparison.get_column("floor").is_not_null().any():
        columns.append(("the same arm from itself, points", _floor))
    return grouped(comparison, f"Differences to {reference}, paired by task", columns, POPULATIONS)


def _floor(row: Row) -> str:
    if row["floor"] is None:
        return "-"
    floor = points(row["floor"], row["floor_low"], row["floor_high"])
    return f"{row['floor_arm']}: {floor}"


POPULATIONS = (
    "Tasks like these: base tasks are the sample. These tasks alone: their trials are. Both "
    "intervals are of the level named, which is also that of the verdict."
)


def invariant_table(broken: pl.DataFrame, by: Sequence[str]) -> Table:
    """How often each declared invariant was broken."""
    return grouped(
        broken.with_columns(cell_label(by)).sort(
            "task_set", *by, "invariant", "topology", nulls_last=True
        ),
        "Invariants broken, by kind",
        [
            ("topology", lambda row: row["topology"]),
            ("invariant", lambda row: row["invariant"]),
            ("graded trials", lambda row: number(row["trials"])),
            ("broken", lambda row: number(row["count"])),
            ("per trial", lambda row: number(row["per_trial"], 3)),
        ],
    )
