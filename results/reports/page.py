"""A report set in Markdown with pictures beside it, and as one page that asks nobody anything."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import vl_convert
from markupsafe import Markup

from results.charts.saving import as_json, draw
from results.reports.parts import Section
from results.text import code, markdown, visible

PARTS = "parts.html.j2"


def written(
    folder: Path,
    name: str,
    templates: tuple[str, str],
    report: object,
    sections: Sequence[Section],
    charts: Mapping[str, Any] | None = None,
) -> tuple[Path, Path]:
    """Write NAME.md (with charts/*.svg) and NAME.html to `folder`, by two templates; their paths.

    `charts` are Altair charts by name, and stand beside those of the sections.
    """
    charts = charts or {}
    drawn = {**charts, **{key: one for part in sections for key, one in part.charts.items()}}
    (folder / "charts").mkdir(parents=True, exist_ok=True)
    specs = {key: as_json(chart) for key, chart in drawn.items()}
    for key, spec in specs.items():
        draw(spec, folder / "charts" / f"{key}.svg", "svg")
    values = {"report": report, "charts": list(charts), "sections": sections}
    text, page = (folder / f"{name}.{ending}" for ending in ("md", "html"))
    text.write_text(_markdown().get_template(templates[0]).render(values), encoding="utf-8")
    whole = _html().get_template(templates[1]).render(values, specs=specs, bundle=_bundle())
    page.write_text(whole, encoding="utf-8")
    return text, page


def part(name: str, *values: object) -> str:
    """Pieces of a report as HTML that brings its own style, for pages of others.

    `name` is that of a macro in parts.html.j2 (facts, said, caveats, tabled, method, versions,
    checklist), and each of `values` the part of a `results.reports.parts.Report` that it sets;
    headed and verdicts take the report itself.
    """
    module: Any = _html().get_template(PARTS).module
    return str(module.part(name, values))


def _environment(**settings: Any) -> jinja2.Environment:
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    return jinja2.Environment(loader=loader, trim_blocks=True, lstrip_blocks=True, **settings)


@cache
def _html() -> jinja2.Environment:
    """A content security policy in each page forbids every request. The chart script needs eval."""
    return _environment(autoescape=True, finalize=_seen)


@cache
def _markdown() -> jinja2.Environment:
    """Filters `md` and `code` show any text as it is (see `results.text`)."""
    found = _environment(keep_trailing_newline=True)
    found.filters |= {"md": markdown, "code": code}
    return found


def _seen(value: object) -> object:
    """What is set into the page; what is markup already stays."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _bundle() -> str:
    script = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return re.sub("</(?=script)", r"<\\/", script, flags=re.IGNORECASE)
