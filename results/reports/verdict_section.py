"""Report: what is concluded, all verdicts at a glance before the reasons of each."""

from collections.abc import Sequence
from dataclasses import replace

from results.questions.verdict.contrast import Verdict
from results.table import Table


def overview(verdicts: Sequence[Verdict]) -> Table | None:
    """One line a verdict, by setting; None for a single verdict, which speaks for itself."""
    if len(verdicts) < 2:
        return None
    cells = dict.fromkeys(verdict.cell for verdict in verdicts)
    return Table(
        "All verdicts",
        (
            "topology",
            "against",
            "for tasks like these",
            "difference, points",
            "cost per pass",
            "for these tasks alone",
            "difference, points",
            "cost per pass",
            "status",
        ),
        tuple(
            (cell, tuple(_line(verdict) for verdict in verdicts if verdict.cell == cell))
            for cell in cells
        ),
        "Differences are of pass^k at the k of the rules, costs are ratios; both with the interval "
        "that the verdict rests on. Tasks like these: base tasks are the sample. These tasks "
        "alone: their trials are.",
    )


def _line(verdict: Verdict) -> tuple[str, ...]:
    return (
        verdict.topology,
        verdict.reference,
        verdict.verdict,
        verdict.difference,
        verdict.cost,
        verdict.on_these,
        verdict.difference_on_these,
        verdict.cost_on_these,
        verdict.status.split(",")[0],
    )


def parted(verdicts: Sequence[Verdict]) -> tuple[tuple[str, ...], tuple[Verdict, ...]]:
    """What all verdicts assume, to be said once, and the verdicts without it."""
    if len(verdicts) < 2:
        return (), tuple(verdicts)
    shared = tuple(
        text for text in verdicts[0].assumes if all(text in one.assumes for one in verdicts)
    )
    return shared, tuple(
        replace(one, assumes=tuple(text for text in one.assumes if text not in shared))
        for one in verdicts
    )
