"""A model that nobody here wrote meets the instrument: `make smoke-real`.

It says that endings, records, usage and resumption hold for real replies, and nothing about
passing: a model of 135M parameters passes none of the tasks, and what it does is no evidence.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from experiments.running.runner import run_sweep
from experiments.sweeps.sweep import Sweep
from experiments.sweeps.sweep_file import by_name, read_sweep
from experiments.sweeps.sweep_grid import parse_sweep
from results.refused import Refused
from results.store import Run, open_run

ROOT = Path(__file__).parents[2]
LOCAL = "FANOUT_LOCAL_PYTHON"
"""The Python that has `.ci/local.lock` installed."""

SWEEP = """\
name = "smoke"
trials = 1
topologies = ["single_thread", "lead_subagents"]
models = { default = "openai:SmolLM2-135M-Instruct", max_tokens = 64, timeout_s = 300.0 }
limits = { model_calls = 6 }
task_sets = { orders = { width = 2, tasks = 2 } }
"""

pytestmark = [
    pytest.mark.skipif(LOCAL not in os.environ, reason=f"no real model: {LOCAL} is not set"),
    pytest.mark.slow,
]


@pytest.fixture(scope="module", autouse=True)
def endpoint() -> Iterator[None]:
    """The model on loopback, where `openai:` looks for it."""
    script = str(Path(__file__).with_name("endpoint.py"))
    words = [os.environ[LOCAL], script]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    assert address.startswith("http://127.0.0.1:")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("OPENAI_BASE_URL", address)
        environment.setenv("OPENAI_API_KEY", "any")
        yield
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture(scope="module")
def resumed(tmp_path_factory: pytest.TempPathFactory) -> tuple[pl.DataFrame, Run]:
    """The sweep after its command was killed: the trials recorded until then, and the whole run."""
    folder = tmp_path_factory.mktemp("smoke")
    file, runs = folder / "smoke.toml", folder / "runs"
    file.write_text(SWEEP)
    words = [sys.executable, "-m", "experiments.cli", "run", str(file)]
    words += ["--runs", str(runs), "--workers", "1"]
    log = (folder / "log").open("w")
    with log, subprocess.Popen(words, cwd=ROOT, stdout=log, stderr=log) as command:
        while (recorded := trials_in(runs / "smoke")).is_empty():
            assert command.poll() is None, (folder / "log").read_text()
            time.sleep(0.2)
        command.kill()
    recorded = trials_in(runs / "smoke")
    return recorded, run_sweep(read_sweep(str(file)), runs / "smoke", workers=1)


def trials_in(folder: Path) -> pl.DataFrame:
    """What is recorded so far, if anything is."""
    try:
        return open_run(folder).trials
    except Refused:
        return pl.DataFrame()


def test_every_trial_is_recorded_once_and_none_that_was_recorded_is_run_again(
    resumed: tuple[pl.DataFrame, Run],
) -> None:
    recorded, run = resumed
    assert 0 < recorded.height < 4
    assert run.complete
    assert run.trials.height == run.trials["trial_id"].n_unique() == 4
    assert run.trials.join(recorded, on="trial_id", how="semi").equals(recorded)


def test_no_trial_of_a_real_model_crashes_or_is_called_simulated(
    resumed: tuple[pl.DataFrame, Run],
) -> None:
    trials = resumed[1].trials
    assert set(trials["ended"]) <= {"completed", "limit"}, trials["crash"].to_list()
    assert not trials["simulated"].any()
    assert trials["passed"].null_count() == 0


def test_every_call_has_its_usage_and_every_tool_call_its_message(
    resumed: tuple[pl.DataFrame, Run],
) -> None:
    run = resumed[1]
    calls = run.steps.filter(kind="model")
    assert calls.height > 0
    for column in ("prompt_tokens", "cached_tokens", "completion_tokens"):
        assert calls[column].null_count() == 0
    assert (calls["completion_tokens"] <= 64).all()
    assert run.trials["prompt_tokens"].to_list() == totals(run, "prompt_tokens")
    assert run.trials["completion_tokens"].to_list() == totals(run, "completion_tokens")
    tools = run.steps.filter(kind="tool")
    assert tools.height > 0
    asked = calls.select("trial_id", "agent", "message")
    assert tools.join(asked, on=["trial_id", "agent", "message"], how="anti").is_empty()


def totals(run: Run, column: str) -> list[int]:
    """The sum over each trial's calls, in the order of the trials."""
    summed = run.steps.group_by("trial_id").agg(pl.col(column).sum())
    return run.trials.join(summed, on="trial_id", maintain_order="left")[
        f"{column}_right"
    ].to_list()


def test_arguments_that_are_cut_short_again_and_again_end_at_a_limit(tmp_path: Path) -> None:
    run = run_sweep(one_trial("single_thread", max_tokens=8), tmp_path / "run")
    assert run.trials["ended"].to_list() == ["limit"], run.trials["crash"].to_list()
    assert set(run.steps.filter(kind="model")["finish_reason"]) == {"length"}


def test_a_prompt_over_the_models_length_is_a_limit(tmp_path: Path) -> None:
    run = run_sweep(one_trial("tests.toy_topologies:too_long", max_tokens=8), tmp_path / "run")
    assert run.trials.select("ended", "limit").row(0) == ("limit", "context")
    assert run.trials["passed"].to_list() == [False]


def one_trial(topology: str, max_tokens: int) -> Sweep:
    """A sweep of one trial of an easy task."""
    raw = {
        "name": "one",
        "trials": 1,
        "topologies": [topology],
        "models": {"default": "openai:SmolLM2-135M-Instruct", "max_tokens": max_tokens},
        "limits": {"model_calls": 4},
        "task_sets": {"orders": {"width": 1, "tasks": 1}},
    }
    return parse_sweep(by_name(raw))
