"""The page of a sensitivity run: sensitivity.md with pictures beside it, and sensitivity.html."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from results.questions.map.sensitivity import PROFILES, reference_in
from results.records import Graded
from results.reports.page import written
from results.reports.sensitivity_section import sensitivity_section
from results.words import number

PAGES = ("sections.md.j2", "sections.html.j2")
CAVEAT = (
    "All of this is simulated: it says what would have to be true of a model, over ranges that are "
    "mostly assumed, and is no evidence about any real model. A share is of profiles drawn evenly "
    "and independently over those ranges, not of models that exist; which profiles a real model "
    "is like, `fanout probe` can measure."
)


@dataclass(frozen=True)
class Page:
    """What stands around the sections."""

    title: str
    question: str
    facts: tuple[tuple[str, str], ...]
    caveats: tuple[str, ...]
    method: tuple[tuple[str, str], ...]
    command: str
    simulated: bool = True


def write_sensitivity(run: Graded, folder: Path | str, k: int = 1) -> tuple[Path, Path]:
    """Write sensitivity.md (with charts/*.svg) and sensitivity.html to `folder`; the two paths.

    `Refused` for a run that drew no profiles, or has none complete.
    """
    section = sensitivity_section(run, k=k)
    page = composed(run)
    return written(Path(folder), "sensitivity", PAGES, page, [section])


def composed(run: Graded) -> Page:
    """The words around the sections of a sensitivity run."""
    about: dict[str, Any] = run.manifest[PROFILES]
    trials = run.trials
    played = trials.get_column("model").n_unique()
    planned = run.manifest.get("planned")
    caveats = [CAVEAT]
    if planned is not None and trials.height < planned:
        caveats.append(
            f"This run is not complete: {trials.height:,} of {planned:,} trials are recorded, of "
            f"{played} of {about['number']} profiles. `{run.manifest['command']}` goes on."
        )
    ranges = "; ".join(
        f"{name} {' or '.join(known['choices'])}"
        if "choices" in known
        else f"{name} {known['range'][0]:g} to {known['range'][1]:g}"
        for name, known in about["parameters"].items()
    )
    return Page(
        title=str(run.manifest.get("name", "sensitivity")),
        question=str(run.manifest.get("question") or "How far does each conclusion reach?"),
        facts=(
            ("Profiles", f"{played} of {about['number']}"),
            ("Trials", number(trials.height)),
            ("Topologies", ", ".join(sorted(trials.get_column("topology").unique().to_list()))),
            ("Seed", str(about["seed"])),
        ),
        caveats=tuple(caveats),
        method=(
            (
                "Profiles",
                f"A Latin hypercube of {about['number']} profiles, each with a luck of its own. "
                "Every parameter is drawn evenly over its documented range, independently of the "
                f"others: {ranges}.",
            ),
            (
                "Conclusions",
                f"In each cell a profile's team and {reference_in(run.manifest)} do the same "
                "tasks; the unit is the base task, and the interval that of a paired difference. "
                "Shares and mean differences are over profiles drawn so, and would be others if "
                "some parts of the ranges were held more likely.",
            ),
        ),
        command=str(run.manifest.get("command", "fanout sensitivity")),
    )
