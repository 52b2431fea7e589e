"""What is given by import path is looked for where the command was given, beside our packages."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.running.runner import run_sweep
from tasks.finder import OURS
from tests.experiments.conftest import MakeSweep
from tests.own_clients import SENT

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]

GRAPH = """\
import {imported}
from topologies.single_thread import build as single_thread


def build(kit):
    assert {imported}.MINE
    return single_thread(kit)
"""

SWEEP = """\
trials = 1
topologies = ["my_graph:build"]
models = { default = "simulated:perfect" }

[task_sets.ledger]
tasks = 1
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """Someone's folder: a graph that imports a module that stands beside it, and a sweep of it."""
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "beside.py").write_text("MINE = True\n")
    (folder / "my_graph.py").write_text(GRAPH.format(imported="beside"))
    (folder / "mine.toml").write_text(SWEEP)
    return folder


def python(folder: Path, code: str, path: str = "") -> subprocess.CompletedProcess[str]:
    """Code that runs in a folder, with the kit installed and not in that folder."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (path, str(ROOT))))}
    words = [sys.executable, "-c", f"import sys; sys.path.pop(0); {code}"]
    return subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def fanout(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command, given in a folder."""
    return python(folder, f"from experiments.cli import main; sys.exit(main({list(words)}))")


RUN = """
from pathlib import Path
from experiments.import_paths import look_here_first
look_here_first()
from tasks.finder import OURS
from experiments.running.runner import run_sweep
from experiments.sweeps.sweep_file import read_sweep
if __name__ == "__main__":
    run = run_sweep(read_sweep("mine.toml"), Path("run"), engine="pool", workers=1)
    print(run.trials["ended"].to_list(), run.trials["crash"].to_list())
"""


def test_what_is_here_goes_before_the_same_name_elsewhere_in_workers_too(
    here: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("my_graph", "beside"):
        (elsewhere / f"{name}.py").write_text("MINE = False\n")
    for name in OURS:
        (here / f"{name}.py").write_text("raise SystemExit(3)\n")
    done = python(here, f"exec({RUN!r})", str(elsewhere))
    assert done.stdout == "['completed'] [None]\n", done.stderr


def test_a_module_with_the_name_of_one_of_our_packages_is_told_with_the_cure(here: Path) -> None:
    (here / "results.py").write_text("MINE = True\n")
    (here / "tasks").mkdir()
    (here / "tasks" / "__init__.py").write_text("MINE = True\n")
    done = fanout(here, "list", "topologies")
    assert done.returncode == 0, done.stderr
    [line] = done.stderr.splitlines()
    for word in (str(here / "results.py"), str(here / "tasks" / "__init__.py"), "rename"):
        assert word in line


def test_a_graph_that_needs_such_a_module_is_refused_in_one_line(here: Path) -> None:
    (here / "tasks.py").write_text("MINE = True\n")
    (here / "my_graph.py").write_text("from tasks import MINE\n")
    done = fanout(here, "run", "mine.toml", "--runs", "runs")
    assert done.returncode == 2
    *_, line = done.stderr.splitlines()
    assert "my_graph:build" in line
    assert str(here / "tasks.py") in line
    assert "rename" in line


def test_a_folder_of_data_with_such_a_name_is_nothing_to_tell(here: Path) -> None:
    (here / "results").mkdir()
    done = fanout(here, "list", "topologies")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("sends", [True, False])
def test_no_cache_key_is_sent_to_anyones_client_where_none_is_wanted(
    sends: bool, make_sweep: MakeSweep, tmp_path: Path
) -> None:
    sweep = make_sweep(
        topologies=["single_thread"],
        task_sets={"orders": {"width": 1, "tasks": 1}},
        models={"default": "tests.own_clients:plain", "sends_cache_key": sends},
    )
    run_sweep(sweep, tmp_path / "run", engine="endpoint")
    assert SENT
    assert {"prompt_cache_key" in body for body in SENT} == {sends}
    SENT.clear()
