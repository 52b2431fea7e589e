"""Sweeps small enough to run in a test, over a task set and topologies from outside of the kit."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from experiments.sweeps.sweep import Sweep
from experiments.sweeps.sweep_file import by_name
from experiments.sweeps.sweep_grid import parse_sweep
from results.records import SCHEMAS
from results.store import Run

JARS = "tests.toy_task_set:JARS"

MakeSweep = Callable[..., Sweep]

SWEEP_FILE = f"""\
seed = 3
trials = 4
topologies = ["single_thread", "lead_subagents"]

[task_sets."{JARS}"]
width = 2
tasks = 3
"""


def small_sweep(**changes: Any) -> Sweep:
    """Two topologies, three tasks, two trials: 12 trials; `changes` replace whole keys."""
    raw: dict[str, Any] = {
        "name": "small",
        "seed": 3,
        "trials": 2,
        "topologies": ["single_thread", "lead_subagents"],
        "task_sets": {JARS: {"width": 2, "tasks": 3}},
    }
    return parse_sweep(by_name(raw | changes))


@pytest.fixture
def make_sweep() -> MakeSweep:
    """The builder `small_sweep`."""
    return small_sweep


@pytest.fixture
def sweep_file(tmp_path: Path) -> Path:
    """A sweep of 24 trials in a file of its own."""
    file = tmp_path / "jars.toml"
    file.write_text(SWEEP_FILE)
    return file


@pytest.fixture
def assert_same() -> Callable[[Run, Run], None]:
    """Asserts that two runs have equal frames, row by row."""

    def check(one: Run, other: Run) -> None:
        for name in SCHEMAS:
            mine, theirs = getattr(one, name), getattr(other, name)
            assert mine.height > 0
            assert mine.equals(theirs), name

    return check
