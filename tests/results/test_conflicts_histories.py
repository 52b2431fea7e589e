"""Histories of other systems are read, or refused in one line."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from results.conflicts import find_conflicts
from results.conflicts.histories import check_file, read_file
from tests.bench.checker_speed import bench, made
from tests.histories import in_a_line


def history(**changes: Any) -> dict[str, Any]:
    lost = {
        "name": "lost",
        "order": "none",
        "transactions": [
            {"id": "T1", "status": "committed", "ops": [["read", "x", 0], ["write", "x", 1]]},
            {"id": "T2", "status": "committed", "ops": [["read", "x", 0], ["write", "x", 2]]},
        ],
    }
    return {**lost, **changes}


def written(folder: Path, *histories: Any) -> Path:
    path = folder / "histories.json"
    path.write_text(json.dumps({"histories": histories}), encoding="utf-8")
    return path


def test_a_json_file_is_checked(tmp_path: Path) -> None:
    found = check_file(written(tmp_path, history(), history(name="again")))
    assert found.filter(pl.col("kind") == "lost-update")["trial_id"].to_list() == ["again", "lost"]


def test_the_order_of_a_json_history_means_what_it_says(tmp_path: Path) -> None:
    late = [
        {"id": "T1", "process": "p", "status": "committed", "ops": [["write", "x", 1]]},
        {"id": "T2", "process": "p", "status": "committed", "ops": [["read", "x", 0]]},
    ]
    for order, ending in (("none", []), ("process", ["-process"]), ("realtime", ["-process"])):
        found = check_file(written(tmp_path, history(order=order, transactions=late)))
        assert found["kind"].to_list() == [f"G-single-item{end}" for end in ending]
    apart = [{**late[0], "process": "p"}, {**late[1], "process": "q"}]
    found = check_file(written(tmp_path, history(order="realtime", transactions=apart)))
    assert found["kind"].to_list() == ["G-single-item-realtime"]


def test_accesses_as_parquet_are_checked_like_our_own(tmp_path: Path) -> None:
    accesses = in_a_line("a.rx0 b.rx0 a.wx1 b.wx2")
    path = tmp_path / "accesses.parquet"
    accesses.write_parquet(path)
    assert check_file(path).equals(find_conflicts(accesses))
    few = ["trial_id", "access", "agent", "op", "table", "key", "version"]
    accesses.select(few).write_parquet(path)
    assert "stale-basis" in check_file(path)["kind"].to_list()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"order": "any"}, "order 'any' is none of none, process, realtime"),
        ({"name": None}, "every history needs a name of its own"),
        ({"transactions": 3}, 'no list "transactions"'),
        ({"transactions": [{"ops": []}, {"ops": [], "status": "maybe"}]}, "transaction 2: needs"),
        ({"transactions": [{"ops": [["add", "x", 1]]}]}, r'\["add", "x", 1\] is not'),
    ],
)
def test_a_wrong_history_is_refused_in_one_line(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message) as raised:
        read_file(written(tmp_path, history(**changes)))
    assert "\n" not in str(raised.value)


def test_a_file_of_another_kind_is_refused_in_one_line(tmp_path: Path) -> None:
    for name, text, message in (
        ("a.txt", "", "give a .json file"),
        ("a.json", "{", "is not JSON"),
        ("a.json", "[]", 'has no list "histories"'),
        ("a.parquet", "no", "is not Parquet"),
    ):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match=message) as raised:
            read_file(path)
        assert "\n" not in str(raised.value)
    with pytest.raises(ValueError, match="there is no file"):
        read_file(tmp_path / "none.json")
    pl.DataFrame({"trial_id": ["t"]}).write_parquet(tmp_path / "b.parquet")
    with pytest.raises(ValueError, match="has no column access, agent, op"):
        read_file(tmp_path / "b.parquet")


def test_the_bench_checks_what_it_makes() -> None:
    report = bench(20_000)
    assert report["crowded_findings"] > report["calm_findings"]
    assert made(3_200).get_column("trial_id").n_unique() == 10
