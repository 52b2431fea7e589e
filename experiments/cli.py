"""The command `fanout`: its words, and where each is carried out.

Only what a command needs is imported, and only when it runs, so that `--help` is quick.
"""

import argparse
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from experiments.import_paths import look_here_first, namesakes
from experiments.terminal import plain_streams

COMMANDS: dict[str, str] = {
    "run": "experiments.commands.run:run",
    "check": "experiments.commands.check:run",
    "list": "experiments.commands.listing:run",
    "show": "experiments.commands.show:run",
    "report": "experiments.commands.report:run",
    "chart": "experiments.commands.chart:run",
    "conflicts": "experiments.commands.conflicts:run",
    "profile": "experiments.commands.profile:run",
    "gate": "experiments.commands.gate:run",
    "plan": "experiments.commands.plan:run",
    "compare": "experiments.commands.compare:run",
    "import": "experiments.commands.importing:run",
    "export": "experiments.commands.exporting:run",
    "sensitivity": "experiments.commands.sensitivity:run",
    "probe": "experiments.commands.probe:run",
    "notebook": "experiments.commands.notebook:run",
    "model serve": "experiments.commands.serve:run",
}
"""Command to the function that carries it out: parsed arguments in, exit code out."""

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
    module, _, function = COMMANDS[arguments.command].partition(":")
    try:
        look_here_first()
        if (hidden := namesakes()) is not None:
            print(f"fanout: note: {hidden}", file=sys.stderr)
        _check_engine(arguments)
        code: int = getattr(importlib.import_module(module), function)(arguments)
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
    """What is refused is one line; anything else is a bug, and shows where."""
    from experiments.refused import REFUSALS

    if isinstance(error, REFUSALS):
        print(f"fanout: {' '.join(str(error).split())}", file=sys.stderr)
        return BAD_INPUT
    traceback.print_exception(error)
    print(
        "fanout: this is a bug, in fanout or in code that it was given; what is recorded is kept",
        file=sys.stderr,
    )
    return BUG


def _check_engine(arguments: argparse.Namespace) -> None:
    """Refuse an engine that cannot be before anything is written."""
    if getattr(arguments, "engine", None) is not None:
        from experiments.engines.engine import load_engine

        load_engine(arguments.engine)


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
    about = "say what holds of your graph as it is, and what to change: exit 0, 1 or 2"
    check = _command(commands, "check", about, "fanout check my_graph:build")
    check.add_argument("topology", metavar="GRAPH", help="a topology, or its import path")
    check.add_argument("--json", action="store_true", help="print JSON")
    _list(_command(commands, "list", "what can be named", "fanout list task-sets"))
    _show(_command(commands, "show", "the trials of a run, or one trial", "fanout show latest"))
    report = _command(commands, "report", "write a run's report", "fanout report quickstart")
    _of_run(report, "latest")
    report.add_argument("--output", type=Path, metavar="FOLDER", help="default: the run's folder")
    for kind in ("metric", "chart"):
        about = f"a {kind} of your own to show too, by import path (my_module:my_function)"
        report.add_argument(f"--{kind}", action="append", default=[], metavar="PATH", help=about)
    chart = _command(
        commands, "chart", "one chart as a picture", "fanout chart quickstart success_by_cell"
    )
    _of_run(chart)
    chart.add_argument("chart", metavar="CHART", help="its name, or an import path")
    chart.add_argument("--to", choices=("svg", "png", "pdf"), default="svg")
    chart.add_argument("--output", type=Path, metavar="FILE", help="default: CHART.svg here")
    _analysis(commands)
    _exchange(commands)
    _reach(commands)
    notebook = _command(commands, "notebook", "open a notebook", "fanout notebook compare")
    notebook.add_argument("name", nargs="?", default="compare", metavar="NAME")
    notebook.add_argument("--run", metavar="RUN", help="the recorded run it opens with")
    _runs(notebook)
    notebook.add_argument("--edit", action="store_true", help="edit it instead of running it")
    notebook.add_argument("--host", default="127.0.0.1", help="another than loopback takes a token")
    notebook.add_argument("--token", metavar="TEXT", help="what a visitor must give to enter")
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


def _analysis(commands: Any) -> None:
    """What else can be asked of recorded runs."""
    conflicts = _command(
        commands,
        "conflicts",
        "prove where agents that share state got in each other's way",
        "fanout conflicts latest --trial 5e98",
    )
    _of_run(conflicts, "latest", "a run, or a file of histories (.json, or accesses as .parquet)")
    conflicts.add_argument("--trial", metavar="TRIAL", help="one trial of a run, or one history")
    conflicts.add_argument(
        "--top", type=int, default=2, metavar="N", help="witnesses shown of each kind (default 2)"
    )
    profile = _command(
        commands,
        "profile",
        "what fan-out could bring to recorded single-agent runs",
        "fanout profile latest",
    )
    _of_run(profile, "latest")
    add = profile.add_argument
    add("--agents", type=int, default=4, metavar="N", help="most subagents at a time (default 4)")
    writes = "the tools that write, where no accesses say so, as in refund,cancel"
    add("--writes", metavar="TOOLS", help=writes)
    add("--trial", metavar="TRIAL", help="the run to draw (default: the largest speed-up)")
    add("--output", type=Path, metavar="FOLDER", help="of pictures (default: in the run's folder)")
    gate = _command(
        commands,
        "gate",
        "hold a run to a standard: exit 0 passed, 1 failed, 2 undecided or bad input",
        "fanout gate latest --k 8 --min 0.9",
    )
    _of_run(gate)
    add = gate.add_argument
    add("--k", type=int, default=1, metavar="K", help="of pass^k (default 1)")
    add("--min", type=float, metavar="X", help="least pass^k, between 0 and 1")
    add("--max-cost", type=float, metavar="X", help="most dollars a passed trial")
    add("--baseline", metavar="RUN", help="an earlier run that it must not fall behind")
    add("--tolerance", type=float, metavar="X", help="loss of pass^k to rule out (default 0.05)")
    add(
        "--these-tasks", action="store_true", help="ask of these tasks alone, not of more like them"
    )
    add("--junit", type=Path, metavar="FILE", help="write JUnit XML")
    add("--markdown", type=Path, metavar="FILE", help="write a summary in Markdown")
    compare = _command(
        commands, "compare", "runs side by side, paired by task", "fanout compare before after"
    )
    _of_run(compare)
    compare.add_argument("others", nargs="+", metavar="RUN", help="compared to the first")
    compare.add_argument("--k", type=int, metavar="K", help="of pass^k (default 4)")
    about = "a topology or task set of RUN is OURS in the first, as in after:agent=single_thread"
    compare.add_argument(
        "--as", action="append", default=[], dest="called", metavar="RUN:THEIRS=OURS", help=about
    )
    plan = _command(
        commands,
        "plan",
        "how many tasks and trials a wanted difference takes",
        "fanout plan pilot --difference 0.1   (or: fanout plan --rate 0.7)",
    )
    _of_run(plan, None, 'the pilot: a run, or "latest"', nargs="?")
    add = plan.add_argument
    add("--difference", type=float, default=0.1, metavar="X", help="in pass^k (default 0.1)")
    add("--k", type=int, default=1, metavar="K", help="of pass^k (default 1)")
    add("--power", type=float, default=0.8, metavar="X", help="default 0.8")
    add("--alpha", type=float, default=0.05, metavar="X", help="default 0.05")
    add("--topology", metavar="NAME", help="default: each of the pilot's")
    add("--reference", metavar="NAME", help="default: the pilot's reference")
    add("--rate", type=float, metavar="X", help="stated pass^1 of the reference, instead of a run")
    add("--icc", type=float, metavar="X", help="with --rate (default 0.4)")
    add("--alike", type=float, metavar="X", help="with --rate: share of tasks as hard for both")
    add("--task-dollars", type=float, default=0.0, metavar="X", help="to make one more task")
    add("--at-once", type=int, default=1, metavar="N", help="trials that run at a time")


def _exchange(commands: Any) -> None:
    """In from other harnesses, and out."""
    about = "make a run of another harness's recorded file"
    taken = _command(commands, "import", about, "fanout import tau-bench gpt-4o-airline.json")
    formats = "tau-bench, jsonl, dpbench, or an importer by import path"
    taken.add_argument("format", metavar="FORMAT", help=formats)
    taken.add_argument(
        "file", type=Path, metavar="FILE", help="or a folder; see results/imports/README.md"
    )
    taken.add_argument("--name", metavar="NAME", help="the run's name (default: the file's)")
    taken.add_argument("--model", metavar="NAME", help="tau-bench: the agent's model")
    taken.add_argument("--task-set", metavar="NAME", help="tau-bench: if the tools do not tell")
    taken.add_argument(
        "--estimate-tokens", action="store_true", help="tau-bench: count the text, as an estimate"
    )
    taken.add_argument(
        "--replicate",
        action="append",
        default=[],
        metavar="AGAIN=SYSTEM",
        help="a system that is another one run again: how far they differ is the noise floor",
    )
    _runs(taken)
    taken.add_argument("--json", action="store_true", help="print JSON")
    export = _command(commands, "export", "write a run as JSON Lines", "fanout export latest")
    _of_run(export, "latest")
    export.add_argument("--output", type=Path, metavar="FILE", help="default: in the run's folder")


def _reach(commands: Any) -> None:
    """How far simulated conclusions reach, and where a model lies among them."""
    about = "say for what share of plausible profiles each conclusion holds"
    add = _command(commands, "sensitivity", about, "fanout sensitivity phase").add_argument
    add("sweep", nargs="?", default="phase", metavar="SWEEP", help="a name or a .toml file")
    add("--set", action="append", default=[], metavar="KEY=VALUE", help="as in --set seed=2")
    add("--team", action="append", default=[], metavar="NAME", help="default: the first in it")
    add("--every-cell", action="store_true", help="not only the corners of the grid")
    for option, default in (("profiles", 200), ("tasks", 10), ("trials", 2)):
        add(f"--{option}", type=int, default=default, metavar="N", help=f"default {default}")
    add("--base", default="typical", metavar="PROFILE", help="for what is not drawn")
    _recorded(add)
    about = "measure on a model the few numbers that decide, and find it on the map"
    add = _command(commands, "probe", about, "fanout probe --model simulated:typical").add_argument
    add("--model", required=True, metavar="NAME", help="openai:NAME, or simulated:PROFILE")
    for option, default in (("tasks", 6), ("trials", 2), ("pairs", 6)):
        add(f"--{option}", type=int, default=default, metavar="N", help=f"default {default}")
    add("--on", metavar="RUN", help="the sensitivity run it is placed on (default: the newest)")
    add("--max-dollars", type=float, default=1.0, metavar="X", help="ask first above (default 1)")
    add("--yes", action="store_true", help="answer yes to that")
    add("--estimate", action="store_true", help="say what it would take, and stop")
    _recorded(add)


def _recorded(add: Any) -> None:
    add("--name", metavar="NAME", help="the run's name")
    add("--runs", type=Path, metavar="FOLDER", help="where runs are kept (default: results/runs)")
    add("--workers", type=int, metavar="N", help="processes, or trials of a real model at once")
    add("--engine", metavar="NAME", help="pool, endpoint, here, or an import path")
    add("--fresh", action="store_true", help="set an earlier run of this name aside")
    add("--json", action="store_true", help="print JSON, and no progress")


def _command(commands: Any, name: str, about: str, example: str) -> Parser:
    return commands.add_parser(
        name,
        help=about,
        description=about[0].upper() + about[1:] + ".",
        epilog=f"example: {example}",
        allow_abbrev=False,
    )


def _of_run(
    command: Parser,
    default: str | None = None,
    about: str = 'a name in results/runs, a folder, or "latest"',
    nargs: str | None = None,
) -> None:
    command.add_argument(
        "name",
        nargs=nargs if default is None else "?",
        default=default,
        metavar="RUN",
        help=about,
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
    add(
        "--another-endpoint",
        action="store_true",
        help="go on with a run whose models were served elsewhere",
    )
    add("--estimate", action="store_true", help="say what it would take, and stop")
    add("--pilot", type=int, default=2, metavar="N", help="trials a cell for the estimate")
    add("--from", dest="basis", metavar="RUN", help="estimate from a recorded run instead")
    add("--max-dollars", type=float, metavar="X", help="ask first if the estimate is above")
    add("--yes", action="store_true", help="answer yes to that")
    add("--json", action="store_true", help="print JSON, and no progress")


if __name__ == "__main__":
    sys.exit(main())
