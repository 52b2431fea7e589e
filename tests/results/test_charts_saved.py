"""A chart that leaves as a picture or a page holds text as text, whatever names are in it."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import altair as alt
import polars as pl
import pytest

from results import CHARTS
from results.charts.saving import as_json, save
from results.finder import find

if TYPE_CHECKING:
    from .conftest import MadeRun

NASTY = "\x1b[31m\u202e</script><script>alert(1)</script>"


@pytest.mark.parametrize("name", CHARTS)
def test_a_nasty_name_is_spelt_out_in_every_picture(
    name: str, small_run: "MadeRun", tmp_path: Path
) -> None:
    trials = small_run.trials.with_columns(pl.col("topology").replace("lead_subagents", NASTY))
    file = tmp_path / "chart.svg"
    save(find(CHARTS, name)(replace(small_run, trials=trials)), file, "svg")
    drawn = file.read_text(encoding="utf-8")
    assert not {"\x1b", "\u202e"} & set(drawn)
    assert "<script" not in drawn
    assert "\\u001b[31" in "".join(ElementTree.fromstring(drawn).itertext())


@pytest.mark.parametrize("letter", ["\x1b", "\x00", "\ud800", "\ufffe"])
def test_what_no_picture_can_hold_ends_nothing(letter: str, tmp_path: Path) -> None:
    chart = alt.Chart(alt.InlineData(values=[{"tool": letter}])).mark_bar().encode(x="tool:N")
    for ending in ("svg", "png", "pdf", "html"):
        save(chart, tmp_path / f"chart.{ending}", ending)
        assert (tmp_path / f"chart.{ending}").stat().st_size


def test_a_number_that_is_none_is_left_out(tmp_path: Path) -> None:
    values = [{"share": float("nan")}, {"share": float("inf")}, {"share": 0.5}]
    chart = alt.Chart(alt.InlineData(values=values)).mark_bar().encode(x="share:Q")
    save(chart, tmp_path / "chart.svg", "svg")
    assert "NaN" not in as_json(chart)


def test_no_name_ends_the_script_of_a_page(tmp_path: Path) -> None:
    chart = alt.Chart(alt.InlineData(values=[{"tool": NASTY}])).mark_bar().encode(x="tool:N")
    save(chart, tmp_path / "chart.html", "html")
    page = (tmp_path / "chart.html").read_text(encoding="utf-8")
    assert "alert(1)" in page
    assert "<script>alert" not in page
