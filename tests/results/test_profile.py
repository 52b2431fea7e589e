"""Profiles of made runs whose dependencies are known by construction."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from results.charts.gain import run_picture, tasks_picture
from results.imports.jsonl import import_jsonl
from results.imports.tau_bench import import_tau_bench
from results.questions.gain.gain_words import MISSES, profile_sentences, task_sentences
from results.questions.gain.inference import dependencies_frame, infer
from results.questions.gain.profile import profile_runs, token_sizes
from results.questions.gain.team_cost import Prices
from results.records import frame
from tests.bench.dependency_accuracy import dependency_accuracy

Frames = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]
Call = tuple[str, dict[str, Any], Any, list[tuple[str, str]]]
"""Tool, arguments, reply, and the accesses as (op, table:key)."""


def made_run(trial_id: str, asked: str, calls: list[Call | str], note: str = "") -> Any:
    """Rows of a run in which each model call makes one tool call; a text is said to the user."""
    steps: list[dict[str, Any]] = []
    accesses: list[dict[str, Any]] = []
    news: list[dict[str, Any]] = [{"role": "human", "content": asked}]
    for call in [*calls, "All done."]:
        said = {"content": call if isinstance(call, str) else note, "tool_calls": []}
        common = {"trial_id": trial_id, "agent": "agent", "message": len(steps)}
        number = len(steps)
        steps.append(
            common
            | {"step": number, "kind": "model", "reply": json.dumps(said)}
            | {"prompt": json.dumps(news), "started": float(number), "ended": number + 1.0}
        )
        if isinstance(call, str):
            news = [{"role": "human", "content": "Yes, go on."}]
            continue
        tool, arguments, reply, touched = call
        text = reply if isinstance(reply, str) else json.dumps(reply)
        error = text if text.startswith("Error") else None
        steps.append(
            common
            | {"step": number + 1, "kind": "tool", "tool": tool, "reply": text, "error": error}
            | {"arguments": json.dumps(arguments), "started": number + 1.0, "ended": number + 2.0}
        )
        news = [{"role": "tool", "content": text}]
        for op, resource in touched:
            table, _, key = resource.partition(":")
            accesses.append(
                {
                    "trial_id": trial_id,
                    "access": len(accesses),
                    "step": number + 1,
                    "agent": "agent",
                    "op": op,
                    "table": table,
                    "key": key,
                    "predicate": "=" in key,
                    "undone": False,
                }
            )
    trial = {
        "trial_id": trial_id,
        "sweep": "made",
        "topology": "single_thread",
        "task_set": "made",
        "task": trial_id.partition("/")[0],
        "trial": 0,
        "passed": True,
        "ended": "completed",
        "simulated": False,
    }
    return trial, steps, accesses


def frames(*runs: Any) -> Frames:
    return (
        frame("trials", [run[0] for run in runs]),
        frame("steps", [row for run in runs for row in run[1]]),
        frame("accesses", [row for run in runs for row in run[2]]),
    )


def pairs(recorded: Frames) -> set[tuple[int, int, str]]:
    found = dependencies_frame(infer(*recorded))
    return set(found.select("from_step", "to_step", "kind").iter_rows())


def get(key: str, **reply: Any) -> Call:
    return ("get", {"id": key}, reply, [("read", f"rows:{key}")])


def put(key: str, **values: Any) -> Call:
    return ("put", {"id": key, **values}, {"ok": key}, [("write", f"rows:{key}")])


WIDE = made_run(
    "wide/0",
    "Look at A1, B2, C3, D4, E5, F6, G7 and H8.",
    [get(key, state=f"s{key}x9") for key in ("A1", "B2", "C3", "D4", "E5", "F6", "G7", "H8")],
)
CHAIN = made_run(
    "chain/0",
    "Follow A1 to its end.",
    [get(f"N{at}5", next=f"N{at + 1}5") if at else get("A1", next="N15") for at in range(8)],
)
COUPLED = made_run(
    "coupled/0",
    "Serve R1 to R8 from A1.",
    [put("A1", request=f"R{at}") for at in range(1, 9)],
)


def test_a_value_comes_from_the_reply_that_revealed_it_and_not_from_what_was_asked() -> None:
    run = made_run("t/0", "Refund order O77.", [get("O77", card="G420"), get("G420", balance=5)])
    assert pairs(frames(run)) == {(1, 3, "value")}


def test_what_the_agent_wrote_itself_is_no_source() -> None:
    calls = [get("O77", state="open"), get("X90", state="open")]
    plain = made_run("t/0", "Check O77.", calls)
    noted = made_run("t/0", "Check O77.", calls, note='R1.2 = {"next": "X90"}')
    assert pairs(frames(plain)) == pairs(frames(noted)) == set()


def test_its_own_value_stays_its_own_when_a_reply_repeats_it() -> None:
    run = made_run("t/0", "Look around.", [get("X90", id="X90"), get("X90", id="X90")])
    assert pairs(frames(run)) == set()


def test_writes_keep_their_order_with_whoever_touches_the_same_row() -> None:
    run = made_run("t/0", "Use P1 and P2.", [get("P1"), get("P2"), put("P1"), get("P1"), get("P2")])
    found = {(a, b) for a, b, kind in pairs(frames(run)) if kind == "resource"}
    assert found == {(1, 5), (5, 7)}


def test_a_write_waits_for_the_look_at_what_it_names_but_not_for_another_write() -> None:
    def write(tool: str) -> Call:
        return (tool, {"customer": "C77"}, "ok", [("write", f"{tool}s:n")])

    run = made_run("t/0", "Serve C77.", [("look", {"customer": "C77"}, "ok", []), write("sell")])
    assert pairs(frames(run)) == {(1, 3, "about")}
    run = made_run("t/0", "Serve C77.", [write("sell"), write("mail")])
    assert pairs(frames(run)) == set()


def test_two_that_add_under_one_question_do_not_wait_but_who_asks_does() -> None:
    def add(n: int) -> Call:
        return ("add", {"n": n}, "ok", [("write", f"mails:m{n}"), ("write", "mails:customer=C7")])

    asks = ("find", {"customer": "C7"}, "[]", [("read", "mails:customer=C7")])
    found = pairs(frames(made_run("t/0", "Mail C7.", [asks, add(1), add(2), asks])))
    assert {(a, b) for a, b, _ in found} == {(1, 3), (1, 5), (3, 7), (5, 7)}


def test_a_second_attempt_waits_for_the_error() -> None:
    bad = ("pay", {"order": "O77", "sum": 5}, "Error: too little", [])
    good = ("pay", {"order": "O77", "sum": 9}, "ok", [])
    assert (1, 3, "retry") in pairs(frames(made_run("t/0", "Pay O77.", [bad, good])))


def test_wide_reading_is_worth_a_trial_and_a_chain_is_not() -> None:
    result = profile_runs(*frames(WIDE, CHAIN))
    wide, chain = result.per_run.sort("task", descending=True).to_dicts()
    assert (wide["calls"], wide["path"], wide["most_width"]) == (9, 2, 8)
    assert wide["verdict"] == "trial"
    assert wide["safe_speed_up"] == pytest.approx(9 / (2 + 2 + 1))
    assert (chain["bound"], chain["safe_speed_up"], chain["verdict"]) == (1.0, 1.0, "stay")
    assert chain["token_ratio_least"] is None
    assert wide["bound_seconds"] == pytest.approx(17 / 3)


def test_writing_one_row_from_all_parts_leaves_only_one_writer() -> None:
    result = profile_runs(*frames(COUPLED))
    (row,) = result.per_run.to_dicts()
    assert row["natural_speed_up"] > 1.25
    assert (row["safe_speed_up"], row["verdict"]) == (1.0, "one writer")
    assert result.shared.to_dicts() == [
        {"trial_id": "coupled/0", "resource": "rows:A1", "agents": 4, "writers": 4}
    ]


def test_calls_that_share_a_row_stay_with_one_subagent() -> None:
    keys = ["A1", "A1", "B2", "B2", "C3", "C3", "D4", "D4", "E5", "E5"]
    run = made_run("t/0", "Serve A1, B2, C3, D4 and E5.", [put(key) for key in keys])
    (row,) = profile_runs(*frames(run), agents=8).per_run.to_dicts()
    assert row["verdict"] == "by resource"
    assert row["natural_speed_up"] >= row["safe_speed_up"] >= 1.25
    assert row["shared_resources"] > 0


def test_what_nobody_told_must_be_settled_before_subagents_choose() -> None:
    calls = [put(key, refund_to="card") for key in ("A1", "B2", "C3", "D4", "E5", "F6")]
    result = profile_runs(*frames(made_run("t/0", "Refund A1, B2, C3, D4, E5, F6.", calls)))
    assert result.per_run["verdict"].to_list() == ["settle"]
    assert result.unsettled["parameter"].to_list() == ["refund_to"]
    assert any("must settle: refund_to (card)" in text for text in profile_sentences(result))
    told = made_run("t/0", "Refund A1, B2, C3, D4, E5, F6 to the card.", calls)
    assert profile_runs(*frames(told)).per_run["verdict"].to_list() == ["trial"]


def test_words_with_the_user_are_kept_in_order() -> None:
    calls: list[Call | str] = []
    for key in ("A1", "B2", "C3", "D4"):
        calls += [get(key), f"I looked at {key}."]
    (row,) = profile_runs(*frames(made_run("t/0", "A1, B2, C3, D4.", calls))).per_run.to_dicts()
    assert (row["turns"], row["bound"], row["safe_speed_up"]) == (4, 1.0, 1.0)
    assert row["bound_told_all"] == pytest.approx(5 / 2)


def test_without_knowing_what_writes_it_is_not_guessed() -> None:
    trials, steps, _ = frames(WIDE)
    result = profile_runs(trials, steps, frame("accesses", []))
    (row,) = result.per_run.to_dicts()
    assert (row["writes"], row["safe_speed_up"], row["shared_resources"]) == (None, None, None)
    assert row["verdict"] == "unknown"
    known = profile_runs(trials, steps, frame("accesses", []), write_tools={"made": ["put"]})
    assert known.per_run["verdict"].to_list() == ["trial"]


def test_teams_are_left_out_and_nothing_to_profile_is_said() -> None:
    trials, steps, accesses = frames(WIDE, CHAIN)
    lead = pl.when((pl.col("trial_id") == "chain/0") & (pl.col("step") > 4)).then(pl.lit("lead"))
    mixed = steps.with_columns(lead.otherwise("agent").alias("agent"))
    result = profile_runs(trials, mixed, accesses)
    assert result.per_run["trial_id"].to_list() == ["wide/0"]
    assert result.overall["left_out"] == 1
    assert any("1 trial left out" in text for text in profile_sentences(result))
    with pytest.raises(ValueError, match="nothing to profile"):
        profile_runs(trials, frame("steps", []), accesses)
    with pytest.raises(ValueError, match="from 2 to"):
        profile_runs(trials, steps, accesses, agents=1)


def test_dollars_are_null_without_prices_and_tokens_are_sized_from_the_record() -> None:
    recorded = frames(WIDE)
    assert profile_runs(*recorded).per_run["dollars_alone"].to_list() == [None]
    priced = profile_runs(*recorded, prices=Prices(2, 1, 8)).per_run.to_dicts()[0]
    assert 0 < priced["dollars_alone"] < priced["dollars_team_least"] <= priced["dollars_team_most"]
    assert token_sizes(recorded[1]).source == "assumed"
    counted = recorded[1].with_columns(
        pl.when(pl.col("kind") == "model")
        .then(pl.col("prompt").str.len_chars().cum_sum().over("kind") * 2)
        .alias("prompt_tokens"),
        pl.when(pl.col("kind") == "model").then(0).cast(pl.Int64).alias("completion_tokens"),
        pl.when(pl.col("kind") == "model").then(pl.lit("made")).alias("encoding"),
    )
    assert token_sizes(counted).source == "recorded"
    assert token_sizes(counted).tokens_a_character == pytest.approx(2)


def test_pictures_and_sentences_are_made_of_any_profile() -> None:
    result = profile_runs(*frames(WIDE, CHAIN, COUPLED))
    told = profile_sentences(result)
    assert told[-len(MISSES) :] == list(MISSES)
    assert told[0].startswith("Of 3 runs by one agent, fan-out is worth a trial: 1;")
    assert len(task_sentences(result)) == 3
    assert all("\n" not in text and "None" not in text for text in [*told, *task_sentences(result)])
    for trial_id in (None, "wide/0", "chain/0", "coupled/0"):
        assert run_picture(result, trial_id).to_dict()["vconcat"]
    assert tasks_picture(result).to_dict()["layer"]
    with pytest.raises(ValueError, match="no profile of a run 'none'"):
        run_picture(result, "none")


def test_accuracy_counts_what_is_right_directly_and_by_order() -> None:
    columns = ["trial_id", "from_step", "to_step"]
    true = pl.DataFrame([("a", 1, 3), ("a", 3, 5), ("a", 1, 5)], schema=columns, orient="row")
    ours = pl.DataFrame(
        [("a", 1, 3, "value"), ("a", 3, 5, "resource"), ("a", 1, 7, "value"), ("b", 1, 2, "value")],
        schema=[*columns, "kind"],
        orient="row",
    )
    found = {
        (row["compared"], row["kind"]): (row["right"], row["precision"], row["recall"])
        for row in dependency_accuracy(ours, true).to_dicts()
    }
    assert found["direct", "all"] == (2, pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert found["direct", "value"] == (1, pytest.approx(1 / 2), pytest.approx(1 / 3))
    assert found["order", "all"] == (3, pytest.approx(3 / 4), pytest.approx(1.0))
    nothing = dependency_accuracy(ours.clear(), true.clear()).to_dicts()
    assert all(row["precision"] is row["recall"] is None for row in nothing)
    with pytest.raises(ValueError, match="true: in trial a step 1 cannot need step 3"):
        dependency_accuracy(ours, true.rename({"from_step": "to_step", "to_step": "from_step"}))


def test_most_recorded_airline_runs_are_a_conversation_and_not_worth_a_trial(shared: Path) -> None:
    run = import_tau_bench(shared / "data" / "tau_bench_gpt4o_airline.json")
    result = profile_runs(run["trials"], run["steps"], run["accesses"])
    assert result.per_run.height == 200
    assert result.per_run["writes"].null_count() == 0
    assert result.overall["verdicts"]["stay"] > 150
    assert (result.per_run["bound"] >= result.per_run["natural_speed_up"] - 1e-9).all()
    assert any("Words with the user are kept in order" in t for t in profile_sentences(result))


def test_an_option_that_runs_of_a_task_take_differently_is_a_convention_nobody_stated() -> None:
    keys = ("A1", "B2", "C3", "D4", "E5", "F6")

    def run(number: int, to: str) -> Any:
        calls = [("put", {"id": k, "to": to}, {"to": to}, [("write", f"rows:{k}")]) for k in keys]
        trial, steps, accesses = made_run(f"t/{number}", "Refund A1, B2, C3, D4, E5, F6.", calls)
        told = {"role": "system", "content": "Refund to the card or the original payment."}
        steps[0]["prompt"] = json.dumps([told, *json.loads(steps[0]["prompt"])])
        return trial, steps, accesses

    alike = profile_runs(*frames(run(0, "card"), run(1, "card")))
    assert alike.per_run["verdict"].to_list() == ["trial", "trial"]
    differ = profile_runs(*frames(run(0, "card"), run(1, "original")))
    assert differ.per_run["verdict"].to_list() == ["settle", "settle"]
    assert differ.unsettled["values"].to_list() == [["card"], ["original"]]


def at_once(run: Any) -> Any:
    """The run with all its tool calls issued by its first model call, at the same time."""
    trial, steps, accesses = run
    first, *_, last = [row for row in steps if row["kind"] == "model"]
    calls = [row for row in steps if row["kind"] == "tool"]
    together = [row | {"message": first["message"], "started": 1.0, "ended": 2.0} for row in calls]
    kept = [first, *together, last | {"started": 2.0, "ended": 3.0}]
    place = {row["step"]: number for number, row in enumerate(kept)}
    moved = [row | {"step": place[row["step"]]} for row in kept]
    return trial, moved, [row | {"step": place[row["step"]]} for row in accesses]


def test_calls_that_were_made_at_once_already_leave_nothing_to_gain() -> None:
    alone, already = (profile_runs(*frames(run)) for run in (WIDE, at_once(WIDE)))
    assert alone.per_run["verdict"].to_list() == ["trial"]
    row = already.per_run.row(0, named=True)
    assert (row["calls"], row["steps"], row["path"], row["bound"]) == (9, 2, 2.0, 1.0)
    assert row["seconds"] == 3.0
    assert row["bound_seconds"] == pytest.approx(3.0 / row["path_seconds"])
    assert row["safe_speed_up"] < 1
    assert row["verdict"] == "stay"
    assert "Calls of one message are one step" in " ".join(profile_sentences(already))


def test_a_trial_without_accesses_is_not_known_to_write_nothing_because_another_has_some() -> None:
    trial, steps, _ = at_once(WIDE)
    silent = (trial | {"trial_id": "silent/0", "task": "silent"}, steps, [])
    rows = [row | {"trial_id": "silent/0"} for row in silent[1]]
    per_run = profile_runs(*frames(WIDE, (silent[0], rows, []))).per_run
    known = dict(per_run.select("trial_id", "writes").iter_rows())
    assert known == {"wide/0": 0, "silent/0": None}


def test_no_more_steps_wait_for_one_another_than_there_are(shared: Path) -> None:
    run = import_jsonl(shared / "cases" / "profile_two_messages.jsonl")
    found = profile_runs(run["trials"], run["steps"], run["accesses"])
    assert (found.per_run["steps"][0], found.per_run["path"][0]) == (2, 2)
    assert any("2 of 2 steps wait" in said for said in profile_sentences(found))


def test_calls_of_one_message_never_wait_for_one_another_though_they_share_a_row() -> None:
    trial, steps, accesses = made_run("t/0", "Serve R1, then R2.", [put("A1"), put("A1")])
    at_once = [row for row in steps if row["step"] in (0, 1, 3)]
    found = profile_runs(*frames((trial, at_once, accesses)))
    row = found.per_run.row(0, named=True)
    assert (row["calls"], row["steps"], row["path"]) == (2, 1, 1)
    assert found.dependencies.height == 1, "they stay with one subagent all the same"


def test_the_tools_that_write_can_be_named_or_hinted() -> None:
    wide = [("read", {"id": f"R{n}"}, f"value V{n}", []) for n in range(1, 9)]
    trial, steps, accesses = made_run("t/0", "Read " + " ".join(f"R{n}" for n in range(1, 9)), wide)
    assert profile_runs(*frames((trial, steps, accesses))).per_run["writes"][0] is None
    named = profile_runs(*frames((trial, steps, accesses)), write_tools={"made": ["read"]})
    assert named.per_run["writes"][0] == 8
    for schema in (
        {"name": "read", "annotations": {"readOnlyHint": True}},
        {"type": "function", "function": {"name": "read", "annotations": {"readOnlyHint": True}}},
    ):
        steps[0]["tools"] = json.dumps([schema])
        hinted = profile_runs(*frames((trial, steps, accesses)))
        assert hinted.per_run["writes"][0] == 0
        assert hinted.per_run["verdict"][0] == "trial"
