"""Rows are held to the schema and to each other, whoever brings them."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from results.imports.writing import write_run
from results.records import SCHEMAS, frame
from results.refused import Refused
from results.store import open_run

TRIAL: dict[str, Any] = {
    "trial_id": "a/0",
    "sweep": "theirs",
    "topology": "team",
    "task_set": "work",
    "task": "a",
    "settings": "{}",
    "simulated": False,
    "trial": 0,
    "ended": "completed",
    "passed": True,
}
STEP: dict[str, Any] = {"trial_id": "a/0", "step": 0, "kind": "tool", "agent": "x", "tool": "look"}
ACCESS: dict[str, Any] = {
    **{"trial_id": "a/0", "access": 0, "op": "read", "table": "t", "key": "1", "agent": "x"},
    **{"predicate": False, "undone": False},
}


def frames(**rows: Any) -> dict[str, pl.DataFrame]:
    """Frames as somebody's importer gives them: rows, or a frame of any columns and types."""
    given: dict[str, Any] = {"trials": [TRIAL], **rows}
    return {k: pl.DataFrame(v) if isinstance(v, list) else v for k, v in given.items()}


def test_frames_that_say_little_become_a_run(tmp_path: Path) -> None:
    write_run(tmp_path / "r", frames(steps=[STEP], accesses=[ACCESS]), "r", {})
    run = open_run(tmp_path / "r")
    for name, height in (("trials", 1), ("steps", 1), ("accesses", 1), ("milestones", 0)):
        held: pl.DataFrame = getattr(run, name)
        assert held.height == height
        assert held.select(SCHEMAS[name].names()).schema == SCHEMAS[name]


MILESTONE = {"trial_id": "a/0", "milestone": "m", "weight": 1.0, "reached": False}


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ({"trials": [TRIAL, TRIAL]}, "trials[1], 'a/0': trial_id 'a/0' was used in trials[0]"),
        ({"trials": [TRIAL, TRIAL | {"trial_id": "b"}]}, "is in trials[0] already"),
        ({"trials": [TRIAL | {"trial": "first"}]}, 'trial is "first"; it must be a whole number'),
        ({"trials": [TRIAL | {"passed": 1}]}, "passed is 1; it must be true or false"),
        ({"trials": [TRIAL | {"prompt_tokens": -3}]}, "prompt_tokens is -3; it must be 0 or more"),
        ({"trials": [TRIAL | {"colour": "red"}]}, "the unknown field 'colour'"),
        ({"trials": [TRIAL | {"settings": None}]}, "the trial has no 'settings'"),
        ({"trials": [TRIAL | {"score": 0.5}], "milestones": [MILESTONE]}, "score is 0.5, but"),
        ({"trials": [{"task": "a"}]}, "trials has no column 'trial_id'"),
        ({"trials": []}, "trials has no column 'trial_id'"),
        ({"trials": frame("trials", [])}, "there are no trials"),
        ({"trials": [TRIAL], "steps": {"step": 0}}, "steps is dict; give a Polars frame"),
        ({"steps": [STEP | {"trial_id": "b"}]}, "steps has rows of 'b', which is not in trials"),
        ({"steps": [STEP | {"step": 1.5}]}, "trials[0], 'a/0': steps[0]: step is 1.5"),
        ({"steps": [STEP, STEP]}, "steps[1]: step is 0 after 0"),
        ({"steps": [STEP | {"prompt_tokens": 5}]}, "prompt_tokens belong to a model call"),
        ({"steps": [STEP], "accesses": [ACCESS | {"step": 4}]}, "there is no step 4"),
        ({"accesses": [ACCESS | {"op": "peek"}]}, 'op is "peek"; it must be one of read'),
        ({"accesses": [ACCESS | {"undone": None}]}, "accesses[0] has no 'undone'"),
        ({"calls": [STEP]}, "there is 'calls' among the frames"),
    ],
)
def test_a_row_that_cannot_be_is_named_in_one_line(
    tmp_path: Path, rows: dict[str, Any], says: str
) -> None:
    with pytest.raises(Refused) as caught:
        write_run(tmp_path / "r", frames(**rows), "r", {})
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "r").exists()
