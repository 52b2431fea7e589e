"""Runs beside each other: paired by task where they did the same, and honest where they did not."""

from typing import Any

import pytest

from results.questions.runs.side_by_side import compare_runs
from results.refused import Refused

from .conftest import MadeRun, made_run, made_trials


def run(*passes: int, topology: str = "single_thread", name: str = "made", **more: Any) -> MadeRun:
    outcomes = {topology: [[trial < c for trial in range(8)] for c in passes]}
    return made_run(made_trials(outcomes, **more), name=name)


def test_later_runs_are_paired_by_task_with_the_first() -> None:
    found = compare_runs([run(*[8] * 12, name="before"), run(*[4, 6] * 6, name="after")])
    rows = found.differences.select("topology", "compared", "k", "tasks").rows()
    assert rows == [("after", "single_thread", 1, 12), ("after", "single_thread", 4, 12)]
    assert found.differences["difference"][0] == pytest.approx(-3 / 8)
    assert "Differences to before, paired by task" in found.markdown
    assert "| before | single_thread | 12 | 96 |" in found.markdown


def test_runs_of_other_models_are_compared_and_not_kept_apart() -> None:
    found = compare_runs([run(*[8] * 5, model="older"), run(*[3] * 5, model="newer")])
    assert found.differences["tasks"].to_list() == [5, 5]
    assert found.outcomes["run"].to_list() == ["made (1)", "made (2)"]


def test_runs_that_share_nothing_are_shown_and_not_paired() -> None:
    found = compare_runs([run(8, 8), run(8, 8, topology="team")])
    assert found.differences.is_empty()
    assert any("they have no topology in common" in note for note in found.notes)


@pytest.mark.parametrize(
    ("theirs", "cause"),
    [
        ({"topology": "team"}, "no topology in common (ours has single_thread; theirs has team)"),
        ({"task_set": "desk"}, "no task set in common (ours has orders; theirs has desk)"),
        ({"task": lambda _, task, __: f"x{task}"}, "no task in common (ours has t0, t1; theirs"),
        ({"mode": None}, "at another mode (act and none on record)"),
        ({"mode": "answer", "width": 8}, "another mode (act and answer) and width (4 and 8)"),
        ({"passed": None}, "has graded trials in both"),
    ],
)
def test_that_nothing_is_paired_names_the_cause(theirs: dict[str, Any], cause: str) -> None:
    found = compare_runs([run(8, 8, name="ours"), run(8, 8, name="theirs", **theirs)])
    (said,) = (note for note in found.notes if "Nothing of theirs is paired with ours" in note)
    assert cause in said


def test_systems_and_task_sets_of_different_names_are_compared() -> None:
    runs = [
        run(*[8] * 6, name="ours"),
        run(*[2] * 6, name="published", topology="react=2", task_set="desk"),
    ]
    names = ["published:react=2=single_thread", "desk=orders"]
    found = compare_runs(runs, called=names)
    assert found.differences["tasks"].to_list() == [6, 6]
    assert not any("Nothing of" in note for note in found.notes)
    for wrong in ("ours:react=2=single_thread", "published:agent=single_thread", "published"):
        with pytest.raises(
            Refused, match=r"THEIRS; (published has react=2|ours has single_thread)"
        ):
            compare_runs(runs, called=[wrong])
    with pytest.raises(Refused, match="has a topology 'react=2' already"):
        compare_runs([runs[0], runs[1]], called=["published:react=2=react=2"])


def test_a_simulated_run_beside_a_real_one_is_pointed_out() -> None:
    found = compare_runs([run(8, 8), run(8, 8, simulated=False)])
    assert any("they do not compare" in note for note in found.notes)


def test_one_run_or_an_empty_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least two runs"):
        compare_runs([run(8)])
    empty = run(8)
    empty = MadeRun(**{**vars(empty), "trials": empty.trials.clear()})
    with pytest.raises(ValueError, match="has no trials yet"):
        compare_runs([run(8), empty])
