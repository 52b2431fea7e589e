"""Graphs of one's own that cannot be, and such that end more than their trial."""

import sys
from typing import Any

import pytest
from langgraph.graph import START, MessagesState, StateGraph

from experiments.checks import check
from experiments.sweep_grid import parse_sweep
from experiments.trial import run_trial
from tests.trials import spec

HERE = "tests.experiments.test_bad_graphs"


def nothing(_kit: Any) -> None:
    """Forgets to return its graph."""


async def unawaited(_kit: Any) -> None:
    """Is no plain function."""


def _graph(_kit: Any) -> Any:
    async def think(_state: MessagesState) -> None:
        sys.exit(3)

    graph = StateGraph(MessagesState)
    graph.add_node("think", think)
    graph.add_edge(START, "think")
    return graph


def uncompiled(kit: Any) -> Any:
    """Forgets to compile."""
    return _graph(kit)


def exits(kit: Any) -> Any:
    """Ends the process in a node."""
    return _graph(kit).compile()


def exits_early(_kit: Any) -> None:
    """Ends the process while it builds."""
    sys.exit("no key")


def test_an_asynchronous_builder_is_refused_before_anything_runs() -> None:
    table = {
        "name": "bad",
        "topologies": {"own": {"base": f"{HERE}:unawaited"}},
        "task_sets": {"ledger": {}},
    }
    with pytest.raises(ValueError, match=r"topologies\.own is asynchronous; .* plain def$"):
        check(parse_sweep(table))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing", f"TypeError: {HERE}:nothing gives NoneType, which is no compiled graph"),
        (
            "uncompiled",
            f"TypeError: {HERE}:uncompiled gives StateGraph, which is no compiled graph: end it "
            "with .compile()",
        ),
        ("exits", "SystemExit: 3"),
        ("exits_early", "SystemExit: no key"),
    ],
)
def test_a_graph_that_cannot_be_crashes_its_trial_alone_and_says_why(name: str, said: str) -> None:
    record = run_trial(spec(f"{HERE}:{name}", "ledger"))
    assert record["trials"][0]["ended"] == "crashed"
    assert record["trials"][0]["crash"] == said
    assert run_trial(spec("single_thread", "ledger"))["trials"][0]["ended"] == "completed"
