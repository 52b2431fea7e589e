"""What can be asked of recorded runs at the command line, and what it says to bad input."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import polars as pl
import pytest

from experiments.cli import main
from results.conflicts.serial_twins import twin_of
from results.store import open_run
from tests.histories import in_a_line

Capture = pytest.CaptureFixture[str]

SWEEP = """\
seed = 3
trials = 2
topologies = ["single_thread", "lead_subagents", "serial_team"]
[models]
default = "simulated:typical"
[task_sets.orders]
width = 4
coupling = 1.0
style = "crud"
tasks = 3
"""
TRIAL = {
    "task": "7",
    "topology": "single_thread",
    "steps": [
        {"kind": "model", "prompt": [{"role": "human", "content": "Look up O7."}], "reply": "ok"},
        {"kind": "tool", "message": 1, "tool": "look", "arguments": {"at": "O7"}, "reply": "7"},
    ],
}
MESSAGES = [
    {"role": "system", "content": "policy"},
    {"role": "user", "content": "Cancel EHGLP3."},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {
                "id": "c1",
                "function": {
                    "name": "get_reservation_details",
                    "arguments": '{"reservation_id": "EHGLP3"}',
                },
            }
        ],
    },
    {"role": "tool", "tool_call_id": "c1", "name": "get_reservation_details", "content": "{}"},
    {"role": "assistant", "content": "Done."},
    {"role": "user", "content": "###STOP###"},
]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs: `desk`, 18 simulated trials at the order desk."""
    folder = tmp_path_factory.mktemp("runs")
    sweep = folder / "desk.toml"
    sweep.write_text(SWEEP)
    given = ["run", str(sweep), "--runs", str(folder), "--engine", "here", "--json"]
    assert main(given) == 0
    return folder


def said(capsys: Capture, runs: Path, *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main([*words, "--runs", str(runs)])
    out, err = capsys.readouterr()
    return code, out, err


def refused(capsys: Capture, runs: Path, words: Sequence[str]) -> str:
    """The one line that a command refuses bad input with."""
    code, out, err = said(capsys, runs, *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    return err


def test_conflicts_of_a_run_are_counted_and_each_kind_has_its_witness(
    capsys: Capture, runs: Path
) -> None:
    code, out, _ = said(capsys, runs, "conflicts", "desk", "--top", "1")
    assert code == 0
    for text in (
        "happened, simulated",
        "at coupling 1",
        "lead_subagents",
        "stale-basis",
        "      #",
    ):
        assert text in out
    code, out, _ = said(capsys, runs, "conflicts", "desk", "--json")
    told = json.loads(out)
    assert "lead_subagents" in {row["topology"] for row in told["summary"]}
    kinds = {row["kind"] for row in told["findings"]}
    assert kinds == {row["kind"] for row in told["summary"]}


def test_a_witness_can_be_followed_in_the_trial_and_its_serial_twin_is_named(
    capsys: Capture, runs: Path
) -> None:
    run = open_run(runs / "desk")
    code, out, _ = said(capsys, runs, "conflicts", "desk", "--json")
    stale = next(row for row in json.loads(out)["findings"] if row["kind"] == "stale-basis")
    team = run.trials.filter(pl.col("trial_id") == stale["trial_id"]).row(0, named=True)
    code, out, _ = said(capsys, runs, "show", "desk", stale["trial_id"][:12], "--full")
    assert code == 0
    assert stale["sentence"] in out
    for step in stale["steps"]:
        assert f"#{step} [" in out
    twin = twin_of(run.trials, stale["trial_id"])
    assert twin is not None
    assert (twin["topology"], twin["task"]) == ("serial_team", team["task"])
    assert f"the same trial by serial_team: {'passed' if twin['passed'] else 'failed'}" in out
    code, out, _ = said(capsys, runs, "conflicts", "desk", "--trial", stale["trial_id"][:12])
    assert stale["sentence"] in out


def test_histories_of_other_systems_are_checked(
    capsys: Capture, runs: Path, tmp_path: Path
) -> None:
    file = tmp_path / "lost.parquet"
    in_a_line("a.rx0 b.rx0 a.wx1 b.wx2").write_parquet(file)
    code, out, _ = said(capsys, runs, "conflicts", str(file))
    assert (code, "stale-basis" in out) == (0, True)
    clean = tmp_path / "clean.parquet"
    in_a_line("a.rx0 a.wx1 b.rx1 b.wx2").write_parquet(clean)
    assert said(capsys, runs, "conflicts", str(clean)) == (0, "No conflict was found.\n", "")
    file = tmp_path / "histories.json"
    skew = [
        {"id": "T1", "ops": [["read", "y", 0], ["write", "x", 1]]},
        {"id": "T2", "ops": [["read", "x", 0], ["write", "y", 1]]},
    ]
    file.write_text(json.dumps({"histories": [{"name": "skew", "transactions": skew}]}))
    code, out, _ = said(capsys, runs, "conflicts", str(file), "--json")
    assert [row["kind"] for row in json.loads(out)["findings"]] == ["write-skew"]


def test_a_clean_history_an_empty_one_and_one_that_does_not_exist_are_told_apart(
    capsys: Capture, runs: Path, tmp_path: Path
) -> None:
    file = tmp_path / "histories.json"
    histories = [
        {"name": "clean", "transactions": [{"ops": [["write", "x", 1]]}]},
        {"name": "empty", "transactions": []},
    ]
    file.write_text(json.dumps({"histories": histories}))
    asked = ("conflicts", str(file), "--trial")
    assert said(capsys, runs, *asked, "clean") == (0, "No conflict was found.\n", "")
    assert "no accesses are recorded" in said(capsys, runs, *asked, "empty")[1]
    assert "did you mean 'clean'?" in refused(capsys, runs, [*asked, "claen"])
    parquet = tmp_path / "clean.parquet"
    in_a_line("a.rx0 a.wx1 b.rx1 b.wx2").write_parquet(parquet)
    asked = ("conflicts", str(parquet), "--trial")
    assert said(capsys, runs, *asked, "t") == (0, "No conflict was found.\n", "")
    assert "there is no history 'u'" in refused(capsys, runs, [*asked, "u"])


BAD_HISTORIES = {
    "neither.json": (b"\x80\x81", "is not JSON"),
    "list.json": (b"[1]", "has no list"),
    "names.json": (b'{"histories": [{"name": []}, {"name": {}}]}', "needs a name of its own"),
    "huge.json": (
        b'{"histories": [{"name": "a", "transactions": [{"ops": [["read", "x", 1e3]]},'
        b' {"ops": [["read", "x", 99999999999999999999]]}]}]}',
        "is not [",
    ),
    "below.json": (
        b'{"histories": [{"name": "a", "transactions": [{"ops": [["read", "x", -1]]}]}]}',
        "version -1 of x must be from 0",
    ),
    "first.json": (
        b'{"histories": [{"name": "a", "transactions": [{"ops": [["write", "x", 0]]}]}]}',
        "x is written at version 0",
    ),
    "deep.json": (b"[" * 100_000, "is not JSON"),
    "twice.json": (
        b'{"histories": [{"name": "a", "transactions": [{"id": "A", "ops": []},'
        b' {"id": "A", "ops": []}]}]}',
        "a: two transactions, or a process too, are called 'A'",
    ),
    "both.json": (
        b'{"histories": [{"name": "a", "transactions": [{"id": "T2", "ops": []}, {"ops": []}]}]}',
        "are called 'T2'",
    ),
    "neither.parquet": (b"PAR1", "is not Parquet"),
}


@pytest.mark.parametrize("name", BAD_HISTORIES)
def test_a_file_that_is_no_history_is_refused_in_one_line(
    capsys: Capture, runs: Path, tmp_path: Path, name: str
) -> None:
    content, expected = BAD_HISTORIES[name]
    file = tmp_path / name
    file.write_bytes(content)
    assert expected in refused(capsys, runs, ["conflicts", str(file)])


def test_versions_that_are_no_counting_numbers_are_refused(
    capsys: Capture, runs: Path, tmp_path: Path
) -> None:
    file, accesses = tmp_path / "odd.parquet", in_a_line("a.rx0 b.wx1")
    for version, expected in (([0, 1.5], "whole numbers"), ([-1, 1], "must be from 0")):
        accesses.with_columns(pl.Series("version", version, strict=False)).write_parquet(file)
        assert expected in refused(capsys, runs, ["conflicts", str(file)])


def test_accesses_of_an_unknown_kind_or_numbered_twice_are_refused(
    capsys: Capture, runs: Path, tmp_path: Path
) -> None:
    file, accesses = tmp_path / "odd.parquet", in_a_line("a.rx0 b.wx1")
    for name, value, expected in (
        ("op", ["get", "write"], "op is 'get'; it must be one of read, write"),
        ("version", [0, 0], "written at version 0"),
        ("access", [3, 3], "a number twice in one trial"),
    ):
        accesses.with_columns(pl.Series(name, value)).write_parquet(file)
        assert expected in refused(capsys, runs, ["conflicts", str(file)])


def test_profile_says_what_fan_out_could_bring_and_draws_it(capsys: Capture, runs: Path) -> None:
    code, out, _ = said(capsys, runs, "profile", "desk")
    assert code == 0
    assert "What fan-out could bring to desk (simulated)" in out
    assert "orders/dev-000" in out
    pictures = [Path(line) for line in out.splitlines() if line.startswith(str(runs))]
    assert {path.suffix for path in pictures} == {".svg", ".html"}
    assert all(path.stat().st_size > 1000 for path in pictures)
    code, out, _ = said(capsys, runs, "profile", "desk", "--json", "--agents", "2")
    assert json.loads(out)["overall"]["runs"] == 6
    assert json.loads(out)["overall"]["agents"] == 2


def test_an_imported_run_is_shown_reported_profiled_and_exported(
    capsys: Capture, runs: Path, tmp_path: Path
) -> None:
    file = tmp_path / "ours.jsonl"
    rows: list[dict[str, Any]] = [
        TRIAL | {"task": str(task), "trial": trial, "passed": task != trial}
        for task in range(3)
        for trial in range(2)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    code, out, _ = said(capsys, runs, "import", "jsonl", str(file), "--name", "ours", "--json")
    assert code == 0
    assert json.loads(out)["trials"] == 6
    run = open_run(runs / "ours")
    assert run.complete
    assert run.manifest["imported"]["format"] == "jsonl"
    assert run.manifest["imported"]["file"] == "ours.jsonl"
    assert "sweep" not in run.manifest
    assert said(capsys, runs, "show", "ours")[0] == 0
    assert said(capsys, runs, "report", "ours")[0] == 0
    assert "How trials failed" in (runs / "ours" / "report.md").read_text()
    assert said(capsys, runs, "profile", "ours")[0] == 0
    out_file = tmp_path / "again.jsonl"
    assert said(capsys, runs, "export", "ours", "--output", str(out_file))[0] == 0
    assert said(capsys, runs, "import", "jsonl", str(out_file), "--name", "again")[0] == 0
    again = open_run(runs / "again")
    for name in ("trials", "steps", "accesses", "milestones"):
        assert getattr(again, name).equals(getattr(run, name))
    assert "holds a run already" in refused(
        capsys, runs, ["import", "jsonl", str(file), "--name", "ours"]
    )


def test_a_run_that_says_little_of_its_steps_is_reported_for_what_it_says(
    capsys: Capture, runs: Path, tmp_path: Path
) -> None:
    usage = {"prompt_tokens": 90, "completion_tokens": 9, "encoding": "provider"}
    steps = [
        {"kind": "model", "prompt": [{"role": "human", "content": "Free O7."}], **usage},
        {"kind": "tool", "tool": "free", "arguments": {"order": "O7"}, "reply": {"freed": "O7"}},
        {"kind": "model", "prompt": [{"role": "tool", "content": "freed O7"}], **usage},
    ]
    access = {"step": 1, "op": "write", "table": "orders", "key": "O7"}
    lines = [
        {"task": f"t{task}", "trial": trial, "passed": task > 1, "steps": steps}
        | {"accesses": [access]}
        for task in range(4)
        for trial in range(2)
    ]
    file = tmp_path / "lean.jsonl"
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    assert said(capsys, runs, "import", "jsonl", str(file))[0] == 0
    assert said(capsys, runs, "report", "lean")[0] == 0
    report = (runs / "lean" / "report.md").read_text()
    assert "no trial could be checked, since what they touched has no versions" in report
    assert "| topology | role | all parts | task | replies |" in report
    assert report.count("| single_thread | 8 | 4 | 4 |") == 1
    _, shown, _ = said(capsys, runs, "show", "lean", "single_thread/t0/0")
    assert "trial 0, model not recorded" in shown


def test_a_run_of_one_topology_tells_which_rates_to_plan_from(
    capsys: Capture, runs: Path, tmp_path: Path
) -> None:
    lines = [
        {"task": f"t{task}", "trial": trial, "passed": (task + trial) % 3 > 0 and task > 2}
        for task in range(12)
        for trial in range(4)
    ]
    file = tmp_path / "alone.jsonl"
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    assert said(capsys, runs, "import", "jsonl", str(file))[0] == 0
    told = refused(capsys, runs, ["plan", "alone"])
    assert "`fanout plan --rate 0.5 --icc 0.19`" in told


def test_tau_bench_files_are_imported_and_estimated_tokens_are_called_so(
    capsys: Capture, runs: Path, tmp_path: Path
) -> None:
    info = {"task": {"actions": [{"name": "cancel_reservation"}]}}
    rows = [
        {"task_id": task, "trial": 0, "reward": 1.0, "info": info, "traj": MESSAGES}
        for task in range(2)
    ]
    file = tmp_path / "airline.json"
    file.write_text(json.dumps(rows))
    words = ["import", "tau-bench", str(file), "--model", "gpt-4o"]
    assert said(capsys, runs, *words)[0] == 0
    trials = open_run(runs / "airline").trials
    assert trials.get_column("prompt_tokens").null_count() == 2
    assert trials.get_column("mode").to_list() == ["act", "act"]
    assert said(capsys, runs, *words, "--name", "counted", "--estimate-tokens")[0] == 0
    (encoding,) = open_run(runs / "counted").trials.get_column("encoding").unique().to_list()
    assert encoding.startswith("estimate:")


def test_a_gate_ends_with_its_outcome_and_writes_junit(
    capsys: Capture, runs: Path, tmp_path: Path
) -> None:
    junit, summary = tmp_path / "gate.xml", tmp_path / "gate.md"
    files = ["--junit", str(junit), "--markdown", str(summary)]
    code, out, _ = said(capsys, runs, "gate", "desk", "--min", "0.99", *files)
    assert code in (1, 2)
    assert out.count("\n") == 1
    assert ElementTree.parse(junit).getroot().tag == "testsuites"
    assert summary.read_text().startswith("## Gate of desk")
    rows = [TRIAL | {"task": str(task), "trial": 0, "passed": task > 1} for task in range(40)]
    file = tmp_path / "good.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert said(capsys, runs, "import", "jsonl", str(file))[0] == 0
    code, out, _ = said(capsys, runs, "gate", "good", "--min", "0.5", "--json")
    assert (code, json.loads(out)["exit"]) == (0, 0)
    assert said(capsys, runs, "gate", "good", "--min", "0.5", "--baseline", "good")[0] == 0
    assert said(capsys, runs, "gate", "good", "--min", "0.999")[0] == 1


def test_runs_are_compared_and_a_difference_is_planned(capsys: Capture, runs: Path) -> None:
    code, out, _ = said(capsys, runs, "compare", "desk", "desk")
    assert code == 0
    assert "Runs side by side" in out
    code, out, _ = said(capsys, runs, "plan", "desk", "--difference", "0.2")
    assert code == 0
    assert "The pilot is simulated" in out
    code, out, _ = said(capsys, runs, "plan", "--rate", "0.7", "--json")
    assert json.loads(out)[0]["best"]["tasks"] > 20


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["conflicts", "nowhere"], "there is no run 'nowhere'"),
        (["conflicts", "nowhere.json"], "there is no file nowhere.json"),
        (["conflicts", "desk", "--top", "-1"], "--top is -1"),
        (["conflicts", "desk", "--trial", "zz"], "there is no trial 'zz'"),
        (["profile", "desk", "--agents", "1"], "a team has from 2"),
        (["gate", "desk"], "nothing to check"),
        (["gate", "desk", "--min", "1.5"], "must lie between 0 and 1"),
        (["gate", "desk", "--k", "3", "--min", "0.5"], "no task of the run has 3 graded trials"),
        (["compare", "desk", "nowhere"], "there is no run 'nowhere'"),
        (["plan", "desk", "--rate", "0.7"], "leave out the run"),
        (["plan", "desk", "--icc", "0.3"], "--icc goes with --rate"),
        (["plan", "desk", "--topology", "x"], "the pilot has no topology 'x'"),
        (["plan", "desk", "--at-once", "0"], "0 trials at a time"),
        (["plan", "desk", "--task-dollars", "-3"], "a task at $-3"),
        (["plan", "--rate", "0.7", "--task-dollars", "3"], "--task-dollars goes with a pilot"),
        (["profile", "desk", "--trial", ""], "--trial names no run to draw"),
        (["import", "jsonl", "x.jsonl", "--name", ".."], "give a plain name"),
        (["import", "jsonl", "nowhere.jsonl"], "nowhere.jsonl cannot be read"),
        (["import", "jsonl", "x.jsonl", "--model", "m"], "--model is for tau-bench"),
        (["import", "jsonl", "x.jsonl", "--name", "a/b"], "give a plain name"),
        (["export", "desk", "--output", "no/such/folder/x"], "there is no folder no/such/folder"),
    ],
)
def test_bad_input_is_one_line_and_code_2(
    words: list[str], line: str, capsys: Capture, runs: Path
) -> None:
    assert line in refused(capsys, runs, words)


def test_the_tools_that_write_are_named_where_no_accesses_say_so(
    capsys: Capture, runs: Path, tmp_path: Path
) -> None:
    file = tmp_path / "plain.jsonl"
    file.write_text(json.dumps(TRIAL | {"trial": 0, "passed": True}))
    assert said(capsys, runs, "import", "jsonl", str(file))[0] == 0
    _, out, _ = said(capsys, runs, "profile", "plain", "--json")
    assert json.loads(out)["per_run"][0]["writes"] is None
    for named, writes in (("look", 1), ("", 0)):
        _, out, _ = said(capsys, runs, "profile", "plain", "--json", "--writes", named)
        assert json.loads(out)["per_run"][0]["writes"] == writes
    assert "did you mean 'look'" in refused(capsys, runs, ["profile", "plain", "--writes", "lok"])
