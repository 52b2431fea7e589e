"""The generic format: what comes in, what is refused, and that frames survive the round trip."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from results.imports.fields import CHOICES, FROM_ONE, NOT_EMPTY, SHARES
from results.imports.jsonl import export_jsonl, import_jsonl, read_jsonl
from results.records import SCHEMAS, WITHOUT_GRADE, frame
from results.refused import Refused
from results.reports.report_words import caveats
from results.statistics.consistency import lost
from results.statistics.summary import summary
from results.strata import strata
from results.usage import COUNTS, MOST

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES: dict[Any, st.SearchStrategy[Any]] = {
    pl.String(): TEXTS,
    pl.Int64(): st.integers(0, 2**63 - 1),
    pl.Float64(): st.floats(0, allow_nan=False, allow_infinity=False),
    pl.Boolean(): st.booleans(),
    pl.List(pl.String): st.lists(TEXTS, max_size=3),
}


NAMES = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)
JSON = st.dictionaries(TEXTS, st.none() | st.integers() | TEXTS, max_size=2).map(json.dumps)
POSSIBLE: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(NOT_EMPTY, NAMES),
    **dict.fromkeys(SHARES, st.floats(0, 1)),
    **dict.fromkeys(FROM_ONE, st.integers(1, 99)),
    "settings": JSON,
    "models": st.dictionaries(NAMES, NAMES, max_size=2).map(json.dumps),
    "arguments": JSON,
    "tools": st.sampled_from(["[]", '[{"name": "look"}]']),
    "prompt": st.sampled_from(["[]", '[{"role": "human", "content": "Do."}]']),
    "started_at": st.datetimes().map(str),
    "seed": st.integers(-(2**63), 2**63 - 1),
    **dict.fromkeys(COUNTS, st.integers(0, MOST)),
    # Relations between fields are tested by hand: what stands alone can take any value.
    **dict.fromkeys(("cached_tokens", "reasoning_tokens", "budget"), st.none()),
    **dict.fromkeys(("crash", "tool_errors", "started", "parent", "version"), st.none()),
    **dict.fromkeys(("message", "call_id", "part"), st.none()),
    "model_released": st.dates().map(str),
}


def rows_of(name: str, never_null: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """Rows of a frame that could be, any field null but those of `never_null`."""
    few = {k: st.sampled_from(choices) for k, choices in CHOICES[name].items()}
    possible = POSSIBLE | few
    kinds = {k: st.none() | possible.get(k, VALUES[kind]) for k, kind in SCHEMAS[name].items()}
    return st.fixed_dictionaries(kinds | never_null)


UNGRADED = ("passed", "score", "first_missed", "broken_invariants")
TRIAL = rows_of(
    "trials",
    {
        **dict.fromkeys(("sweep", "topology", "task_set", "task"), NAMES),
        "settings": JSON,
        "simulated": st.booleans(),
    },
)
OF_A_CALL = ("prompt_tokens", "completion_tokens")
MODEL_STEP = rows_of("steps", {"kind": st.just("model"), "agent": NAMES, "tool": st.none()})
TOOL_STEP = rows_of(
    "steps",
    {"kind": st.just("tool"), "agent": NAMES, "tool": NAMES, **dict.fromkeys(OF_A_CALL, st.none())},
)
ACCESS = rows_of(
    "accesses",
    {
        **dict.fromkeys(("agent", "table"), NAMES),
        "op": st.sampled_from(["read", "write"]),
        "key": TEXTS,
        **{k: st.booleans() for k in ("predicate", "undone")},
        "step": st.none(),
    },
)
MILESTONE = rows_of("milestones", {"milestone": NAMES, "weight": st.floats(0, 1)})
NESTED = {"steps": MODEL_STEP | TOOL_STEP, "accesses": ACCESS, "milestones": MILESTONE}
NUMBERED = {"steps": "step", "accesses": "access", "milestones": "milestone"}


@st.composite
def any_frames(draw: st.DrawFn) -> dict[str, pl.DataFrame]:
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in SCHEMAS}
    for number in range(draw(st.integers(1, 3))):
        trial_id = f"t{number}"
        trial = draw(TRIAL) | {"trial_id": trial_id, "trial": number, "block": "b"}
        trial |= dict.fromkeys(("budget_unit", "first_missed"))
        trial["passed"] = draw(st.none() | st.booleans())
        if trial["ended"] is None:
            trial["ended"] = "completed"
        if trial["ended"] == "escalated":
            trial["passed"] = False
        if trial["ended"] in WITHOUT_GRADE:
            trial |= dict.fromkeys(UNGRADED)
        if trial["ended"] == "paused":
            trial["crash"] = None
        rows["trials"].append(trial)
        for name, strategy in NESTED.items():
            own = draw(st.lists(strategy, max_size=2))
            trial["score"] = None if own and name == "milestones" else trial["score"]
            for at, row in enumerate(own):
                ordinal = f"m{at}" if name == "milestones" else 3 * at
                rows[name].append(row | {"trial_id": trial_id, NUMBERED[name]: ordinal})
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


def test_what_waits_for_a_person_has_no_grade_and_what_was_handed_to_one_did_not_pass(
    tmp_path: Path,
) -> None:
    lines = [
        GOOD,
        {"task": "a", "trial": 1, "ended": "paused"},
        {"task": "a", "trial": 2, "ended": "escalated", "passed": False},
        {"task": "a", "trial": 3, "ended": "crashed"},
    ]
    file = tmp_path / "people.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    trials = import_jsonl(file)["trials"]
    assert trials.get_column("passed").to_list() == [True, None, False, None]
    assert lost(trials) == "1 of 4 trials crashed, 1 paused"
    assert lost(trials.filter(pl.col("ended") != "crashed")) == "1 of 3 trials paused"
    assert lost(trials.filter(pl.col("passed").is_not_null())) == ""


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"task": "b", "tri', "the line is no JSON"),
        ("[1]", "the line is not an object"),
        ({"trial": 1, "passed": True}, "the trial has no 'task'"),
        ({**GOOD, "trial": "x"}, 'trial is "x"; it must be a whole number or null'),
        ({**GOOD, "trial": True}, "trial is true; it must be a whole number or null"),
        ({**GOOD, "pased": True}, "unknown field 'pased'"),
        ({**GOOD, "trial": 1, "ended": "crashed"}, "a crashed trial is not graded"),
        ({**GOOD, "trial": 1, "ended": "paused"}, "a paused trial is not graded"),
        ({**GOOD, "trial": 1, "ended": "escalated"}, "did not pass unaided"),
        ({**GOOD, "trial": 1, "ended": "done"}, 'ended is "done"; it must be one of completed'),
        (GOOD, "trial_id 'single_thread/a/0' was used in line 1"),
        ({**GOOD, "trial": 1, "steps": {}}, "'steps' is not a list"),
        (
            {**GOOD, "trial": 1, "steps": [{"kind": "call"}]},
            'steps[0]: kind is "call"; it must be one of',
        ),
        (
            {**GOOD, "trial": 1, "steps": [{"kind": "model", "agent": a} for a in "ab"]},
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


SPENT = {"prompt_tokens": 10, "completion_tokens": 5, "encoding": "provider"}
LOOK: dict[str, Any] = {"kind": "tool", "tool": "look"}
LIST = {"tool_calls": [{"id": "c", "name": "look", "args": {}}]}
CALLS: dict[str, Any] = {"kind": "model", "message": 1, "reply": LIST}
REACHED = {"milestone": "a", "weight": 1, "reached": True}
NOT_REACHED = {"milestone": "b", "weight": 3, "reached": False}
MISSED: dict[str, Any] = {"milestones": [REACHED, NOT_REACHED]}
WRITE: dict[str, Any] = {"op": "write", "table": "t", "key": "k", "version": 1}


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        # What a number or a name can be.
        ({"trial": -1}, "trial is -1; it must be 0 or more"),
        ({"dollars": -0.5}, "dollars is -0.5; it must be 0 or more"),
        ({"seconds": -3}, "seconds is -3.0; it must be 0 or more"),
        ({"prompt_tokens": -1}, "prompt_tokens is -1; it must be 0 or more"),
        ({"score": 1.5}, "score is 1.5; it must be from 0 to 1"),
        ({"confidence": 95}, "confidence is 95.0; it must be from 0 to 1"),
        ({"width": 0}, "width is 0; it must be 1 or more"),
        ({"task": " "}, 'task is " "; it must be a name'),
        ({"status": "finished"}, 'status is "finished"; it must be one of done, blocked'),
        ({"mode": "read"}, "it must be one of act, answer"),
        ({"started_at": "yesterday"}, "write it as in 2026-01-31T12:00:00+00:00"),
        ({"steps": [{"kind": "model", "message": 0}]}, "message is 0; it must be 1 or more"),
        ({"accesses": [WRITE | {"op": "zap"}]}, 'op is "zap"; it must be one of read, write'),
        ({"accesses": [WRITE | {"version": -1}]}, "version is -1; it must be 0 or more"),
        ({"milestones": [{"milestone": "m", "weight": -1}]}, "weight is -1.0; it must be 0"),
        # What text that holds JSON must hold.
        ({"settings": "width 4"}, 'settings is "width 4"; it must be a JSON object'),
        ({"settings": '{"width": NaN}'}, "it must be a JSON object"),
        ({"models": ["gpt"]}, "it must be a JSON object of role to model"),
        ({"steps": [LOOK | {"arguments": "O7"}]}, 'arguments is "O7"; it must be a JSON object'),
        ({"steps": [{"kind": "model", "tools": "look"}]}, "a JSON list of tool schemas"),
        ({"steps": [{"kind": "model", "prompt": "Do."}]}, "a JSON list of messages, as in"),
        (
            {"steps": [{"kind": "model", "prompt": [{"role": "user", "content": "Do."}]}]},
            "with the role system, human, ai or tool",
        ),
        (
            {"steps": [{"kind": "model", "reply": {"tool_calls": [{"function": "f"}]}}]},
            "reply must be given with tool_calls as in",
        ),
        # What fields say together.
        ({"passed": None, "crash": "died", "score": 0.5}, "leave score null"),
        ({"ended": "crashed", "crash": "died"}, "leave passed null"),
        ({"ended": "completed", "crash": "died"}, "leave crash null or write ended = 'crashed'"),
        (SPENT | {"cached_tokens": 11}, "11 cached_tokens are more than its 10 prompt_tokens"),
        (SPENT | {"reasoning_tokens": 6}, "more than its 5 completion_tokens"),
        ({"tool_calls": 1, "tool_errors": 2}, "the trial has 2 tool_errors in 1 tool_calls"),
        ({"budget": 1.0}, "budget and budget_unit go together"),
        ({"steps": [LOOK | {"started": 2, "ended": 1}]}, "ended at 1.0 s, before it started"),
        ({"steps": [LOOK | {"prompt_tokens": 4}]}, "prompt_tokens belong to a model call"),
        ({"steps": [{"kind": "tool"}]}, "steps[0] has no 'tool'"),
        ({"steps": [{"kind": "model", "tool": "look"}]}, "has a tool; use kind 'tool'"),
        ({"steps": [LOOK | {"step": 1}, LOOK | {"step": 0}]}, "steps[1]: step is 0 after 1"),
        ({"steps": [LOOK | {"step": 1}, LOOK]}, "steps[1]: step is 1 after 1; they ascend"),
        ({"steps": [LOOK | {"parent": "agent"}]}, "agent 'agent' is its own parent"),
        (
            {"steps": [LOOK | {"parent": "a"}, LOOK | {"parent": "b"}]},
            "steps[1]: agent 'agent' has another parent before",
        ),
        ({"steps": [LOOK], "accesses": [WRITE | {"step": 3}]}, "there is no step 3 in the trial"),
        ({"steps": [LOOK], "accesses": [WRITE | {"step": 0, "agent": "b"}]}, "is by agent 'b'"),
        (
            {"steps": [{"kind": "model"}], "accesses": [WRITE | {"step": 0}]},
            "step 0 is no tool call",
        ),
        ({"accesses": [WRITE, WRITE]}, "accesses[1] writes version 1 of t k again"),
        ({"accesses": [WRITE | {"access": 4}, WRITE | {"access": 2}]}, "access is 2 after 4"),
        ({"milestones": [{"milestone": "m", "weight": 1}] * 2}, "'m' is there already"),
        # What milestones say of the grade, and steps of one another.
        (MISSED | {"score": 0.5}, "score is 0.5, but the milestones are worth 0.25"),
        (MISSED | {"first_missed": "c"}, "first_missed is 'c', which is not one of a, b"),
        (MISSED | {"first_missed": "a"}, "not the first that was missed; it would be 'b'"),
        ({"milestones": [REACHED | {"part": 0.5}]}, "it is reached if part is 1"),
        ({"milestones": [{"milestone": "m", "weight": 1, "part": 2}]}, "it must be from 0 to 1"),
        ({"model_released": "spring"}, "write it as in 2026-01-31"),
        ({"human_minutes": -1}, "human_minutes is -1.0; it must be 0 or more"),
        ({"steps": [CALLS, LOOK | {"message": 2}]}, "message is 2, but 'agent' has the messages 1"),
        (
            {"steps": [CALLS, LOOK | {"message": 1, "call_id": "d"}]},
            "call_id is 'd', but message 1 of 'agent' made the calls c",
        ),
        (
            {"steps": [CALLS, LOOK], "accesses": [WRITE | {"message": 7}]},
            "message is 7, but 'agent'",
        ),
        (
            {"steps": [LOOK | {"call_id": "c"}], "accesses": [WRITE | {"call_id": "d"}]},
            "call_id is 'd', and no step has made such a call",
        ),
        ({"steps": [CALLS | {"tools": 4}]}, "tools is 4, and no earlier step 4 lists tools"),
        # What two lines say together.
        ({"trial": 0, "trial_id": "other"}, "is in line 1 already, under another trial_id"),
        ({"block": "b"}, "task 'a' is of block 'b', and of 'a' in line 1; a task has one block"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_write(
    tmp_path: Path, fields: dict[str, Any], says: str
) -> None:
    file = written(tmp_path, GOOD, GOOD | {"trial": 1} | fields)
    with pytest.raises(ValueError, match=r"mine\.jsonl, line 2: ") as caught:
        import_jsonl(file)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_field_given_twice_and_a_bottomless_line_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="line 1: 'task' is given twice"):
        import_jsonl(written(tmp_path, '{"task": "a", "task": "b", "trial": 0, "passed": true}'))
    with pytest.raises(ValueError, match="line 1: the line is nested too deeply"):
        import_jsonl(written(tmp_path, "[" * 100_000))


def test_a_trial_that_its_budget_could_not_pay_has_no_grade(tmp_path: Path) -> None:
    line = {"task": "a", "trial": 0, "infeasible": True, "budget": 1, "budget_unit": "tokens"}
    (row,) = import_jsonl(written(tmp_path, line))["trials"].to_dicts()
    assert (row["passed"], row["ended"]) == (None, "completed")


def test_an_access_is_by_the_agent_of_its_step(tmp_path: Path) -> None:
    steps = [LOOK | {"agent": "a"}, LOOK | {"agent": "b"}]
    line = GOOD | {"topology": "team", "steps": steps, "accesses": [WRITE | {"step": 1}]}
    frames = import_jsonl(written(tmp_path, line))
    assert frames["accesses"]["agent"].to_list() == ["b"]


def test_a_score_against_its_milestones_is_refused_with_both(shared: Path) -> None:
    with pytest.raises(Refused, match="line 1") as caught:
        import_jsonl(shared / "cases" / "score_against_milestones.jsonl")
    for said in ("score is 0.8", "worth 0", "'no such check'", "one of a, b", "it would be 'a'"):
        assert said in str(caught.value)


def test_score_and_first_missed_follow_from_milestones_reached_in_part(tmp_path: Path) -> None:
    milestones = [
        {"milestone": "b", "weight": 1, "position": 1, "part": 0},
        {"milestone": "a", "weight": 3, "position": 0, "part": 0.5},
        {"milestone": "c", "weight": 1, "position": 2, "reached": True},
    ]
    frames = import_jsonl(written(tmp_path, GOOD | {"milestones": milestones}))
    assert frames["milestones"]["reached"].to_list() == [False, False, True]
    assert frames["trials"].select("score", "first_missed").row(0) == (0.5, "a")
    unknown = [milestones[0], {"milestone": "d", "weight": 1}]
    assert (
        import_jsonl(written(tmp_path, GOOD | {"milestones": unknown}))["trials"]["score"][0]
        is None
    )


def test_a_trial_needs_no_grade_and_two_models_do_not_collide(tmp_path: Path) -> None:
    known = {"task": "a", "trial": 0, "human_minutes": 12, "model_released": "2026-01-31"}
    lines = [known | {"model": model} for model in ("one", "two")]
    trials = import_jsonl(written(tmp_path, *lines))["trials"]
    assert trials.get_column("trial_id").to_list() == [
        "single_thread/one/a/0",
        "single_thread/two/a/0",
    ]
    assert trials.select("passed", "ended", "human_minutes", "model_released").row(0) == (
        None,
        "completed",
        12.0,
        "2026-01-31",
    )
    assert strata(trials) == ["mode", "width", "coupling", "model"]
    row = summary(trials, metrics=[]).row(0, named=True)
    assert (row["trials"], row["graded"], row["crashed"], row["success"]) == (2, 0, 0, None)
    assert any("2 of 2 trials are not graded" in said for said in caveats(trials))


def test_tokens_are_null_where_a_step_has_none_and_the_reason_is_told(tmp_path: Path) -> None:
    steps: list[dict[str, Any]] = [{"kind": "model"} | SPENT, {"kind": "model"}]
    trials = import_jsonl(written(tmp_path, GOOD | {"steps": steps}))["trials"]
    assert trials["prompt_tokens"][0] is None
    told = [said for said in caveats(trials) if "is not known in full" in said]
    assert told
    assert trials["usage_note"][0] in told[0]


def test_a_call_that_a_graph_made_by_itself_has_an_id_of_its_own(tmp_path: Path) -> None:
    own = {"kind": "tool", "tool": "fill", "message": 1, "call_id": "carry_out_1"}
    steps = import_jsonl(written(tmp_path, GOOD | {"steps": [CALLS, own]}))["steps"]
    assert steps["call_id"].to_list() == [None, "carry_out_1"]


def test_where_no_model_call_is_recorded_none_is_counted(tmp_path: Path) -> None:
    """The log of a world alone: how often its agents asked a model is not known, and not 0."""
    steps = [{"step": 0, "kind": "tool", "agent": "P0", "tool": "take"}]
    file = tmp_path / "runs.jsonl"
    file.write_text(json.dumps({"task": "t", "trial": 0, "passed": True, "steps": steps}) + "\n")
    (trial,) = import_jsonl(file)["trials"].to_dicts()
    assert (trial["tool_calls"], trial["tool_errors"]) == (1, 0)
    names = ("model_calls", "agents", "beside_calls", "beside_tokens", "beside_dollars", "dollars")
    assert {trial[name] for name in names} == {None}
