"""Whatever a person gets wrong is one line and exit code 2, and nothing is lost by it."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from experiments.cli import BUG, main
from experiments.running.runner import run_sweep
from experiments.sweeps.checks import check
from experiments.sweeps.sweep_file import read_sweep
from results.journal import FILE, Journal
from results.store import MANIFEST, open_run
from tests.experiments.conftest import SWEEP_FILE, MakeSweep

Capture = pytest.CaptureFixture[str]
SMALL = [*("--set", "trials=1"), *("--engine", "here")]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs with one finished run, `jars`, and its sweep file beside it."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "jars.toml").write_text(SWEEP_FILE)
    changes = ["trials=1", "tasks=1", 'topologies=["single_thread"]']
    run_sweep(read_sweep(str(folder / "jars.toml"), changes), folder / "jars", engine="here")
    return folder


@pytest.fixture
def runs(recorded: Path, tmp_path: Path) -> Path:
    """A copy of it, to be spoilt."""
    return Path(shutil.copytree(recorded, tmp_path / "runs"))


def refused(capture: Capture, *words: str) -> str:
    """The one line in which a command refuses what it was given."""
    code = main(list(words))
    said = capture.readouterr().err
    assert code == 2, said
    lines = [line for line in said.splitlines() if not line.startswith("fanout: note:")]
    assert len(lines) == 1, said
    assert "Traceback" not in said
    return lines[0]


WRONG: list[tuple[str, str]] = [
    ('models.default="os:system"', "os:system"),
    ('models.default="os:getcwd"', "no model"),
    ('models.default="builtins:dict"', "no model"),
    ('models.default="json:loads"', "no model"),
    ('models.default="this_is_no_module:build"', "not known"),
    ('models.default="tests:none"', "has no 'none'"),
    ('topologies=["os:getcwd"]', "no topology"),
    ('topologies=["os:sep"]', "no topology"),
    ('topologies=["builtins:dict"]', "no topology"),
    ('task_sets=["os:sep"]', "no task set"),
    ("topologies.lead_subagents.team=-1", "1 or more"),
    ("topologies.lead_subagents.team=0", "1 or more"),
    ("topologies.lead_subagents.team=100000", "at most"),
    ("topologies.lead_subagents.team=[2,-1]", "1 or more"),
    ("topologies.lead_subagents.replicate=[1]", "text"),
    ("topologies.lead_subagents.replicate=true", "text"),
    ("topologies.lead_subagents.replicate={a=1}", "text"),
    ("thresholds.k=1000", "from 1 to"),
    ("thresholds.k=0", "k"),
    ("trials=1000000000", "trials"),
    ("tasks=1000000000", "trials"),
    ("trials=100000000000000000000", "beyond"),
    ("seed=9223372036854775808", "beyond"),
    (f"seed={'9' * 5000}", "seed"),
    ("seed=-1", "seed"),
    ("seed=1e3", "seed"),
    ("limits.tokens=100000000000000000000000", "limits.tokens"),
    (f"models.temperature={'9' * 400}", "temperature"),
    (f"budget.amounts=[{'9' * 400}]", "budget.amounts"),
    ("name=2020-01-01", "name"),
    (f"trials={'[' * 100_000}{']' * 100_000}", "nested"),
    ("contrasts=[1]", "contrasts"),
    ("task_sets.orders.coupling=nan", "coupling"),
]


@pytest.mark.parametrize(("change", "word"), WRONG, ids=[change[:40] for change, _ in WRONG])
def test_a_wrong_value_of_a_sweep_is_refused(
    capsys: Capture, tmp_path: Path, change: str, word: str
) -> None:
    words = ["run", "quickstart", "--runs", str(tmp_path), *SMALL, "--set", change]
    assert word in refused(capsys, *words)
    assert not any(tmp_path.iterdir())


def test_what_cannot_be_is_never_called(tmp_path: Path, capsys: Capture) -> None:
    made = tmp_path / "made"
    refused(capsys, "run", "quickstart", "--runs", str(tmp_path), "--model", f"os:mkdir:{made}")
    refused(capsys, "run", "quickstart", "--runs", str(tmp_path), "--model", "os:system:true")
    assert not made.exists()


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 100_000 + "]" * 100_000,
        "a = " + "{b=" * 100_000 + "1" + "}" * 100_000,
        f"seed = {'9' * 5000}",
        "seed = ",
        "\x00",
        "[[[",
    ],
    ids=["lists", "tables", "digits", "empty", "nul", "brackets"],
)
def test_a_file_that_is_no_sweep_is_refused(capsys: Capture, tmp_path: Path, text: str) -> None:
    file = tmp_path / "odd.toml"
    file.write_text(text)
    assert "odd.toml" in refused(capsys, "run", str(file), "--runs", str(tmp_path))


def test_a_grid_too_large_to_be_meant_is_counted_not_made(capsys: Capture, tmp_path: Path) -> None:
    axes = {"width": list(range(2, 33)), "coupling": [i / 100 for i in range(101)]}
    sets = [f"task_sets.orders.{name}={json.dumps(values)}" for name, values in axes.items()]
    words = [word for change in sets for word in ("--set", change)]
    assert "points" in refused(capsys, "run", "quickstart", "--runs", str(tmp_path), *words)


def test_a_seed_at_the_edge_of_what_a_record_holds_is_recorded(
    tmp_path: Path, make_sweep: MakeSweep
) -> None:
    sweep = make_sweep(seed=2**63 - 1, trials=1, topologies=["single_thread"])
    run = run_sweep(sweep, tmp_path / "run", engine="here")
    assert set(run.trials.get_column("ended")) == {"completed"}
    assert set(run.trials.get_column("seed")) == {2**63 - 1}


MANIFESTS: list[Any] = [
    [],
    "text",
    None,
    7,
    {"planned": "many"},
    {"sweep": []},
    {"thresholds": [1]},
    {"versions": "3.11"},
    {"seed": "x"},
    {"simulated": "yes"},
    {"limits": 4},
    {"corpora": []},
]
READERS = [
    ["show", "jars"],
    ["report", "jars"],
    ["gate", "jars", "--min", "0.5"],
    ["conflicts", "jars"],
    ["export", "jars"],
    ["compare", "jars", "jars"],
    ["run", "jars.toml", "--name", "jars"],
]


@pytest.mark.parametrize("manifest", MANIFESTS, ids=[json.dumps(m) for m in MANIFESTS])
def test_a_manifest_of_a_wrong_shape_is_one_line(
    capsys: Capture, runs: Path, manifest: Any
) -> None:
    whole = json.loads((runs / "jars" / MANIFEST).read_text())
    spoilt = {**whole, **manifest} if isinstance(manifest, dict) else manifest
    (runs / "jars" / MANIFEST).write_text(json.dumps(spoilt))
    before = (runs / "jars" / FILE).read_bytes()
    for reader in READERS[:3]:
        assert MANIFEST in refused(capsys, *reader, "--runs", str(runs))
    assert main(["list", "runs", "--runs", str(runs)]) == 0
    assert (runs / "jars" / FILE).read_bytes() == before


@pytest.mark.parametrize("text", ["", "{", '{"a": 1', "[" * 100_000, "\xff"], ids=range(5))
def test_a_half_written_manifest_is_one_line(capsys: Capture, runs: Path, text: str) -> None:
    (runs / "jars" / MANIFEST).write_text(text, encoding="latin-1")
    assert MANIFEST in refused(capsys, "show", "jars", "--runs", str(runs))


SPOILT = [
    "UPDATE records SET record = x'00'",
    "UPDATE records SET record = 'text'",
    "UPDATE records SET tokens = 'many'",
    "ALTER TABLE records DROP COLUMN ended",
    "DROP TABLE records",
    "DROP TABLE sessions",
]


@pytest.mark.parametrize("sql", SPOILT)
def test_a_journal_of_a_wrong_shape_is_one_line(capsys: Capture, runs: Path, sql: str) -> None:
    with sqlite3.connect(runs / "jars" / FILE) as journal:
        journal.execute(sql)
    journal.close()
    (runs / "jars" / "frames.json").unlink()
    words = ["run", str(runs / "jars.toml"), "--name", "jars", "--runs", str(runs), *SMALL]
    words += ["--set", "tasks=1", "--set", 'topologies=["single_thread"]', "--json"]
    assert FILE in refused(capsys, *words)


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\x00"[:7], "tables"], ids=str)
def test_a_folder_that_was_left_before_its_first_record_goes_on(
    runs: Path, capsys: Capture, content: bytes | str
) -> None:
    folder = runs / "jars"
    for file in (*folder.glob("*.parquet"), *folder.glob("journal*"), folder / "frames.json"):
        file.unlink()
    if content == "tables":
        with sqlite3.connect(folder / FILE) as half:
            half.execute("CREATE TABLE records (number INTEGER PRIMARY KEY AUTOINCREMENT)")
            half.execute("DROP TABLE records")
            half.execute("PRAGMA journal_mode = WAL")
        half.close()
    elif content == b"":
        (folder / FILE).write_bytes(b"")
    assert open_run(folder).manifest["recorded"] == 0
    words = ["run", str(runs / "jars.toml"), "--name", "jars", "--runs", str(runs), *SMALL]
    words += ["--set", "tasks=1", "--set", 'topologies=["single_thread"]', "--json"]
    assert main(words) == 0, capsys.readouterr().err
    assert open_run(folder).complete


def test_a_folder_that_was_left_before_its_manifest_goes_on(
    tmp_path: Path, make_sweep: MakeSweep
) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / f".{MANIFEST}.123").write_text("{")
    sweep = make_sweep(trials=1, topologies=["single_thread"])
    assert run_sweep(sweep, folder, engine="here").complete


@pytest.fixture
def small_disk(tmp_path: Path) -> Generator[Path]:
    """A file system of 400 kB; where none can be had the test is skipped, and says so."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(disk)]
    if (
        sys.platform != "linux"
        or subprocess.run(mount, capture_output=True, check=False).returncode
    ):
        pytest.skip("NOT TESTED: a full disk takes the right to mount a small one")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.slow
def test_a_disk_that_fills_is_one_line_and_goes_on_when_there_is_room(
    capsys: Capture, small_disk: Path, tmp_path: Path
) -> None:
    file = tmp_path / "jars.toml"
    file.write_text(SWEEP_FILE)
    words = ["run", str(file), "--runs", str(small_disk), "--engine", "here", "--set", "tasks=2"]
    said = refused(capsys, *words, "--set", "trials=40", "--json")
    assert "jars" in said
    kept = open_run(small_disk / "jars").manifest["recorded"]
    assert kept > 0
    subprocess.run(["mount", "-o", "remount,size=40m", str(small_disk)], check=True)
    assert main([*words, "--set", "trials=40", "--json"]) == 0
    with Journal(small_disk / "jars") as journal:
        entries = list(journal.entries())
    assert len(entries) == 240 == len({entry.trial_id for entry in entries})


def test_a_bug_shows_as_one(capsys: Capture, tmp_path: Path) -> None:
    assert main(["import", f"{__name__}:breaks", __file__, "--runs", str(tmp_path)]) == BUG
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "this is a bug" in said.splitlines()[-1]


def breaks(path: Path) -> None:
    """An importer with a bug."""
    raise KeyError(os.fspath(path))


def test_numbers_that_no_builder_takes_are_refused_before_anything_runs(
    make_sweep: MakeSweep,
) -> None:
    with pytest.raises(ValueError, match="1 or more"):
        check(make_sweep(topologies={"independent": {"attempts": 0}}))
