"""`fanout check` says of each graph what was written down here before it ran."""

import json
from typing import Any, NamedTuple

import pytest

from experiments.cli import main

pytestmark = pytest.mark.slow

Capture = pytest.CaptureFixture[str]


class Expected(NamedTuple):
    """The exit code, what does not hold, what could not be seen, and words that must be said."""

    exit: int
    wrong: set[str]
    unseen: set[str]
    words: tuple[str, ...]


GRAPHS = {
    "single_thread": Expected(0, set(), {"conflicts"}, ("1 agent on orders: agent",)),
    "lead_subagents": Expected(0, set(), set(), ("5 agents", "subagent-4 (of lead)")),
    "tests.foreign.react:build": Expected(0, set(), {"conflicts"}, ("1 agent on orders: agent",)),
    "tests.foreign.deep:build": Expected(
        0, set(), {"simulated model"}, ("researcher-4 (of lead)", "write at the same time", "grep")
    ),
    "tests.foreign.supervisor:build": Expected(0, set(), {"conflicts"}, ("alice (of supervisor)",)),
    "tests.foreign.map_reduce:build": Expected(
        0, set(), set(), ("worker-3 (of reducer)", "write at the same time")
    ),
    "tests.foreign.debate:build": Expected(
        1,
        {"perfect worker"},
        {"conflicts"},
        ("debater-A (of judge)", "one and the same call", "writes=False"),
    ),
    "tests.foreign.swarm:build": Expected(
        0,
        set(),
        {"conflicts", "endings", "simulated model"},
        ("2 agents on orders: alice", "Seat first", "transfer_to_alice"),
    ),
    "tests.checked_graphs:own_callbacks": Expected(
        1, {"tokens"}, {"conflicts"}, ("on nobody's account", "callbacks")
    ),
    "tests.checked_graphs:own_rules": Expected(
        1, {"instructions"}, {"conflicts"}, ("without being told its rules", "seat.instructions")
    ),
    "tests.checked_graphs:spare_seat": Expected(
        1, {"agents"}, {"conflicts"}, ("did spare ask a model", "Seat only who works")
    ),
    "tests.checked_graphs:riddles": Expected(
        1,
        {"perfect worker", "simulated model"},
        {"conflicts", "endings"},
        ("did not understand", "of agent", "in the words of the task", "No comparison"),
    ),
    "tests.checked_graphs:sync_calls": Expected(2, {"runs"}, set(), ("use ainvoke",)),
    "tests.checked_graphs:sync_tools": Expected(2, {"runs"}, set(), ("ainvoke",)),
    "tests.checked_graphs:own_model": Expected(2, {"runs"}, set(), ("kit.seat(NAME).model",)),
    "tests.checked_graphs:not_compiled": Expected(2, {"runs"}, set(), (".compile()",)),
}


@pytest.mark.filterwarnings("ignore:create_react_agent has been moved")
@pytest.mark.parametrize("graph", GRAPHS)
def test_a_graph_is_told_what_was_expected_of_it(graph: str, capsys: Capture) -> None:
    if graph.startswith("tests.foreign"):
        pytest.importorskip("langgraph_supervisor", reason="graphs of others are not installed")
    expected = GRAPHS[graph]
    code = main(["check", graph, "--json"])
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    found = {one["question"]: one for one in told["findings"]}
    said = json.dumps(told, indent=1)
    assert {name for name, one in found.items() if one["holds"] is False} == expected.wrong, said
    assert {name for name, one in found.items() if one["holds"] is None} == expected.unseen, said
    assert (code, told["exit"]) == (expected.exit, expected.exit)
    assert all(one["change"] for one in found.values() if one["holds"] is False)
    for word in expected.words:
        assert word in said


def test_what_a_graph_keeps_between_trials_is_found(capsys: Capture) -> None:
    assert main(["check", "tests.checked_graphs:remembers"]) == 1
    out = capsys.readouterr().out
    assert "another record the second time" in out
    assert "simulated" in out


def test_a_graph_that_is_not_there_is_bad_input_in_one_line(capsys: Capture) -> None:
    for name in ("no_such_graph", "tests.checked_graphs:nothing", "tests.checked_graphs:TRIALS"):
        assert main(["check", name]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert len(err.splitlines()) == 1
        assert name in err
