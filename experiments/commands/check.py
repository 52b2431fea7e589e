"""`fanout check`: what holds of someone's graph as it is, and what to change, before any sweep."""

import argparse
import time
from collections.abc import Iterator
from dataclasses import asdict

from experiments.commands.output import print_json, print_lines
from experiments.graph_check.answer import Finding
from experiments.graph_check.findings import findings
from experiments.graph_check.trials import gathered

ALL_GOOD, SOMETHING_TO_CHANGE, OF_NO_USE = 0, 1, 2
SIGNS = {True: "yes", False: "NO", None: "?"}


def run(arguments: argparse.Namespace) -> int:
    """Carry out the command: exit 0 if all holds, 1 if something does not, 2 if nothing runs."""
    began = time.monotonic()
    found = findings(gathered(arguments.topology))
    code = exit_code(found)
    if arguments.json:
        print_json({"topology": arguments.topology, "exit": code, "simulated": True} | told(found))
    else:
        print_lines(lines(arguments.topology, found, time.monotonic() - began))
    return code


def exit_code(found: list[Finding]) -> int:
    """What the answers come to."""
    if all(one.holds for one in found):
        return ALL_GOOD
    if len(found) == 1:
        return OF_NO_USE
    return SOMETHING_TO_CHANGE if any(one.holds is False for one in found) else ALL_GOOD


def told(found: list[Finding]) -> dict[str, list[dict[str, object]]]:
    """The answers as data."""
    return {"findings": [asdict(one) for one in found]}


def lines(topology: str, found: list[Finding], seconds: float) -> Iterator[str]:
    """The answers as text, with what to change under each."""
    yield f"{topology}, on a few simulated trials ({seconds:.0f} s)"
    width = max(len(one.question) for one in found)
    for one in found:
        yield f"  {SIGNS[one.holds]:<3}  {one.question:<{width}}  {one.says}"
        if one.change is not None:
            yield f"       {'':<{width}}  -> {one.change}"
    wrong = sum(one.holds is False for one in found)
    unseen = sum(one.holds is None for one in found)
    yield (
        f"{wrong} to change, {unseen} that could not be seen. The simulated model shows that the "
        "graph can be measured; it says nothing about a real one."
    )
