"""The law of biting for a model's channel: through the real client, its retries and its limits."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from experiments.running.runner import run_sweep
from experiments.trials.trial import Record, run_trial
from tasks.faults import FAULTS, load_fault
from tasks.faults.plan import plan_of
from tests.experiments.conftest import small_sweep
from tests.scripted_endpoint import ScriptedEndpoint, submitting
from tests.trials import spec

OF_MODELS = [name for name in FAULTS if load_fault(name).stands == "model"]
RETRIED = ["model_rate_limited", "model_server_error"]
WORK: dict[str, Any] = {"task_set": "orders", "model": "perfect", "width": 2}


def faulted(name: str, **entry: Any) -> Record:
    """A trial under a fault of the channel, once for each thing the model is told unless said."""
    plan = plan_of("law", [{"fault": name, **(entry or {"first": 1})}])
    return run_trial(replace(spec(**WORK), faults=plan))


def hit(record: Record) -> list[dict[str, Any]]:
    """The model calls that a fault was armed at."""
    return [step for step in record["steps"] if step["fault"]]


@pytest.fixture(scope="module")
def twin() -> Record:
    """The same trial without faults."""
    return run_trial(spec(**WORK))


@pytest.mark.parametrize("name", RETRIED)
def test_an_endpoint_that_fails_once_costs_attempts_and_time_and_nothing_else(
    name: str, twin: Record
) -> None:
    record = faulted(name)
    steps = hit(record)
    assert steps
    assert {(step["fault_effect"], step["attempts"]) for step in steps} == {("fired", 2)}
    assert all(step["waited"] > 0 for step in steps)
    assert record["trials"][0]["passed"]
    assert record["trials"][0]["waited"] > 0
    assert record["trials"][0]["seconds"] == twin["trials"][0]["seconds"]


@pytest.mark.parametrize("name", [*RETRIED, "model_timeout"])
def test_an_endpoint_that_goes_on_failing_is_the_infrastructures_doing(name: str) -> None:
    trial = faulted(name, permanent=True)["trials"][0]
    assert (trial["ended"], trial["blame"]) == ("crashed", "infrastructure")
    assert trial["passed"] is None


def test_a_call_that_runs_out_of_time_is_repeated_once() -> None:
    late = faulted("model_timeout", rate=0.2, seconds=30)
    steps = [step for step in hit(late) if step["reply"] is not None]
    assert steps
    assert all(step["attempts"] == 2 and step["waited"] >= 30 for step in steps)


def test_a_reply_that_breaks_off_is_what_the_agent_is_left_with(twin: Record) -> None:
    record = faulted("cut_off")
    (step,) = hit(record)
    assert (step["fault_effect"], step["finish_reason"]) == ("reached", "length")
    assert step["reply"] != twin["steps"][0]["reply"]
    assert "tool_calls" in step["reply_raw"]
    assert not record["trials"][0]["passed"]


def test_a_malformed_call_is_kept_as_it_came_and_answered_with_an_error() -> None:
    record = faulted("malformed_call", rate=0.3)
    steps = [step for step in hit(record) if step["fault_effect"] == "reached"]
    assert steps
    assert all(step["invalid_calls"] for step in steps)
    assert record["trials"][0]["tool_errors"] >= len(steps)


@pytest.mark.parametrize(("name", "field"), [("empty_reply", "reply"), ("refusal", "refusal")])
def test_an_empty_reply_and_a_refusal_end_an_agent_that_has_no_more_to_go_by(
    name: str, field: str
) -> None:
    record = faulted(name)
    (step,) = hit(record)
    assert step["fault_effect"] == "reached"
    assert step[field]
    assert '"tool_calls": []' in step["reply"]
    assert not record["trials"][0]["passed"]


@pytest.mark.parametrize("name", OF_MODELS)
def test_a_trial_with_a_faulty_channel_is_the_same_each_time(name: str) -> None:
    assert faulted(name, rate=0.2) == faulted(name, rate=0.2)


def test_a_role_can_have_a_channel_worse_than_others() -> None:
    plan = plan_of("law", [{"fault": "model_server_error", "first": 1, "roles": "subagent"}])
    record = run_trial(replace(spec("lead_subagents", **WORK), faults=plan))
    assert {step["role"] for step in hit(record)} == {"subagent"}


def test_a_real_endpoints_client_meets_them_at_the_same_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedEndpoint(lambda _body, _before: submitting()) as endpoint:
        monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url)
        monkeypatch.setenv("OPENAI_API_KEY", "any")
        limited = [{"fault": "model_rate_limited", "first": 2, "retry_after": 0.01}]
        sweep = small_sweep(
            topologies=["single_thread"],
            trials=1,
            models={"default": "openai:any", "max_retries": 2},
            faults={"limited": limited, "twins": False},
        )
        run = run_sweep(sweep, tmp_path / "run", workers=4)
    steps = run.steps.filter(pl.col("kind") == "model")
    assert steps.height == 3
    assert steps["attempts"].to_list() == [3, 3, 3]
    assert set(steps["fault_effect"]) == {"fired"}
    assert set(run.trials["ended"]) == {"completed"}
