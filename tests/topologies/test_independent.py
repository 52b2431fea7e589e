"""Attempts that know nothing of each other, on copies of the world, and what decides among them."""

import json
from dataclasses import replace
from typing import Any

import pytest

from experiments.trials.spec import TrialSpec
from experiments.trials.trial import run_trial
from results.conflicts.harm import unchecked
from results.records import frame
from tests.trials import grid, passed, run_all, spec

pytestmark = pytest.mark.slow

Row = dict[str, Any]


def variant(given: TrialSpec, **settings: Any) -> TrialSpec:
    return replace(given, topology_settings={**given.topology_settings, **settings})


def of(rows: list[Row], agent: str) -> list[Row]:
    return [row for row in rows if row["agent"] == agent]


@pytest.mark.parametrize("topology", ["independent", "self_consistency"])
def test_nothing_is_shared_so_no_coupling_hurts_a_perfect_model(topology: str) -> None:
    for style in ("atomic", "crud"):
        specs = grid(
            range(6), 1, topology=topology, task_set="orders", width=4, coupling=1.0, style=style
        )
        assert all(passed(run_all(specs)))


def test_the_winners_writes_go_the_one_tool_path_and_are_the_only_ones_of_the_shared_world() -> (
    None
):
    record = run_trial(spec("self_consistency", "orders", index=1, width=4, coupling=0.5))
    made = [s for s in of(record["steps"], "aggregator") if s["tool"] != "submit"]
    best = of(record["steps"], "attempt-1")
    reads = {"get_customer", "get_product", "get_order", "find_emails", "submit", None}
    wrote = [(s["tool"], s["arguments"]) for s in best if s["tool"] not in reads]
    assert [(s["tool"], s["arguments"]) for s in made] == wrote
    assert wrote
    for access in record["accesses"]:
        assert (access["version"] is None) == access["agent"].startswith("attempt-")
    assert any(access["op"] == "write" for access in of(record["accesses"], "aggregator"))


def test_conflicts_of_private_copies_are_unknown_and_not_none() -> None:
    records = [
        run_trial(spec(name, "orders", index=index, width=2))
        for name in ("independent", "single_thread")
        for index in range(10)
    ]
    trials = frame("trials", (row for r in records for row in r["trials"]))
    accesses = frame("accesses", (row for r in records for row in r["accesses"]))
    known = dict(trials.select("trial_id", "topology").iter_rows())
    found = unchecked(accesses, trials)
    assert {known[trial] for trial in found} == {"independent"}
    assert len(found) == 10
    assert len(unchecked(accesses)) <= 10


def test_one_sample_of_self_consistency_is_the_single_thread() -> None:
    for index in (1, 2):
        one = run_trial(spec("single_thread", "orders", "flaky", index=index, width=4))
        other = run_trial(
            variant(spec("self_consistency", "orders", "flaky", index=index, width=4), attempts=1)
        )
        left = [(s["kind"], s["tool"], s["reply"]) for s in one["steps"]]
        mine = of(other["steps"], "attempt-1")
        assert [(s["kind"], s["tool"], s["reply"]) for s in mine] == left
        assert other["trials"][0]["answer"] == one["trials"][0]["answer"]
        assert other["trials"][0]["passed"] == one["trials"][0]["passed"]


def test_an_aggregator_sees_the_task_and_the_answers_and_has_no_tools_of_the_work() -> None:
    for task_set, tool in (("stdlib", "submit"), ("orders", "choose")):
        record = run_trial(spec("independent", task_set, "typical", index=1, width=2))
        asked = [s for s in of(record["steps"], "aggregator") if s["kind"] == "model"]
        prompt = json.loads(asked[0]["prompt"])
        assert [message["role"] for message in prompt] == ["system", "human", "human"]
        assert prompt[2]["content"].startswith("Attempt 1 (done, confidence ")
        called = json.loads(asked[0]["reply"])["tool_calls"]
        assert [call["name"] for call in called] == [tool]
        assert asked[0]["role"] == "aggregator"


def test_lines_are_put_together_only_where_nobody_wrote() -> None:
    read = grid(range(1, 7), 2, topology="self_consistency", model="perfect?slip=0.05", width=8)
    mixed = 0
    for record in run_all(read):
        said = [
            json.loads(s["arguments"])["answer"]
            for s in record["steps"]
            if s["tool"] == "submit" and s["agent"] != "aggregator"
        ]
        mixed += record["trials"][0]["answer"] not in said
    assert mixed > 0
    for one in grid(range(1, 4), 1, topology="self_consistency", task_set="orders", model="flaky"):
        record = run_trial(one)
        said = [
            json.loads(s["arguments"])["answer"]
            for s in record["steps"]
            if s["tool"] == "submit" and s["agent"] != "aggregator"
        ]
        assert record["trials"][0]["answer"] in said


def test_the_same_spec_gives_the_same_record() -> None:
    one = spec("independent", "orders", "typical", index=2, width=4, coupling=0.5, ambient=0.5)
    assert run_trial(one) == run_trial(one)


def test_more_attempts_make_a_reader_with_errors_of_its_own_better() -> None:
    settings = {"model": "steady?slip=0.04&shared_error=0&task_spread=0", "width": 6}
    alone = sum(passed(run_all(grid(range(1, 9), 2, **settings))))
    several = [
        variant(one, attempts=5)
        for one in grid(range(1, 9), 2, topology="self_consistency", **settings)
    ]
    assert sum(passed(run_all(several))) > alone
