import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from topologies.models.chat_client import FastChatOpenAI
from topologies.models.model import ModelSettings, in_process_model, make_model
from topologies.simulated.wire import Reply, Request
from topologies.virtual_time import run_virtual


def build(name: str, settings: ModelSettings) -> ChatOpenAI:
    """A builder from outside the package."""
    return in_process_model("mine", lambda _: Reply(f"built {name}"), ["mine"], settings)


def key_of(model: ChatOpenAI) -> str:
    assert isinstance(model.openai_api_key, SecretStr)
    return model.openai_api_key.get_secret_value()


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment without keys and a working directory without a .env file."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "OPENAI_PROXY"):
        monkeypatch.delenv(name, raising=False)
    # Without this, building a client warns of proxies that the machine may have set.
    monkeypatch.setenv("LANGCHAIN_OPENAI_TCP_KEEPALIVE", "0")
    monkeypatch.chdir(tmp_path)
    return monkeypatch


@pytest.mark.usefixtures("clean")
def test_a_missing_key_is_named_together_with_what_needs_none() -> None:
    with pytest.raises(ValueError, match=r"OPENAI_API_KEY.*simulated:typical") as caught:
        make_model("openai:gpt-5-mini")
    assert "\n" not in str(caught.value)


def test_the_key_and_the_address_come_from_the_environment(clean: pytest.MonkeyPatch) -> None:
    clean.setenv("OPENAI_API_KEY", "from-the-environment")
    clean.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    Path(".env").write_text("OPENAI_API_KEY=from-the-file\n")
    model = make_model("openai:environment")
    assert key_of(model) == "from-the-environment"
    assert str(model.root_async_client.base_url) == "http://127.0.0.1:9/v1/"


@pytest.mark.usefixtures("clean")
def test_the_key_and_the_address_come_from_a_file_otherwise() -> None:
    Path(".env").write_text("OPENAI_API_KEY=from-the-file\nOPENAI_BASE_URL=http://x.test/v1\n")
    model = make_model("openai:file")
    assert key_of(model) == "from-the-file"
    assert str(model.root_async_client.base_url) == "http://x.test/v1/"


def test_settings_reach_the_client(clean: pytest.MonkeyPatch) -> None:
    clean.setenv("OPENAI_API_KEY", "any")
    settings = ModelSettings(
        temperature=0.5,
        seed=7,
        max_tokens=100,
        timeout_s=5.0,
        max_retries=3,
        requests_per_minute=60,
    )
    model = make_model("openai:gpt-6-luna", settings)
    assert isinstance(model, FastChatOpenAI)
    assert (model.temperature, model.seed, model.max_tokens) == (0.5, 7, 100)
    assert model.root_async_client.max_retries == 3
    assert model.root_async_client.timeout == httpx2.Timeout(5.0)
    assert model.use_responses_api is False
    assert model.limit is not None
    assert str(model.root_async_client.base_url) == "https://api.openai.com/v1/"


def test_a_client_is_made_once_for_all(clean: pytest.MonkeyPatch) -> None:
    clean.setenv("OPENAI_API_KEY", "any")
    model = make_model("openai:shared")
    assert make_model("openai:shared", ModelSettings()) is model
    assert make_model("openai:shared", ModelSettings(temperature=1.0)) is not model


def test_a_builder_from_outside_is_found_by_its_path() -> None:
    module = __name__
    sys.modules.setdefault(module, sys.modules[__name__])
    assert run_virtual(make_model(f"{module}:build:large").ainvoke("Hi")).content == "built large"
    assert run_virtual(make_model(f"{module}:build").ainvoke("Hi")).content == "built "


@pytest.mark.parametrize("name", ["gpt-4o", "anthropic:claude", "no.such.module:build", ""])
def test_an_unknown_model_is_refused_with_what_there_is(name: str) -> None:
    with pytest.raises(ValueError, match=r"openai:NAME, simulated:NAME, or my_package"):
        make_model(name)


def test_a_path_without_its_function_is_refused() -> None:
    with pytest.raises(ValueError, match="json has no 'nothing'"):
        make_model("json:nothing")


def test_an_unknown_profile_is_refused_with_what_there_is() -> None:
    with pytest.raises(ValueError, match=r"'no-such-profile'.*typical"):
        make_model("simulated:no-such-profile")


def test_a_shipped_profile_answers() -> None:
    reply = run_virtual(make_model("simulated:typical").ainvoke("Hello"))
    assert reply.usage_metadata is not None
    assert reply.usage_metadata["input_tokens"] > 0


def test_an_embedded_model_ignores_proxies_keys_and_addresses_of_the_environment(
    clean: pytest.MonkeyPatch,
) -> None:
    clean.setenv("OPENAI_PROXY", "http://proxy.invalid")
    clean.setenv("OPENAI_API_KEY", "a-real-key")
    clean.setenv("OPENAI_BASE_URL", "http://real.invalid/v1")
    model = in_process_model("p", lambda _: Reply("inside"), ["p"])
    assert key_of(model) != "a-real-key"
    assert run_virtual(model.ainvoke("Hi")).content == "inside"
    assert model.invoke("Hi").content == "inside"


def test_one_embedded_model_serves_many_trials_after_each_other() -> None:
    def slow(request: Request) -> Reply:
        return Reply(str(request["seed"]), seconds=request["seed"])

    model = in_process_model("p", slow, ["p"])

    async def trial() -> list[Any]:
        copies = (model.model_copy(update={"seed": seed}) for seed in (3, 1, 2))
        replies = await asyncio.gather(*(copy.ainvoke("Hi") for copy in copies))
        return [*(reply.content for reply in replies), asyncio.get_running_loop().time()]

    assert [run_virtual(trial()) for _ in range(5)] == [["3", "1", "2", 3.0]] * 5


def test_importing_the_package_imports_no_client() -> None:
    program = "import sys, topologies; print('langchain_core' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
