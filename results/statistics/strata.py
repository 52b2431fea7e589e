"""Which settings to keep apart: a comparison that pools them would hide what it is looking for."""

from collections.abc import Sequence

import polars as pl

ALWAYS: tuple[str, ...] = ("mode", "width", "coupling")
IMPLIED = "write_share"
"""The setting that mode may stand for: answering is writing nothing."""
IF_VARIED = (
    "model",
    "split",
    "faults",
    "style",
    "phrasing",
    "depth",
    "distractors",
    "ambient",
    "budget",
    IMPLIED,
)

WORDS = {
    "width": "width {}",
    "coupling": "coupling {}",
    "write_share": "write share {}",
    "model": "model {}",
    "faults": "faults {}",
    "split": "{} split",
    "style": "{} tools",
    "phrasing": "{} wording",
    "depth": "depth {}",
    "distractors": "{} distractors",
    "ambient": "ambient {}",
    "budget": "budget {}",
}
"""How a setting reads in a label; a setting without words stands for itself."""


def strata(trials: pl.DataFrame) -> list[str]:
    """The columns that tell the cells of a sweep apart.

    Always mode, width and coupling; another setting if it takes more than one value within a task
    set, even where it moves with another, or a reader would lay to one what both may have done.
    """
    kept = list(ALWAYS)
    for name in IF_VARIED:
        whole = ["task_set", *(kept if name == IMPLIED else ())]
        values = trials.group_by(whole).agg(pl.col(name).n_unique())
        if not values.is_empty() and values.select((pl.col(name) > 1).any()).item():
            kept.append(name)
    return kept


def settings_label(by: Sequence[str]) -> pl.Expr:
    """A string such as "act, width 8, coupling 0.5"; settings that are null are left out."""
    parts = [
        pl.when(pl.col(name).is_not_null()).then(pl.format(WORDS.get(name, "{}"), _value(name)))
        for name in by
    ]
    return pl.concat_str(parts, separator=", ", ignore_nulls=True) if parts else pl.lit("")


def _value(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String).str.replace(r"\.0$", "")


def cell_label(by: Sequence[str]) -> pl.Expr:
    """A string such as "orders (act, width 8)", or the task set alone without settings."""
    settings = settings_label(by)
    return (
        pl.when(settings.str.len_chars() > 0)
        .then(pl.format("{} ({})", pl.col("task_set"), settings))
        .otherwise("task_set")
    )
