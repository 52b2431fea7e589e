"""The lines of each folder's README that say what its files are for: `python -m tests.pages`.

They are the first sentences of the files' own docstrings, so that nothing is said twice by hand.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("tasks", "topologies", "results", "experiments")
BEGIN, END = "```text\n", "```\n"


def lines(folder: Path, depth: int = 0) -> Iterator[str]:
    """One line for each file and folder below, files first."""
    for file in sorted(folder.glob("*.py")):
        if file.name != "__init__.py":
            yield _line(file.name, _purpose(file), depth)
    for inner in sorted(one for one in folder.iterdir() if one.is_dir()):
        if any(inner.rglob("*.py")):
            face = inner / "__init__.py"
            yield _line(f"{inner.name}/", _purpose(face) if face.exists() else "", depth)
            yield from lines(inner, depth + 1)


def written(page: str, tree: str) -> str:
    """The page with the tree in place of the one it has."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{tree}{END}{after}"


def page_of(package: str) -> tuple[Path, str]:
    """The README of a package, and what it must say."""
    file = ROOT / package / "README.md"
    tree = "".join(f"{line}\n" for line in lines(ROOT / package))
    return file, written(file.read_text(encoding="utf-8"), tree)


def _line(name: str, purpose: str, depth: int) -> str:
    return f"{'  ' * depth + name:26}{purpose}".rstrip()


def _purpose(file: Path) -> str:
    said = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    first = re.split(r"(?<=[.?!])\s", " ".join(said.split("\n\n")[0].split()), maxsplit=1)[0]
    return first.rstrip(".")


if __name__ == "__main__":
    for package in PACKAGES:
        file, page = page_of(package)
        file.write_text(page, encoding="utf-8")
