"""What one trial does to itself or to its record is that trial's, never the sweep's."""

import asyncio
import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from langgraph.graph import START, MessagesState, StateGraph

from experiments.engines.engine import run_here
from experiments.running.runner import run_sweep
from experiments.trials.entries import entry_of, lost, run_entry
from results.journal import Entry, unpacked
from results.store import open_run
from tests.experiments.conftest import MakeSweep
from tests.trials import spec
from topologies.agent import Graph
from topologies.kit import Kit
from topologies.single_thread import build as single_thread

pytestmark = pytest.mark.slow

HERE = "tests.experiments.test_entries"
SPEC = spec("single_thread", "ledger")


def record(**changes: Any) -> dict[str, list[dict[str, Any]]]:
    """A record of a completed trial with one model call; `changes` are of that call."""
    found = unpacked(run_entry(SPEC).packed)
    rows = {name: [dict(row) for row in found[name]] for name in found}
    rows["steps"] = rows["steps"][:1]
    rows["steps"][0] |= changes
    return rows


def kept(entry: Entry) -> tuple[dict[str, Any], dict[str, Any]]:
    """The trial and its first step, as written down."""
    assert entry.packed.decode("latin-1")
    found = unpacked(entry.packed)
    return dict(found["trials"][0]), dict((*found["steps"], {})[0])


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("prompt_tokens", "twelve"),
        ("prompt_tokens", 2**62),
        ("completion_tokens", 10**30),
        ("cached_tokens", 1.5),
        ("reasoning_tokens", True),
        ("dollars", float("nan")),
        ("dollars", float("inf")),
        ("dollars", 1e300),
        ("reply", {"not": "text"}),
        ("reply", b"bytes"),
        ("tool", ["a list"]),
        ("no_such_field", 1),
    ],
)
def test_a_value_that_no_column_holds_is_null_and_its_trial_a_crashed_one(
    column: str, value: object
) -> None:
    trial, step = kept(entry_of(SPEC, record(**{column: value})))
    assert trial["ended"] == "crashed"
    assert column in trial["crash"]
    assert trial["passed"] is None
    assert step.get(column) is None


@pytest.mark.parametrize("half", ["\ud800", "a\udc80b", "\udc00\ud800"])
def test_half_of_a_surrogate_pair_is_written_as_the_sign_for_it(half: str) -> None:
    reply = json.dumps({"content": half}, ensure_ascii=False)
    trial, step = kept(entry_of(SPEC, record(reply=reply, error=half)))
    assert trial["ended"] == "completed"
    assert "\ufffd" in json.loads(step["reply"])["content"]
    assert "\ufffd" in step["error"]
    step["reply"].encode()


def test_what_fits_is_written_as_it_is() -> None:
    whole = record(reply="größer \U0001f600 \x00\x1b", prompt_tokens=2**52)
    assert unpacked(entry_of(SPEC, whole).packed) == whole


def test_a_trial_of_which_nothing_is_left_still_says_which_it_was() -> None:
    trial, _ = kept(lost(SPEC, "its process died"))
    mine, _ = kept(run_entry(SPEC))
    same = ("trial_id", "topology", "task_set", "task", "block", "split", "trial", "seed", "models")
    assert {name: trial[name] for name in same} == {name: mine[name] for name in same}
    assert trial["ended"] == "crashed"
    assert "its process died" in trial["crash"]


def cancels(kit: Kit) -> Graph:
    """No graph: it says that its trial was cancelled."""
    del kit
    raise asyncio.CancelledError("by the graph")


def leaves(kit: Kit) -> Graph:
    """No graph: it wants the process to end."""
    del kit
    raise SystemExit(3)


def recurses(kit: Kit) -> Graph:
    """No graph: it calls itself without end."""
    return recurses(kit)


def runs_out_of_memory(kit: Kit) -> Graph:
    """No graph: there is no room for it."""
    del kit
    raise MemoryError


def sometimes_dies(kit: Kit, file: str) -> Any:
    """A single thread, but in the first trial it takes its process with it."""

    async def think(state: MessagesState) -> Any:
        try:
            Path(file).touch(exist_ok=False)
        except FileExistsError:
            return await single_thread(kit).ainvoke(state)
        os._exit(9)

    graph = StateGraph(MessagesState)
    graph.add_node("think", think)
    graph.add_edge(START, "think")
    return graph.compile()


@pytest.mark.parametrize("name", ["cancels", "leaves", "recurses", "runs_out_of_memory"])
def test_whatever_a_trial_raises_is_its_own(name: str) -> None:
    odd = replace(SPEC, build=f"{HERE}:{name}")
    first, second = run_here(iter([odd, SPEC]), 1)
    assert (first.ended, second.ended) == ("crashed", "completed")


@dataclass
class CutOff:
    """A graph that does its work, and is cut off from outside of it before it can say so."""

    graph: Graph

    async def ainvoke(self, *given: Any) -> None:
        """Run the graph, and be cancelled."""
        await self.graph.ainvoke(*given)
        raise asyncio.CancelledError("after its work")


def cut_off(kit: Kit) -> Any:
    """A single thread that is cut off at its end."""
    return CutOff(single_thread(kit))


def test_a_trial_that_is_cut_off_keeps_its_steps_and_what_they_used() -> None:
    odd = replace(SPEC, build=f"{HERE}:cut_off")
    whole = unpacked(run_entry(SPEC).packed)
    found = unpacked(run_entry(odd).packed)
    (trial,), steps = found["trials"], found["steps"]
    assert trial["ended"] == "crashed"
    assert "after its work" in trial["crash"]
    assert trial["passed"] is None
    assert len(steps) == len(whole["steps"]) > 0
    for name in ("model_calls", "tool_calls", "prompt_tokens", "completion_tokens"):
        assert trial[name] == whole["trials"][0][name] > 0


def test_a_task_that_cannot_be_made_is_one_trial_less() -> None:
    odd = replace(SPEC, task_set="tests.toy_task_set:JARS", settings={"width": -1})
    first, second = run_here(iter([odd, SPEC]), 1)
    assert (first.ended, second.ended) == ("crashed", "completed")


@pytest.mark.parametrize("engine", ["here", "endpoint"])
def test_a_graph_that_cancels_itself_does_not_end_the_sweep(
    tmp_path: Path, make_sweep: MakeSweep, engine: str
) -> None:
    sweep = make_sweep(trials=1, topologies=[f"{HERE}:cancels", "single_thread"])
    run = run_sweep(sweep, tmp_path / "run", engine=engine)
    assert run.complete
    assert run.trials.get_column("ended").to_list() == ["crashed"] * 3 + ["completed"] * 3


def test_a_trial_that_takes_its_process_with_it_is_one_trial_less(
    tmp_path: Path, make_sweep: MakeSweep
) -> None:
    odd = {"base": f"{HERE}:sometimes_dies", "file": str(tmp_path / "died")}
    run = run_sweep(make_sweep(topologies={"odd": odd}), tmp_path / "run", workers=2)
    ended = run.trials.get_column("ended").value_counts().sort("ended").rows()
    assert ended == [("completed", 5), ("crashed", 1)]
    (crash,) = run.trials.get_column("crash").drop_nulls()
    assert "process died (exit code 9)" in crash
    assert open_run(tmp_path / "run").outcome == "complete"
