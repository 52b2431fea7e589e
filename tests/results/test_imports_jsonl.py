"""The generic format: what comes in, what is refused, and that frames survive the round trip."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from results.imports.jsonl import export_jsonl, import_jsonl, read_jsonl
from results.records import SCHEMAS, frame

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES: dict[Any, st.SearchStrategy[Any]] = {
    pl.String(): TEXTS,
    pl.Int64(): st.integers(-(2**63), 2**63 - 1),
    pl.Float64(): st.floats(allow_nan=False, allow_infinity=False),
    pl.Boolean(): st.booleans(),
    pl.List(pl.String): st.lists(TEXTS, max_size=3),
}


def rows_of(name: str, never_null: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """Rows of a frame, any field null but those of `never_null`."""
    kinds = {k: st.none() | VALUES[kind] for k, kind in SCHEMAS[name].items()}
    return st.fixed_dictionaries(kinds | never_null)


ENDINGS = st.sampled_from([("completed", True), ("limit", False), ("crashed", None)])
TRIAL = rows_of(
    "trials",
    {
        **dict.fromkeys(("sweep", "topology", "task_set", "task", "settings"), TEXTS),
        "trial": st.integers(0, 9),
        "simulated": st.booleans(),
    },
)
STEP = rows_of(
    "steps",
    {"kind": st.sampled_from(["model", "tool"]), "agent": TEXTS, "step": st.integers(0, 99)},
)
ACCESS = rows_of(
    "accesses",
    {
        **dict.fromkeys(("agent", "op", "table", "key"), TEXTS),
        **{k: st.booleans() for k in ("predicate", "undone")},
        "access": st.integers(0, 99),
    },
)
MILESTONE = rows_of("milestones", {"milestone": TEXTS, "weight": st.floats(0, 1)})
NESTED = {"steps": STEP, "accesses": ACCESS, "milestones": MILESTONE}


@st.composite
def any_frames(draw: st.DrawFn) -> dict[str, pl.DataFrame]:
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in SCHEMAS}
    for number in range(draw(st.integers(1, 3))):
        ended, passed = draw(ENDINGS)
        trial_id = f"t{number}"
        rows["trials"].append(
            draw(TRIAL) | {"trial_id": trial_id, "ended": ended, "passed": passed}
        )
        for name, strategy in NESTED.items():
            own = draw(st.lists(strategy, max_size=2))
            rows[name] += [row | {"trial_id": trial_id} for row in own]
    return {name: frame(name, own) for name, own in rows.items()}


@settings(deadline=None, max_examples=40)
@given(frames=any_frames())
def test_exported_frames_import_as_they_were(
    frames: dict[str, pl.DataFrame], tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("run") / "run.jsonl"
    export_jsonl(frames, file)
    again = import_jsonl(file)
    for name, given_frame in frames.items():
        assert_frame_equal(again[name], given_frame)


def written(tmp_path: Path, *lines: object) -> Path:
    file = tmp_path / "mine.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    file.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return file


def test_the_smallest_line_is_a_trial_with_nulls(tmp_path: Path) -> None:
    frames = import_jsonl(written(tmp_path, {"task": 7, "trial": 0, "passed": True}))
    (row,) = frames["trials"].to_dicts()
    assert (row["task"], row["block"], row["task_set"]) == ("7", "7", "mine")
    assert (row["trial_id"], row["ended"]) == ("single_thread/7/0", "completed")
    for name in ("tool_errors", "model_calls", "agents", "prompt_tokens", "model", "seconds"):
        assert row[name] is None
    assert all(frames[name].is_empty() for name in ("steps", "accesses", "milestones"))


def test_counts_follow_from_steps_and_values_become_text(tmp_path: Path) -> None:
    call = {"kind": "tool", "tool": "get", "arguments": {"order": "O7"}, "error": "no such order"}
    said = {"kind": "model", "prompt_tokens": 10, "completion_tokens": 2, "encoding": "provider"}
    line = {"task": "a", "trial": 1, "passed": False, "steps": [said, call, said, call]}
    frames = import_jsonl(written(tmp_path, line))
    row = frames["trials"].to_dicts()[0]
    assert (row["model_calls"], row["tool_calls"], row["tool_errors"]) == (2, 2, 2)
    assert (row["prompt_tokens"], row["completion_tokens"]) == (20, 4)
    assert (row["cached_tokens"], row["encoding"]) == (None, "provider")
    assert frames["steps"]["arguments"].to_list()[1] == '{"order": "O7"}'
    assert frames["steps"]["step"].to_list() == [0, 1, 2, 3]


def test_tokens_in_two_encodings_are_not_summed(tmp_path: Path) -> None:
    steps = [
        {"kind": "model", "prompt_tokens": 10, "encoding": encoding} for encoding in ("a", "b")
    ]
    line = {"task": "a", "trial": 1, "passed": False, "steps": steps}
    row = import_jsonl(written(tmp_path, line))["trials"].to_dicts()[0]
    assert (row["prompt_tokens"], row["encoding"]) == (None, None)


GOOD = {"task": "a", "trial": 0, "passed": True}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"task": "b", "tri', "the line is no JSON"),
        ("[1]", "the line is not an object"),
        ({"trial": 1, "passed": True}, "the trial has no 'task'"),
        ({**GOOD, "trial": "x"}, 'trial is "x"; it must be a whole number or null'),
        ({**GOOD, "trial": True}, "trial is true; it must be a whole number or null"),
        ({**GOOD, "pased": True}, "unknown field 'pased'"),
        ({"task": "b", "trial": 1}, "passed is missing"),
        ({**GOOD, "trial": 1, "ended": "crashed"}, "a crashed trial is not graded"),
        ({**GOOD, "trial": 1, "ended": "done"}, "ended is 'done'; use one of completed"),
        (GOOD, "trial_id 'single_thread/a/0' was used in line 1"),
        ({**GOOD, "trial": 1, "steps": {}}, "'steps' is not a list"),
        ({**GOOD, "trial": 1, "steps": [{"kind": "call"}]}, "steps[0]: kind is 'call'"),
        (
            {**GOOD, "trial": 1, "steps": [{"kind": "tool", "agent": a} for a in "ab"]},
            "the trial has 2 agents and no 'topology'",
        ),
        ({**GOOD, "trial": 1, "accesses": [{"op": "read"}]}, "accesses[0] has no 'table'"),
        ('{"task": "b", "trial": 1, "passed": true, "score": NaN}', "NaN is no JSON number"),
        ('{"task": "\\ud800", "trial": 1, "passed": true}', "half of a surrogate pair"),
    ],
)
def test_a_wrong_line_is_named_with_what_is_wrong(tmp_path: Path, line: object, says: str) -> None:
    file = written(tmp_path, GOOD, line)
    with pytest.raises(ValueError, match=r"mine\.jsonl, line 2: ") as caught:
        import_jsonl(file)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_truncated_file_says_that_its_last_line_is_cut_off(tmp_path: Path) -> None:
    file = written(tmp_path, GOOD, {**GOOD, "trial": 1})
    file.write_text(file.read_text(encoding="utf-8")[:-9], encoding="utf-8")
    with pytest.raises(ValueError, match="line 2: the line is cut off"):
        import_jsonl(file)


def test_good_lines_before_a_bad_one_are_streamed(tmp_path: Path) -> None:
    records = read_jsonl(written(tmp_path, GOOD, "{"))
    assert next(records)["trials"][0]["task"] == "a"
    with pytest.raises(ValueError, match="line 2"):
        next(records)


def test_an_empty_file_and_no_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has no trials"):
        import_jsonl(written(tmp_path))
    with pytest.raises(ValueError, match="cannot be read"):
        import_jsonl(tmp_path / "none.jsonl")
