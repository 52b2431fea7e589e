"""The command `fanout`: its words are read and carried out, and an exit code says what came of it.

Only what a command needs is imported, and only when it runs, so that `--help` is quick.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

from experiments.commands import COMMANDS, GROUPS
from experiments.import_paths import look_here_first
from experiments.terminal import plain_streams
from tasks.finder import namesakes

FAILED = 1
BAD_INPUT = 2
BUG = 70
INTERRUPTED = 130


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"{self.prog}: {message}; see {self.prog} --help\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out a command line; its exit code (2 for bad input, 70 for a bug, 130 for Ctrl-C)."""
    with plain_streams():
        return _carried_out(argv)


def _carried_out(argv: Sequence[str] | None) -> int:
    try:
        arguments = parser().parse_args(argv)
    except SystemExit as end:
        return int(end.code or 0)
    try:
        look_here_first()
        if (hidden := namesakes()) is not None:
            print(f"fanout: note: {hidden}", file=sys.stderr)
        code: int = arguments.run_command(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has seen enough; nothing is left to flush into.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except OSError as error:
        print(f"fanout: {error.filename or 'a file'}: {error.strerror or error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("fanout: interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        return _told(error)
    return code


def _told(error: Exception) -> int:
    """What is refused or broke down is one line; anything else is a bug, and shows where."""
    from experiments.engines.engine import EngineError
    from experiments.refused import REFUSALS

    if isinstance(error, (EngineError, *REFUSALS)):
        print(f"fanout: {' '.join(str(error).split())}", file=sys.stderr)
        return FAILED if isinstance(error, EngineError) else BAD_INPUT
    import traceback

    traceback.print_exception(error)
    print(
        "fanout: this is a bug, in fanout or in code that it was given; what is recorded is kept",
        file=sys.stderr,
    )
    return BUG


def parser() -> Parser:
    """All commands and their options; `run_command` is what carries the chosen one out."""
    top = Parser(
        prog="fanout",
        description="Should this work be done by one agent thread, or by a lead with subagents?",
        epilog="example: fanout run quickstart",
        allow_abbrev=False,
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    groups: dict[str, Any] = {}
    for name, path in COMMANDS.items():
        group, _, action = name.rpartition(" ")
        if group and group not in groups:
            groups[group] = _group(commands, group, name)
        command = import_module(path)
        about: str = command.HELP
        words: Parser = groups.get(group, commands).add_parser(
            action,
            help=about.replace("%", "%%"),
            description=about[0].upper() + about[1:] + ".",
            epilog=f"example: {command.EXAMPLE}",
            allow_abbrev=False,
        )
        command.add_arguments(words)
        words.set_defaults(command=name, run_command=command.run)
    return top


def _group(commands: Any, name: str, first: str) -> Any:
    """A first word that takes another."""
    group = commands.add_parser(
        name, help=GROUPS[name], epilog=f"example: fanout {first}", allow_abbrev=False
    )
    return group.add_subparsers(dest="action", required=True, metavar="ACTION")


if __name__ == "__main__":
    sys.exit(main())
