"""`fanout new`: a small working file of a kind with its test, and the one line by which it is used.

In the checkout of the kit it goes where its kind stands, with its line in the registry; anywhere
else it is a module of one's own, used by import path. A kind is a template in `templates/`, with
the blocks `file` and `test`, and a line in `KINDS`.
"""

from __future__ import annotations

import keyword
import re
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HELP = "write a small working file of a kind, with its test"
EXAMPLE = "fanout new topology my_team"

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = Path(__file__).with_name("templates")
IN_KIT = ("tasks", "topologies", "results", "experiments", "tests")


@dataclass(frozen=True)
class Kind:
    """Where a kind stands in the kit, and how one of it is named and used.

    `thing` is what its module has to offer ("" for the module itself); `registry` is the module
    and the dict that names it, `line` its entry there; `use` is a command that uses it, and
    `use_in_kit` another one where that differs.
    """

    folder: str
    tests: str
    thing: str
    registry: tuple[str, str]
    use: str
    line: str = '"{name}": "{path}",'
    use_in_kit: str = ""


KINDS: dict[str, Kind] = {
    "topology": Kind(
        "topologies",
        "tests/topologies",
        "build",
        ("topologies/__init__.py", "TOPOLOGIES"),
        """fanout run quickstart --name {name} --set 'topologies=["single_thread", "{named}"]'""",
        '"{name}": ("{path}", {{}}),',
    ),
    "task-set": Kind(
        "tasks",
        "tests/tasks",
        "TASK_SET",
        ("tasks/__init__.py", "TASK_SETS"),
        """fanout run quickstart --name {name} --set 'task_sets={{"{named}"={{}}}}'""",
    ),
    "metric": Kind(
        "results",
        "tests/results",
        "{name}",
        ("results/__init__.py", "METRICS"),
        "fanout report latest --metric {named}",
        use_in_kit="fanout report latest",
    ),
    "chart": Kind(
        "results/charts",
        "tests/results",
        "{name}",
        ("results/__init__.py", "CHARTS"),
        "fanout chart latest {named}",
    ),
    "importer": Kind(
        "results/imports",
        "tests/results",
        "read",
        ("results/imports/__init__.py", "IMPORTERS"),
        "fanout import {named} FILE",
    ),
    "fault": Kind(
        "tasks/faults",
        "tests/tasks/faults",
        "FAULT",
        ("tasks/faults/__init__.py", "FAULTS"),
        """fanout run quickstart --name {name} --set 'faults.some=[{{fault = "{named}"}}]'""",
    ),
    "command": Kind(
        "experiments/commands",
        "tests/experiments",
        "",
        ("experiments/commands/__init__.py", "COMMANDS"),
        "python {name}.py latest",
        use_in_kit="fanout {name} latest",
    ),
}
"""What can be made anew."""


def add_arguments(parser: ArgumentParser) -> None:
    """What kind, and how it is called."""
    parser.add_argument("kind", choices=KINDS, metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("name", metavar="NAME", help="a Python name, such as my_team")


def run(arguments: Namespace) -> int:
    """Carry out the command: write the two files, and say how the new thing is used."""
    kind, name, here = KINDS[arguments.kind], str(arguments.name), Path.cwd().resolve()
    in_kit = here == ROOT or any(here.is_relative_to(ROOT / part) for part in IN_KIT)
    file = (ROOT / kind.folder if in_kit else here) / f"{name}.py"
    test = (ROOT / kind.tests if in_kit else here) / f"test_{name}.py"
    module = f"{kind.folder.replace('/', '.')}.{name}" if in_kit else name
    path = ":".join(filter(None, (module, kind.thing.format(name=name))))
    line = kind.line.format(name=name, path=path)
    _check(name, file, test, in_kit)
    added = _with_line(ROOT / kind.registry[0], kind.registry[1], name, line) if in_kit else ""
    named = name if in_kit else path
    words = {"name": name, "module": module, "named": named, "in_kit": in_kit}
    for target, text in zip((file, test), _rendered(arguments.kind, words), strict=True):
        target.write_text(_in_order(text, IN_KIT if in_kit else (name,)), encoding="utf-8")
    if in_kit:
        (ROOT / kind.registry[0]).write_text(added, encoding="utf-8")
        # Each folder's page says what its files are for.
        subprocess.run([sys.executable, "-m", "tests.pages"], cwd=ROOT, check=True)
        print(f"Added to {kind.registry[1]} in {kind.registry[0]}: {line}")
    print(f"Written: {_shown(file)}, and its test: python -m pytest {_shown(test)}")
    use = (in_kit and kind.use_in_kit) or kind.use
    print(f"Use it: {use.format(name=name, named=named)}")
    return 0


def _check(name: str, file: Path, test: Path, in_kit: bool) -> None:
    """Refuse what cannot be named so, what is there already, and what would hide another module."""
    from importlib.util import find_spec

    from experiments.refused import Refused

    if not name.isidentifier() or keyword.iskeyword(name):
        better = re.sub(r"\W+", "_", name).strip("_").lower()
        good = better.isidentifier() and not keyword.iskeyword(better)
        raise Refused(f"{name!r} is no Python name; try {better if good else f'my_{better}'}")
    for one in (file, test):
        if one.exists():
            raise Refused(f"{one} is there already; take another name, or move it away first")
    if in_kit:
        return
    if name in sys.stdlib_module_names or name in IN_KIT or find_spec(name) is not None:
        raise Refused(f"a module {name} would hide the one that is installed; take another name")


def _with_line(file: Path, registry: str, name: str, line: str) -> str:
    """The text of a module with one more line in one of its dicts."""
    from experiments.refused import Refused

    text = file.read_text(encoding="utf-8")
    found = re.search(rf"^{registry}\b.*= {{\n((?:.*\n)*?)^}}$", text, re.MULTILINE)
    if found is None:
        raise Refused(f"{file} has no dict {registry} to add this to: {line}")
    if re.search(rf'^    "{name}":', found.group(1), re.MULTILINE):
        raise Refused(f"{registry} in {file} has a {name!r} already; take another name")
    return f"{text[: found.end(1)]}    {line}\n{text[found.end(1) :]}"


def _rendered(kind: str, words: Mapping[str, object]) -> tuple[str, str]:
    """The file and its test."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, trim_blocks=True
    )
    template = environment.get_template(f"{kind.replace('-', '_')}.j2")
    context = template.new_context(dict(words))
    file, test = ("".join(template.blocks[part](context)) for part in ("file", "test"))
    return file, test


def _in_order(text: str, ours: Sequence[str]) -> str:
    """The text with its imports as Ruff sorts them, those of `ours` last."""
    imports = re.findall(r"^(?:from|import) .+$", text, re.MULTILINE)
    sections: dict[int, list[str]] = {}
    for line in sorted(imports, key=lambda line: (line.startswith("from"), line.split()[1])):
        root = line.split()[1].partition(".")[0]
        known = (root == "__future__", root in sys.stdlib_module_names, root not in ours, True)
        sections.setdefault(known.index(True), []).append(line)
    start, end = text.index(imports[0]), text.index(imports[-1]) + len(imports[-1])
    block = "\n\n".join("\n".join(sections[place]) for place in sorted(sections))
    return text[:start] + block + text[end:]


def _shown(file: Path) -> str:
    """The path as it can be typed where the command was given."""
    here = Path.cwd().resolve()
    return str(file.relative_to(here)) if file.is_relative_to(here) else str(file)
