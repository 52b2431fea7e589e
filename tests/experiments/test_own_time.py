"""What is the agents' time, and what the endpoint's and the kit's own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from experiments.running.runner import run_sweep
from results.store import Run
from tests.experiments.conftest import JARS, small_sweep
from tests.scripted_endpoint import (
    Answer,
    Fields,
    ScriptedEndpoint,
    answer,
    call,
    calling,
    submitting,
)
from topologies.models.attempts import seconds_of
from topologies.models.model_settings import MOST_TOKENS

pytestmark = pytest.mark.slow

BUSY = answer({"error": {"message": "slow down"}}, 429, retry_after_ms="4000")


@pytest.fixture
def run_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Run]]:
    """Runs two trials at once at a scripted endpoint; the endpoint's requests are kept."""
    monkeypatch.setenv("OPENAI_API_KEY", "any")
    endpoints: list[ScriptedEndpoint] = []

    def run(script: Callable[[Fields, int], Answer], limits: Fields, **models: Any) -> Run:
        endpoint = ScriptedEndpoint(script).__enter__()
        endpoints.append(endpoint)
        monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url)
        sweep = small_sweep(
            topologies=["single_thread"],
            trials=1,
            task_sets={JARS: {"width": 1, "tasks": 2}},
            models={"default": "openai:odd", **models},
            limits=limits,
        )
        return run_sweep(sweep, tmp_path / "run", workers=2)

    yield run
    for endpoint in endpoints:
        endpoint.__exit__()


def test_back_off_is_not_the_agents_time(run_at: Callable[..., Run]) -> None:
    run = run_at(lambda _, n: BUSY if n == 0 else submitting(), {"seconds": 3.5})
    assert set(run.trials.get_column("ended")) == {"completed"}
    assert (run.trials.get_column("waited") >= 4.0).all()
    assert (run.trials.get_column("seconds") < 3.5).all()
    first = run.steps.filter(pl.col("kind") == "model")
    assert set(first.get_column("attempts")) == {2}
    assert (first.get_column("waited") >= 4.0).all()


def test_the_kits_own_rate_limit_is_not_the_agents_time(run_at: Callable[..., Run]) -> None:
    # The first calls of both trials overdraw a budget of 4,000 tokens a second by 16,000.
    used = {"prompt_tokens": 127_990, "completion_tokens": 10, "total_tokens": 128_000}
    first = answer({**calling(call("look", '{"jar": "J1"}')), "usage": used})
    run = run_at(
        lambda _, n: first if n == 0 else submitting(), {"seconds": 3.5}, tokens_per_minute=240_000
    )
    assert set(run.trials.get_column("ended")) == {"completed"}
    assert (run.trials.get_column("waited") >= 3.5).all()
    assert (run.trials.get_column("seconds") < 3.5).all()


def test_a_slow_model_is_the_agents_time(run_at: Callable[..., Run]) -> None:
    slow = Answer(((2.0, submitting().pieces[0][1]),))
    run = run_at(lambda _, __: slow, {"seconds": 0.8})
    assert set(run.trials.get_column("limit")) == {"seconds"}
    assert run.trials.get_column("passed").null_count() == 0


def test_a_model_that_generates_without_end_is_cut_by_default(run_at: Callable[..., Run]) -> None:
    asked: list[Fields] = []

    def script(body: Fields, _before: int) -> Answer:
        asked.append(body)
        return submitting()

    run = run_at(script, {})
    assert run.manifest["max_tokens"] == {"default": MOST_TOKENS}
    assert {body["max_tokens"] for body in asked} == {MOST_TOKENS}


def test_waits_that_overlap_count_once() -> None:
    assert seconds_of([(0, 2), (1, 3), (1, 2), (5, 6)]) == 4
    assert seconds_of([]) == 0
