"""A model for each role: what is said of it reaches the wire, and what cannot be is refused."""

import json
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from langchain_openai import ChatOpenAI

from experiments.running.manifest import manifest_of
from experiments.running.runner import run_sweep
from experiments.sweeps.checks import check
from experiments.sweeps.sweep import Sweep, specs
from experiments.sweeps.sweep_file import read_sweep
from experiments.trials.roles import model_of
from experiments.trials.trial import run_trial
from results.store import open_run
from tests.experiments.conftest import MakeSweep
from tests.experiments.test_usage import DETAILED, submitting
from tests.trials import spec
from topologies.agent import agent_graph
from topologies.kit import Kit
from topologies.models.model import ModelSettings, in_process_model, make_model
from topologies.simulated.model import respond
from topologies.simulated.profile import profiles

REQUESTS: list[tuple[str, dict[str, str], dict[str, Any]]] = []
"""Path, headers and body of every request that the endpoint got."""

RESPONSES_REPLY: dict[str, Any] = {
    "id": "resp_1", "object": "response", "created_at": 1, "model": "gpt-5-mini",
    "status": "completed", "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
    "service_tier": "flex", "error": None, "incomplete_details": None, "instructions": None,
    "metadata": {},
    "output": [{"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "submit",
                "status": "completed",
                "arguments": '{"answer": "done", "status": "done", "confidence": 0.5}'}],
    "usage": {"input_tokens": 1000, "input_tokens_details": {"cached_tokens": 600},
              "output_tokens": 100, "output_tokens_details": {"reasoning_tokens": 40},
              "total_tokens": 1100},
}  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    """Submits at once, whichever of the two APIs is spoken."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        REQUESTS.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        chat = "chat/completions" in self.path
        reply = submitting(DETAILED, model=body["model"]) if chat else RESPONSES_REPLY
        told = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, format: str, *args: Any) -> None:
        del format, args


@pytest.fixture
def endpoint() -> Iterator[str]:
    """The base URL of an endpoint on this machine that keeps what it was asked."""
    REQUESTS.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANGCHAIN_OPENAI_TCP_KEEPALIVE", "0")
    monkeypatch.chdir(tmp_path)


def build_simulated(name: str, settings: ModelSettings) -> ChatOpenAI:
    """An own builder that gives the simulated model, under whatever name."""
    return in_process_model(name or "typical", respond, profiles(), settings)


OWN_SIMULATED = f"{__name__}:build_simulated:perfect"
QUICK = "?seconds_per_call=0.2&seconds_per_token=0.005"
"""Beside a real model the simulated one takes its time in real seconds."""


def one_trial(make_sweep: MakeSweep, models: dict[str, Any], **more: Any) -> Sweep:
    tasks = {"orders": {"width": 1, "tasks": 1}}
    changes: dict[str, Any] = {"topologies": ["single_thread"], "task_sets": tasks, "trials": 1}
    return make_sweep(models=models, **(changes | more))


def test_everything_said_of_a_role_reaches_its_endpoint(
    endpoint: str, tmp_path: Path, make_sweep: MakeSweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "a-key-of-mine")
    monkeypatch.setenv("MY_PROJECT", "a-project")
    sweep = one_trial(
        make_sweep,
        {
            "temperature": 0.9,
            "sends_cache_key": False,
            "default": {
                "name": "openai:small",
                "base_url": f"{endpoint}?api-version=1",
                "api_key_env": "MY_KEY",
                "temperature": 0.1,
                "max_tokens": 321,
                "reasoning_effort": "high",
                "tool_choice": "required",
                "extra_body": {"top_k": 5},
                "headers": {"X-Team": "blue", "X-Project": "$MY_PROJECT"},
            },
        },
    )
    run = run_sweep(sweep, tmp_path / "run")
    assert run.trials.get_column("ended").to_list() == ["completed"]
    ((path, headers, body),) = REQUESTS
    assert path == "/v1/chat/completions?api-version=1"
    assert headers["authorization"] == "Bearer a-key-of-mine"
    assert (headers["x-team"], headers["x-project"]) == ("blue", "a-project")
    assert (body["model"], body["temperature"], body["top_k"]) == ("small", 0.1, 5)
    assert (body["reasoning_effort"], body["tool_choice"]) == ("high", "required")
    assert 321 in (body.get("max_completion_tokens"), body.get("max_tokens"))
    assert "prompt_cache_key" not in body
    assert "a-key-of-mine" not in json.dumps(run.manifest)
    assert run.manifest["endpoints"] == {"default": [endpoint]}


def test_settings_of_all_roles_hold_where_a_role_says_nothing(
    endpoint: str, tmp_path: Path, make_sweep: MakeSweep
) -> None:
    models = {"default": "openai:m", "base_url": endpoint, "reasoning_effort": "low"}
    run_sweep(one_trial(make_sweep, models), tmp_path / "run")
    ((_, headers, body),) = REQUESTS
    assert body["reasoning_effort"] == "low"
    assert "prompt_cache_key" in body
    # No variable was named for this address, so it gets no key of anybody's.
    assert headers["authorization"] == "Bearer none-needed"


def test_openais_key_does_not_go_to_another_address(
    endpoint: str, tmp_path: Path, make_sweep: MakeSweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "the-key-of-openai")
    models = {"default": {"name": "openai:m", "base_url": endpoint}}
    run_sweep(one_trial(make_sweep, models), tmp_path / "run")
    assert "the-key-of-openai" not in json.dumps(REQUESTS)


def test_the_responses_api_is_spoken_where_it_is_asked_for_and_its_usage_recorded(
    endpoint: str, tmp_path: Path, make_sweep: MakeSweep
) -> None:
    models = {
        "default": {
            "name": "openai:gpt-5-mini",
            "base_url": endpoint,
            "use_responses_api": True,
            "tool_choice": "submit",
            "reasoning_effort": "low",
        }
    }
    run = run_sweep(one_trial(make_sweep, models), tmp_path / "run")
    ((path, _, body),) = REQUESTS
    assert path == "/v1/responses"
    assert body["tool_choice"] == {"type": "function", "name": "submit"}
    assert body["reasoning"] == {"effort": "low"}
    (trial,) = run.trials.to_dicts()
    assert trial["ended"] == "completed"
    (call,) = [s for s in run.steps.to_dicts() if s["kind"] == "model"]
    assert (call["prompt_tokens"], call["cached_tokens"]) == (1000, 600)
    assert (call["completion_tokens"], call["reasoning_tokens"]) == (100, 40)
    assert (call["model"], call["service_tier"]) == ("gpt-5-mini", "flex")


def test_a_stated_price_is_what_calls_cost(
    endpoint: str, tmp_path: Path, make_sweep: MakeSweep
) -> None:
    prices = {"input_price": 1.0, "cached_input_price": 0.1, "output_price": 10.0}
    models = {"default": {"name": "openai:my-own", "base_url": endpoint, **prices}}
    run = run_sweep(one_trial(make_sweep, models), tmp_path / "run")
    assert run.trials.get_column("dollars").to_list() == [pytest.approx(0.00146)]
    assert run.trials.get_column("dollars_uncached").to_list() == [pytest.approx(0.002)]
    free = {"default": {**models["default"], "input_price": 0, "output_price": 0}}
    del free["default"]["cached_input_price"]
    run = run_sweep(one_trial(make_sweep, free), tmp_path / "free")
    assert run.trials.get_column("dollars").to_list() == [0.0]


def test_a_role_without_a_name_of_its_own_has_the_default_model_with_its_own_settings(
    make_sweep: MakeSweep,
) -> None:
    sweep = make_sweep(
        models={
            "seed": 1,
            "default": {"name": "simulated:perfect", "temperature": 0.1, "seed": 2},
            "lead": {"temperature": 0.5},
            "subagent": "simulated:steady",
        }
    )
    assert model_of(sweep, "lead") == ("simulated:perfect", {"seed": 2, "temperature": 0.5})
    assert model_of(sweep, "agent") == ("simulated:perfect", {"seed": 2, "temperature": 0.1})
    assert model_of(sweep, "subagent") == ("simulated:steady", {"seed": 1})


def test_specs_of_sweeps_without_role_tables_keep_their_ids() -> None:
    assert spec().trial_id == replace(spec(), role_settings={}).trial_id
    assert spec().trial_id == "021b06c7afd9bd8be3cc"
    assert spec().trial_id != replace(spec(), role_settings={"lead": {"seed": 1}}).trial_id


REFUSED: list[tuple[str, str]] = [
    ('leed = "simulated:typical"', "no role 'leed'; did you mean 'lead'"),
    ('[models.leed]\nname = "simulated:typical"', "no role 'leed'; did you mean 'lead'"),
    ('judge = "simulated:typical"', "no role 'judge'"),
    ('aggregator = "simulated:typical"', "no role 'aggregator'"),
    ('name = "openai:gpt-5"', "models has no key 'name'"),
    ('reasoning_efort = "high"', "did you mean 'reasoning_effort'"),
    ('base_url = "127.0.0.1:8000"', "models.base_url must be an address"),
    ('base_url = "http://user:pw@host/v1"', "without user and password"),
    ('base_url = "http://:80"', "models.base_url must be an address"),
    ('base_url = "http://host:99999/v1"', "models.base_url must be an address"),
    ('base_url = 5', "models.base_url must be text"),
    ('api_key_env = "sk-abcdefghijklmnop"', "not the key"),
    ('reasoning_effort = 3', "models.reasoning_effort is 3; it must be text"),
    ('tool_choice = ""', "models.tool_choice is ''; it must be text"),
    ('use_responses_api = "yes"', "must be true or false"),
    ('extra_body = "x"', "models.extra_body must be a table"),
    ('headers = {a = 1}', "models.headers must be a table of texts"),
    ('headers = {Authorization = "Bearer abc"}', "a sweep holds no keys"),
    ('headers = {api-key = "abc"}', "a sweep holds no keys"),
    ('extra_body = {api_key = "abc"}', "a sweep holds no keys"),
    ('use_responses_api = true\nseed = 3', "the Responses API takes none"),
    ('input_price = 1.0', "go together"),
    ('cached_input_price = 1.0', "needs input_price"),
    ('max_tokens = 0', "must be above 0"),
    ('temperature = inf', "must be a number of 0 or more"),
    ('[models.lead]\nname = ""', "models.lead.name is ''"),
    ('[models.lead]\nname = 3', "models.lead.name is 3"),
    ('[models.lead]\nnmae = "openai:m"', "models.lead has no key 'nmae'; did you mean 'name'"),
    ('[models.lead]\ntemperature = -1', "models.lead.temperature is -1"),
    ('[models.lead]\nbase_url = "http://127.0.0.1:1/v1"', "has no endpoint, so no base_url"),
    ('lead = 4', "models.lead is 4"),
    ('[models.lead]\nname = "openai:m"\nbase_url = "http://127.0.0.1:1/v1"\n'
     'api_key_env = "NO_SUCH_KEY"', "needs NO_SUCH_KEY in the environment"),
    ('[models.lead]\nname = "openai:m"\nbase_url = "http://127.0.0.1:1/v1"\n'
     'headers = {X-Key = "$NO_SUCH_KEY"}', "needs NO_SUCH_KEY in the environment"),
]  # fmt: skip


@pytest.mark.parametrize(("models", "says"), REFUSED, ids=[m for m, _ in REFUSED])
def test_what_cannot_be_said_of_a_model_is_refused_in_one_line(
    tmp_path: Path, models: str, says: str
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        'topologies = ["single_thread", "lead_subagents"]\n[task_sets.orders]\nwidth = 2\n'
        f"[models]\n{models}\n"
    )
    with pytest.raises(ValueError, match=r".") as caught:
        check(read_sweep(str(file)))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    for secret in ("sk-abcdefghijklmnop", "user:pw", "Bearer abc"):
        assert secret not in str(caught.value)


def late_graph(kit: Kit) -> Any:
    """A topology whose boss is seated when it is built; others may come while it runs."""
    return agent_graph(kit.seat("boss", role="boss"))


def test_the_roles_of_an_own_topology_are_those_it_seats_at_first_and_the_usual_ones(
    make_sweep: MakeSweep,
) -> None:
    own = [{"base": f"{__name__}:late_graph", "label": "own"}]
    for role in ("boss", "subagent"):
        check(make_sweep(topologies=own, models={role: "simulated:perfect"}))
    with pytest.raises(ValueError, match="no role 'bos'; did you mean 'boss'"):
        check(make_sweep(topologies=own, models={"bos": "simulated:perfect"}))


@pytest.mark.slow
def test_an_own_builder_of_the_simulated_model_is_simulated(
    tmp_path: Path, make_sweep: MakeSweep
) -> None:
    sweep = one_trial(make_sweep, {"default": OWN_SIMULATED})
    assert sweep.simulation == "simulated"
    run = run_sweep(sweep, tmp_path / "run")
    (trial,) = run.trials.to_dicts()
    assert (trial["simulated"], trial["partly_simulated"], trial["passed"]) == (True, False, True)
    assert trial["started_at"] is None
    assert run.manifest["simulated"] is True
    named = run_trial(replace(specs(sweep)[0], models={"default": "simulated:perfect"}))
    assert named["trials"][0]["prompt_tokens"] == trial["prompt_tokens"]
    assert named["trials"][0]["dollars"] == trial["dollars"] is not None


def test_what_the_simulated_model_answers_is_priced_only_if_its_profile_says_how() -> None:
    model = make_model(f"{__name__}:build_simulated:no-such-profile")
    assert (model.metadata or {})["simulated"] is True


@pytest.mark.slow
@pytest.mark.parametrize("lead", [f"simulated:perfect{QUICK}", f"{OWN_SIMULATED}{QUICK}"])
def test_a_mix_of_simulated_and_real_models_is_partly_simulated(
    endpoint: str, tmp_path: Path, make_sweep: MakeSweep, lead: str
) -> None:
    models = {"lead": lead, "subagent": {"name": "openai:m", "base_url": endpoint}}
    wide = {"orders": {"width": 2, "tasks": 1}}
    sweep = one_trial(make_sweep, models, topologies=["lead_subagents"], task_sets=wide)
    assert sweep.simulation == "partly simulated"
    run = run_sweep(sweep, tmp_path / "run")
    (trial,) = run.trials.to_dicts()
    assert (trial["simulated"], trial["partly_simulated"]) == (True, True)
    assert run.manifest["partly_simulated"] is True
    assert run.manifest["endpoints"] == {
        "default": ["in this process"],
        "lead": ["in this process"],
        "subagent": [endpoint],
    }
    # Counts of two encodings are not added; the note says why there is no sum.
    assert trial["prompt_tokens"] is None
    assert "several encodings" in trial["usage_note"]


def test_going_on_at_another_endpoint_is_refused_unless_it_is_said(
    endpoint: str, tmp_path: Path, make_sweep: MakeSweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "any")
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint)
    sweep = one_trial(make_sweep, {"default": "openai:m"})
    folder = tmp_path / "run"
    run_sweep(sweep, folder)
    other = endpoint.replace("127.0.0.1", "localhost")
    monkeypatch.setenv("OPENAI_BASE_URL", other.replace("://", "://me:pw@") + "?key=abc")
    with pytest.raises(ValueError, match="--another-endpoint") as caught:
        run_sweep(replace(sweep, trials=1), folder)
    assert f"{endpoint} -> {other}" in str(caught.value)
    run_sweep(sweep, folder, another_endpoint=True)
    text = json.dumps(open_run(folder).manifest)
    assert open_run(folder).manifest["endpoints"] == {"default": [endpoint, other]}
    assert "me:pw" not in text
    assert "key=abc" not in text


def test_a_run_of_an_older_kit_that_names_no_endpoint_goes_on(
    endpoint: str, tmp_path: Path, make_sweep: MakeSweep
) -> None:
    sweep = one_trial(make_sweep, {"default": {"name": "openai:m", "base_url": endpoint}})
    folder = tmp_path / "run"
    folder.mkdir()
    old = manifest_of(sweep)
    for name in ("endpoints", "partly_simulated"):
        del old[name]
    (folder / "manifest.json").write_text(json.dumps(old))
    assert run_sweep(sweep, folder).manifest["endpoints"] == {"default": [endpoint]}
