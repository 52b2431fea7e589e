"""`fanout horizon`: from a file of another harness to horizons, and one line for what has none."""

import json
from pathlib import Path
from typing import Any

import pytest

from experiments.cli import main

Capture = pytest.CaptureFixture[str]


def imported(folder: Path, **fields: Any) -> Path:
    """A folder of runs with one, `long`: 12 tasks of 1 to 2,048 minutes by two models, 4 trials."""
    rows = [
        {"task": f"t{task}", "trial": trial, "passed": 2**task * (1 + trial) < 16 * ability}
        | {"model": model, "model_released": day, "human_minutes": 2**task, "topology": "agent"}
        | fields
        for model, day, ability in (("old", "2025-01-01", 4), ("new", "2026-01-01", 16))
        for task in range(12)
        for trial in range(4)
    ]
    file = folder / "long.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert main(["import", "jsonl", str(file), "--runs", str(folder / "runs")]) == 0
    return folder / "runs"


def test_horizons_and_their_doubling_time_are_told(tmp_path: Path, capsys: Capture) -> None:
    runs = imported(tmp_path)
    capsys.readouterr()
    assert main(["horizon", "long", "--runs", str(runs)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("Horizons of long\n")
    assert "| agent, new | 2026-01-01 | 12 | 12 | 48 | 1 min to 34.1 h |" in said
    assert "the 50% horizon doubles every" in said


def test_the_picture_is_written_where_it_was_asked_for(tmp_path: Path, capsys: Capture) -> None:
    runs = imported(tmp_path)
    where = tmp_path / "horizon.svg"
    assert main(["horizon", "long", "--runs", str(runs), "--output", str(where)]) == 0
    assert "How long work may be" in where.read_text()
    capsys.readouterr()
    for wrong in (tmp_path, tmp_path / "no" / "a.svg", tmp_path / "a.gif"):
        assert main(["horizon", "long", "--runs", str(runs), "--output", str(wrong)]) == 2
        assert "cannot be written" in capsys.readouterr().err


def test_horizons_are_given_as_json(tmp_path: Path, capsys: Capture) -> None:
    runs = imported(tmp_path)
    capsys.readouterr()
    assert main(["horizon", "long", "--runs", str(runs), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    by_model = {row["model"]: row for row in found["horizons"]}
    new, old = by_model["new"], by_model["old"]
    # Each of the four trials of a task stops at 16 x ability / (1, 2, 3, 4) minutes.
    assert new["horizon_50"] == pytest.approx(4 * old["horizon_50"], rel=0.05)
    assert old["horizon_50_low"] < old["horizon_50"] < old["horizon_50_high"]
    (grown,) = found["growth"]
    assert grown["doublings_per_year"] == pytest.approx(2, rel=0.05)


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("no graded trial says human_minutes", {"human_minutes": None}),
        ("must be above 0", {"human_minutes": 0}),
        ("every trial passed", {"passed": True}),
        ("all of its tasks are of one length", {"human_minutes": 7}),
    ],
)
def test_what_has_no_horizon_is_one_line(
    line: str, fields: dict[str, Any], tmp_path: Path, capsys: Capture
) -> None:
    runs = imported(tmp_path, **fields)
    capsys.readouterr()
    assert main(["horizon", "long", "--runs", str(runs)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert line in said.err
    assert said.err.count("\n") == 1
