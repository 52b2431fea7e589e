"""The report in Markdown, its charts as pictures beside it."""

from collections.abc import Iterable, Iterator, Sequence

from results.questions.verdict.contrast import Verdict
from results.reports.comparison_words import FEW
from results.reports.parts import Report, Section
from results.rules import NOT_ENOUGH
from results.text import code, markdown


def as_markdown(report: Report, charts: list[str], sections: Sequence[Section] = ()) -> str:
    """The report as Markdown; charts are pictures in the folder `charts`."""
    simulated = f" ({report.simulation})" if report.simulation else ""
    lines = [f"# {markdown(report.title)}{simulated}", "", markdown(report.question)]
    lines += ["", *_listed(f"{name}: {value}" for name, value in report.facts)]
    lines += ["", "## Verdicts", "", markdown(report.rules)]
    lines += _verdicts(report)
    lines += ["", "## What can be said"]
    for task_set, sentences in report.said:
        lines += ["", f"### {markdown(task_set)}", "", *_listed(text for _, text in sentences)]
    if not report.said:
        lines += ["", "Nothing is compared: the run has one topology."]
    lines += ["", "\n>\n".join(f"> {markdown(text)}" for text in report.caveats), "", "## Results"]
    lines += [line for table in report.results for line in table.markdown()]
    lines += ["", "## Charts", ""]
    lines += [_picture(name) for name in charts]
    lines += [line for section in sections for line in _section(section)]
    lines += ["## How consistent"]
    lines += [line for table in report.consistency for line in table.markdown()]
    lines += [
        "",
        "## Method",
        "",
        *(f"- **{name}.** {markdown(text)}" for name, text in report.method),
    ]
    lines += ["", "## Limits", "", *_listed(report.limits)]
    lines += [
        "",
        "## Checklist",
        "",
        *_listed(f"{name}: {text}" for name, text in report.checklist),
    ]
    lines += ["", "## How to reproduce", "", code(report.command), ""]
    lines += [f"- {markdown(name)}: {code(value)}" for name, value in report.reproduce]
    return "\n".join(lines) + "\n"


def _picture(name: str) -> str:
    return f"![{name.replace('_', ' ')}](charts/{name}.svg)\n"


def _section(section: Section) -> Iterator[str]:
    yield from (f"## {markdown(section.title)}", "", *_listed(section.sentences))
    for table in section.tables:
        yield from table.markdown()
    yield from ("", *(_picture(name) for name in section.charts))


def _verdicts(report: Report) -> Iterator[str]:
    """All at a glance, then the reasons of each; those of a long list's open ones are folded."""
    if not report.verdicts:
        yield from ("", "Nothing is judged: the run has one topology.")
    if report.overview:
        yield from report.overview.markdown()
    if report.assumes:
        yield from ("", *_listed(f"All assume: {text}" for text in report.assumes))
    folded = [one for one in report.verdicts if {one.verdict, one.on_these} == {NOT_ENOUGH}]
    if len(report.verdicts) <= FEW:
        folded.clear()
    for verdict in report.verdicts:
        if verdict not in folded:
            yield from _verdict(verdict)
    if folded:
        yield from ("", f"<details><summary>Why {len(folded)} are not settled</summary>")
        yield from (line for verdict in folded for line in _verdict(verdict))
        yield from ("", "</details>")


def _verdict(verdict: Verdict) -> Iterator[str]:
    yield from ("", f"### {markdown(verdict.headline)}", "", f"({markdown(verdict.status)})", "")
    yield from _listed(verdict.reasons)
    yield from _listed(f"Assumes: {text}" for text in verdict.assumes)
    yield from _listed(f"What would change it: {text}" for text in verdict.changes)


def _listed(texts: Iterable[str]) -> Iterator[str]:
    yield from (f"- {markdown(text)}" for text in texts)
