"""A sweep file says what is run; what it cannot mean is said in one line that names the key."""

from pathlib import Path

import pytest

from experiments.sweeps.checks import check
from experiments.sweeps.sweep import canonical, difference, specs, sweep_hash
from experiments.sweeps.sweep_file import read_sweep, shipped
from tests.experiments.conftest import JARS, SWEEP_FILE, MakeSweep


def test_lists_are_the_axes_of_a_grid(tmp_path: Path) -> None:
    file = tmp_path / "grid.toml"
    file.write_text(
        f"""
        trials = 2
        topologies = ["single_thread", {{label = "team", base = "lead_subagents", team = [2, 4]}}]
        [[task_sets."{JARS}"]]
        width = [2, 3]
        tasks = 2
        [[task_sets."{JARS}"]]
        width = 5
        split = "held_out"
        tasks = 1
        [models]
        default = "simulated:steady"
        lead = "simulated:perfect"
        [limits]
        model_calls = "none"
        tokens = 5000
        [limits.sweep]
        dollars = 2.5
        [thresholds]
        deadline_seconds = 30
        """
    )
    sweep = read_sweep(str(file))
    check(sweep)
    assert sweep.name == "grid"
    assert [cell.name for cell in sweep.topologies] == [
        "single_thread",
        "team(team=2)",
        "team(team=4)",
    ]
    assert [(cell.settings["width"], cell.split) for cell in sweep.cells] == [
        (2, "dev"),
        (3, "dev"),
        (5, "held_out"),
    ]
    assert all(cell.settings["lid"] == "loose" for cell in sweep.cells)
    assert (sweep.limits.model_calls, sweep.limits.tokens) == (None, 5000)
    assert sweep.sweep_limits.dollars == 2.5
    planned = specs(sweep)
    assert len(planned) == 3 * (2 + 2 + 1) * 2
    assert len({spec.trial_id for spec in planned}) == len(planned)
    assert planned == specs(read_sweep(str(file)))


def test_every_shipped_sweep_can_be_run() -> None:
    assert "quickstart" in shipped()
    for name in shipped():
        check(read_sweep(name))


def test_set_and_model_override_the_file(sweep_file: Path) -> None:
    changes = ["trials=1", f'task_sets."{JARS}".width=[2,3]', "name=other", "limits.sweep.tokens=9"]
    sweep = read_sweep(
        str(sweep_file), changes, ["simulated:flaky?slip=0.01", "lead=simulated:perfect"]
    )
    assert (sweep.name, sweep.trials, len(sweep.cells)) == ("other", 1, 2)
    assert sweep.sweep_limits.tokens == 9
    assert sweep.models == {"default": "simulated:flaky?slip=0.01", "lead": "simulated:perfect"}
    one = read_sweep(str(sweep_file), ['topologies=["single_thread"]'], ["simulated:steady"])
    assert [cell.name for cell in one.topologies] == ["single_thread"]
    assert one.models == {"default": "simulated:steady"}


BAD: list[tuple[list[str], str]] = [
    (["trails=3"], "has no key 'trails'; did you mean 'trials'"),
    (["trials=0"], "trials is 0; it must be a whole number of at least 1"),
    (["trials=2.5"], "trials is 2.5"),
    (["seed=true"], "seed is True"),
    (["name=a/b"], "name is 'a/b'"),
    (["topologies=[]"], "topologies is missing"),
    (['topologies=["singel_thread"]'], "there is no topology 'singel_thread'; did you mean"),
    (['topologies=["no.such.module:build"]'], "no.such.module:build cannot be imported"),
    (['topologies=["tests.toy_topologies:nothing"]'], "has no 'nothing'"),
    (['topologies=["single_thread", "single_thread"]'], "'single_thread' twice"),
    (["topologies.lead_subagents.teem=3"], "has no setting 'teem'; did you mean 'team'"),
    (["topologies.lead_subagents.team=many"], "team is 'many'; it must be a whole number"),
    (["topologies.lead_subagents.schedule=later"], "it must be one of parallel, serial"),
    (['topologies=["tests.toy_topologies:needs_file"]'], "needs a setting 'file'"),
    (["task_sets=[]"], "task_sets is missing"),
    (["task_sets.order.width=2"], "there is no task set 'order'; did you mean 'orders'"),
    ([f'task_sets."{JARS}".widht=2'], "has no key 'widht'; did you mean 'width'"),
    ([f'task_sets."{JARS}".width=99'], "width is 99; it must be a whole number from 1 to 16"),
    ([f'task_sets."{JARS}".width=[2,2]'], "has this twice"),
    ([f'task_sets."{JARS}".width=[]'], "width is an empty list"),
    ([f'task_sets."{JARS}".lid=open'], "lid is 'open'; it must be one of loose, stuck"),
    ([f'task_sets."{JARS}".split=test'], "split is 'test'; it must be dev or held_out"),
    ([f'task_sets."{JARS}".tasks=0'], "tasks is 0"),
    ([f'task_sets."{JARS}".width=6', f'task_sets."{JARS}".lid=stuck'], "at most 4 lids"),
    (["models.default=simulated:typicle"], "models.default: there is no profile 'typicle'"),
    (["models.default=simulated:typical?slop=1"], "has no parameter 'slop'"),
    (["models.default=mistral"], "the model 'mistral' is not known"),
    (["models.subagents=simulated:steady"], "no role 'subagents'; did you mean 'subagent'"),
    (["models.temperatur=0.1"], "no key 'temperatur'; did you mean 'temperature'"),
    (["models.temperature=-1"], "temperature is -1; it must be a number of 0 or more"),
    (["models.requests_per_minute=0"], "requests_per_minute is 0; it must be above 0"),
    (["question=3"], "question is 3; it must be text"),
    (["models.sends_cache_key=1"], "sends_cache_key is 1; it must be true or false"),
    (["limits.model_call=3"], "no key 'model_call'; did you mean 'model_calls'"),
    (["limits.tokens=1.5"], 'tokens is 1.5; it must be a whole number above 0, or "none"'),
    (["limits.dollars=0"], "dollars is 0; it must be a number above 0"),
    (["limits=3"], "limits is 3; it must be a table: [limits]"),
    (["budget.amount=[1]"], "budget has no key 'amount'; did you mean 'amounts'"),
    (["budget.unit=tokens"], "budget.amounts is missing"),
    (["budget.unit=euros", "budget.amounts=1"], "must be one of dollars, tokens, output_tokens"),
    (["interrupts=later"], "interrupts is 'later'; it must be one of pause, approve, reject"),
    (["limits.sweep.seconds=3"], "limits.sweep has no key 'seconds'"),
    (["thresholds.deadline=3"], "thresholds has no key 'deadline'"),
    (["trials"], "write it as key=value"),
    (["seed.x=1"], "seed is not a table"),
]


@pytest.mark.parametrize(("changes", "said"), BAD, ids=[" ".join(bad) for bad, _ in BAD])
def test_what_cannot_be_is_said_in_one_line(
    sweep_file: Path, changes: list[str], said: str
) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        check(read_sweep(str(sweep_file), changes))
    assert said.lower() in str(caught.value).lower()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("quickstrat", "did you mean 'quickstart'"),
        ("no/such.toml", "there is no sweep file no/such.toml"),
    ],
)
def test_a_sweep_that_is_not_there_is_said(name: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_sweep(name)


def test_a_file_that_is_not_toml_is_said(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text("trials = = 3")
    with pytest.raises(ValueError, match="is not TOML"):
        read_sweep(str(file))


def test_equal_sweeps_have_equal_hashes_however_they_are_written(tmp_path: Path) -> None:
    one, other = tmp_path / "jars.toml", tmp_path / "b.toml"
    one.write_text(SWEEP_FILE)
    other.write_text(
        f"""
        name = "jars"
        trials = 4
        seed = 3
        question = "asked in other words"
        [topologies.single_thread]
        [topologies.lead_subagents]
        [task_sets."{JARS}"]
        tasks = 3
        lid = "loose"
        width = [2]
        [limits.sweep]
        dollars = 3.0
        """
    )
    first, second = (canonical(read_sweep(str(file))) for file in (one, other))
    assert sweep_hash(first) == sweep_hash(second)
    assert difference(first, second) == []


def test_the_difference_of_two_sweeps_names_what_changed(make_sweep: MakeSweep) -> None:
    before = canonical(make_sweep())
    after = canonical(make_sweep(trials=5, topologies=["single_thread", "serial_team"]))
    lines = difference(before, after)
    assert "trials: 2 -> 5" in lines
    assert any("serial_team" in line for line in lines)
    assert sweep_hash(before) != sweep_hash(after)
