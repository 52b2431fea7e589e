"""Faults as an axis of a sweep: its plans, its twins, its records, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from experiments.engines.engine import load_engine
from experiments.recorded.show import trajectory
from experiments.refused import Refused
from experiments.running.runner import run_sweep
from experiments.sweeps.sweep import canonical, specs, sweep_hash
from experiments.sweeps.sweep_file import read_sweep, shipped
from results.journal import unpacked
from results.store import open_run
from tasks.faults import FAULTS
from tests.experiments.conftest import small_sweep

pytestmark = pytest.mark.slow

LOST = [{"fault": "lost_reply", "rate": 0.5}]


def test_a_plan_is_an_axis_and_its_faultless_twins_are_those_of_a_sweep_without_faults() -> None:
    plain, faulted = small_sweep(), small_sweep(faults={"lost": LOST, "late": [{"fault": "slow"}]})
    without = {one.trial_id for one in specs(plain)}
    planned = specs(faulted)
    assert len(planned) == 3 * len(without)
    assert {one.trial_id for one in planned if one.faults is None} == without
    assert {one.faults.name for one in planned if one.faults} == {"lost", "late"}
    assert sweep_hash(canonical(plain)) != sweep_hash(canonical(faulted))
    assert json.dumps(canonical(faulted))


def test_twins_can_be_left_out_and_an_empty_plan_is_one() -> None:
    alone = small_sweep(faults={"lost": LOST, "twins": False})
    assert all(one.faults for one in specs(alone))
    named = small_sweep(faults={"lost": LOST, "none": [], "twins": False})
    assert sum(one.faults is None for one in specs(named)) == len(specs(small_sweep()))


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"twins": True}, "has no plan"),
        ({"twins": "yes", "lost": LOST}, "true or false"),
        ({"lost": [{"fault": "lost"}]}, "no fault 'lost'"),
        ({"lost": [{"fault": "timeout", "tools": "sell"}]}, "none of the tools of its task sets"),
        ({"lost": [{"fault": "timeout", "rate": 2}]}, "from 0 to 1"),
        ("lost", "must be a table"),
    ],
)
def test_a_table_of_faults_that_cannot_be_is_refused_in_one_line(table: Any, said: str) -> None:
    with pytest.raises(Refused, match=said) as refused:
        small_sweep(faults=table)
    assert "\n" not in str(refused.value)


def test_records_are_the_same_on_every_engine_with_faults_on() -> None:
    plans: dict[str, Any] = {
        "many": [{"fault": name, "rate": 0.05} for name in FAULTS if name != "rows_missing"]
    }
    planned = specs(small_sweep(faults={**plans, "twins": False}, trials=1))
    found = [
        {one.trial_id: unpacked(one.packed) for one in load_engine(engine)(iter(planned), 2)}
        for engine in ("here", "pool")
    ]
    assert len(found[0]) == len(planned)
    assert found[0] == found[1]
    steps = [step for record in found[0].values() for step in record["steps"]]
    assert any(step["fault_effect"] == "reached" for step in steps)


def test_chaos_has_eight_faults_and_chaos_all_the_rest() -> None:
    assert {"chaos", "chaos_all"} <= set(shipped())
    plans = {name: read_sweep(name).faults for name in ("chaos", "chaos_all")}
    used = {
        name: {aim.fault for plan in found if plan for aim in plan.aims}
        for name, found in plans.items()
    }
    assert len(used["chaos"]) == 8
    assert used["chaos"] | used["chaos_all"] <= set(FAULTS)
    assert len(used["chaos_all"]) == 25
    assert not used["chaos"] & used["chaos_all"]
    assert all(found[0] is None for found in plans.values())


def test_a_plan_can_be_set_from_the_command_line(sweep_file: Path) -> None:
    sweep = read_sweep(str(sweep_file), ['faults.lost=[{ fault = "timeout", rate = 0.2 }]'])
    assert [plan and plan.name for plan in sweep.faults] == [None, "lost"]


def test_tools_take_the_time_that_they_took_in_a_recorded_run(tmp_path: Path) -> None:
    slow: dict[str, Any] = {"fault": "slow", "spread": 0.3}
    plans = {
        "stated": [
            {**slow, "tools": "look", "median": 2.0},
            {**slow, "tools": "fill", "median": 8.0},
        ]
    }
    stated = small_sweep(faults={**plans, "twins": False}, trials=6)
    run_sweep(stated, tmp_path / "slow")
    fitted = small_sweep(faults={"as": [{"fault": "slow", "fitted": str(tmp_path / "slow")}]})
    (plan,) = [plan for plan in fitted.faults if plan]
    found = {aim.tools: aim.settings for aim in plan.aims}
    for tool, median in (("look", 2.0), ("fill", 8.0)):
        assert found[(tool,)]["median"] == pytest.approx(median, rel=0.2)
        assert found[(tool,)]["spread"] == pytest.approx(0.3, abs=0.1)
    plain = run_sweep(small_sweep(trials=1), tmp_path / "plain")
    with pytest.raises(Refused, match="no tool of these task sets took any time"):
        small_sweep(faults={"as": [{"fault": "slow", "fitted": str(plain.folder)}]})
    shown = "\n".join(trajectory(open_run(tmp_path / "slow"), specs(stated)[0].trial_id))
    assert "FAULT slow (reached, transient)" in shown
