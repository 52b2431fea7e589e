"""What a report is made of, before it is set in Markdown or HTML."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from results.questions.verdict.contrast import Verdict
from results.rules import NOT_ENOUGH
from results.table import Table

FEW = 6
"""How many open comparisons are told one by one."""


@dataclass(frozen=True)
class Section:
    """A part with a question of its own: sentences, tables and pictures.

    `charts` are Altair charts by the name of their file; they stand after the tables.
    """

    title: str
    sentences: tuple[str, ...]
    tables: tuple[Table, ...] = ()
    charts: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Report:
    """Everything a report says."""

    title: str
    question: str
    simulated: bool
    simulation: str
    facts: tuple[tuple[str, str], ...]
    rules: str
    overview: Table | None
    assumes: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    said: tuple[tuple[str, list[tuple[bool, str]]], ...]
    caveats: tuple[str, ...]
    results: tuple[Table, ...]
    consistency: tuple[Table, ...]
    method: tuple[tuple[str, str], ...]
    limits: tuple[str, ...]
    checklist: tuple[tuple[str, str], ...]
    command: str
    reproduce: tuple[tuple[str, str], ...]

    @property
    def folded(self) -> tuple[Verdict, ...]:
        """The verdicts of a long list that are open both ways: their reasons are folded away."""
        if len(self.verdicts) <= FEW:
            return ()
        return tuple(one for one in self.verdicts if {one.verdict, one.on_these} == {NOT_ENOUGH})
