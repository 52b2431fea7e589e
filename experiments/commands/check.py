"""`fanout check`: what holds of someone's graph as it is, and what to change, before any sweep."""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from experiments.commands.words import add_json

if TYPE_CHECKING:
    from experiments.graph_check.answer import Finding

HELP = "say what holds of your graph as it is, and what to change: exit 0, 1 or 2"
EXAMPLE = "fanout check my_graph:build"

ALL_GOOD, SOMETHING_TO_CHANGE, OF_NO_USE = 0, 1, 2


def add_arguments(parser: ArgumentParser) -> None:
    """Whose graph."""
    parser.add_argument("topology", metavar="GRAPH", help="a topology, or its import path")
    add_json(parser)


def run(arguments: Namespace) -> int:
    """Carry out the command: exit 0 if all holds, 1 if something does not, 2 if nothing runs."""
    from experiments.graph_check.findings import findings
    from experiments.graph_check.trials import gathered
    from experiments.printed.findings import lines, told
    from experiments.printed.output import print_told

    began = time.monotonic()
    found = findings(gathered(arguments.topology))
    code = exit_code(found)
    data = {"topology": arguments.topology, "exit": code, "simulated": True} | told(found)
    said = lines(arguments.topology, found, time.monotonic() - began)
    print_told(arguments.json, data, said)
    return code


def exit_code(found: list[Finding]) -> int:
    """What the answers come to."""
    if all(one.holds for one in found):
        return ALL_GOOD
    if len(found) == 1:
        return OF_NO_USE
    return SOMETHING_TO_CHANGE if any(one.holds is False for one in found) else ALL_GOOD
