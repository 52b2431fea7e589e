"""The walls of the house: who may import whom, who may know LangChain, and what stands where."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
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

FLOORS: dict[str, tuple[tuple[str, ...], ...]] = {
    "results": (
        ("refused", "text", "records", "strata", "rules", "simulation", "usage", "metrics"),
        ("finder", "words", "table", "infeasible", "withheld"),
        ("disk",),
        ("journal",),
        ("parquet",),
        ("store",),
        ("view",),
        ("statistics", "imports"),
        ("conflicts", "tokens", "resilience"),
        ("questions",),
        ("charts",),
        ("reports",),
    ),
    "experiments": (
        ("refused", "import_paths"),
        ("trials",),
        ("sweeps", "engines"),
        ("running",),
        ("profiles", "recorded", "graph_check"),
        ("printed",),
        ("commands", "notebook_parts"),
        ("notebooks",),
    ),
    "topologies": (("secrets", "simulated"), ("models",), ("kit",), ("agent",), ("single_thread",)),
    "tasks": (
        ("refused",),
        ("tools", "judging"),
        ("database", "call_log"),
        ("world",),
        ("task",),
        ("proof", "stdlib", "orders", "ledger"),
    ),
}
"""Floors of each package, the ground first: a room imports from its own floor or from below."""


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


def test_no_files_or_folders_import_each_other_in_a_circle() -> None:
    """Within each folder its files and folders can be put in an order in which none looks up.

    An import for types alone counts: it hides a circle and does not open it.
    """
    arrows = _arrows()
    for house in sorted({parent for pair in arrows for parent in _parents(pair[0])}):
        rooms: dict[str, set[str]] = {}
        for one, other in arrows:
            ends = _room(one, house), _room(other, house)
            if None not in ends and ends[0] != ends[1]:
                rooms.setdefault(str(ends[0]), set()).add(str(ends[1]))
        try:
            TopologicalSorter(rooms).prepare()
        except CycleError as error:
            raise AssertionError(f"in {house}: {' -> '.join(error.args[1])}") from None


@pytest.mark.parametrize("package", FLOORS)
def test_no_room_imports_from_a_floor_above(package: str) -> None:
    floor = {name: at for at, names in enumerate(FLOORS[package]) for name in names}
    rooms = {_room(one, package) for pair in _arrows() for one in pair} - {None, ""}
    if package == "results":
        assert rooms <= floor.keys(), "every room stands on a floor"
    for one, other in _arrows():
        here, there = floor.get(_room(one, package) or ""), floor.get(_room(other, package) or "")
        if here is not None and there is not None:
            assert there <= here, f"{one} imports {other}, which stands above it"


@pytest.mark.parametrize("room", ["reports", "charts"])
def test_whoever_tells_of_a_run_takes_its_strata_from_its_view(room: str) -> None:
    """Told of frames alone, only the map and the chart of tasks look for strata themselves."""
    files = {file for file in _modules("results") if file.parent.name == room}
    again = {file.name for file in files if "results.strata.strata" in _names(file)}
    assert again <= {"map.py", "tasks.py", "report_words.py"}


@cache
def _arrows() -> frozenset[tuple[str, str]]:
    """Who imports whom, by dotted name, of all files of the house."""
    files = {_dotted(file): file for package in MAY_IMPORT for file in _modules(package)}
    found = {
        (one, other if other in files else other.rpartition(".")[0])
        for one, file in files.items()
        for other in _names(file)
    }
    return frozenset(pair for pair in found if pair[1] in files and pair[0] != pair[1])


def _names(file: Path) -> Iterator[str]:
    """What a file imports, each as "module.name"."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _dotted(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _parents(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]


def _room(module: str, house: str) -> str | None:
    """The file or folder of the folder `house` that a module is, or is in; "" its own face."""
    if module == house:
        return ""
    inside = module.removeprefix(f"{house}.")
    return None if inside == module else inside.split(".")[0]


@pytest.mark.parametrize("package", ["tasks", "results", "experiments"])
def test_only_topologies_and_the_trials_know_langchain(package: str) -> None:
    for file in _modules(package):
        if file.parent != JOIN:
            assert not _imported(file) & AGENT_SIDE, file.relative_to(ROOT)


@pytest.mark.parametrize("task_set", ["stdlib", "orders"])
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
    assert not seen & {"generator", "policy", "batch", "lookups", "outside"}


def _reached(module: ast.Module, start: ast.AST) -> set[str]:
    """The names a module defines, or has from `tasks`, that a piece of it refers to.

    Directly or through others of them.
    """
    defined: dict[str, ast.AST] = {}
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            defined[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for name in (n for target in targets for n in ast.walk(target)):
                if isinstance(name, ast.Name):
                    defined[name.id] = node
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tasks."):
            defined |= {alias.asname or alias.name: node for alias in node.names}
    found: set[str] = set()
    left = [start]
    while left:
        used = {n.id for n in ast.walk(left.pop()) if isinstance(n, ast.Name)}
        left += [defined[name] for name in used & set(defined) - found]
        found |= used & set(defined)
    return found


def _clerk_knows(text: str) -> set[str]:
    """What the clerk of a task set in one file refers to of how its tasks are made.

    Of what `make` refers to it may know the tools by name: that is what every agent is told.
    """
    module = ast.parse(text)
    calls = [n for n in ast.walk(module) if isinstance(n, ast.Call)]
    clerk = next(c for c in calls if isinstance(c.func, ast.Name) and c.func.id == "Clerk")
    parts = [word for word in clerk.keywords if word.arg != "tools"]
    known = {name for part in parts for name in _reached(module, part.value)}
    make = next(n for n in module.body if isinstance(n, ast.FunctionDef) and n.name == "make")
    return known & (_reached(module, make) | {"make", "TASK_SET"})


@pytest.mark.parametrize("task_set", ["ledger"])
def test_a_clerk_in_one_file_with_its_tasks_knows_no_answers(task_set: str) -> None:
    text = (ROOT / "tasks" / f"{task_set}.py").read_text(encoding="utf-8")
    assert _clerk_knows(text) == set()
    peeking = text.replace(
        "    return f\"{where} {at['amount']}\"", '    return trails("dev", 0, 1)'
    )
    assert _clerk_knows(peeking) >= {"trails", "luck"}


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
