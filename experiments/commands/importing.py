"""`fanout import`: recorded runs of another harness as a run of the kit."""

from __future__ import annotations

import shlex
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.commands.recording import options
from experiments.commands.words import add_json, add_runs, runs_in
from experiments.refused import Refused

if TYPE_CHECKING:
    import polars as pl

HELP = "make a run of another harness's recorded file"
EXAMPLE = "fanout import tau-bench gpt-4o-airline.json"


def add_arguments(parser: ArgumentParser) -> None:
    """Which file, in which format, and what it does not say itself."""
    add = parser.add_argument
    formats = "tau-bench, jsonl, dpbench, or an importer by import path"
    add("format", metavar="FORMAT", help=formats)
    add("file", type=Path, metavar="FILE", help="or a folder; see results/imports/README.md")
    add("--name", metavar="NAME", help="the run's name (default: the file's)")
    add("--model", metavar="NAME", help="tau-bench: the agent's model")
    add("--task-set", metavar="NAME", help="tau-bench: if the tools do not tell")
    estimate = "tau-bench: count the text, as an estimate"
    add("--estimate-tokens", action="store_true", help=estimate)
    again = "a system that is another one run again: how far they differ is the noise floor"
    add("--replicate", action="append", default=[], metavar="AGAIN=SYSTEM", help=again)
    add_runs(parser)
    add_json(parser)


def run(arguments: Namespace) -> int:
    """Carry out the command."""
    from experiments.printed.output import print_json
    from experiments.recorded.show import known_as
    from results.imports.writing import write_run
    from results.store import open_run
    from results.words import many

    file: Path = arguments.file
    name = arguments.name or (file.name if file.is_dir() else file.stem)
    if not name.strip(". ") or "/" in name or not name.isprintable():
        raise Refused(f"the run cannot be called {name!r}; give a plain name with --name")
    folder = runs_in(arguments) / name
    frames = {known: _without_secrets(frame) for known, frame in _frames(arguments).items()}
    replicates = _replicates(arguments.replicate, frames["trials"])
    write_run(folder, frames, name, _source(arguments) | {"replicates": replicates})
    made = open_run(folder)
    trials = made.trials
    tasks = trials.select("task_set", "task").n_unique()
    told = {
        "run": str(folder),
        "trials": trials.height,
        "tasks": tasks,
        "crashed": int((trials.get_column("ended") == "crashed").sum()),
        "steps": made.steps.height,
        "accesses": made.accesses.height,
    }
    if arguments.json:
        print_json(told)
        return 0
    print(
        f"{many(trials.height, 'trial')} of {many(tasks, 'task')} ({told['crashed']} crashed), "
        f"{told['steps']:,} steps, {told['accesses']:,} accesses: {folder}"
    )
    called = known_as(made)
    print(f"Go on with `fanout report {called}` or `fanout profile {called}`.")
    return 0


def _replicates(given: list[str], trials: pl.DataFrame) -> dict[str, str]:
    """Each system that is another one run again, and which."""
    known = trials.get_column("topology").unique().sort().to_list()
    found = dict[str, str]()
    for text in given:
        again, equals, system = text.partition("=")
        if not equals or again == system or not {again, system} <= set(known):
            raise Refused(
                f"--replicate {text}: write AGAIN=SYSTEM with two of its systems "
                f"({', '.join(known)})"
            )
        found[again] = system
    return found


def _without_secrets(frame: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    from topologies.secrets import hidden, signs

    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    found = [name for name in texts if frame.get_column(name).str.contains_any(signs()).any()]
    return frame.with_columns(pl.col(found).map_elements(hidden, pl.String)) if found else frame


def _frames(arguments: Namespace) -> dict[str, pl.DataFrame]:
    from results.imports import IMPORTERS
    from tasks.finder import find_function

    read = find_function("importer", arguments.format, IMPORTERS, ("a path",))
    options = {"model": arguments.model, "task_set": arguments.task_set}
    if arguments.format != "tau-bench":
        given = [name for name, value in options.items() if value is not None]
        given += ["estimate_tokens"] if arguments.estimate_tokens else []
        if given:
            option = given[0].replace("_", "-")
            raise Refused(f"--{option} is for tau-bench files; other formats say it themselves")
        return read(arguments.file)
    if arguments.estimate_tokens:
        from topologies.simulated.tokens import ENCODING_NAME, count

        options |= {"counter": count, "encoding": ENCODING_NAME}
    return read(arguments.file, **options)


def _source(arguments: Namespace) -> dict[str, Any]:
    """Where the run comes from; the name of the file without its folder, which is of no machine."""
    words = ["fanout", "import", arguments.format, arguments.file.name]
    words += options(arguments, "name", "model", "task_set")
    words += ["--estimate-tokens"] if arguments.estimate_tokens else []
    words += options(arguments, "replicate")
    return {
        "format": arguments.format,
        "file": arguments.file.name,
        "sha256": _hash(arguments.file),
        "command": shlex.join(words),
    }


def _hash(file: Path) -> str:
    """SHA-256 of a file, or of the names and contents of all files in a folder."""
    import hashlib

    if not file.is_dir():
        return hashlib.sha256(file.read_bytes()).hexdigest()
    whole = hashlib.sha256()
    for one in sorted(path for path in file.rglob("*") if path.is_file()):
        whole.update(one.relative_to(file).as_posix().encode())
        whole.update(hashlib.sha256(one.read_bytes()).digest())
    return whole.hexdigest()
