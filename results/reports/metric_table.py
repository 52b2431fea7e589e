"""Every metric of a run in one table, so that none that somebody adds is measured and not shown."""

from collections.abc import Iterable, Sequence

import polars as pl

from results.strata import cell_label, spoken
from results.table import Table
from results.words import dollars, number


def metric_table(table: pl.DataFrame, by: Sequence[str], metrics: Iterable[str]) -> Table:
    """A row for each of `metrics` (columns of a summary) and a column for each topology, by cell.

    A metric that no row has is named in the note instead.
    """
    rows = table.with_columns(cell_label(by))
    known = {name: rows.get_column(name).drop_nulls().len() > 0 for name in metrics}
    topologies = rows.get_column("topology").unique(maintain_order=True).to_list()
    groups = tuple(
        (
            str(cell),
            tuple(
                (spoken(name), *(_amount(name, own.get(topology)) for topology in topologies))
                for name in known
                if known[name]
                for own in [dict(part.select("topology", name).iter_rows())]
            ),
        )
        for (cell,), part in rows.group_by(["cell"], maintain_order=True)
    )
    unknown = ", ".join(spoken(name) for name, there in known.items() if not there)
    return Table(
        "Every metric, per graded trial unless it says otherwise",
        ("metric", *topologies),
        groups if any(known.values()) else (),
        f"Not known for any row: {unknown}." if unknown else "",
    )


def _amount(name: str, value: object) -> str:
    if value is None or isinstance(value, str):
        return value or "-"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if name.startswith("dollars"):
        return dollars(value)
    return number(value) if abs(value) >= 1000 or value == int(value) else f"{value:.3g}"
