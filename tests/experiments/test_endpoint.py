"""Trials of a model behind a real endpoint: many at once, in one loop, over HTTP."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from experiments.running.runner import run_sweep
from tests.experiments.conftest import MakeSweep

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """The base URL of `fanout model serve`, told by the command itself."""
    command = [sys.executable, "-u", "-m", "experiments.cli", "model", "serve", "--port", "0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert "http://127.0.0.1:" in line, process.communicate()
    yield next(word for word in line.split() if word.startswith("http://"))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130


def test_a_sweep_over_http_does_what_the_one_in_the_process_does(
    endpoint: str, tmp_path: Path, make_sweep: MakeSweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint)
    monkeypatch.setenv("OPENAI_API_KEY", "any")
    sweep = make_sweep(
        topologies=["single_thread"],
        task_sets={"orders": {"width": 2, "tasks": 3}},
        models={"default": "simulated:perfect"},
    )
    inside = run_sweep(sweep, tmp_path / "inside", engine="here")
    over_http = replace(sweep, models={"default": "openai:perfect"})
    outside = run_sweep(over_http, tmp_path / "outside", workers=4)
    assert outside.complete
    assert not outside.trials.get_column("simulated").any()
    assert outside.trials.get_column("started_at").null_count() == 0
    same = ["task", "trial", "ended", "passed", "answer", "model_calls", "prompt_tokens"]
    assert outside.trials.select(same).equals(inside.trials.select(same))
    calls = pl.col("kind") == "tool"
    said = ["tool", "arguments", "reply"]
    assert outside.steps.filter(calls).select(said).equals(inside.steps.filter(calls).select(said))


def test_a_limit_in_dollars_stops_a_model_whose_price_is_not_known(
    endpoint: str, tmp_path: Path, make_sweep: MakeSweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint)
    monkeypatch.setenv("OPENAI_API_KEY", "any")
    sweep = make_sweep(
        topologies=["single_thread"],
        task_sets={"orders": {"width": 1, "tasks": 8}},
        models={"default": "openai:perfect"},
        limits={"sweep": {"dollars": 1.0}},
    )
    run = run_sweep(sweep, tmp_path / "run", workers=2)
    assert 0 < run.trials.height < 16
    assert "price is not known" in run.outcome
