"""A part of a report with a question of its own: sentences, tables and pictures."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from results.table import Table


@dataclass(frozen=True)
class Section:
    """`charts` are Altair charts by the name of their file; they stand after the tables."""

    title: str
    sentences: tuple[str, ...]
    tables: tuple[Table, ...] = ()
    charts: Mapping[str, Any] = field(default_factory=dict[str, Any])
