"""What was recorded can be read again, whatever happened to the process or to the files."""

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from results.journal import Journal, entry
from results.parquet import compact
from results.records import SCHEMAS
from results.store import find_run, open_run, write_manifest

NOW = "2026-01-01T00:00:00+00:00"
FRAMES = tuple(SCHEMAS)


def record(
    trial: int, topology: str = "single_thread", ended: str = "completed"
) -> dict[str, list[dict[str, Any]]]:
    """A small record with something in every frame."""
    name = f"{topology}-{trial}"
    row = {"trial_id": name}
    return {
        "trials": [
            row
            | {
                "topology": topology,
                "task_set": "orders",
                "trial": trial,
                "ended": ended,
                "passed": None if ended == "crashed" else trial % 2 == 0,
                "broken_invariants": ["oversold"] if trial == 1 else [],
                "seconds": 0.1 + trial,
            }
        ],
        "steps": [
            row
            | {
                "step": step,
                "kind": "model",
                "reply": "caf\u00e9",
                "prompt_tokens": 100,
                "completion_tokens": 5,
                "dollars": 0.01,
                "started": step / 3,
            }
            for step in range(2)
        ],
        "accesses": [row | {"access": 0, "op": "read", "table": "t", "key": "k", "version": 0}],
        "milestones": [row | {"milestone": "m", "position": 0, "weight": 1.0, "reached": True}],
        "reports": [row | {"report": 0, "agent": "subagent-1", "covers": ["m"], "held": "true"}],
    }


PLANNED = [record(t, topology) for topology in ("single_thread", "a team/of 4") for t in range(3)]


def written(folder: Path, order: tuple[int, ...] = (0, 1, 2, 3, 4, 5)) -> Path:
    """A run whose trials ended in this order."""
    write_manifest(folder, {"name": folder.name, "planned": len(PLANNED)})
    with Journal(folder, write=True) as journal:
        session = journal.begin(NOW)
        for position in order:
            journal.add(position, entry(PLANNED[position]))
        journal.end(session, NOW, "complete")
    return folder


def test_a_run_opens_from_its_journal_and_from_parquet_alike(tmp_path: Path) -> None:
    folder = written(tmp_path / "run")
    before = {name: getattr(open_run(folder), name) for name in FRAMES}
    compact(folder)
    (folder / "journal.sqlite").rename(tmp_path / "away.sqlite")
    after = open_run(folder)
    for name in FRAMES:
        assert before[name].schema == SCHEMAS[name]
        assert before[name].height > 0
        assert getattr(after, name).equals(before[name])
    assert after.manifest["recorded"] == 6


def test_rows_stand_in_the_order_of_the_sweep_whatever_order_trials_ended_in(
    tmp_path: Path,
) -> None:
    one, other = written(tmp_path / "one"), written(tmp_path / "other", (5, 0, 3, 2, 4, 1))
    compact(one)
    compact(other)
    for name in FRAMES:
        assert getattr(open_run(one), name).equals(getattr(open_run(other), name))
        files = sorted(path.relative_to(one) for path in one.rglob(f"{name}*/**/*.parquet"))
        for file in [*files, *([Path(f"{name}.parquet")] if not files else [])]:
            assert (one / file).read_bytes() == (other / file).read_bytes()


def test_a_report_on_trials_does_not_load_steps(tmp_path: Path) -> None:
    folder = written(tmp_path / "run")
    compact(folder)
    (folder / "journal.sqlite").unlink()
    shutil.rmtree(folder / "steps")
    run = open_run(folder)
    assert run.trials.height == 6
    with pytest.raises(ValueError, match="steps"):
        assert run.steps.height


def test_records_added_after_compaction_are_seen(tmp_path: Path) -> None:
    folder = written(tmp_path / "run", (0, 1, 2))
    compact(folder)
    with Journal(folder, write=True) as journal:
        journal.add(3, entry(PLANNED[3]))
    assert open_run(folder).trials.height == 4
    assert not open_run(folder).complete
    compact(folder)
    assert open_run(folder).steps.height == 8


def test_a_second_attempt_counts_and_the_first_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    write_manifest(folder, {"planned": 1})
    with Journal(folder, write=True) as journal:
        journal.add(0, entry(record(0, ended="crashed")))
        assert journal.ids() == {"single_thread-0"}
        assert journal.ids(crashed=False) == set()
        journal.add(0, entry(record(0)))
        assert [past.ended for past in journal.entries()] == ["crashed", "completed"]
        assert sum(past.tokens or 0 for past in journal.entries()) == 420
    run = open_run(folder)
    assert run.trials.get_column("ended").to_list() == ["completed"]
    assert run.steps.height == 2


def test_torn_parquet_is_read_from_the_journal_instead(tmp_path: Path) -> None:
    folder = written(tmp_path / "run")
    compact(folder)
    (folder / "trials.parquet").write_bytes(b"PAR1 torn")
    assert open_run(folder).trials.height == 6


def test_an_empty_run_has_empty_frames(tmp_path: Path) -> None:
    write_manifest(tmp_path / "run", {"planned": 4})
    Journal(tmp_path / "run", write=True).close()
    compact(tmp_path / "run")
    run = open_run(tmp_path / "run")
    for name in FRAMES:
        assert getattr(run, name).schema == SCHEMAS[name]
        assert getattr(run, name).is_empty()
    assert run.outcome == "not begun"


def test_only_one_process_writes_to_a_run(tmp_path: Path) -> None:
    folder = written(tmp_path / "run")
    with Journal(folder, write=True), pytest.raises(ValueError, match="another process is writing"):
        Journal(folder, write=True)
    Journal(folder, write=True).close()


def test_a_record_that_does_not_fit_the_schemas_is_refused_when_it_is_written() -> None:
    wrong = record(0)
    wrong["steps"][0]["tokenz"] = 3
    with pytest.raises(ValueError, match="steps has no field tokenz"):
        entry(wrong)
    with pytest.raises(ValueError, match="no frame 'stepz'"):
        entry({**record(0), "stepz": []})


def test_spending_is_unknown_only_if_an_answer_came_without_it() -> None:
    crashed = record(0, ended="crashed")
    crashed["steps"][1] = {"trial_id": "x", "kind": "model", "error": "APITimeoutError"}
    assert entry(crashed).tokens == 105
    crashed["steps"][0]["dollars"] = None
    assert entry(crashed).dollars is None


def spoil_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text('{"name": ')


def spoil_journal(folder: Path) -> None:
    (folder / "journal.sqlite").write_bytes(b"not a database at all" * 100)


def spoil_schema(folder: Path) -> None:
    (folder / "journal.sqlite").unlink()
    pl.DataFrame({"something": [1]}).write_parquet(folder / "trials.parquet")


def spoil_record(folder: Path) -> None:
    import sqlite3

    with sqlite3.connect(folder / "journal.sqlite") as db:
        db.execute("UPDATE records SET record = x'00'")
    db.close()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (spoil_manifest, "manifest.json cannot be read"),
        (spoil_journal, "is not the journal of a run"),
        (spoil_schema, "does not have the fields of trials"),
        (spoil_record, "is torn"),
        (shutil.rmtree, "no such folder"),
    ],
)
def test_a_torn_or_foreign_file_gives_one_clear_line(tmp_path: Path, spoil: Any, said: str) -> None:
    folder = written(tmp_path / "run")
    spoil(folder)
    with pytest.raises(ValueError, match=said) as caught:
        assert open_run(folder).trials.height
    assert "\n" not in str(caught.value)


def test_runs_are_found_by_name_by_path_and_as_the_latest(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="none is recorded yet"):
        find_run("latest", tmp_path)
    first = written(tmp_path / "first")
    assert find_run("latest", tmp_path) == first
    assert find_run("first", tmp_path) == first
    assert find_run(str(first), tmp_path / "elsewhere") == first
    with pytest.raises(ValueError, match="did you mean 'first'"):
        find_run("frist", tmp_path)
    (tmp_path / "foreign").mkdir()
    with pytest.raises(ValueError, match="is not a run: it has no manifest"):
        find_run(str(tmp_path / "foreign"), tmp_path)


def test_the_manifest_is_plain_json(tmp_path: Path) -> None:
    folder = written(tmp_path / "run")
    assert json.loads((folder / "manifest.json").read_text())["planned"] == 6


def test_a_field_that_an_older_kit_did_not_record_is_null(tmp_path: Path) -> None:
    folder = written(tmp_path / "run")
    compact(folder)
    (folder / "journal.sqlite").unlink()
    for file in folder.rglob("*.parquet"):
        older = pl.read_parquet(file, hive_partitioning=False)
        older.drop("passed" if "passed" in older.columns else older.columns[-1]).write_parquet(file)
    trials = open_run(folder).trials
    assert trials.schema == SCHEMAS["trials"]
    assert trials.get_column("passed").is_null().all()
    assert trials.get_column("trial").to_list() == [0, 1, 2, 0, 1, 2]
