"""`fanout new`: what it writes works as it stands, in one's own folder and in the kit."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from experiments.cli import main
from experiments.commands import new
from experiments.commands.new import KINDS, ROOT

pytestmark = pytest.mark.slow

NAMES = {
    "topology": "my_team",
    "task-set": "my_boxes",
    "metric": "my_errors",
    "chart": "my_bars",
    "importer": "my_log",
    "fault": "my_gap",
    "command": "my_count",
}
BIN = Path(sys.executable).parent
STRICT = """\
{
  "typeCheckingMode": "strict",
  "reportUnknownMemberType": false,
  "reportMissingTypeStubs": false
}
"""
Capture = pytest.CaptureFixture[str]


def carried_out(folder: Path, *words: str | Path) -> str:
    """What a command says that must succeed, in a folder where this kit or a copy is found."""
    kit = folder if (folder / "experiments").is_dir() else ROOT
    environment = {**os.environ, "PYTHONPATH": str(kit), "PYTHONDONTWRITEBYTECODE": "1"}
    given = [str(word) for word in words]
    done = subprocess.run(
        given, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{given}: {done.stdout}{done.stderr}"
    return done.stdout


def said_of(folder: Path) -> dict[str, str]:
    """What `fanout new` says of one of each kind, written in a folder by one process."""
    each = "; ".join(
        f"print({kind!r}); main(['new', {kind!r}, {name!r}]) and sys.exit(1)"
        for kind, name in NAMES.items()
    )
    code = f"import sys; from experiments.cli import main; {each}"
    parts = carried_out(folder, sys.executable, "-c", code).split("\n")
    starts = [parts.index(kind) for kind in NAMES]
    ends = [*starts[1:], len(parts)]
    return {
        kind: "\n".join(parts[start + 1 : end])
        for kind, start, end in zip(NAMES, starts, ends, strict=True)
    }


def test_there_is_a_template_for_each_kind_and_each_is_tried_here() -> None:
    templates = {file.stem.replace("_", "-") for file in new.TEMPLATES.glob("*.j2")}
    assert set(KINDS) == templates == set(NAMES)


def test_each_kind_works_as_it_stands_in_ones_own_folder(tmp_path: Path) -> None:
    said = said_of(tmp_path)
    assert 'topologies=["single_thread", "my_team:build"]' in said["topology"]
    assert "my_boxes:TASK_SET" in said["task-set"]
    assert "--metric my_errors:my_errors" in said["metric"]
    assert "fanout chart latest my_bars:my_bars" in said["chart"]
    assert "fanout import my_log:read FILE" in said["importer"]
    assert 'faults.some=[{fault = "my_gap:FAULT"}]' in said["fault"]
    assert "python my_count.py latest" in said["command"]
    files = sorted(f"{name}.py" for name in NAMES.values())
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(
        [*files, *(f"test_{file}" for file in files)]
    )
    carried_out(tmp_path, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", ".")
    carried_out(tmp_path, BIN / "ruff", "check", "--isolated", ".")
    for length in ("88", "100"):
        carried_out(
            tmp_path, BIN / "ruff", "format", "--check", "--isolated", "--line-length", length
        )
    (tmp_path / "pyrightconfig.json").write_text(STRICT)
    carried_out(tmp_path, BIN / "pyright", "--pythonpath", sys.executable, ".")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout: its packages, its tests and what says how they are checked."""
    folder = tmp_path_factory.mktemp("kit")

    def passed_over(inner: str, names: list[str]) -> set[str]:
        recorded = {"runs"} if Path(inner) == ROOT / "results" else set[str]()
        return recorded | (set(names) & {"__pycache__"})

    for part in new.IN_KIT:
        shutil.copytree(ROOT / part, folder / part, ignore=passed_over)
    for file in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / file, folder)
    return folder


def test_each_kind_works_as_it_stands_in_the_kit_with_its_line_in_the_registry(copy: Path) -> None:
    said = said_of(copy)
    for kind, name in NAMES.items():
        file, registry = KINDS[kind].registry
        assert f'Added to {registry} in {file}: "{name}":' in said[kind]
    assert "fanout my_count latest" in said["command"]
    tests = [next((copy / "tests").rglob(f"test_{name}.py")) for name in NAMES.values()]
    given = ("-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider")
    carried_out(copy, sys.executable, *given, *tests, copy / "tests" / "test_walls.py")
    written = [copy / KINDS[kind].folder / f"{name}.py" for kind, name in NAMES.items()]
    carried_out(copy, BIN / "ruff", "check", *written, *tests)
    carried_out(copy, BIN / "ruff", "format", "--check", *written, *tests)
    assert "my_count" in carried_out(copy, sys.executable, "-m", "experiments.cli", "--help")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Someone's folder, where commands are given."""
    before = list(sys.path)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    sys.path[:] = before


@pytest.mark.parametrize(
    ("kind", "name", "why"),
    [
        ("topology", "my-team", "'my-team' is no Python name; try my_team"),
        ("topology", "class", "'class' is no Python name; try my_class"),
        ("metric", "2nd", "'2nd' is no Python name; try my_2nd"),
        ("chart", "../bars", "'../bars' is no Python name; try bars"),
        ("importer", "json", "a module json would hide the one that is installed"),
        ("importer", "polars", "a module polars would hide the one that is installed"),
        ("task-set", "tasks", "a module tasks would hide the one that is installed"),
        ("team", "mine", "invalid choice: 'team'"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_and_nothing_is_written(
    here: Path, capsys: Capture, kind: str, name: str, why: str
) -> None:
    assert main(["new", kind, name]) == 2
    out, err = capsys.readouterr()
    assert why in err
    assert (out, err.count("\n")) == ("", 1)
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("there", ["mine.py", "test_mine.py"])
def test_nothing_is_overwritten(here: Path, capsys: Capture, there: str) -> None:
    (here / there).write_text("MINE = True\n")
    assert main(["new", "metric", "mine"]) == 2
    assert f"{there} is there already" in capsys.readouterr().err
    assert [file.name for file in here.iterdir()] == [there]
    assert (here / there).read_text() == "MINE = True\n"


def test_a_name_that_a_registry_of_the_kit_has_is_refused(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["new", "task-set", "ledger"]) == 2
    assert "ledger.py is there already" in capsys.readouterr().err
    assert main(["new", "topology", "serial_team"]) == 2
    assert "TOPOLOGIES in" in (err := capsys.readouterr().err)
    assert "has a 'serial_team' already" in err
    assert not (ROOT / "topologies" / "serial_team.py").exists()
