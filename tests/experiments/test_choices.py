"""What the comparison notebook runs is what the command beside it runs; bad choices are said."""

import shlex
from pathlib import Path

import pytest

from experiments.cli import parser
from experiments.loading import load_task_set
from experiments.notebook_parts.controls import Choices, command, grid_line, read_choices, sweep_of
from experiments.notebook_parts.suggestions import chosen, offered, to_open
from experiments.running.runner import run_sweep
from experiments.sweeps.sweep import canonical, specs
from experiments.sweeps.sweep_file import read_sweep
from tasks.task import settings_of
from tests.experiments.conftest import MakeSweep

CHOICES = [
    Choices(),
    Choices(task_sets=("orders", "stdlib"), width=(4, 8), coupling=(0.0, 0.5), tasks=2),
    Choices(mode=("act", "answer"), style=("crud",), phrasing=("plain", "paraphrased")),
    Choices(topologies=("serial_team",), model="simulated:typical?distraction=0.2", trials=1),
]


@pytest.mark.parametrize("choices", CHOICES)
def test_the_command_shown_runs_the_same_sweep(choices: Choices) -> None:
    words = parser().parse_args(shlex.split(command(choices))[1:])
    assert canonical(read_sweep(words.sweep, words.set, words.model)) == canonical(
        sweep_of(choices)
    )


def test_the_line_beside_the_button_counts_the_trials() -> None:
    for choices in CHOICES:
        sweep = sweep_of(choices)
        assert grid_line(sweep).endswith(
            f"= {len(specs(sweep))} trial{'s' if len(specs(sweep)) > 1 else ''}"
        )


def test_a_setting_that_a_task_set_does_not_have_is_left_out_for_it() -> None:
    sweep = sweep_of(Choices(task_sets=("orders", "stdlib"), style=("crud",), mode=("act",)))
    settings = {cell.task_set: cell.settings for cell in sweep.cells}
    assert settings["orders"]["style"] == "crud"
    assert "style" not in settings["stdlib"]


def test_other_choices_are_another_run_and_the_same_ones_the_same() -> None:
    names = [sweep_of(choices).name for choices in CHOICES]
    assert len(set(names)) == len(names)
    assert sweep_of(Choices()).name == names[0]


def test_runs_are_named_by_the_notebook_that_started_them() -> None:
    assert sweep_of(Choices()).name.startswith("compare-")
    assert sweep_of(Choices(name="conflicts")).name.startswith("conflicts-")


def test_a_script_gives_choices_as_words() -> None:
    given = read_choices({"": "", "tasks": 2, "coupling": "0,0.5", "topologies": "serial_team"})
    assert given == Choices(tasks=2, coupling=(0.0, 0.5), topologies=("serial_team",))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"taks": 2}, "did you mean 'tasks'"),
        ({"width": "4,wide"}, "--width 4,wide: it must be like 8"),
        ({"tasks": "0"}, "--tasks 0: it must be from 1 to 100"),
        ({"trials": "65"}, "--trials 65: it must be from 1 to 64"),
        ({"run": ""}, "--run is empty; give it a value"),
        ({"topologies": ""}, "give it a value like single_thread,lead_subagents"),
    ],
)
def test_words_that_cannot_be_are_refused(given: dict[str, object], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        read_choices(given)


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        (Choices(topologies=()), "choose at least one value for topologies"),
        (Choices(mode=()), "choose at least one value for mode"),
        (Choices(model="simulated:typicle"), "no profile 'typicle'"),
        (Choices(model="nobody:x"), "models.default"),
        (Choices(topologies=("solo",)), "there is no topology 'solo'"),
    ],
)
def test_a_sweep_that_cannot_be_says_why(choices: Choices, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        sweep_of(choices)


def test_a_real_model_is_capped_and_a_simulated_one_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    assert sweep_of(Choices(model="openai:gpt-4o", dollars=0.5)).sweep_limits.dollars == 0.5
    assert sweep_of(Choices(model="openai:gpt-4o", dollars=0)).sweep_limits.dollars is None
    assert sweep_of(Choices(dollars=0.5)).sweep_limits.dollars is None


def test_everything_that_is_offered_can_be_run() -> None:
    offers = offered(Choices(model="openai:mine"))
    assert "openai:mine" in offers["model"]
    for name in ("width", "coupling", "style", "phrasing", "mode"):
        for value in offers[name]:
            settings_of(load_task_set("orders"), {name: value})
    for name in ("topologies", "task_sets"):
        for value in offers[name]:
            sweep_of(chosen(Choices(), {name: [value]}))


def test_another_model_wins_over_the_one_in_the_list() -> None:
    assert chosen(Choices(), {"other_model": " openai:mine "}).model == "openai:mine"
    assert chosen(Choices(), {"other_model": "", "trials": 2}) == Choices(trials=2)


def test_the_run_that_was_asked_for_is_offered_first(make_sweep: MakeSweep, tmp_path: Path) -> None:
    for name in ("older", "newer"):
        run_sweep(make_sweep(name=name, trials=1), tmp_path / name, engine="here")
    assert list(to_open(Choices(runs=tmp_path))) == ["newer", "older"]
    assert next(iter(to_open(Choices(runs=tmp_path, run="latest")))) == "newer"
    assert list(to_open(Choices(runs=tmp_path, run="older"))) == ["older", "newer"]
    elsewhere = to_open(Choices(runs=tmp_path / "none", run=str(tmp_path / "older")))
    assert elsewhere == {"older": tmp_path / "older"}
