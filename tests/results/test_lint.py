"""The lint lets through what trials can produce, and names what they cannot."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.cli import main
from results.imports.published import read_published
from results.statistics.consistency import consistency
from results.statistics.lint import Published, lint, possible_count, possible_histogram

from .conftest import made_trials


def board(published: dict[str, Any]) -> list[tuple[Published, tuple[int, ...]]]:
    return [
        (
            Published(
                row["model"],
                row["tasks"],
                row["n"],
                dict(enumerate(row["published_pass_k_pct"], start=1)),
            ),
            tuple(row["hist_c0_to_c4"]),
        )
        for row in published["tau2_leaderboard"]["rows"]
    ]


def test_every_row_of_the_tau2_leaderboard_is_possible(published: dict[str, Any]) -> None:
    for row, histogram in board(published):
        assert possible_histogram(row) == histogram
    assert list(lint([row for row, _ in board(published)])) == []


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_a_figure_moved_by_a_little_is_found(published: dict[str, Any], k: int) -> None:
    for row, _ in board(published):
        figures = dict(row.pass_k)
        moved = figures | {k: round(float(figures[k]) + 0.13, 4)}
        wrong = Published(row.name, row.tasks, row.trials, moved, digits=2)
        assert possible_histogram(wrong) is None
        (sentence,) = lint([wrong])
        assert sentence.startswith(f"{row.name}: no {row.tasks} tasks with 4 trials each give")


def test_figures_possible_alone_can_be_impossible_together() -> None:
    figures = Published("made", 10, 2, {1: "50.0", 2: "60.0"})
    (sentence,) = lint([figures])
    assert "even alone" not in sentence
    (sentence,) = lint([Published("made", 10, 2, {1: "50.0", 2: "47.0"})])
    assert "pass^2 cannot be even alone" in sentence


def test_a_share_of_few_things_is_a_whole_number_of_them() -> None:
    assert possible_count("66.7", 12) == 8
    assert possible_count("65.0", 12) is None
    assert possible_count("100", 7) == 7
    assert possible_count("17.6", 17) == 3


def test_a_k_above_the_trials_is_refused() -> None:
    with pytest.raises(ValueError, match="k from 1 to 4"):
        possible_histogram(Published("made", 10, 4, {5: 20.0}))


@given(st.lists(st.integers(0, 4), min_size=1, max_size=40), st.integers(1, 4))
@settings(deadline=None, max_examples=40)
def test_what_was_counted_is_always_possible(passes: list[int], digits: int) -> None:
    outcomes = [[trial < c for trial in range(4)] for c in passes]
    found = consistency(made_trials({"one": outcomes}), (1, 2, 3, 4))
    figures = {
        k: f"{100 * share:.{digits}f}"
        for k, share in enumerate(found.get_column("pass_hat").to_list(), start=1)
    }
    assert possible_histogram(Published("made", len(passes), 4, figures)) is not None


TAU = """name,tasks,trials,pass^1,pass_hat_2,pass^4
fine,50,4,"46.0%",33.3,22.0
wrong,50,4,46.2,33.3,22.0
some,50,4,46.0,,22.0
"""


def test_a_file_of_published_figures_is_checked_by_a_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "board.csv").write_text(TAU)
    assert main(["lint", str(tmp_path / "board.csv")]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("wrong: no 50 tasks with 4 trials each give pass^1 46.2%")
    assert out[1:] == ["3 systems, 1 with figures that cannot be"]
    rows = [{"name": "fine", "tasks": 50, "trials": 4, "pass_k": [46.0, 33.3]}]
    (tmp_path / "board.json").write_text(json.dumps(rows))
    assert main(["lint", str(tmp_path / "board.json"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"systems": 1, "impossible": []}


def test_the_digits_of_a_figure_are_those_that_were_printed(tmp_path: Path) -> None:
    row = '{"model": "m", "tasks": 3, "trials": 1, "pass_k": {"1": %s}}'
    (tmp_path / "board.json").write_text(f"[{row % '33.3'}, {row % '33.30'}]")
    coarse, fine = read_published(tmp_path / "board.json")
    assert [one.pass_k for one in (coarse, fine)] == [{1: "33.3"}, {1: "33.30"}]
    assert possible_histogram(coarse) == (2, 1)
    assert possible_histogram(fine) is None


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.csv", "", "no rows"),
        ("a.csv", "name,tasks,trials\nx,5,4\n", "no figure"),
        ("a.csv", "name,tasks,trials,pass^1\nx,five,4,50\n", "tasks is 'five'"),
        ("a.csv", "name,tasks,trials,pass^1\nx,5,0,50\n", "trials is '0'"),
        ("a.csv", "name,tasks,trials,pass^1\nx,5,4,high\n", "must be a percentage"),
        ("a.csv", "name,tasks,trials,pass^1\nx,5,4,0.5\n", "in percent"),
        ("a.csv", "name,tasks,trials,pass^5\nx,5,4,50\n", "k from 1 to 4"),
        ("a.csv", "name,tasks,trials,pass^40\nx,5,90,50\n", "too many"),
        ("a.json", "{}", "list of objects"),
        ("a.json", "[1]", "list of objects"),
        ("a.json", "[", "no JSON"),
        ("a.json", "[" * 100_000, "no JSON"),
    ],
)
def test_a_file_that_is_none_of_figures_is_refused_in_one_line(
    name: str, text: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text(text)
    assert main(["lint", str(tmp_path / name)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line
