"""How far an arm differs from itself, beside every difference."""

from typing import Any

import pytest

from results.reports.comparison_words import what_can_be_said
from results.reports.report import compared, composed
from results.rules import replicates

from .conftest import MadeRun, made_run, made_trials

GOOD, NOISY, POOR = [6, 7, 8, 5, 7, 6] * 2, [5, 7, 6, 4, 8, 5] * 2, [5, 6, 7, 6, 5, 6] * 2


def arm(name: str, replicate: str = "", build: str = "one:build") -> dict[str, Any]:
    return {"name": name, "build": build, "settings": {}, "replicate": replicate}


ARMS = [arm("single_thread"), arm("again", "b"), arm("team", build="team:build")]


def run(**manifest: Any) -> MadeRun:
    passes = {"single_thread": GOOD, "again": NOISY, "team": POOR}
    outcomes = {name: [[t < c for t in range(8)] for c in own] for name, own in passes.items()}
    return made_run(made_trials(outcomes, simulated=False, model="m-1"), **manifest)


def test_beside_each_difference_stands_how_far_the_same_arm_differs_from_itself() -> None:
    found = run(sweep={"topologies": ARMS}, simulated=False)
    (row,) = compared(found, (1,)).to_dicts()
    assert (row["topology"], row["floor_arm"]) == ("team", "single_thread")
    assert row["floor"] == pytest.approx(-8 / 96)
    assert row["floor_low"] < row["floor"] < row["floor_high"]
    (said,) = what_can_be_said(compared(found, (1,))).get_column("sentence")
    assert "Run again, single_thread differs from itself by -8 points here" in said
    assert "the difference is no larger" in said
    report = composed(found)
    (table,) = (one for one in report.results if one.title.startswith("Differences"))
    assert "the same arm from itself, points" in table.columns


def test_an_arm_run_again_is_no_contrast_and_takes_no_part_in_the_family() -> None:
    report = composed(run(sweep={"topologies": ARMS}))
    assert [(one.topology, one.status) for one in report.verdicts] == [
        ("team", "primary, one of 1")
    ]


def test_without_a_replicate_nothing_is_said_of_noise() -> None:
    report = composed(run())
    (table,) = (one for one in report.results if one.title.startswith("Differences"))
    assert "the same arm from itself, points" not in table.columns


def test_what_counts_as_the_same_arm_again() -> None:
    same = [arm("one"), arm("two")]
    assert replicates({"sweep": {"topologies": ARMS}}) == {"again": "single_thread"}
    assert replicates({"sweep": {"topologies": same}, "simulated": True}) == {}
    assert replicates({"sweep": {"topologies": same}, "simulated": False}) == {"two": "one"}
    assert replicates({"imported": {"replicates": {"b": "a"}}}) == {"b": "a"}
    assert replicates({}) == {}
