"""Profiles drawn from their ranges, played by a sweep's corner cells; a probe of one model."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.cli import main
from experiments.profiles.probe import Sizes as ProbeSizes
from experiments.profiles.probe import chance_to_differ, measured, name_for, probe_sweeps, run_probe
from experiments.profiles.profile_draws import documented, draw_profiles, model_name
from experiments.profiles.sensitivity import Sizes, claimed, plan_of, reduced
from experiments.running.runner import play
from experiments.sweeps.sweep_file import read_sweep
from results.journal import FILE
from results.questions.map.sensitivity import PROFILES, profile_of
from results.store import open_run
from tests.experiments.test_endpoint import endpoint as endpoint
from topologies.simulated.profile import profile

pytestmark = pytest.mark.slow

Capture = pytest.CaptureFixture[str]
SMALL = Sizes(profiles=3, tasks=2, trials=1)


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 40), st.integers(0, 10_000))
def test_every_range_is_drawn_evenly_and_every_profile_can_be_played(
    number: int, seed: int
) -> None:
    drawn = draw_profiles(number, seed)
    assert drawn == draw_profiles(number, seed)
    for name, about in documented().items():
        values: list[Any] = [one[name] for one in drawn]
        if "choices" in about:
            counts = [values.count(choice) for choice in about["choices"]]
            assert max(counts) - min(counts) <= 2
            continue
        low, high = about["range"]
        assert all(low <= value <= high for value in values)
        if isinstance(low, float):
            parts = sorted(
                int((value - low) / (high - low) * number * (1 - 1e-6)) for value in values
            )
            assert len(set(parts)) >= number - 2  # rounding may move a value over a border
    for one in drawn[:3]:
        played = profile(model_name("typical", one).removeprefix("simulated:"))
        assert {name: getattr(played, name) for name in one} == one


def test_the_corners_of_the_phase_map_are_played_by_a_team_and_the_single_thread() -> None:
    sweep = reduced(read_sweep("phase"))
    assert [topology.name for topology in sweep.topologies] == ["single_thread", "lead_subagents"]
    corners = [(cell.settings["width"], cell.settings["coupling"]) for cell in sweep.cells]
    assert corners == [(4, 0.0), (4, 1.0), (12, 0.0), (12, 1.0)]
    every = reduced(read_sweep("phase"), ["serial_team"], every_cell=True)
    assert len(every.cells) == 9
    assert every.topologies[1].name == "serial_team"
    with pytest.raises(ValueError, match="the sweep phase has lead_subagents"):
        reduced(read_sweep("phase"), ["nobody"])


def test_profiles_have_a_luck_of_their_own() -> None:
    planned = plan_of(reduced(read_sweep("phase"), sizes=SMALL), ["simulated:typical"] * 3, 7)
    assert sorted({spec.sweep_seed for spec in planned}) == [7, 8, 9]
    assert len({spec.trial_id for spec in planned}) == len(planned) == 3 * 4 * 2 * 2


def test_a_sensitivity_run_resumes_and_reports(tmp_path: Path, capsys: Capture) -> None:
    sweep = reduced(read_sweep("phase"), sizes=SMALL)
    folder = tmp_path / "phase-sensitivity"
    told: list[int] = []

    def stop_early(tally: Any) -> None:
        told.append(tally.done)
        if tally.done == 9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        play(claimed(sweep, folder, profiles=3), folder, "here", progress=stop_early)
    assert open_run(folder).manifest["recorded"] == 9
    words = ["sensitivity", "phase", "--runs", str(tmp_path), "--engine", "here", "--json"]
    words += ["--profiles", "3", "--tasks", "2", "--trials", "1"]
    assert main(words) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["outcome"] == "complete"
    assert said["recorded"] == 48
    assert {row["of"] for row in said["shares"]} == {3}
    assert (folder / FILE).exists()
    found = open_run(folder)
    models = found.trials.get_column("model").unique().to_list()
    assert len(models) == 3
    assert set(profile_of(models[0])) == set(found.manifest[PROFILES]["parameters"])
    assert main(["report", "phase-sensitivity", "--runs", str(tmp_path)]) == 0
    page = (folder / "sensitivity.html").read_text()
    assert "How far it reaches" in page
    assert "no evidence about any real model" in page
    capsys.readouterr()
    assert main([*words[:-2], "--trials", "2"]) == 2
    err = capsys.readouterr().err
    assert "holds a run of another sweep" in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["sensitivity", "--profiles", "0"], "--profiles is 0; it must be"),
        (["sensitivity", "--team", "nobody"], "--team nobody"),
        (["sensitivity", "--profiles", "-3"], "--profiles is -3; it must be"),
        (["sensitivity", "--tasks", "1"], "--tasks is 1; it must be at least 2"),
        (["sensitivity", "nosuch"], "there is no sweep 'nosuch'"),
        (["sensitivity", "--base", "nobody"], "there is no profile 'nobody'"),
        (["sensitivity", "--base", "typical?slip=0"], "name a profile alone"),
        (["probe", "--model", "simulated:nobody"], "there is no profile 'nobody'"),
        (["probe", "--model", "simulated:typical", "--tasks", "1"], "--tasks is 1"),
        (["probe", "--model", "simulated:typical", "--on", "nothing"], "no run 'nothing'"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    tmp_path: Path, capsys: Capture, words: list[str], message: str
) -> None:
    assert main([*words, "--runs", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert len(err.splitlines()) == 1


def test_a_sweep_of_a_real_model_is_played_by_profiles_and_calls_nobody(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    words = ["sensitivity", "quickstart", "--set", "models.default=openai:any", "--engine", "here"]
    words += ["--profiles", "2", "--tasks", "2", "--trials", "1", "--runs", str(tmp_path)]
    assert main(words) == 0
    assert "are not called: simulated profiles play" in capsys.readouterr().err
    assert open_run(tmp_path / "quickstart-sensitivity").trials.get_column("simulated").all()


def test_a_probe_refuses_a_map_without_profiles_before_it_plays(
    tmp_path: Path, capsys: Capture
) -> None:
    tiny = ProbeSizes(3, 1, 1)
    run_probe(probe_sweeps("simulated:typical", tiny, (1,)), tmp_path / "plain", engine="here")
    words = ["probe", "--model", "simulated:steady", "--on", "plain", "--runs", str(tmp_path)]
    assert main(words) == 2
    assert "drew no profiles; name a run of `fanout sensitivity`" in capsys.readouterr().err
    assert [folder.name for folder in tmp_path.iterdir()] == ["plain"]


def test_a_probe_of_each_setting_has_a_name_of_its_own() -> None:
    assert name_for("openai:gpt-5-mini") == "probe-openai-gpt-5-mini"
    one, other = (name_for(f"simulated:typical?slip={value}") for value in (0.01, 0.02))
    assert one != other
    drawn = [name_for(model_name("typical", values)) for values in draw_profiles(3, 1)]
    assert len(set(drawn)) == 3
    assert max(map(len, drawn)) < 100


def test_a_probe_says_what_it_took_and_where_on_the_map_the_model_lies(
    tmp_path: Path, capsys: Capture
) -> None:
    small = ["task_sets.orders.coupling=[0.0]", "task_sets.orders.width=[4]"]
    sweep = reduced(read_sweep("phase", small), sizes=Sizes(24, tasks=2, trials=1))
    folder = tmp_path / sweep.name
    play(claimed(sweep, folder, profiles=24), folder, "here")
    words = ["probe", "--runs", str(tmp_path), "--tasks", "3", "--trials", "1", "--pairs", "1"]
    weak = "simulated:typical?slip=0.03&distraction=0.5"
    assert main([*words, "--engine", "here", "--model", weak]) == 0
    said = capsys.readouterr().out
    assert "the estimate was $" in said
    assert "act, width 4, coupling 0): the single thread passes" in said
    assert "They are simulated: this is no verdict on the model." in said
    assert main([*words, "--engine", "here", "--model", weak, "--json"]) == 0
    place = json.loads(capsys.readouterr().out)["place"]
    assert place["worth"] >= 5
    assert [cell["topology"] for cell in place["cells"]] == ["lead_subagents"]


def test_two_agents_of_a_profile_differ_as_its_habits_say() -> None:
    assert chance_to_differ({"habits": "1", "habit_scope": "agent"}) == 0
    assert chance_to_differ({"habits": "3", "habit_scope": "agent"}) == 0.5
    assert chance_to_differ({"habits": "3", "habit_scope": "trial"}) == 0


def test_a_probe_finds_habits_and_covers_the_slope_of_a_larger_probe(tmp_path: Path) -> None:
    model = "simulated:perfect?slip=0.04&distraction=0.3&habits=2"

    def probe(name: str, tasks: int, trials: int) -> Any:
        sweeps = probe_sweeps(model, ProbeSizes(tasks, trials, 8), (1, 8))
        return measured(run_probe(sweeps, tmp_path / name, engine="here"))

    small, large = probe("small", 6, 2), probe("large", 16, 3)
    assert small.spread.pairs >= 4
    assert small.spread.low < 0.5 < small.spread.high
    assert large.slope.value is not None
    low, high = small.slope.low, small.slope.high
    assert low is None or low <= large.slope.value
    assert high is None or large.slope.value <= high


def test_a_probe_over_http_measures_what_one_in_process_does(
    endpoint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint)
    monkeypatch.setenv("OPENAI_API_KEY", "any")
    sizes = ProbeSizes(3, 1, 1)
    near = run_probe(
        probe_sweeps("simulated:steady", sizes, (1, 4)), tmp_path / "near", engine="here"
    )
    far = run_probe(probe_sweeps("openai:steady", sizes, (1, 4)), tmp_path / "far")
    for run in (near, far):
        assert set(run.trials.get_column("ended").to_list()) == {"completed"}
    assert not far.trials.get_column("simulated").any()
    assert near.trials.height == far.trials.height == 7
    assert measured(far).slope.items == measured(near).slope.items
