"""Every command takes a wrong name, value or file as bad input: one line, exit 2, no traceback."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from experiments.cli import main
from experiments.running.runner import run_sweep
from experiments.sweeps.sweep_file import read_sweep
from results.journal import FILE
from results.parquet import FRAMES
from results.store import MANIFEST
from tests.experiments.conftest import SWEEP_FILE

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs with one finished run of two topologies, `jars`."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "jars.toml").write_text(SWEEP_FILE)
    changes = ["trials=2", "tasks=2"]
    run_sweep(read_sweep(str(folder / "jars.toml"), changes), folder / "jars", engine="here")
    return folder


@pytest.fixture
def runs(recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it to be spoilt, with odd files beside it; it is the current folder."""
    folder = Path(shutil.copytree(recorded, tmp_path / "runs"))
    (folder / "a_file").write_text("not a folder")
    (folder / "empty").mkdir()
    (folder / "hollow").mkdir()
    (folder / "hollow" / MANIFEST).mkdir()
    (folder / "null.json").write_text("null")
    (folder / "half.json").write_text('[{"task_id": 0, "traj": [{"role": "us')
    (folder / "number.json").write_text("[1, 2]")
    (folder / "odd.json").write_text('[{"task_id": {}, "traj": 4, "reward": "x", "trial": []}]')
    (folder / "deep.json").write_text("[" * 100_000 + "]" * 100_000)
    (folder / "latin.json").write_bytes(b'[{"a": "\xff\xfe"}]')
    (folder / "half.jsonl").write_text('{"frame": "trials", "trial_id"')
    (folder / "odd.jsonl").write_text('{"trial_id": 4}\n[]\n')
    (folder / "half.parquet").write_bytes(b"PAR1\x15\x04")
    (folder / "none.json").write_text("")
    (folder / "none.jsonl").write_text("")
    pl.DataFrame({"a": [1]}).write_parquet(folder / "other.parquet")
    monkeypatch.chdir(folder)
    return folder


def refused(capture: Capture, line: str) -> str:
    """The one line in which a command refuses; `line` is the command, words apart by spaces."""
    code = main(line.split(" ") if line else [])
    said = capture.readouterr()
    assert "Traceback" not in said.err, said.err
    assert code == 2, (code, said.out, said.err)
    lines = [row for row in said.err.splitlines() if not row.startswith("fanout: note:")]
    assert len(lines) == 1, said.err
    assert lines[0].startswith("fanout")
    return lines[0]


READ = ("show", "report", "conflicts", "profile", "gate --min 0.5", "plan", "export")
NO_RUN = ("nosuch", "a_file", "empty", "hollow", ".", "/", "a_file/b", "x" * 300, "a\0b")
FILES = (
    "null.json",
    "half.json",
    "number.json",
    "odd.json",
    "deep.json",
    "latin.json",
    "none.json",
    "none.jsonl",
    "half.jsonl",
    "odd.jsonl",
    "half.parquet",
    "other.parquet",
    "nosuch.json",
    "empty",
    "a_file/b",
)

WRONG = [
    "",
    "nosuch",
    "run nosuch",
    "run empty",
    "run a_file",
    "run half.json",
    "run half.parquet",
    "run jars.toml --set",
    "run jars.toml --set trials",
    "run jars.toml --set =4",
    "run jars.toml --set trials=-1",
    "run jars.toml --set trials=nan",
    "run jars.toml --set nosuch=1",
    "run jars.toml --set models.default=nosuch",
    "run jars.toml --model nosuch",
    "run jars.toml --model =",
    "run jars.toml --model nosuch=simulated:typical",
    "run jars.toml --model openai:",
    "run jars.toml --model simulated:nosuch",
    "run jars.toml --engine nosuch",
    "run jars.toml --engine os:getcwd",
    "run jars.toml --engine nosuch:run",
    "run jars.toml --workers 0",
    "run jars.toml --workers -1",
    "run jars.toml --workers x",
    "run jars.toml --workers 1000000",
    "run jars.toml --name ",
    "run jars.toml --name a/b",
    "run jars.toml --name ..",
    "run jars.toml --name nosuch --resume",
    "run jars.toml --name a_file",
    "run jars.toml --runs a_file",
    "run jars.toml --estimate --pilot 0",
    "run jars.toml --estimate --pilot 1000000000",
    "run jars.toml --estimate --from nosuch",
    "run jars.toml --estimate --workers 1000000",
    "run jars.toml --max-dollars nan",
    "run jars.toml --max-dollars -1",
    "check nosuch",
    "check nosuch:build",
    "check :",
    "list nosuch",
    "show jars nosuch",
    "show jars single_thread/nosuch/1",
    "report jars --metric nosuch",
    "report jars --metric nosuch:at_all",
    "report jars --metric os:getcwd",
    "report jars --chart nosuch",
    "report jars --chart os:getcwd",
    "report jars --output a_file",
    "report jars --output a_file/b",
    "chart jars nosuch",
    "chart jars nosuch:at_all",
    "chart jars os:getcwd",
    "chart jars os:sep",
    "chart jars success_by_cell --to gif",
    "chart jars success_by_cell --output nosuch/a.svg",
    "chart jars success_by_cell --output empty",
    "chart nosuch success_by_cell",
    "conflicts jars --top 0",
    "conflicts jars --trial nosuch",
    "conflicts jars --trial",
    "profile jars --agents 0",
    "profile jars --agents -1",
    "profile jars --agents 1000000000",
    "profile jars --trial nosuch",
    "profile jars --output a_file",
    "profile jars --writes nosuch",
    "gate jars",
    "gate jars --k 1000 --min 0.5",
    "gate jars --k -1 --min 0.5",
    "gate jars --k 0 --min 0.5",
    "gate jars --k x --min 0.5",
    "gate jars --min nan",
    "gate jars --min inf",
    "gate jars --min -0.1",
    "gate jars --min 1.1",
    "gate jars --max-cost nan",
    "gate jars --max-cost -1",
    "gate jars --baseline nosuch",
    "gate jars --baseline jars --tolerance nan",
    "gate jars --baseline jars --tolerance -1",
    "gate jars --baseline jars --tolerance 2",
    "gate jars --min 0.5 --junit nosuch/a.xml",
    "gate jars --min 0.5 --junit empty",
    "gate jars --min 0.5 --markdown a_file/b",
    "plan jars --difference 0",
    "plan jars --difference nan",
    "plan jars --difference 2",
    "plan jars --k 0",
    "plan jars --k -1",
    "plan jars --k 100000000",
    "plan jars --power 0",
    "plan jars --power 1",
    "plan jars --power nan",
    "plan jars --alpha 0",
    "plan jars --alpha nan",
    "plan jars --alpha 1",
    "plan jars --topology nosuch",
    "plan jars --reference nosuch",
    "plan jars --task-dollars nan",
    "plan jars --task-dollars -1",
    "plan jars --at-once 0",
    "plan --rate nan",
    "plan --rate 2",
    "plan --rate 0",
    "plan --rate 0.5 --icc nan",
    "plan --rate 0.5 --icc 2",
    "plan --rate 0.5 --alike -1",
    "plan --rate 0.5 --k 100000000",
    "plan --rate 0.5 --k -1",
    "horizon jars",
    "horizon nosuch",
    "compare jars",
    "compare jars nosuch",
    "compare jars jars --k 0",
    "compare jars jars --k -1",
    "compare jars jars --k 1000",
    "compare jars jars --as nosuch",
    "compare jars jars --as jars:a=b",
    "compare jars jars --as =:",
    "import nosuch odd.json",
    "import os:getcwd odd.json",
    "import nosuch:read odd.json",
    "import tau-bench odd.json --runs a_file",
    "import tau-bench odd.json --task-set nosuch",
    "export jars --output nosuch/a.jsonl",
    "export jars --output empty",
    "sensitivity nosuch",
    "sensitivity jars.toml --profiles 0",
    "sensitivity jars.toml --tasks -1",
    "sensitivity jars.toml --trials x",
    "sensitivity jars.toml --profiles 1000000000",
    "sensitivity jars.toml --base nosuch",
    "sensitivity jars.toml --team nosuch",
    "sensitivity jars.toml --workers 0",
    "sensitivity jars.toml --workers 1000000",
    "sensitivity jars.toml --engine nosuch",
    "probe",
    "probe --model nosuch",
    "probe --model openai:",
    "probe --model simulated:nosuch",
    "probe --model simulated:typical --on nosuch",
    "probe --model simulated:typical --workers 0",
    "probe --model simulated:typical --workers 1000000",
    "probe --model simulated:typical --max-dollars nan",
    "notebook nosuch",
    "notebook compare --run nosuch",
    "notebook compare --port -1",
    "notebook compare --port 1000000",
    "notebook compare --host 0.0.0.0",
    "model",
    "model nosuch",
    "model serve --port -1",
    "model serve --port 1000000",
    "model serve --host 0.0.0.0",
    "model serve --host nosuch",
    *(f"{command} nosuch --runs a_file" for command in READ),
    *(f"conflicts {file}" for file in FILES if file.endswith((".json", ".parquet"))),
    *(f"import {kind} {file}" for kind in ("tau-bench", "jsonl", "dpbench") for file in FILES),
]


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_word_is_refused(capsys: Capture, line: str) -> None:
    command, *_ = line.split(" ")
    here = command in ("", "nosuch", "check", "model") or " --runs " in line
    refused(capsys, line if here else f"{line} --runs .")


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize("name", NO_RUN, ids=[repr(name)[:12] for name in NO_RUN])
def test_what_is_no_run_is_refused(capsys: Capture, name: str) -> None:
    for command in READ:
        first, *rest = command.split(" ")
        refused(capsys, " ".join([first, name, *rest, "--runs", "."]))
    refused(capsys, f"compare jars {name} --runs .")
    refused(capsys, f"chart {name} success_by_cell --runs .")


def cut(file: Path) -> None:
    """Leave the first half."""
    os.truncate(file, file.stat().st_size // 2)


def emptied(file: Path) -> None:
    """Leave nothing in it."""
    os.truncate(file, 0)


def foreign(file: Path) -> None:
    """Another table in its place."""
    pl.DataFrame({"trial_id": [1.5]}).write_parquet(file)


def folder(file: Path) -> None:
    """A folder in its place."""
    file.unlink()
    file.mkdir()


def scrambled(file: Path) -> None:
    """The middle overwritten, head and foot whole."""
    whole = bytearray(file.read_bytes())
    middle = len(whole) // 2
    whole[middle - 40 : middle + 40] = b"\xa5" * 80
    file.write_bytes(bytes(whole))


SPOILERS = (cut, emptied, foreign, folder)


@pytest.mark.parametrize("spoil", SPOILERS)
@pytest.mark.parametrize("name", ["trials", "steps", "accesses"])
def test_a_spoilt_table_of_a_run_is_refused(
    capsys: Capture, runs: Path, name: str, spoil: Callable[[Path], None]
) -> None:
    for file in (runs / "jars").glob(f"{FILE}*"):
        file.unlink()
    for file in (runs / "jars").rglob("*.parquet"):
        if name in file.relative_to(runs / "jars").parts[0]:
            spoil(file)
    readers = {"trials": READ, "steps": ("report", "export"), "accesses": ("conflicts", "export")}
    for command in readers[name]:
        first, *rest = command.split(" ")
        refused(capsys, " ".join([first, "jars", *rest, "--runs", "."]))


@pytest.mark.parametrize("spoil", [cut, emptied, folder, scrambled])
@pytest.mark.parametrize("name", [FILE, FRAMES, MANIFEST])
def test_a_spoilt_file_of_a_run_never_shows_a_traceback(
    capsys: Capture, runs: Path, name: str, spoil: Callable[[Path], None]
) -> None:
    spoil(runs / "jars" / name)
    for command in ("show", "conflicts", "gate --min 0.5", "export"):
        first, *rest = command.split(" ")
        code = main([first, "jars", *rest, "--runs", "."])
        said = capsys.readouterr().err
        assert code in (0, 1, 2), said
        assert "Traceback" not in said


@pytest.mark.slow
@pytest.mark.usefixtures("runs")
def test_trials_too_few_for_the_k_of_the_thresholds_are_noted_before_they_run(
    capsys: Capture,
) -> None:
    line = "run jars.toml --name few --set trials=2 --set tasks=1 --set thresholds.k=4 --runs ."
    assert main(line.split(" ")) == 0
    (note,) = [row for row in capsys.readouterr().err.splitlines() if "note:" in row]
    assert "pass^4" in note
    assert "set trials to 4 or more" in note
