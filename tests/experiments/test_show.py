"""A trajectory shows what went wrong as plainly as what went well."""

import json
from pathlib import Path
from typing import Any

import pytest

from experiments.recorded.show import find_trial, outcome, trajectory
from results.journal import Journal, entry
from results.store import Run, open_run, write_manifest


def step(number: int, kind: str, agent: str = "lead", **fields: Any) -> dict[str, Any]:
    """A step one second long."""
    parent = None if agent == "lead" else "lead"
    row = {"trial_id": "abc", "step": number, "kind": kind, "agent": agent, "parent": parent}
    return row | {"message": 1, "started": float(number), "ended": number + 1.0} | fields


CALLS = [
    {"id": "c1", "name": "refund", "args": {"order": "O7"}},
    {"id": "c2", "name": "refund", "args": {"order": "O8"}},
]
RECORD: dict[str, list[dict[str, Any]]] = {
    "trials": [
        {
            "trial_id": "abc",
            "topology": "lead_subagents",
            "task_set": "orders",
            "task": "orders/dev-001?width=2",
            "block": "dev-001",
            "trial": 0,
            "ended": "limit",
            "limit": "model_calls",
            "passed": False,
            "score": 0.5,
            "status": None,
            "answer": "I think so",
            "broken_invariants": ["double_refund"],
        }
    ],
    "steps": [
        step(
            0,
            "model",
            prompt=json.dumps([{"role": "human", "content": "Refund both.\nPlease."}]),
            reply=json.dumps({"content": "On it.", "tool_calls": CALLS}),
        ),
        step(1, "tool", tool="refund", call_id="c1", arguments='{"order": "O7"}', error="too old"),
        step(2, "model", agent="subagent-1", prompt="[]", reply="x" * 2000),
        step(3, "model", error="APITimeoutError: no reply"),
    ],
    "accesses": [],
    "milestones": [
        {"trial_id": "abc", "milestone": "R1", "position": 0, "reached": True},
        {
            "trial_id": "abc",
            "milestone": "R2",
            "position": 1,
            "reached": False,
            "detail": "missing",
        },
    ],
}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run of one trial in which much went wrong."""
    write_manifest(tmp_path / "run", {"planned": 1})
    with Journal(tmp_path / "run", write=True) as journal:
        journal.add(0, entry(RECORD))
        crashed: list[dict[str, Any]] = [
            RECORD["trials"][0] | {"trial_id": f"xy{n}", "ended": "crashed", "passed": None}
            for n in range(2)
        ]
        for row in crashed:
            journal.add(1, entry({"trials": [row | {"crash": "ConnectionError: gone"}]}))
    return open_run(tmp_path / "run")


def test_a_trajectory_shows_errors_limits_and_what_was_never_carried_out(run: Run) -> None:
    text = "\n".join(trajectory(run, "abc"))
    for expected in (
        "failed at limit",
        "  human: Refund both.\n  | Please.",
        '  calls refund(order="O8"): never carried out',
        '#1 [lead] calls refund(order="O7"), 1.0 to 2.0 s\n  ERROR too old',
        "    #2 [subagent-1] message 1",
        "1,308 characters more; --full shows them",
        "  ERROR APITimeoutError: no reply",
        "limit reached: model_calls",
        "said no status: I think so",
        "  [x] R1\n  [ ] R2: missing",
        "  BROKEN INVARIANT double_refund",
    ):
        assert expected in text
    assert "characters more" not in "\n".join(trajectory(run, "abc", None))


def test_a_crash_is_shown_as_one(run: Run) -> None:
    assert "crashed: ConnectionError: gone" in list(trajectory(run, "xy0"))
    (row,) = run.trials.filter(run.trials["trial_id"] == "xy0").iter_rows(named=True)
    assert outcome(row) == "crashed"


def test_a_trial_is_found_by_what_names_it_alone(run: Run) -> None:
    assert find_trial(run, "ab") == "abc"
    with pytest.raises(ValueError, match="begins the ids of 2 trials: xy0, xy1"):
        find_trial(run, "xy")
    with pytest.raises(ValueError, match="is 3 trials; give an id"):
        find_trial(run, "lead_subagents/orders/dev-001/0")
    with pytest.raises(ValueError, match="there is no trial 'single_thread/dev-001/0'"):
        find_trial(run, "single_thread/dev-001/0")
