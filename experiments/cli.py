"""The command `fanout`: its words, and where each is carried out.

Only what a command needs is imported, and only when it runs, so that `--help` is quick.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

COMMANDS: dict[str, str] = {
    "run": "experiments.commands.run:run",
    "list": "experiments.commands.listing:run",
    "show": "experiments.commands.show:run",
    "report": "experiments.commands.report:run",
    "notebook": "experiments.commands.notebook:run",
    "model serve": "experiments.commands.serve:run",
}
"""Command to the function that carries it out: parsed arguments in, exit code out."""

BAD_INPUT = 2
INTERRUPTED = 130


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"{self.prog}: {message}; see {self.prog} --help\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out a command line; its exit code (2 for bad input, 130 for Ctrl-C)."""
    try:
        arguments = parser().parse_args(argv)
    except SystemExit as end:
        return int(end.code or 0)
    # What a sweep names by import path is looked for where the command is given, too.
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    module, _, function = COMMANDS[arguments.command].partition(":")
    try:
        code: int = getattr(importlib.import_module(module), function)(arguments)
        sys.stdout.flush()
    except ValueError as error:
        print(f"fanout: {' '.join(str(error).split())}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("fanout: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has seen enough; nothing is left to flush into.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    return code


def parser() -> Parser:
    """All commands and their options."""
    top = Parser(
        prog="fanout",
        description="Should this work be done by one agent thread, or by a lead with subagents?",
        epilog="example: fanout run quickstart",
        allow_abbrev=False,
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _run(_command(commands, "run", "run a sweep, or go on with it", "fanout run --set trials=2"))
    _list(_command(commands, "list", "what can be named", "fanout list task-sets"))
    _show(_command(commands, "show", "the trials of a run, or one trial", "fanout show latest"))
    report = _command(commands, "report", "write a run's report", "fanout report quickstart")
    _of_run(report, "latest")
    report.add_argument("--output", type=Path, metavar="FOLDER", help="default: the run's folder")
    notebook = _command(commands, "notebook", "open a notebook", "fanout notebook compare")
    notebook.add_argument("name", nargs="?", default="compare", metavar="NAME")
    notebook.add_argument("--run", metavar="RUN", help="the recorded run it opens with")
    _runs(notebook)
    notebook.add_argument("--edit", action="store_true", help="edit it instead of running it")
    notebook.add_argument("--host", default="127.0.0.1")
    notebook.add_argument("--port", type=int, default=None)
    notebook.add_argument("--no-browser", action="store_true", help="do not open a browser")
    model = commands.add_parser(
        "model",
        help="the simulated model",
        epilog="example: fanout model serve",
        allow_abbrev=False,
    )
    actions = model.add_subparsers(dest="action", required=True, metavar="ACTION")
    serve = _command(
        actions, "serve", "serve it to any OpenAI client", "fanout model serve --port 8321"
    )
    serve.set_defaults(command="model serve")
    serve.add_argument("--host", default="127.0.0.1", help="a loopback address")
    serve.add_argument("--port", type=int, default=8321, help="0 takes a free one")
    serve.add_argument("--real-time", action="store_true", help="take the simulated latencies")
    return top


def _command(commands: Any, name: str, about: str, example: str) -> Parser:
    return commands.add_parser(
        name,
        help=about,
        description=about[0].upper() + about[1:] + ".",
        epilog=f"example: {example}",
        allow_abbrev=False,
    )


def _of_run(command: Parser, default: str | None = None) -> None:
    command.add_argument(
        "name",
        nargs=None if default is None else "?",
        default=default,
        metavar="RUN",
        help='a name in results/runs, a folder, or "latest"',
    )
    _runs(command)
    command.add_argument("--json", action="store_true", help="print JSON")


def _runs(command: Parser) -> None:
    command.add_argument(
        "--runs", type=Path, metavar="FOLDER", help="where runs are kept (default: results/runs)"
    )


def _list(command: Parser) -> None:
    kinds = ("topologies", "task-sets", "models", "sweeps", "runs")
    command.add_argument("kind", nargs="?", choices=kinds, metavar="KIND", help=", ".join(kinds))
    _runs(command)
    command.add_argument("--json", action="store_true", help="print JSON")


def _show(command: Parser) -> None:
    _of_run(command)
    command.add_argument(
        "trial", nargs="?", metavar="TRIAL", help="the beginning of an id, or TOPOLOGY/BLOCK/TRIAL"
    )
    command.add_argument("--full", action="store_true", help="do not cut long texts")


def _run(command: Parser) -> None:
    add = command.add_argument
    add("sweep", nargs="?", default="quickstart", metavar="SWEEP", help="a name or a .toml file")
    add("--set", action="append", default=[], metavar="KEY=VALUE", help="as in --set trials=4")
    add("--model", action="append", default=[], metavar="NAME", help="or ROLE=NAME")
    add("--name", metavar="NAME", help="the run's name (default: the sweep's)")
    _runs(command)
    add("--workers", type=int, metavar="N", help="processes, or trials of a real model at once")
    add("--engine", metavar="NAME", help="pool, endpoint, here, or an import path")
    add("--resume", action="store_true", help="go on with a run; refuse to start a new one")
    add("--fresh", action="store_true", help="set an earlier run of this name aside")
    add("--retry-crashed", action="store_true", help="run crashed trials again")
    add("--estimate", action="store_true", help="say what it would take, and stop")
    add("--pilot", type=int, default=2, metavar="N", help="trials a cell for the estimate")
    add("--from", dest="basis", metavar="RUN", help="estimate from a recorded run instead")
    add("--max-dollars", type=float, metavar="X", help="ask first if the estimate is above")
    add("--yes", action="store_true", help="answer yes to that")
    add("--json", action="store_true", help="print JSON, and no progress")


if __name__ == "__main__":
    sys.exit(main())
