"""A sweep that is killed outright loses at most the trials in flight, and repeats none."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from experiments.running.runner import run_sweep
from experiments.sweeps.sweep_file import read_sweep
from results.journal import Journal
from results.store import Run, open_run
from tests.experiments.conftest import SWEEP_FILE

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 240.0
KILLS = int(os.environ.get("FANOUT_KILLS", "2"))
"""Kills in each of two places; FANOUT_KILLS=30 makes it 60, which take some minutes."""


def fanout(words: list[str], hash_seed: str) -> subprocess.Popen[str]:
    """The command in a process (and a process group) of its own."""
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-m", "experiments.cli", *words],
        env=environment,
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def recorded(folder: Path) -> int:
    """Trials in the journal, 0 while there is none."""
    try:
        with Journal(folder) as journal:
            return len(journal.ids())
    except ValueError:
        return 0


def wait_for(reached: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait until something is so; fail if the process ends first or it takes too long."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.fixture
def unbroken(tmp_path: Path, sweep_file: Path) -> Run:
    """The same sweep run to its end in this process."""
    return run_sweep(read_sweep(str(sweep_file)), tmp_path / "unbroken", engine="here")


def test_a_killed_sweep_resumes_where_it_stopped(
    tmp_path: Path, sweep_file: Path, unbroken: Run, assert_same: Callable[[Run, Run], None]
) -> None:
    folder = tmp_path / "jars"
    words = ["run", str(sweep_file), "--runs", str(tmp_path), "--workers", "2", "--json"]
    killed = fanout(words, hash_seed="7")
    wait_for(lambda: recorded(folder) >= 3, killed)
    workers = children(killed.pid)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    kept = open_run(folder)
    assert 3 <= kept.trials.height < 24
    assert kept.outcome == "killed, or still running"
    until = time.monotonic() + PATIENCE_SECONDS
    while any(alive(worker) for worker in workers):
        assert time.monotonic() < until, "workers outlive their parent"
        time.sleep(0.05)
    words[words.index("2")] = "1"
    resumed = fanout([*words, "--resume"], hash_seed="0")
    _, said = resumed.communicate(timeout=PATIENCE_SECONDS)
    assert resumed.returncode == 0, said
    run = open_run(folder)
    assert run.complete
    assert_same(unbroken, run)
    with Journal(folder) as journal:
        assert sum(1 for _ in journal.entries()) == 24
    first, second = run.manifest["sessions"]
    assert first["ended"] is None
    assert second["outcome"] == "complete"


def test_ctrl_c_keeps_what_ended_and_says_how_to_go_on(tmp_path: Path, sweep_file: Path) -> None:
    folder = tmp_path / "jars"
    stopped = fanout(
        ["run", str(sweep_file), "--runs", str(tmp_path), "--workers", "1"], hash_seed="1"
    )
    wait_for(lambda: recorded(folder) >= 2, stopped)
    os.killpg(stopped.pid, signal.SIGINT)
    _, said = stopped.communicate(timeout=PATIENCE_SECONDS)
    assert stopped.returncode == 130
    assert "Traceback" not in said
    assert f"fanout run {sweep_file} --runs {tmp_path}" in said
    run = open_run(folder)
    assert run.outcome == "interrupted"
    assert 2 <= run.trials.height < 24


def killed_at(words: list[str], ready: Callable[[], bool], seconds: float) -> None:
    """Start the command, and kill it outright so long after something is so."""
    process = fanout(words, hash_seed="0")
    until = time.monotonic() + PATIENCE_SECONDS
    while not ready() and process.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.002)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.communicate()


def sessions(folder: Path) -> int:
    """Sittings that were begun."""
    try:
        with Journal(folder) as journal:
            return len(journal.sessions())
    except ValueError:
        return 0


@pytest.mark.parametrize("lane", ["in mid-run", "while reporting"])
def test_nothing_is_lost_or_repeated_however_often_it_is_killed(
    lane: str, tmp_path: Path, assert_same: Callable[[Run, Run], None]
) -> None:
    file, folder, chance = tmp_path / "jars.toml", tmp_path / "jars", random.Random(lane)
    file.write_text(
        SWEEP_FILE.replace("tasks = 3", "tasks = 6").replace("trials = 4", "trials = 6")
    )
    words = ["run", str(file), "--runs", str(tmp_path), "--workers", "2", "--json"]
    unbroken = run_sweep(read_sweep(str(file)), tmp_path / "unbroken", engine="here")
    if lane == "while reporting":
        run_sweep(read_sweep(str(file)), folder, engine="here")
    for _ in range(KILLS):
        before, sat = recorded(folder), sessions(folder)
        if lane == "in mid-run":
            more = before + chance.choice((0, 0, 1, 1, 2))
            killed_at(words, lambda more=more: recorded(folder) >= more, chance.uniform(0, 0.05))
            assert recorded(folder) >= before
        else:
            killed_at(words, lambda sat=sat: sessions(folder) > sat, chance.uniform(0, 1.5))
            assert open_run(folder).complete
    done = fanout(words, hash_seed="1")
    _, said = done.communicate(timeout=PATIENCE_SECONDS)
    assert done.returncode == 0, said
    assert_same(unbroken, open_run(folder))
    assert (folder / "report.md").exists()
    with Journal(folder) as journal:
        assert sum(1 for _ in journal.entries()) == unbroken.trials.height


def children(parent: int) -> list[int]:
    """Processes started by `parent`, where the system lists them."""
    listed = Path(f"/proc/{parent}/task/{parent}/children")
    return [int(child) for child in listed.read_text().split()] if listed.exists() else []


def alive(process: int) -> bool:
    """Whether a process is there and not merely waiting to be buried."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False
