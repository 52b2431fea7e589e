"""The page of a report: charts and their one script inside it, so that it asks nobody anything."""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import vl_convert

if TYPE_CHECKING:
    from results.report import Report

TEMPLATE = Path(__file__).with_name("report.html.j2")


def page(report: "Report", charts: Mapping[str, Any]) -> str:
    """The report as one HTML document; `charts` are Altair charts by name.

    A content security policy in the page forbids every request. The chart script needs eval.
    """
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    specs = {name: _inert(json.dumps(chart.to_dict())) for name, chart in charts.items()}
    return template.render(report=report, charts=specs, bundle=_bundle())


@cache
def _bundle() -> str:
    script = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return re.sub("</(?=script)", r"<\\/", script, flags=re.IGNORECASE)


def _inert(data: str) -> str:
    """The same JSON, unable to end the element it stands in."""
    return data.replace("<", "\\u003c")
