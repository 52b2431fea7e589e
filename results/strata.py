"""Which settings to keep apart: a comparison that pools them would hide what it is looking for.

What a task set of someone's own can be set to has no column of its own in `trials`, only a key in
`settings`. `with_dials` gives each such key one, once, when a run is opened; `strata` then names
the columns that tell the cells of a run apart.
"""

import json
from collections.abc import Sequence
from typing import Any

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
DIAL = "dial_"
"""What the column of a key of `settings` begins with, so that it is no other column's name."""

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

    Always mode, width and coupling; another setting, or key of `settings`, if it takes more than
    one value within a task set, even where it moves with another, or a reader would lay to one what
    both may have done. Of trials without the columns of `with_dials` it is `settings` itself.
    """
    kept = list(ALWAYS)
    for name in IF_VARIED:
        if _varies(trials, name, ["task_set", *(kept if name == IMPLIED else ())]):
            kept.append(name)
    own = dials(trials)
    if own or "settings" not in trials.columns:
        return kept + [name for name in own if _varies(trials, name, ["task_set"])]
    told = with_dials(trials)
    untold = any(_varies(told, name, ["task_set"]) for name in dials(told))
    return [*kept, "settings"] if untold else kept


def dials(trials: pl.DataFrame) -> list[str]:
    """The columns that `with_dials` gave to keys of `settings`."""
    return [name for name in trials.columns if name.startswith(DIAL)]


def with_dials(trials: pl.DataFrame) -> pl.DataFrame:
    """The trials with a column for each key of `settings` that no column of the schema tells.

    Numbers stay numbers; a key that has anything else in some trial is text. Null where a trial's
    settings have no such key.
    """
    trials = trials.drop(dials(trials))
    texts = trials.get_column("settings").drop_nulls().unique(maintain_order=True).to_list()
    read = [json.loads(text) for text in texts]
    keys = sorted({key for settings in read for key in settings})
    if not keys:
        return trials
    columns = [_column(key, [settings.get(key) for settings in read]) for key in keys]
    table = pl.DataFrame([pl.Series("settings", texts, dtype=pl.String), *columns])
    whole = trials.join(table, on="settings", how="left", maintain_order="left")
    return whole.drop(f"{DIAL}{key}" for key in keys if _told(whole, key))


def _column(key: str, values: Sequence[Any]) -> pl.Series:
    """The values of a key: numbers or texts if all are, else each as it stands in JSON."""
    given = [value for value in values if value is not None]
    if given and all(type(value) in (int, float) and float(value) == value for value in given):
        return pl.Series(f"{DIAL}{key}", values, pl.Float64, strict=False)
    if not all(isinstance(value, str) for value in given):
        values = [None if value is None else json.dumps(value) for value in values]
    return pl.Series(f"{DIAL}{key}", values, pl.String)


def _told(trials: pl.DataFrame, key: str) -> bool:
    """Whether the schema has a column of that setting which takes a value for each of the key's."""
    if key not in (*ALWAYS, *IF_VARIED):
        return False
    return not _varies(trials.drop_nulls(f"{DIAL}{key}"), f"{DIAL}{key}", ["task_set", key])


def _varies(trials: pl.DataFrame, name: str, within: Sequence[str]) -> bool:
    values = trials.group_by(within).agg(pl.col(name).n_unique())
    return bool((values.get_column(name) > 1).any())


def settings_label(by: Sequence[str]) -> pl.Expr:
    """A string such as "act, width 8, coupling 0.5"; settings that are null are left out."""
    parts = [pl.when(pl.col(name).is_not_null()).then(_words(name)) for name in by]
    return pl.concat_str(parts, separator=", ", ignore_nulls=True) if parts else pl.lit("")


def spoken(name: str) -> str:
    """The name of a setting in a sentence: "write share" for `write_share`."""
    return name.removeprefix(DIAL).replace("_", " ")


def _words(name: str) -> pl.Expr:
    value = pl.col(name).cast(pl.String).str.replace(r"\.0$", "")
    if name.startswith(DIAL):
        return pl.concat_str(pl.lit(f"{spoken(name)} "), value)
    return pl.format(WORDS.get(name, "{}"), value)


def cell_label(by: Sequence[str]) -> pl.Expr:
    """The column `cell`: "orders (act, width 8)", or the task set alone without settings."""
    settings = settings_label(by)
    return (
        pl.when(settings.str.len_chars() > 0)
        .then(pl.format("{} ({})", pl.col("task_set"), settings))
        .otherwise("task_set")
        .alias("cell")
    )
