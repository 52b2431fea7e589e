"""Small logs of DPBench's layout: who saw and made which version, and what is not played out."""

import json
from pathlib import Path
from typing import Any

import pytest

from results.conflicts import find_conflicts
from results.imports.dpbench import import_dpbench
from results.imports.writing import write_run
from results.refused import Refused
from results.store import open_run

Row = dict[str, Any]
HUNGRY, EATING = "hungry", "eating"


def header(mode: str, seats: int = 3, talk: bool = False) -> Row:
    config = {"mode": mode, "num_philosophers": seats, "num_episodes": 2, "max_timesteps": 30}
    return {"type": "header", "config": config | {"communication": talk, "random_seed": 42}}


def timestep(
    time: int, holders: list[int | None], acts: dict[int, str], episode: int = 0, **more: Any
) -> Row:
    """A line: who holds each fork after it, and what each has decided."""
    seats = len(holders)
    people = [
        {
            "id": who,
            "state": EATING if holders[who] == who == holders[(who + 1) % seats] else HUNGRY,
            "meals_eaten": 0,
            "has_left_fork": holders[who] == who,
            "has_right_fork": holders[(who + 1) % seats] == who,
        }
        for who in range(seats)
    ]
    return {
        "type": "timestep",
        "episode_id": episode,
        "timestep": time,
        "table_state": {"philosophers": people, "forks": [{"holder": one} for one in holders]},
        "decisions": [{"philosopher_id": who, "action": act} for who, act in acts.items()],
    } | more


CALLS = [
    {
        "philosopher_id": who,
        "system_prompt": "You sit.",
        "user_prompt": "Act.",
        "response": "ACTION: GRAB_LEFT",
        "latency_ms": 5.0,
        "tokens_in": 30,
        "tokens_out": 4,
    }
    for who in range(3)
]
ALL_LEFT = dict.fromkeys(range(3), "grab_left")
DEADLOCK = [0, 1, 2]


def log(folder: Path, *rows: Row, metrics: Row | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "log.jsonl").write_text(text, encoding="utf-8")
    if metrics is not None:
        (folder / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    return folder


def test_a_deadlock_of_all_at_once_is_a_failure_and_write_skew(tmp_path: Path) -> None:
    log(
        tmp_path / "v0.2.0_x" / "some-model" / "sim_n3_nocomm",
        header("simultaneous"),
        timestep(1, [*DEADLOCK], ALL_LEFT, llm_calls=CALLS),
        {"type": "episode_end", "episode_id": 0, "deadlock": True},
        timestep(1, [0, None, None], {0: "grab_left", 1: "wait", 2: "grab_right"}, episode=1),
        metrics={"model": "some-model", "condition": "sim_n3_nocomm"},
    )
    found = import_dpbench(tmp_path)
    first, second = found["trials"].to_dicts()
    assert (first["topology"], first["task"]) == ("simultaneous", "n3-nocomm-default")
    assert (first["model"], first["sweep"], first["agents"]) == ("some-model", "v0.2.0_x", 3)
    assert (first["passed"], second["passed"]) == (False, True)
    assert (first["prompt_tokens"], first["completion_tokens"]) == (90, 12)
    assert (second["prompt_tokens"], second["model_calls"]) == (None, None)
    assert json.loads(first["settings"]) == {
        "philosophers": 3,
        "communication": False,
        "condition": "default",
    }
    kinds = find_conflicts(found["accesses"], found["steps"])
    assert set(kinds.filter(trial_id=first["trial_id"])["kind"]) == {"G2-item"}
    # Fork 0 was wanted by two at once: the lowest seat has it.
    wrote = found["accesses"].filter(trial_id=second["trial_id"], op="update")
    assert wrote.select("agent", "key", "version").rows() == [("P0", "0", 1)]


def test_in_turns_a_line_repeats_what_others_decided_and_only_one_acts(tmp_path: Path) -> None:
    acts = {0: "grab_left", 1: "grab_right", 2: "wait"}
    log(
        tmp_path / "full_1" / "gpt-5.2_seq3nc",
        header("sequential"),
        timestep(3, [0, None, 1], acts),
        timestep(4, [0, 0, 1], acts | {0: "grab_right"}),
        timestep(5, [0, 0, 1], acts | {0: "grab_right", 1: "grab_left"}),
        timestep(6, [0, 0, 1], acts | {0: "grab_right", 1: "grab_left"}),
        timestep(7, [None, None, 1], acts | {0: "wait", 1: "grab_left"}),
    )
    found = import_dpbench(tmp_path)
    (trial,) = found["trials"].to_dicts()
    assert (trial["model"], trial["topology"], trial["passed"]) == ("gpt-5.2", "sequential", True)
    wrote = found["accesses"].filter(op="update").select("message", "agent", "key", "version")
    assert wrote.rows() == [
        (3, "P0", "0", 1),
        (3, "P1", "2", 1),
        (4, "P0", "1", 1),
        (7, "P0", "0", 2),
        (7, "P0", "1", 2),
    ]
    # The second seat looked at what the first had left in the same line.
    saw = found["accesses"].filter(op="read", agent="P2", message=3).select("key", "version")
    assert saw.rows() == [("2", 1), ("0", 1)]
    kinds = find_conflicts(found["accesses"], found["steps"]).get_column("kind")
    assert not {"G2-item", "lost-update", "duplicate-effect"}.intersection(kinds)


def test_an_episode_that_does_not_play_out_as_recorded_has_no_accesses(tmp_path: Path) -> None:
    log(
        tmp_path / "m" / "prompt_minimal",
        header("simultaneous", talk=True),
        timestep(1, [2, None, None], {0: "grab_left", 1: "wait", 2: "wait"}),
    )
    found = import_dpbench(tmp_path)
    assert found["accesses"].is_empty()
    assert found["trials"].select("task", "model").row(0) == ("n3-comm-prompt_minimal", "m")
    assert found["steps"].height == 3


def test_what_is_read_becomes_a_run_that_keeps_conditions_apart(tmp_path: Path) -> None:
    for condition in ("memory_3", "memory_5"):
        rows = [header("simultaneous"), timestep(1, [*DEADLOCK], ALL_LEFT)]
        log(tmp_path / "logs" / "ablations" / "m" / condition, *rows)
    write_run(tmp_path / "run", import_dpbench(tmp_path / "logs"), "run", {})
    trials = open_run(tmp_path / "run").trials
    assert trials.get_column("dial_condition").to_list() == ["memory_3", "memory_5"]


@pytest.mark.parametrize(
    "rows",
    [
        [timestep(1, [*DEADLOCK], ALL_LEFT)],
        [header("simultaneous"), {"type": "timestep", "episode_id": 0, "timestep": 1}],
        [header("simultaneous", seats=4), timestep(1, [*DEADLOCK], ALL_LEFT)],
        [header("simultaneous"), {"kind": "other"}],
    ],
)
def test_a_log_of_another_kind_is_refused_by_its_line(tmp_path: Path, rows: list[Row]) -> None:
    log(tmp_path / "a", *rows)
    with pytest.raises(Refused, match=rf"log\.jsonl, line {len(rows)} is no line of a DPBench"):
        import_dpbench(tmp_path)


def test_a_folder_without_logs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"has no log\.jsonl"):
        import_dpbench(tmp_path)
    log(tmp_path / "a", header("simultaneous"))
    with pytest.raises(Refused, match="has no episodes"):
        import_dpbench(tmp_path)
