"""Each anomaly in one readable line: words are calls in the order of time (see `in_a_line`)."""

import json
import os
from pathlib import Path

import polars as pl
import pytest

from results.conflicts import FINDINGS, find_conflicts, witness
from results.records import frame
from tests.histories import in_a_line

# From the list-append tests of the Elle checker (jepsen-io/elle, list_append_test.clj), with the
# version order known; as in shared reference/isolation_histories.json.
ELLE = [
    ("G0", "a.wx1 a.wy2 b.wx2 b.wy1 c.rx2 c.ry2", ["G0"]),
    ("G1a", "a.wx1! b.rx1", ["G1a"]),
    ("G1b", "a.wx1 a.wx2 b.rx1", ["G-single-item", "G1b"]),
    ("G1c", "a.wx1 a.ry1 b.wx2 b.wy1 c.rx2 c.ry1", ["G1c"]),
    ("README G1c", "a.wx1 a.ry1 b.wx2 b.wy1 c.rx2", ["G1c"]),
    ("G-single", "a.wx1 a.wy1 b.wx2 b.ry0 c.rx2", ["G-single-item"]),
    ("G2-item", "a.wx1 a.ry0 b.wy1 b.rx0", ["G2-item"]),
    ("fuzzy: rr G-single", "a.wx1 a.wy1 b.rx1 b.ry0", ["G-single-item"]),
    ("lost update", "a.wx1 b.rx1 b.wx2 c.rx1 c.wx3", ["G-single-item", "lost-update"]),
    ("one txn double write", "a.rx0 a.wx1 a.wx2 b.rx2", []),
    ("fig.3 serializable", "a.wz1 a.wx1 a.wy1 b.rx1 b.wy2 c.ry2 c.wz2 d.rz2", []),
]

LINES = [
    ("a.rx0 b.rx0 a.wx1 b.wx2", {"lost-update", "G-single-item"}),
    ("a.rx0 b.wx1 c.rx1 c.wx2 a.wx3", {"lost-update", "G-single-item"}),
    ("a.rx0 b.wx1 a.rx1 a.wx2", {"G-single-item"}),  # read again: unrepeatable, not lost
    ("a.rx0 a.ry0 b.rx0 b.ry0 a.wx1 b.wy1", {"write-skew", "G2-item"}),
    ("a.rx0 b.wx1 b.wy1 a.ry1", {"G-single-item"}),
    ("a.rP0 b.rP0 a.wP1 b.wP2", {"G2", "phantom"}),
    ("a.rP0 b.wP1 b.wx1 a.rx1", {"G-single", "phantom"}),
    ("a.wP1 b.wP2 a.wP3", set()),
    ("a.rP0 a.wP1 b.rP1 b.wP2", set()),
    ("a.rx0 b.wx1 b.wy1 c.ry1 c.rz0 d.wz1 d.wv1 a.rv1", {"G-nonadjacent-item"}),
    ("a.wx1! a.wx2 b.rx2", set()),
    ("a.rx0 b.wx1! a.wx2", set()),
    ("a.rx0 b.wx1 b2.wy1 a.ry1", {"G-single-item-process"}),
    ("a.rx0 b.wx1 c.wy1 a.ry1", {"G-single-item-realtime"}),
    ("a.wx2 b.wx1", {"G0-realtime"}),
    ("a.rx1 b.wx1", {"G1c-realtime"}),
    ("a.wx1 a.rx0", {"internal"}),
]


def names(found: pl.DataFrame, *families: str) -> list[str]:
    kept = found.filter(pl.col("family").is_in(families)) if families else found
    return [name for row in kept.get_column("names").to_list() for name in row]


@pytest.mark.parametrize(("name", "line", "expected"), ELLE, ids=[name for name, *_ in ELLE])
def test_the_anomalies_of_elle_are_found(name: str, line: str, expected: list[str]) -> None:
    found = find_conflicts(in_a_line(line, name, timed=False), families=("basis", "isolation"))
    assert set(expected) <= set(names(found))
    assert bool(expected) == (not found.is_empty())


@pytest.mark.parametrize(("line", "expected"), LINES)
def test_a_line_has_these_anomalies_and_no_others(line: str, expected: set[str]) -> None:
    assert set(names(find_conflicts(in_a_line(line)), "isolation")) == expected


def test_the_shared_reference_file_is_passed() -> None:
    folder = os.environ.get("FANOUT_SHARED")
    if not folder:
        pytest.skip("set FANOUT_SHARED to the folder that has reference/isolation_histories.json")
    from results.conflicts.histories import check_file

    path = Path(folder) / "reference" / "isolation_histories.json"
    found = check_file(path)
    for history in json.loads(path.read_text(encoding="utf-8"))["histories"]:
        seen = names(found.filter(pl.col("trial_id") == history["name"]))
        assert set(history["expect"]) <= set(seen)
        assert bool(history["expect"]) == bool(seen)


def test_a_stale_basis_is_told_first_with_who_read_wrote_and_overwrote() -> None:
    found = find_conflicts(in_a_line("a.rx0 b.wx1 a.wx2"))
    row = found.row(0, named=True)
    assert row["kind"] == "stale-basis"
    assert row["agents"] == ["a", "b"]
    assert row["steps"] == [0, 1, 2]
    assert (row["table"], row["key"], row["predicate"]) == ("t", "x", False)
    assert row["sentence"] == (
        "a wrote t x (version 2, step 2) from what it had read at version 0 (step 0); "
        "b had written version 1 in between (step 1)."
    )
    proof = witness(row)
    assert [(seen.agent, seen.op, seen.version) for seen in proof.accesses] == [
        ("a", "read", 0),
        ("b", "write", 1),
        ("a", "write", 2),
    ]
    assert [edge.kind for edge in proof.edges] == ["rw", "ww"]


@pytest.mark.parametrize(
    ("line", "stale"),
    [
        ("a0.rx0 b.wx1 a1.wx2", 1),  # hidden from transactions: a gave up control in between
        ("a.rP0 b.wP1 a.wP2", 1),
        ("a.rx0 b.wx1 a.rx1 a.wx2", 0),  # read again
        ("b.wx1 a.wx2", 0),  # never read: blind, not stale
        ("a.rx0 a.wx1 a.wx2", 0),  # only its own write in between
        ("a.rx0 b.wx1! a.wx2", 0),  # what was in between was undone
        ("a.rx0 b.wx1 a.wx2!", 0),  # the write itself was undone
        ("a.rx0 b.wx1 a.wy1", 0),  # another row
        ("a.rx0 b.wx1 c.wx2 a.wx3", 1),
        ("a.rx0 b.rx0 b.wx1 a.wx2 b.wx3", 2),
    ],
)
def test_a_basis_is_stale_if_another_wrote_since_the_latest_own_read(line: str, stale: int) -> None:
    kinds = find_conflicts(in_a_line(line)).get_column("kind").to_list()
    assert kinds.count("stale-basis") == stale


def test_the_witness_of_a_cycle_says_why_each_must_come_before_the_next() -> None:
    found = find_conflicts(in_a_line("a.rP0 b.rP0 a.wP1 b.wP2"), families=["isolation"])
    proof = witness(found.row(0, named=True))
    assert [(edge.first, edge.second, edge.kind) for edge in proof.edges] == [
        ("a/0", "b/0", "rw"),
        ("b/0", "a/0", "rw"),
    ]
    assert proof.edges[0].because == (
        "a asked for t where P (version 0, step 0), without b's version 2 (step 3)"
    )
    assert "neither can go first" in proof.sentence


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a.rx0 a#2.wx1 a#2.wx2", {"self-conflict", "lost-update", "G-single-item"}),
        ("a.rP0 a#2.wP1 a#2.wP2", {"self-conflict", "G2", "phantom"}),
        ("a.rx0 a#2.wx1 a#3.wx2", set()),  # one after the other
        ("a#2.wx1 a#2.wx2", set()),  # nothing was known that could be stale
        ("a#1.rx0 a#2.wx1 b#2.wx2", set()),  # messages of different agents
    ],
)
def test_overlapping_calls_of_one_message_can_conflict(line: str, expected: set[str]) -> None:
    assert set(names(find_conflicts(in_a_line(line)), "self")) == expected


def test_a_call_that_reads_what_it_writes_does_not_conflict_with_its_sibling() -> None:
    rows = in_a_line("a.rx0 a#2.rx0 a#2.wx1 a#2.rx1 a#2.wx2").with_columns(
        pl.Series("step", [0, 1, 1, 2, 2]), pl.Series("call_id", ["0", "1", "1", "2", "2"])
    )
    assert find_conflicts(rows).is_empty()


def test_what_cannot_be_known_is_not_claimed() -> None:
    lost = in_a_line("a.rx0 b.rx0 a.wx1 b.wx2")
    unversioned = lost.with_columns(version=pl.lit(None, pl.Int64))
    assert find_conflicts(unversioned).is_empty()
    no_holds = find_conflicts(lost.with_columns(hold=pl.lit(None, pl.Int64)))
    assert "lost-update" not in names(no_holds)
    assert "stale-basis" in names(no_holds)
    untimed = in_a_line("a.rx0 b.wx1 c.wy1 a.ry1", timed=False)
    assert find_conflicts(untimed).is_empty()


def test_no_accesses_give_no_findings() -> None:
    found = find_conflicts(frame("accesses", []))
    assert found.is_empty()
    assert found.schema == FINDINGS


def test_a_version_written_twice_is_refused_in_one_line() -> None:
    with pytest.raises(ValueError, match="trial t: version 1 of t x is written twice"):
        find_conflicts(in_a_line("a.wx1 b.wx1"))
