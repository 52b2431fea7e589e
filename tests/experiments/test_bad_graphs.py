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


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing", "gives NoneType, which is no compiled graph$"),
        ("unawaited", "write it with def, without async$"),
        ("uncompiled", r"end it with \.compile\(\)$"),
        ("exits_early", "SystemExit: no key$"),
    ],
)
def test_a_builder_that_gives_no_graph_is_refused_before_anything_runs(
    name: str, said: str
) -> None:
    table = {
        "name": "bad",
        "topologies": {"own": {"base": f"{HERE}:{name}"}},
        "task_sets": {"ledger": {}},
    }
    with pytest.raises(ValueError, match=f"^topologies.own cannot be built: .*{said}"):
        check(parse_sweep(table))


def test_a_graph_that_ends_the_process_crashes_its_trial_alone() -> None:
    record = run_trial(spec(f"{HERE}:exits", "ledger"))
    assert record["trials"][0]["ended"] == "crashed"
    assert record["trials"][0]["crash"] == "SystemExit: 3"
    assert run_trial(spec("single_thread", "ledger"))["trials"][0]["ended"] == "completed"
