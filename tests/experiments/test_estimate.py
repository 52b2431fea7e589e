"""What a sweep would take, before it runs: each model at its own price, and by the clock."""

from pathlib import Path
from typing import Any

import pytest

from experiments.cli import main
from experiments.profiles.probe import Sizes, estimated, probe_sweeps
from experiments.running.estimate import Estimate, from_pilot, from_run
from experiments.running.runner import run_sweep
from experiments.sweeps.sweep import Sweep
from results.store import Run
from tests.experiments.conftest import small_sweep

pytestmark = pytest.mark.slow


def one_cell(**models: Any) -> Sweep:
    cell = {"orders": {"width": 1, "tasks": 1}}
    return small_sweep(topologies=["single_thread"], task_sets=cell, trials=10, models=models)


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "any")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setenv("LANGCHAIN_OPENAI_TCP_KEEPALIVE", "0")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that stands for a pilot: one trial, whose tokens every estimate here is made of."""
    sweep = one_cell(default="simulated:perfect")
    return run_sweep(sweep, tmp_path_factory.mktemp("runs") / "run", engine="here")


def costs(recorded: Run, **models: Any) -> float | None:
    return from_run(one_cell(**models), recorded).total("dollars")


def test_every_model_is_estimated_at_its_own_price(recorded: Run) -> None:
    large, small = (costs(recorded, default=f"openai:gpt-5{end}") for end in ("", "-nano"))
    assert large is not None
    assert small is not None
    # $1.25 and $0.05 a million fresh tokens, $10 and $0.40 written.
    assert large == pytest.approx(25 * small)


def test_a_model_whose_price_is_not_known_has_none_and_is_named(recorded: Run) -> None:
    found = from_run(one_cell(default="openai:no-such-model"), recorded)
    assert found.total("dollars") is None
    assert found.unpriced == ("no-such-model at https://api.openai.com/v1",)
    # A model of a known name that is served at home costs what nobody knows.
    home: dict[str, Any] = {"name": "openai:gpt-5", "base_url": "http://127.0.0.1:8000/v1"}
    assert costs(recorded, default=home) is None
    priced = home | {"input_price": 0, "output_price": 0}
    assert costs(recorded, default=priced) == 0


def test_roles_are_estimated_at_the_prices_of_their_models(recorded: Run) -> None:
    whole = costs(recorded, default="openai:gpt-5-nano", agent="openai:gpt-5")
    assert whole == costs(recorded, default="openai:gpt-5")


def test_a_pilot_is_priced_as_the_model_that_will_be_used() -> None:
    def of(name: str) -> Estimate:
        return from_pilot(one_cell(default=name), 1, workers=1)

    large, small = of("openai:gpt-5"), of("openai:gpt-5-nano")
    assert large.total("tokens") == small.total("tokens")
    dollars = large.total("dollars"), small.total("dollars")
    assert None not in dollars
    assert dollars[0] == pytest.approx(25 * (dollars[1] or 0))


def test_the_clock_is_estimated_from_latencies_workers_and_rates(recorded: Run) -> None:
    (seconds,) = recorded.trials.get_column("seconds").unique().to_list()[:1]
    alone = from_run(one_cell(default="openai:gpt-5"), recorded, workers=1)
    eight = from_run(one_cell(default="openai:gpt-5"), recorded, workers=8)
    assert alone.seconds == pytest.approx(10 * seconds, rel=0.5)
    assert eight.seconds == pytest.approx((alone.seconds or 0) / 8)
    slow = from_run(one_cell(default="openai:gpt-5", requests_per_minute=1), recorded, workers=8)
    assert slow.seconds == pytest.approx(60 * (slow.total("calls") or 0))


def test_a_probe_of_a_dearer_model_costs_more() -> None:
    def of(name: str) -> Estimate:
        return estimated(probe_sweeps(f"openai:{name}", Sizes(3, 1, 1), (1,)), workers=2)

    large, none = of("gpt-5"), of("no-such-model")
    assert (large.total("dollars") or 0) > 0
    assert large.seconds is not None
    assert none.total("dollars") is None
    assert len(none.unpriced) == 1


def test_an_unknown_price_is_asked_about_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        'topologies = ["single_thread"]\ntrials = 1\n[task_sets.orders]\nwidth = 1\ntasks = 1\n'
        '[models]\ndefault = "openai:no-such-model"\n'
    )
    words = ["run", str(file), "--runs", str(tmp_path), "--pilot", "1", "--workers", "1"]
    assert main([*words, "--max-dollars", "5"]) != 0
    (line,) = capsys.readouterr().err.strip().splitlines()
    for part in ("no-such-model", "api.openai.com", "input_price", "--yes"):
        assert part in line
    assert main([*words, "--estimate"]) == 0
    told = capsys.readouterr().out
    assert "not known" in told
    assert "By the clock: about" in told
