"""The walls of the house: who may import whom, who may know LangChain, and what stands where."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pages import page_of

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "tasks": {"tasks"},
    "topologies": {"topologies", "tasks"},
    "results": {"results"},
    "experiments": {"experiments", "topologies", "tasks", "results"},
}
AGENT_SIDE = {"langchain_core", "langchain_openai", "langgraph"}
JOIN = ROOT / "experiments" / "trials"
"""Where `experiments` joins the sides."""
CONTRACTS = {"tasks/world.py", "tasks/workers/voting.py", "results/statistics/pairs.py"}
"""What only code can get wrong, and what an endpoint answers: no person asked for it."""


def _modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def _imported(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_point_one_way(package: str) -> None:
    for file in _modules(package):
        crossed = (_imported(file) & set(MAY_IMPORT)) - MAY_IMPORT[package]
        assert not crossed, f"{file.relative_to(ROOT)} imports {crossed}"


@pytest.mark.parametrize("package", ["tasks", "results", "experiments"])
def test_only_topologies_and_the_trials_know_langchain(package: str) -> None:
    for file in _modules(package):
        if file.parent != JOIN:
            assert not _imported(file) & AGENT_SIDE, file.relative_to(ROOT)


@pytest.mark.parametrize("task_set", ["stdlib", "orders", "ledger"])
def test_a_clerk_knows_no_answers(task_set: str) -> None:
    """It must not reach its set's generator, policy or solutions, directly or through others."""
    folder = ROOT / "tasks" / task_set
    seen: set[str] = set()
    left = ["clerk"]
    while left:
        name = left.pop()
        if name in seen or not (folder / f"{name}.py").exists():
            continue
        seen.add(name)
        text = (folder / f"{name}.py").read_text(encoding="utf-8")
        left += re.findall(rf"from tasks\.{task_set}\.(\w+) import", text)
        left += re.findall(rf"from tasks\.{task_set} import (\w+)", text)
    assert not seen & {"generator", "policy", "batch", "lookups", "books", "outside"}


def test_importing_a_package_does_nothing() -> None:
    """No prints, no folders, no clients: only cheap modules are loaded."""
    names = ", ".join(MAY_IMPORT)
    heavy = ("polars", "openai", "altair")
    code = f"import sys, {names}; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_what_is_refused_is_told_from_a_bug() -> None:
    """Bad input raises `Refused` of tasks or results: any other error shows as a bug."""
    for package in MAY_IMPORT:
        for file in _modules(package):
            if file.relative_to(ROOT).as_posix() in CONTRACTS:
                continue
            text = file.read_text(encoding="utf-8")
            assert "raise ValueError" not in text, f"{file.relative_to(ROOT)}: raise Refused"


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_each_readme_says_what_every_file_is_for_in_its_own_words(package: str) -> None:
    file, page = page_of(package)
    assert file.read_text(encoding="utf-8") == page, "run python -m tests.pages"
