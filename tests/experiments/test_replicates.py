"""A topology under two names: other luck for the agents, the same luck of the work."""

from dataclasses import replace

import pytest

from experiments.sweeps.sweep import specs
from experiments.sweeps.sweep_grid import parse_sweep
from experiments.trials.trial import run_trial
from tests.trials import spec

SWEEP = {
    "name": "aa",
    "trials": 2,
    "tasks": 2,
    "topologies": {"one": {"base": "single_thread"}, "other": {"base": "single_thread"}},
    "task_sets": {"orders": {"width": 4}},
}


def test_a_replicate_has_other_luck_and_the_same_tasks() -> None:
    plain = spec("single_thread", "orders", "flaky?slip=0.02", width=8, trial=1)
    again, salted = (run_trial(one) for one in (plain, replace(plain, replicate="b")))
    assert again["trials"][0]["task"] == salted["trials"][0]["task"]
    assert again["steps"][0]["prompt"] == salted["steps"][0]["prompt"]
    assert [s["ended"] for s in again["steps"]] != [s["ended"] for s in salted["steps"]]
    assert run_trial(plain) == again


def test_without_a_replicate_two_names_give_the_same_trials_twice() -> None:
    found = specs(parse_sweep(SWEEP))
    half = len(found) // 2
    seconds = [run_trial(one)["trials"][0]["seconds"] for one in found]
    assert seconds[:half] == seconds[half:]


def test_a_replicate_is_a_setting_of_the_sweep_and_not_of_the_topology() -> None:
    topologies = {
        "one": {"base": "single_thread"},
        "other": {"base": "single_thread", "replicate": "2"},
    }
    sweep = parse_sweep({**SWEEP, "topologies": topologies})
    assert [(cell.name, cell.replicate, dict(cell.settings)) for cell in sweep.topologies] == [
        ("one", "", {}),
        ("other", "2", {}),
    ]


@pytest.mark.parametrize("contrast", ["one", "one vs one", "one vs nobody", 3])
def test_a_contrast_names_two_topologies_of_the_sweep(contrast: object) -> None:
    with pytest.raises(ValueError, match='"A vs B" of two topologies of the sweep'):
        parse_sweep({**SWEEP, "contrasts": [contrast]})
    assert parse_sweep({**SWEEP, "contrasts": ["one vs other"]}).contrasts == ("one vs other",)
