"""Charts on their way out: as JSON, a picture or a page, with text that is only text."""

import json
import math
from pathlib import Path
from typing import Any, cast

import vl_convert

from results.refused import Refused
from results.text import visible

PICTURES: dict[str, Any] = {
    "svg": vl_convert.vegalite_to_svg,
    "png": vl_convert.vegalite_to_png,
    "pdf": vl_convert.vegalite_to_pdf,
}
"""What draws a chart in each format."""


def as_json(chart: Any) -> str:
    """The chart in Vega-Lite's words, unable to end the element of a page that it stands in.

    What is no Altair chart is `Refused`.
    """
    if not hasattr(chart, "to_dict"):
        raise Refused(f"a chart is a function of a run to an Altair chart, not to {chart!r:.60}")
    return json.dumps(chart.to_dict(), cls=Inert)


def save(chart: Any, file: Path, format: str) -> None:
    """Write the chart in one of `PICTURES`, or as a "html" page that needs no network."""
    text = as_json(chart)
    if format == "html":
        chart.save(file, format=format, inline=True, json_kwds={"cls": Inert})
        return
    draw(text, file, format)


def draw(text: str, file: Path, format: str) -> None:
    """Write a chart that is `as_json` in one of `PICTURES`."""
    drawn: str | bytes = PICTURES[format](text, allowed_base_urls=[])
    file.write_bytes(drawn.encode() if isinstance(drawn, str) else drawn)


class Inert(json.JSONEncoder):
    """JSON without control characters, spelt or not, without a `<`, and without NaN."""

    def encode(self, o: Any) -> str:
        """The value as JSON in which what would be a control character is spelt out."""
        return super().encode(_shown(o)).replace("<", "\\u003c")


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        rows = cast("dict[str, object]", value)
        return {visible(key): _shown(one) for key, one in rows.items()}
    if isinstance(value, list):
        return [_shown(one) for one in cast("list[object]", value)]
    return value
