"""The surface of reliability: pass^k by wording and fault plan, and where there is none."""

import polars as pl
import pytest

from results.charts.resilience_surface import reliability_surface
from results.reports.surface_section import surface_section
from results.resilience.surface import spans_a_surface, surface
from results.statistics.consistency import consistency
from results.view import View

from .conftest import made_run, made_trials

PASSES = {None: 4, "lost": 2}


def varied() -> pl.DataFrame:
    """6 tasks x 4 trials in two wordings, without faults and with: fewer pass each time."""
    parts = [
        made_trials(
            {"single_thread": [[trial < passes - harder for trial in range(4)]] * 6},
            phrasing=phrasing,
            faults=plan,
        ).with_columns(pl.col("trial_id") + f"-{phrasing}-{plan}")
        for plan, passes in PASSES.items()
        for harder, phrasing in enumerate(("plain", "underspecified"))
    ]
    return pl.concat(parts)


def test_every_corner_has_its_own_pass_k() -> None:
    found = surface(varied(), ["mode", "faults"])
    assert found.height == 4 * 4
    at = {(row["phrasing"], row["faults"], row["k"]): row for row in found.to_dicts()}
    assert at["plain", None, 4]["pass_hat"] == 1
    assert at["plain", "lost", 1]["pass_hat"] == 0.5
    assert at["underspecified", "lost", 2]["pass_hat"] == 0
    corner = varied().filter(pl.col("faults").is_null(), phrasing="underspecified")
    (whole,) = consistency(corner, [3]).to_dicts()
    assert at["underspecified", None, 3]["pass_hat"] == pytest.approx(whole["pass_hat"])
    for row in found.to_dicts():
        assert row["low"] <= row["pass_hat"] <= row["high"]


def test_no_faults_are_a_value_of_their_own() -> None:
    assert spans_a_surface(varied().filter(phrasing="plain"))
    assert spans_a_surface(varied().filter(faults="lost"))
    assert not spans_a_surface(varied().filter(phrasing="plain", faults="lost"))


def test_the_surface_is_told_and_drawn_by_its_rows() -> None:
    view = View(made_run(varied()))
    section = surface_section(view)
    assert section is not None
    said = "\n".join(section.tables[0].markdown())
    assert "| single_thread | plain wording, nothing wrong | 100% " in said
    drawn = reliability_surface(view).to_dict()
    assert "simulated" in drawn["title"]["text"]
    places = {row["place"] for values in drawn["datasets"].values() for row in values}
    assert places == {
        f"{phrasing} wording, {plan}"
        for phrasing in ("plain", "underspecified")
        for plan in ("nothing wrong", "lost")
    }


def test_one_wording_and_no_faults_are_no_surface() -> None:
    plain = varied().filter(pl.col("faults").is_null(), phrasing="plain")
    assert surface_section(View(made_run(plain))) is None
