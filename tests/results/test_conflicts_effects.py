"""Effects done twice, decisions that diverge, and work that is overwritten or wasted."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from results.conflicts import find_conflicts, witness
from results.imports.jsonl import import_jsonl
from results.records import frame
from tests.histories import in_a_line


def kinds(found: pl.DataFrame) -> list[str]:
    return found.get_column("kind").to_list()


def steps(*calls: tuple[str, dict[str, Any]]) -> pl.DataFrame:
    return frame(
        "steps",
        [
            {
                "trial_id": "t",
                "step": at,
                "kind": "tool",
                "tool": tool,
                "arguments": json.dumps(arguments),
            }
            for at, (tool, arguments) in enumerate(calls)
        ],
    )


def test_the_same_arguments_that_make_two_rows_are_an_effect_done_twice() -> None:
    history = in_a_line("a.wx1 b.wy1")
    same = steps(("send", {"to": "C7", "n": 1}), ("send", {"n": 1, "to": "C7"}))
    (row,) = find_conflicts(history, same).to_dicts()
    assert row["kind"] == "duplicate-effect"
    assert row["agents"] == ["a", "b"]
    assert "both by send with the same arguments" in row["sentence"]
    assert witness(row).edges == ()
    other = steps(("send", {"to": "C7"}), ("send", {"to": "C8"}))
    assert find_conflicts(history, other).is_empty()
    assert find_conflicts(history).is_empty()


def test_setting_the_same_row_again_to_the_same_is_not_known_to_be_done_twice() -> None:
    history = in_a_line("a.wx1 a.wx2")
    assert find_conflicts(history, steps(("set", {"v": 1}), ("set", {"v": 1}))).is_empty()


def test_an_undone_effect_is_not_done_twice() -> None:
    history = in_a_line("a.wx1! a.wy1")
    assert find_conflicts(history, steps(("send", {}), ("send", {}))).is_empty()


def test_one_call_that_ran_twice_is_an_effect_done_twice() -> None:
    history = in_a_line("a#1.wx1 a#1.wx2").with_columns(call_id=pl.lit("call_1"))
    found = find_conflicts(history, steps(("add", {"n": 1}), ("add", {"n": 1})))
    assert kinds(found) == ["duplicate-effect"]
    assert "one and the same call, run again" in found["sentence"][0]


def test_calls_with_one_id_are_not_one_call_unless_tool_and_arguments_are_known_and_equal() -> None:
    history = in_a_line("a#1.wx1 a#1.wx2").with_columns(call_id=pl.lit("call_1"))
    assert kinds(find_conflicts(history)) == []
    for other in (("cancel", {"n": 1}), ("add", {"n": 2})):
        assert kinds(find_conflicts(history, steps(("add", {"n": 1}), other))) == []
    unknown = steps(("add", {"n": 1}), ("add", {"n": 1}))
    for field in ("tool", "arguments"):
        told = unknown.with_columns(pl.lit(None, pl.String).alias(field))
        assert kinds(find_conflicts(history, told)) == []


@pytest.mark.skipif("FANOUT_SHARED" not in os.environ, reason="FANOUT_SHARED names no folder")
def test_deadlocked_philosophers_are_write_skew_and_took_no_fork_twice(tmp_path: Path) -> None:
    packed = Path(os.environ["FANOUT_SHARED"]) / "data" / "dpbench_episodes.jsonl.gz"
    (tmp_path / "episodes.jsonl").write_bytes(gzip.decompress(packed.read_bytes()))
    run = import_jsonl(tmp_path / "episodes.jsonl")
    found = find_conflicts(run["accesses"], run["steps"])
    assert "duplicate-effect" not in kinds(found)
    skewed = found.filter(pl.col("kind").str.starts_with("G2-item")).get_column("trial_id")
    counted = (
        run["trials"]
        .group_by("topology", "passed")
        .agg(pl.col("trial_id").is_in(skewed.implode()).sum(), pl.len())
    )
    of = {(topology, passed): counts for topology, passed, *counts in counted.iter_rows()}
    assert of["simultaneous", False] == [213, 223]
    assert of["simultaneous", True] == [1, 26]
    sequential = [counts for (topology, _), counts in of.items() if topology == "sequential"]
    assert [sum(column) for column in zip(*sequential, strict=True)] == [0, 90]


def test_setting_a_row_without_having_seen_anothers_setting_is_a_divergent_decision() -> None:
    different = steps(("set", {"to": "card"}), ("set", {"to": "cash"}), ("set", {"to": "bank"}))
    unseen = find_conflicts(in_a_line("a.wx1 b.wx2"), different)
    assert "divergent-decision" in kinds(unseen)
    seen = find_conflicts(in_a_line("a.wx1 b.rx1 b.wx2"), different)
    assert "divergent-decision" not in kinds(seen)
    same = find_conflicts(in_a_line("a.wx1 b.wx2"), steps(("set", {}), ("set", {})))
    assert "divergent-decision" not in kinds(same)


def test_a_balance_written_from_an_older_read_is_a_stale_basis_and_no_decision() -> None:
    balances = steps(("get", {}), ("get", {}), ("set", {"balance": 7}), ("set", {"balance": 4}))
    found = kinds(find_conflicts(in_a_line("a.rx0 b.rx0 a.wx1 b.wx2"), balances))
    assert "stale-basis" in found
    assert "divergent-decision" not in found


def test_where_choices_are_declared_nothing_else_is_taken_for_a_decision() -> None:
    history = in_a_line("a.wx1 b.wx2")
    calls = steps(("set", {"to": "card", "n": 1}), ("set", {"to": " Card", "n": 2}))
    assert "divergent-decision" in kinds(find_conflicts(history, calls))
    for choices in ({}, {"set": "to"}, {"refund": "n"}):
        assert "divergent-decision" not in kinds(find_conflicts(history, calls, choices))
    assert "divergent-decision" in kinds(find_conflicts(history, calls, {"set": "n"}))


def test_an_effect_done_twice_is_shown_by_rows_of_one_table() -> None:
    sale = in_a_line("a.wx1 a.wy1 b.wx2 b.wz1").with_columns(
        pl.Series("step", [0, 0, 1, 1]),
        pl.Series("call_id", ["0", "0", "1", "1"]),
        pl.Series("table", ["stock", "payments", "stock", "payments"]),
    )
    found = find_conflicts(sale, steps(("sell", {"sku": "P1"}), ("sell", {"sku": "P1"})))
    (row,) = found.filter(pl.col("kind") == "duplicate-effect").to_dicts()
    assert [seen.table for seen in witness(row).accesses] == ["payments", "payments"]


def test_declared_choices_that_differ_within_a_predicate_are_a_divergent_decision() -> None:
    history = in_a_line("a.wx1 a.wP1 b.wy1 b.wP2").with_columns(
        pl.Series("step", [0, 0, 1, 1]), pl.Series("call_id", ["0", "0", "1", "1"])
    )
    calls = steps(
        ("refund", {"order": "O1", "to": "card"}), ("refund", {"order": "O2", "to": "cash"})
    )
    assert find_conflicts(history, calls).is_empty()
    (row,) = find_conflicts(history, calls, choices={"refund": "to"}).to_dicts()
    assert row["kind"] == "divergent-decision"
    assert (row["key"], row["predicate"]) == ("P", True)
    assert "choosing card" in row["sentence"]
    assert "choosing cash" in row["sentence"]


def test_work_that_another_replaced_unread_is_overwritten() -> None:
    assert kinds(find_conflicts(in_a_line("a.wx1 b.wx2"))) == ["overwritten-work"]
    assert kinds(find_conflicts(in_a_line("a.wx1 b.rx1 b.wx2"))) == []
    assert kinds(find_conflicts(in_a_line("a.wx1 a.rx1 a.wx2"))) == []


def test_the_same_read_by_several_agents_is_wasted_work() -> None:
    (row,) = find_conflicts(in_a_line("a.rx0 b.rx0 c.rx0 a.ry0 c.ry0 b.rz0 a.rx0")).to_dicts()
    assert row["kind"] == "wasted-work"
    assert row["amount"] == 3
    assert row["agents"] == ["a", "b", "c"]
    assert len(witness(row).accesses) == 5


def test_reads_of_different_versions_are_not_the_same_work() -> None:
    assert "wasted-work" not in kinds(find_conflicts(in_a_line("a.rx0 a.wx1 b.rx1")))
