"""A sweep whose endpoint is of no use stops early, says so in one line, and can go on."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from experiments.running.runner import run_sweep
from results.journal import Journal
from results.store import Run
from tests.experiments.conftest import JARS, small_sweep
from tests.scripted_endpoint import (
    Answer,
    Fields,
    ScriptedEndpoint,
    answer,
    call,
    calling,
    errors,
    submitting,
)

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
BROKEN = errors("oops", 500)


@pytest.fixture
def sweep_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Run]]:
    """Runs 40 trials, 2 at once, at an endpoint that answers as the newest script says."""
    scripts: list[Callable[[Fields, int], Answer]] = []
    monkeypatch.setenv("OPENAI_API_KEY", "any")
    with ScriptedEndpoint(lambda body, before: scripts[-1](body, before)) as endpoint:
        monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url)
        sweep = small_sweep(
            topologies=["single_thread"],
            trials=1,
            task_sets={JARS: {"width": 1, "tasks": 40}},
            models={"default": "openai:odd", "max_retries": 0},
        )

        def run(script: Callable[[Fields, int], Answer], retry_crashed: bool = False) -> Run:
            scripts.append(script)
            return run_sweep(sweep, tmp_path / "run", workers=2, retry_crashed=retry_crashed)

        yield run


@pytest.mark.parametrize(
    "refusal",
    [
        errors("Incorrect API key provided", 401, "invalid_api_key"),
        errors("The model `odd` does not exist", 404, "model_not_found"),
        errors("Unsupported parameter: 'seed'", 400, "unsupported_parameter", "seed"),
        errors("You exceeded your current quota", 429, "insufficient_quota"),
    ],
)
def test_a_refusal_of_what_is_asked_stops_the_sweep_at_once(
    refusal: Answer, sweep_at: Callable[..., Run]
) -> None:
    run = sweep_at(lambda _, __: refusal)
    assert 1 <= run.trials.height <= 2
    assert run.outcome.startswith("stopped: the endpoint refuses what is asked of it")
    assert "\n" not in run.outcome
    assert "--retry-crashed" in run.outcome
    assert set(run.trials.get_column("blame")) == {"set-up"}


def test_when_it_is_mended_the_sweep_goes_on_and_nothing_is_lost_or_repeated(
    sweep_at: Callable[..., Run], tmp_path: Path
) -> None:
    hit = sweep_at(lambda _, __: errors("Incorrect API key provided", 401)).trials.height
    run = sweep_at(lambda _, __: submitting(), retry_crashed=True)
    assert run.complete
    assert not (run.trials.get_column("ended") == "crashed").any()
    with Journal(tmp_path / "run") as journal:
        assert sum(1 for _ in journal.entries()) == 40 + hit


def test_one_refusal_among_trials_that_get_through_stops_nothing(
    sweep_at: Callable[..., Run],
) -> None:
    trials: list[str] = []

    def script(body: Fields, _before: int) -> Answer:
        if body["prompt_cache_key"] not in trials:
            trials.append(body["prompt_cache_key"])
        return errors("no", 404) if len(trials) == 9 else submitting()

    run = sweep_at(script)
    assert run.complete
    assert (run.trials.get_column("ended") == "crashed").sum() == 1


def test_an_endpoint_that_breaks_for_good_stops_the_sweep_after_so_many_crashes_in_a_row(
    sweep_at: Callable[..., Run],
) -> None:
    asked: list[Fields] = []

    def script(body: Fields, _before: int) -> Answer:
        asked.append(body)
        return submitting() if len(asked) <= 6 else BROKEN

    run = sweep_at(script)
    assert "fails: 10 trials in a row crashed" in run.outcome
    crashed = run.trials.get_column("ended") == "crashed"
    assert crashed.sum() in (10, 11)
    assert (~crashed).sum() == 6


def test_what_crashed_trials_used_is_kept(sweep_at: Callable[..., Run]) -> None:
    look = answer(calling(call("look", '{"jar": "J1"}')))
    run = sweep_at(lambda _, before: look if before == 0 else BROKEN)
    assert "fails: 10 trials in a row crashed" in run.outcome
    assert (run.steps.filter(run.steps["reply"].is_not_null())["prompt_tokens"] > 0).any()
    assert set(run.trials.get_column("blame")) == {"infrastructure"}


def test_a_dead_endpoint_is_told_soon_in_one_line(tmp_path: Path, sweep_file: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        words = ["run", str(sweep_file), "--runs", str(tmp_path), "--model", "openai:odd"]
        done = subprocess.run(
            [sys.executable, "-m", "experiments.cli", *words, "--set", "models.max_retries=1"],
            cwd=ROOT,
            env={**os.environ, "OPENAI_BASE_URL": url, "OPENAI_API_KEY": "any"},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
    assert done.returncode == 1, done.stderr
    told = done.stderr.splitlines()[-1]
    assert told.startswith("fanout: stopped: the endpoint has answered no call")
    assert "ConnectError" in told
    assert "Traceback" not in done.stderr
