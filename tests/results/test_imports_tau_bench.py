"""tau-bench files: the recorded one to the digit, and made ones in the same shape."""

import json
import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from results.imports.tau_bench import import_tau_bench
from results.statistics.consistency import consistency

Frames = dict[str, pl.DataFrame]

BY_GOLD_WRITES = {
    "answer": (20, {"1": 0.713, "2": 0.558, "3": 0.487, "4": 0.45}),
    "act": (30, {"1": 0.225, "2": 0.083, "3": 0.042, "4": 0.033}),
}
"""Mode to its tasks and pass^k, computed independently from the recorded file."""


def call(name: str, number: int, **arguments: object) -> dict[str, Any]:
    function = {"name": name, "arguments": json.dumps(arguments)}
    calls = [{"id": f"c{number}", "type": "function", "function": function}]
    return {"role": "assistant", "content": None, "tool_calls": calls}


def replied(name: str, number: int, content: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": f"c{number}", "name": name, "content": content}


def record(task: int, trial: int, reward: float, *gold: str) -> dict[str, Any]:
    actions = [{"name": name, "kwargs": {}} for name in gold]
    return {
        "task_id": task,
        "trial": trial,
        "reward": reward,
        "info": {"task": {"actions": actions}},
        "traj": [
            {"role": "system", "content": "Policy."},
            {"role": "user", "content": "Cancel ABC123."},
            call("get_reservation_details", 1, reservation_id="ABC123"),
            replied("get_reservation_details", 1, '{"user_id": "u_1"}'),
            call("cancel_reservation", 2, reservation_id="ABC123"),
            replied("cancel_reservation", 2, "Error: too late"),
            {"role": "assistant", "content": "It is too late."},
            {"role": "user", "content": "###STOP###"},
        ],
    }


def written(tmp_path: Path, records: list[Any]) -> Path:
    file = tmp_path / "made.json"
    file.write_text(json.dumps(records), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def recorded() -> Frames:
    shared = os.environ.get("FANOUT_SHARED")
    if not shared:
        pytest.skip("FANOUT_SHARED is not set: the recorded tau-bench file is NOT tested")
    return import_tau_bench(Path(shared) / "data" / "tau_bench_gpt4o_airline.json", "gpt-4o")


def means(frame: pl.DataFrame, name: str) -> dict[str, float]:
    return {str(row["k"]): row[name] for row in frame.iter_rows(named=True)}


def test_the_recorded_file_gives_the_published_figures(
    recorded: Frames, published: dict[str, Any]
) -> None:
    known = published["tau_bench_gpt4o_airline"]
    trials = recorded["trials"]
    found = consistency(trials, [1, 2, 3, 4])
    assert means(found, "pass_hat") == pytest.approx(known["pass_hat_k"], abs=5e-7)
    assert means(found, "pass_at") == pytest.approx(known["pass_at_k"], abs=5e-7)
    by_task = trials.group_by(pl.col("task").cast(pl.Int64)).agg(pl.col("passed").sum())
    assert by_task.sort("task")["passed"].to_list() == known["successes_per_task"]
    split = consistency(trials, [1, 2, 3, 4], by=["mode"])
    for mode, (tasks, pass_hat) in BY_GOLD_WRITES.items():
        half = split.filter(pl.col("mode") == mode)
        assert half["tasks"].unique().to_list() == [tasks]
        assert means(half, "pass_hat") == pytest.approx(pass_hat, abs=5.001e-4)


def test_the_recorded_failures_mostly_had_no_tool_error(recorded: Frames) -> None:
    failed = recorded["trials"].filter(~pl.col("passed"))
    with_error = recorded["trials"].filter(pl.col("tool_errors") > 0)
    assert (failed.height, (failed["tool_errors"] == 0).sum()) == (116, 89)
    assert (with_error.height, with_error["passed"].sum()) == (36, 9)


def test_the_recorded_steps_agree_with_the_counts_of_their_trials(recorded: Frames) -> None:
    steps = recorded["steps"]
    assert (steps["kind"] == "model").sum() == recorded["trials"]["model_calls"].sum() == 2454
    assert (steps["kind"] == "tool").sum() == recorded["trials"]["tool_calls"].sum() == 1164
    assert steps.filter(pl.col("kind") == "tool")["reply"].null_count() == 0


def test_what_the_file_does_not_say_is_null(tmp_path: Path) -> None:
    frames = import_tau_bench(written(tmp_path, [record(3, 0, 1.0, "get_user_details")]))
    (row,) = frames["trials"].to_dicts()
    assert (row["task"], row["trial"], row["passed"], row["mode"]) == ("3", 0, True, "answer")
    assert (row["task_set"], row["topology"]) == ("tau_bench_airline", "single_thread")
    assert (row["tool_errors"], row["answer"]) == (1, "It is too late.")
    for name in ("model", "prompt_tokens", "dollars", "seconds", "status", "score", "encoding"):
        assert row[name] is None
    tools = frames["steps"].filter(pl.col("kind") == "tool").to_dicts()
    assert [t["error"] for t in tools] == [None, "too late"]
    assert json.loads(tools[0]["arguments"]) == {"reservation_id": "ABC123"}
    assert [t["message"] for t in tools] == [1, 2]


def test_tokens_that_we_count_are_marked_as_estimates(tmp_path: Path) -> None:
    file = written(tmp_path, [record(0, 0, 0.0)])
    frames = import_tau_bench(file, counter=lambda text: len(text.split()), encoding="words")
    models = frames["steps"].filter(pl.col("kind") == "model")
    assert models["encoding"].unique().to_list() == ["estimate:words"]
    assert models["prompt_tokens"].to_list() == [3, 3 + 3 + 2, 8 + 3 + 3]
    assert models["completion_tokens"].to_list() == [3, 3, 4]
    row = frames["trials"].to_dicts()[0]
    assert (row["prompt_tokens"], row["cached_tokens"]) == (25, None)
    assert row["encoding"] == "estimate:words"


def test_a_crash_is_not_a_failure_and_a_cut_conversation_reached_its_limit(tmp_path: Path) -> None:
    crashed = record(0, 0, 0.0, "cancel_reservation")
    crashed |= {"info": {"error": "no connection"}, "traj": []}
    limited = record(0, 1, 0.0, "cancel_reservation")
    limited["traj"].pop()
    unknown = record(1, 0, 0.0, "grow_wings")
    trials = import_tau_bench(written(tmp_path, [crashed, limited, unknown]))["trials"]
    assert trials["ended"].to_list() == ["crashed", "limit", "completed"]
    assert trials["passed"].to_list() == [None, False, False]
    assert trials["crash"].to_list()[0] == "no connection"
    assert trials["mode"].to_list() == [None, "act", None]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda text: text[: len(text) * 3 // 4], "record 2 is cut off"),
        (lambda text: text[:-1], "cut off after record 2"),
        (lambda text: text + "x", "more after the list of 2 records"),
        (lambda _: '{"a": 1}', "does not start with a JSON list"),
        (lambda text: text.replace('"reward"', '"rewrd"', 1), "record 1 (task 3, trial 0) has no"),
        (lambda text: text.replace('"c1"', '"c9"', 1), "record 1 (task 3, trial 0): message 3"),
        (lambda text: text.replace('"trial": 1', '"trial": 0'), "trial 0 again"),
        (lambda text: text.replace("cancel_", "x").replace("get_", "y"), "do not tell which"),
        (lambda text: text.replace("Cancel ABC", "API output: ABC"), "act and react"),
        (lambda _: "[]", "has no records"),
        (lambda _: "[" * 100_000, "record 1 is nested too deeply"),
        (lambda text: text.replace('"trial": 0', '"trial": -1'), "'trial' is -1, no ordinal"),
        (lambda text: text.replace('"task_id": 3', '"task_id": 1e3', 1), "cannot be float"),
        (lambda text: text.replace('"reward": 1.0', '"reward": 7'), "it must be from 0 to 1"),
        (lambda text: text.replace('"reward": 1.0', '"reward": NaN'), "it must be from 0 to 1"),
        (lambda text: text.replace('"actions": []', '"actions": 7', 1), "a list of 'actions'"),
        (lambda text: text.replace('"actions": []', '"actions": ["x"]', 1), "list of 'actions'"),
        (lambda text: text.replace('"role": "user"', '"role": []', 1), "message 1 is not an"),
        (lambda text: text.replace('"Policy."', "[1]", 1), "message 0 has content that is not"),
        (lambda text: text.replace('"Policy."', '"\\ud800"', 1), "message 0 has content that is"),
        (lambda text: text.replace('"id": "c1"', '"ix": "c1"', 1), "message 2 has a tool call"),
        (lambda text: text.replace('\\"ABC123\\"}', "", 1), "message 2 has a tool call that"),
        (
            lambda text: text.replace(
                '"content": null, "tool_calls": [', '"tool_calls": 7, "x": ['
            ),
            "message 2 has tool_calls that are not a list",
        ),
    ],
)
def test_a_wrong_or_truncated_file_gets_one_line_naming_the_record(
    tmp_path: Path, spoil: Any, says: str
) -> None:
    file = written(tmp_path, [record(3, 0, 1.0), record(3, 1, 0.0)])
    file.write_text(spoil(file.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(ValueError, match=r"made\.json") as caught:
        import_tau_bench(file)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
