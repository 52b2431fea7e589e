"""For what share of plausible profiles each conclusion holds, as a table with its sentences."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from experiments.printed.output import columns
from results.questions.map.phase_map import BETTER, WORSE
from results.questions.map.sensitivity import (
    PROFILES,
    deciders,
    differences,
    reference_in,
    shares,
)
from results.questions.map.share_of_profiles import MARGIN, estimated_shares
from results.reports.sensitivity_report import CAVEAT
from results.reports.sensitivity_section import estimated_words
from results.reports.sensitivity_words import decider_sentences, estimates
from results.store import Run
from results.words import percent_interval, points

Told = tuple[dict[str, Any], Iterator[str]]


def shown(found: Run, written: tuple[Path, Path]) -> Told:
    """What a sensitivity run shows, as data and as lines; its page is `written`."""
    reference = reference_in(found.manifest)
    frame = differences(found.trials, reference)
    held, likely = shares(frame), estimated_shares(frame)
    decided = deciders(frame, found.manifest[PROFILES]["parameters"])
    data: dict[str, Any] = {
        "run": str(found.folder),
        "outcome": found.outcome,
        "recorded": found.manifest["recorded"],
        "planned": found.manifest.get("planned"),
        "simulated": True,
        "shares": held.to_dicts(),
        "estimated_shares": likely.to_dicts(),
        "deciders": decided.to_dicts(),
        "report": [str(path) for path in written],
    }
    return data, _lines(held, likely, decided, reference, written)


def _lines(
    held: Any, likely: Any, decided: Any, reference: str, written: tuple[Path, Path]
) -> Iterator[str]:
    yield ""
    yield f"Shares of plausible profiles, a team against {reference} (simulated)"
    likewise = [f"{name} (estimated)" for name in (BETTER, WORSE)]
    shown = [f"{name} (shown)" for name in (BETTER, WORSE)]
    rows = [["cell", "team", "mean, points", *likewise, *shown, "profiles"]]
    for (cell, topology), group in held.group_by(["cell", "topology"], maintain_order=True):
        by = {row["conclusion"]: row for row in group.iter_rows(named=True)}
        told = estimates(likely, cell, topology)
        parts = [estimated_words(told.get(name, {})) for name in (BETTER, WORSE)]
        parts += [
            percent_interval(by[name]["share"], by[name]["low"], by[name]["high"])
            for name in (BETTER, WORSE)
        ]
        mean = told.get(WORSE, {})
        at = points(mean.get("mean"), mean.get("mean_low"), mean.get("mean_high"))
        rows.append([cell, topology, at, *parts, str(by[BETTER]["of"])])
    yield from columns(rows)
    yield f"Estimated: true by more than {100 * MARGIN:g} points, shown by its own trials or not."
    yield ""
    yield from (f"- {text}" for text in decider_sentences(decided, reference))
    yield ""
    yield CAVEAT
    yield f"Report:   {written[0]}"
    yield f"          {written[1]}"
