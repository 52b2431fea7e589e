"""The command line: what it prints, and how it says that something is wrong."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from experiments.cli import main
from experiments.commands import COMMANDS
from experiments.running.runner import run_sweep
from experiments.sweeps.sweep_file import read_sweep
from results.store import open_run

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs with one finished run, `jars`, and its sweep file beside it."""
    from tests.experiments.conftest import SWEEP_FILE

    folder = tmp_path_factory.mktemp("runs")
    (folder / "jars.toml").write_text(SWEEP_FILE)
    run_sweep(read_sweep(str(folder / "jars.toml")), folder / "jars", engine="here")
    return folder


def said(capture: Capture, *words: str) -> tuple[int, str, str]:
    """Exit code, output and errors of a command."""
    code = main(list(words))
    out, err = capture.readouterr()
    return code, out, err


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_has_an_example(capsys: Capture, command: str) -> None:
    code, out, _ = said(capsys, *command.split(), "--help")
    assert code == 0
    assert f"example: fanout {command}".rstrip() in " ".join(out.split())


def test_help_takes_less_than_half_a_second_and_imports_nothing_heavy() -> None:
    words = [sys.executable, "-X", "importtime", "-m", "experiments.cli", "run", "--help"]
    fastest, imported = 9.0, ""
    for _ in range(3):
        began = time.perf_counter()
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
        fastest = min(fastest, time.perf_counter() - began)
        imported = done.stderr
    assert fastest < 0.5
    for heavy in ("polars", "langchain_core", "langgraph", "rich", "altair", "numpy"):
        assert f" {heavy}\n" not in imported


def test_a_run_ends_with_what_it_shows_and_where(capsys: Capture, tmp_path: Path) -> None:
    from tests.experiments.conftest import SWEEP_FILE

    (tmp_path / "jars.toml").write_text(SWEEP_FILE)
    words = ["run", str(tmp_path / "jars.toml"), "--runs", str(tmp_path / "runs")]
    words += ["--engine", "here", "--set", "trials=2"]
    code, out, err = said(capsys, *words)
    assert code == 0
    assert "12/12 trials" in err
    assert "(simulated)" in err
    for text in ("single_thread", "lead_subagents", "pass^2", "What can be said", "simulated"):
        assert text in out
    folder = tmp_path / "runs" / "jars"
    for name in ("report.md", "report.html"):
        assert str(folder / name) in out
        assert (folder / name).stat().st_size > 1000
    assert f"fanout notebook compare --run {folder}" in out
    code, out, _ = said(capsys, *words)
    assert code == 0
    assert "is complete: 12 of 12 trials are recorded" in out
    code, out, _ = said(capsys, *words, "--json", "--fresh")
    told = json.loads(out)
    assert told["outcome"] == "complete"
    assert {row["topology"] for row in told["summary"]} == {"single_thread", "lead_subagents"}
    assert open_run(folder.with_name("jars.1")).trials.equals(open_run(folder).trials)


def test_the_dial_of_a_task_set_of_ones_own_is_kept_apart(capsys: Capture, tmp_path: Path) -> None:
    from tests.experiments.conftest import SWEEP_FILE

    (tmp_path / "jars.toml").write_text(SWEEP_FILE + 'lid = ["loose", "stuck"]\n')
    words = ["run", str(tmp_path / "jars.toml"), "--runs", str(tmp_path / "runs")]
    code, out, _ = said(capsys, *words, "--engine", "here", "--set", "trials=1")
    assert code == 0
    report = (tmp_path / "runs" / "jars" / "report.md").read_text()
    for lid in ("lid loose", "lid stuck"):
        assert lid in out
        assert report.count(f"**tests.toy_task_set:JARS (act, width 2, {lid})**") > 3


def test_show_lists_trials_and_tells_one(capsys: Capture, runs: Path) -> None:
    code, out, _ = said(capsys, "show", "jars", "--runs", str(runs))
    assert code == 0
    assert out.count("jars/dev-") == 24
    assert "24 of 24 trials" in out
    code, out, _ = said(
        capsys, "show", "latest", "lead_subagents/dev-001/3", "--runs", str(runs), "--full"
    )
    assert code == 0
    for text in (
        "#0 [lead] message 1",
        " [subagent-1] calls look(jar=",
        "gets of delegate",
        "[x] J1",
    ):
        assert text in out
    trial = open_run(runs / "jars").trials.get_column("trial_id")[5]
    code, out, _ = said(capsys, "show", "jars", trial[:12], "--runs", str(runs), "--json")
    assert json.loads(out)["trials"][0]["trial_id"] == trial


def test_report_writes_where_it_is_told(capsys: Capture, runs: Path, tmp_path: Path) -> None:
    words = ["report", "jars", "--runs", str(runs), "--output", str(tmp_path), "--json"]
    code, out, _ = said(capsys, *words)
    assert code == 0
    assert Path(json.loads(out)["html"]).parent == tmp_path


def test_list_names_what_can_be_named(capsys: Capture, runs: Path) -> None:
    code, out, _ = said(capsys, "list", "--runs", str(runs), "--json")
    assert code == 0
    listed = json.loads(out)
    assert "lead_subagents" in listed["topologies"]
    assert "coupling" in listed["task-sets"]["orders"]["dials"]
    assert "simulated:typical" in listed["models"]
    assert listed["sweeps"]["quickstart"]["question"]
    assert listed["runs"]["jars"]["outcome"] == "complete"
    code, out, _ = said(capsys, "list", "--runs", str(runs))
    assert "jars" in out
    assert "quickstart" in out


def test_an_estimate_from_a_recorded_run_scales_its_cells(capsys: Capture, runs: Path) -> None:
    sweep = str(runs / "jars.toml")
    words = ["run", sweep, "--runs", str(runs), "--estimate", "--from", "jars"]
    code, out, _ = said(capsys, *words, "--set", "trials=40", "--json")
    assert code == 0
    total = json.loads(out)["total"]
    trials = open_run(runs / "jars").trials
    assert total["trials"] == 240
    spent = trials.select("prompt_tokens", "completion_tokens").sum().sum_horizontal()[0]
    assert total["tokens"] == pytest.approx(10 * spent)
    assert total["calls"] == pytest.approx(10 * trials.get_column("model_calls").sum())
    assert total["dollars"] == pytest.approx(10 * trials.get_column("dollars").sum())
    assert open_run(runs / "jars").trials.height == 24


def test_an_estimate_from_a_pilot_prices_the_model_asked_for(
    capsys: Capture, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    words = ["run", str(runs / "jars.toml"), "--runs", str(runs), "--estimate", "--workers", "1"]
    words += ["--pilot", "1", "--set", "name=other"]
    code, out, _ = said(capsys, *words, "--model", "openai:gpt-4o")
    assert code == 0
    assert "an estimate from a simulated pilot of 2 trials" in out
    assert "$" in out.splitlines()[3]
    assert not (runs / "other").exists()


def test_above_max_dollars_a_script_is_refused(capsys: Capture, runs: Path) -> None:
    words = ["run", str(runs / "jars.toml"), "--runs", str(runs), "--from", "jars"]
    code, _, err = said(capsys, *words, "--name", "costly", "--max-dollars", "0.000001")
    assert code == 2
    assert "above --max-dollars 1e-06" in err
    assert "--yes" in err
    assert not (runs / "costly").exists()


BAD: list[tuple[str, str]] = [
    ("", "required: COMMAND"),
    ("rnu", "invalid choice: 'rnu'"),
    ("run quickstrat", "did you mean 'quickstart'"),
    ("run --trails 3", "unrecognized arguments: --trails"),
    ("run --set trails=3", "has no key 'trails'; did you mean 'trials'"),
    ("run --workers 0", "--workers is 0; it must be"),
    ("run --workers many", "invalid int value"),
    ("run --resume --name nothing", "to resume; leave out --resume"),
    ("run --model openai:gpt-5-mini", "needs OPENAI_API_KEY"),
    ("run --model simulated:typicle", "no profile 'typicle'"),
    ("run {runs}/jars.toml --set trials=5", "trials: 4 -> 5"),
    ("run {runs}/missing.toml", "there is no sweep file"),
    ("show nothing", "there is no run 'nothing'; there are jars"),
    ("show jar", "did you mean 'jars'"),
    ("show jars nothing", "there is no trial 'nothing'"),
    ("show jars single_thread/dev-000/99", "there is no trial"),
    ("show {runs}", "is not a run"),
    ("report nothing", "there is no run 'nothing'"),
    ("notebook compere", "there is no notebook 'compere'"),
    ("list topologiez", "invalid choice"),
    ("model serve --host 0.0.0.0", "use --host 127.0.0.1"),
    ("model", "required: ACTION"),
]


@pytest.mark.parametrize(("command", "expected"), BAD, ids=[bad for bad, _ in BAD])
def test_what_is_wrong_is_said_in_one_line(
    capsys: Capture,
    runs: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    command: str,
    expected: str,
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.chdir(tmp_path)
    words = [word.format(runs=runs) for word in command.split()]
    if words and words[0] in ("run", "show", "report", "list"):
        words += ["--runs", str(runs)]
    before = open_run(runs / "jars").manifest
    code, _, err = said(capsys, *words)
    assert code == 2
    assert expected in err
    assert len(err.splitlines()) == 1
    assert open_run(runs / "jars").manifest == before


def test_a_sweep_whose_trials_all_crash_says_why(capsys: Capture, tmp_path: Path) -> None:
    from tests.experiments.conftest import JARS

    file = tmp_path / "fragile.toml"
    file.write_text(
        f'trials = 1\ntasks = 1\n[topologies.fragile]\nbase = "tests.toy_topologies:needs_file"\n'
        f'file = "{tmp_path}/no"\n[task_sets."{JARS}"]\n'
    )
    words = ["run", str(file), "--runs", str(tmp_path), "--engine", "here"]
    code, out, err = said(capsys, *words)
    assert code == 1
    assert "every trial crashed: ConnectionError: the endpoint went away" in err
    assert "--retry-crashed" in out


def test_output_that_nobody_reads_to_the_end_is_no_error(runs: Path) -> None:
    command = f"{sys.executable} -m experiments.cli show jars --runs {runs} | head -1"
    done = subprocess.run(
        command, shell=True, cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ
    )
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
