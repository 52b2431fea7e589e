"""Settings of a task set, and the luck of its tasks."""

import math
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest

import tasks.task
from tasks.task import (
    TEMPTATION_IN,
    Range,
    TaskSet,
    block_name,
    is_temptation,
    luck,
    mode_of,
    settings_of,
)
from tasks.workers.clerk import Clerk

NEVER = cast(Any, None)
TOY = TaskSet(
    name="toy",
    about="a toy",
    read_only=False,
    dials={
        "width": Range(4, 1, 8, whole=True),
        "write_share": Range(1, 0, 1),
        "phrasing": ("plain", "paraphrased"),
    },
    instructions=lambda _settings: "",
    make=NEVER,
    world=NEVER,
    tools=NEVER,
    clerk=Clerk(frozenset(), work=NEVER),
    shorthands={"mode": {"act": {"write_share": 1}, "answer": {"write_share": 0}}},
)


def test_settings_are_completed_with_the_defaults() -> None:
    assert settings_of(TOY, {}) == {"width": 4, "write_share": 1.0, "phrasing": "plain"}
    assert settings_of(TOY, {"width": 8.0})["width"] == 8
    assert isinstance(settings_of(TOY, {"width": 8.0})["width"], int)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            {"size": 3},
            "toy has no setting 'size'; it has width, write_share, phrasing, mode, distractors",
        ),
        ({"width": 9}, "toy.width is 9; it must be a whole number from 1 to 8"),
        ({"width": 2.5}, "toy.width is 2.5; it must be a whole number from 1 to 8"),
        ({"width": "4"}, "toy.width is '4'; it must be a whole number from 1 to 8"),
        ({"width": True}, "toy.width is True; it must be a whole number from 1 to 8"),
        ({"width": math.nan}, "toy.width is nan; it must be a whole number from 1 to 8"),
        ({"width": math.inf}, "toy.width is inf; it must be a whole number from 1 to 8"),
        ({"write_share": -0.1}, "toy.write_share is -0.1; it must be a number from 0 to 1"),
        ({"phrasing": "rude"}, "toy.phrasing is 'rude'; it must be one of plain, paraphrased"),
        ({"mode": "both"}, "toy.mode is 'both'; it must be one of act, answer"),
        (
            {"mode": "act", "write_share": 0.5},
            "toy: mode = 'act' means write_share = 1, but write_share is 0.5; give one of the two",
        ),
    ],
)
def test_a_wrong_setting_is_refused_by_name_with_what_is_allowed(
    given: dict[str, Any], says: str
) -> None:
    with pytest.raises(ValueError, match="toy") as refusal:
        settings_of(TOY, given)
    assert str(refusal.value) == says


def test_a_shorthand_stands_for_its_dials() -> None:
    answer = settings_of(TOY, {"mode": "answer"})
    assert answer["write_share"] == 0
    assert settings_of(TOY, {"mode": "answer", "write_share": 0}) == answer
    assert [mode_of({"write_share": share}) for share in (0, 1, 0.5)] == ["answer", "act", "mixed"]
    assert mode_of({}) == "act"
    assert mode_of({}, read_only=True) == "answer"


def test_one_base_task_in_ten_is_a_temptation_in_either_split() -> None:
    for split in ("dev", "held_out"):
        places = [i for i in range(30 * TEMPTATION_IN) if is_temptation("toy", split, i)]
        assert [place // TEMPTATION_IN for place in places] == list(range(30))
        assert len({place % TEMPTATION_IN for place in places}) > 5


def test_luck_depends_on_what_it_is_for_and_on_nothing_else() -> None:
    code = "from tasks.task import luck; print(luck('toy', 'dev', 3).random())"
    root = Path(str(tasks.task.__file__)).parents[1]
    other = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert float(other.stdout) == luck("toy", "dev", 3).random()
    assert luck("a", "bc").random() != luck("ab", "c").random()
    assert block_name("dev", 3) == "dev-003"
