"""`fanout gate`: is a run good enough, for CI and release; exit 0, 1 or 2 and one line of why."""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

from experiments.commands.output import print_json
from experiments.refused import Refused
from results.questions.gate.gate import TOLERANCE, gate
from results.store import RUNS, find_run, open_run


def run(arguments: argparse.Namespace) -> int:
    """Carry out the command."""
    runs: Path = arguments.runs or RUNS
    found = open_run(find_run(arguments.name, runs))
    baseline = None
    if arguments.baseline is not None:
        baseline = open_run(find_run(arguments.baseline, runs))
    tolerance = TOLERANCE if arguments.tolerance is None else arguments.tolerance
    result = gate(
        found,
        arguments.k,
        arguments.min,
        arguments.max_cost,
        baseline,
        tolerance,
        arguments.these_tasks,
    )
    written = {arguments.junit: result.junit_xml, arguments.markdown: result.markdown}
    files: list[Path] = [file for file in written if file is not None]
    for file in files:
        if not file.parent.is_dir() or file.is_dir():
            raise Refused(f"{file} cannot be written: {_why_not(file)}")
    for file in files:
        _write(file, written[file])
    if not found.complete:
        planned = found.manifest.get("planned")
        print(
            f"fanout: {found.folder} is not complete: {found.trials.height} of {planned} trials",
            file=sys.stderr,
        )
    if arguments.json:
        print_json(
            {
                "exit": result.exit_code,
                "line": result.line,
                "checks": [asdict(check) for check in result.checks],
            }
        )
    else:
        print(result.line)
    return result.exit_code


def _why_not(file: Path) -> str:
    return "it is a folder" if file.is_dir() else f"there is no folder {file.parent}"


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Refused(f"{file} cannot be written: {error.strerror}") from error
