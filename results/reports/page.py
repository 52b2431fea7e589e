"""The page of a report: charts and their one script inside it, so that it asks nobody anything."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import vl_convert
from markupsafe import Markup

from results.charts.saving import as_json
from results.reports.parts import Report, Section
from results.text import visible

PAGE, PARTS = "report.html.j2", "parts.html.j2"


def page(report: Report, charts: Mapping[str, Any], sections: Sequence[Section] = ()) -> str:
    """The report as one HTML document; `charts` are Altair charts by name.

    A content security policy in the page forbids every request. The chart script needs eval.
    """
    drawn = dict(charts)
    for section in sections:
        drawn |= section.charts
    return rendered(PAGE, drawn, report=report, charts=list(charts), sections=sections)


def rendered(template: str, drawn: Mapping[str, Any], **values: object) -> str:
    """A template of this folder with its values, and the charts it draws by name."""
    specs = {name: as_json(chart) for name, chart in drawn.items()}
    page = _environment().get_template(template)
    return page.render(**values, specs=specs, bundle=_bundle())


def part(name: str, *values: object) -> str:
    """Pieces of a report as HTML that brings its own style, for pages of others.

    `name` is that of a macro in parts.html.j2 (facts, said, caveats, tabled, method, versions,
    checklist), and each of `values` the part of a `results.reports.report.Report` that it sets;
    headed and verdicts take the report itself.
    """
    module: Any = _environment().get_template(PARTS).module
    return str(module.part(name, values))


@cache
def _environment() -> jinja2.Environment:
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    return jinja2.Environment(
        loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, finalize=_seen
    )


def _seen(value: object) -> object:
    """What is set into the page; what is markup already stays."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _bundle() -> str:
    script = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return re.sub("</(?=script)", r"<\\/", script, flags=re.IGNORECASE)
