"""`fanout gate`: is a run good enough, for CI and release; exit 0, 1 or 2 and one line of why."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from experiments.commands.words import add_run, opened
from experiments.refused import Refused

HELP = "hold a run to a standard: exit 0 passed, 1 failed, 2 undecided or bad input"
EXAMPLE = "fanout gate latest --k 8 --min 0.9"


def add_arguments(parser: ArgumentParser) -> None:
    """Which run, to which standard, and where to write what comes of it."""
    add_run(parser)
    add = parser.add_argument
    add("--k", type=int, default=1, metavar="K", help="of pass^k (default 1)")
    add("--min", type=float, metavar="X", help="least pass^k, between 0 and 1")
    add("--max-cost", type=float, metavar="X", help="most dollars a passed trial")
    add("--baseline", metavar="RUN", help="an earlier run that it must not fall behind")
    add("--tolerance", type=float, metavar="X", help="loss of pass^k to rule out (default 0.05)")
    these = "ask of these tasks alone, not of more like them"
    add("--these-tasks", action="store_true", help=these)
    add("--junit", type=Path, metavar="FILE", help="write JUnit XML")
    add("--markdown", type=Path, metavar="FILE", help="write a summary in Markdown")


def run(arguments: Namespace) -> int:
    """Carry out the command."""
    from dataclasses import asdict

    from experiments.printed.output import print_told
    from results.questions.gate.gate import TOLERANCE, gate

    found = opened(arguments)
    result = gate(
        found,
        arguments.k,
        arguments.min,
        arguments.max_cost,
        None if arguments.baseline is None else opened(arguments, arguments.baseline),
        TOLERANCE if arguments.tolerance is None else arguments.tolerance,
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
        of = f"{found.trials.height} of {found.manifest.get('planned')}"
        print(f"fanout: {found.folder} is not complete: {of} trials", file=sys.stderr)
    checks = [asdict(check) for check in result.checks]
    data = {"exit": result.exit_code, "line": result.line, "checks": checks}
    print_told(arguments.json, data, [result.line])
    return result.exit_code


def _why_not(file: Path) -> str:
    return "it is a folder" if file.is_dir() else f"there is no folder {file.parent}"


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Refused(f"{file} cannot be written: {error.strerror}") from error
