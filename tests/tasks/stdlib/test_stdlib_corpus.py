"""The corpus of the stdlib task set: the same everywhere, and its readings recorded."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tasks.stdlib.clerk as clerk_module
from tasks.stdlib import TASK_SET
from tasks.stdlib.library import ENTRIES
from tasks.stdlib.lookups import lookups
from tasks.stdlib.reading import MODULES, sources
from tasks.task import Task, settings_of


def made(index: int, **settings: Any) -> Task:
    return TASK_SET.make(settings_of(TASK_SET, settings), "dev", index)


def test_the_clerk_imports_neither_the_generator_nor_the_corpus() -> None:
    tree = ast.parse(Path(str(clerk_module.__file__)).read_text("utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    assert imported == {"re", "collections.abc", "tasks.workers.clerk"}


def test_what_a_lookup_read_and_asked_is_recorded(do_work: Callable[..., Any]) -> None:
    task = made(1)
    assert task.solvable
    work = do_work(TASK_SET, task)
    first = lookups("dev", int(task.block[4:]), 1)[0]
    search, one, other = list(work.world.calls.values())[:3]
    assert search.accesses[0] == ("read", ENTRIES, f"search={first.description}", 0, True)
    assert ("read", ENTRIES, first.described, 0, False) in search.accesses
    assert ("read", ENTRIES, first.described, 0, False) in one.accesses
    assert ("read", ENTRIES, first.named, 0, False) in other.accesses
    assert not work.world.changes()


@pytest.mark.parametrize("hash_seed", ["0", "4242"])
def test_corpus_and_tasks_are_the_same_in_every_process(hash_seed: str) -> None:
    code = (
        "import json; from tasks.stdlib import TASK_SET;"
        "from tasks.task import settings_of;"
        "t = TASK_SET.make(settings_of(TASK_SET, {'coupling': 1}), 'dev', 7);"
        "print(json.dumps([TASK_SET.corpus(), t.instruction, repr(t.goal), repr(t.solution)]))"
    )
    root = Path(str(clerk_module.__file__)).parents[2]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(root)}
    out = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    task = made(7, coupling=1)
    here = [TASK_SET.corpus(), task.instruction, repr(task.goal), repr(task.solution)]
    assert json.loads(out.stdout) == here


def test_the_corpus_reads_this_pythons_modules_without_importing_them() -> None:
    assert len(sources()) > 0.9 * len(MODULES)
    code = (
        "import sys; from tasks.stdlib import TASK_SET; TASK_SET.corpus();"
        "print(sorted({'imaplib', 'turtle', 'webbrowser', 'mailbox', 'pdb'} & set(sys.modules)))"
    )
    root = Path(str(clerk_module.__file__)).parents[2]
    out = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert out.stdout.strip() == "[]"
