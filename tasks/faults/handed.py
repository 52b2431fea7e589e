"""What agents hand each other, amiss: a line of a brief, a report, or the agent itself.

A lead gets what looks like any other report, or an error.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from random import Random

from tasks.faults.fault import Fault, FaultError, Handed

Go = Callable[[str], Awaitable[str]]
LINE = re.compile(r"^([A-Z]{1,3}\d+): (.+)$")
VALUE = re.compile(r"\b([A-Za-z]*)(\d+)\b")


async def brief_line_lost(ask: Handed, go: Go, luck: Random) -> str:
    """One line of a brief does not come: of those that say what is to be done, if there are any."""
    lines = ask.brief.splitlines()
    lost = luck.choice(_of_work(lines))
    return await go("\n".join(line for place, line in enumerate(lines) if place != lost))


async def brief_line_altered(ask: Handed, go: Go, luck: Random) -> str:
    """A number or id in one line of a brief is another: the next one."""
    lines = ask.brief.splitlines()
    places = [place for place in _of_work(lines) if _values(lines[place])]
    if places:
        place = luck.choice(places)
        start, end, other = luck.choice(_values(lines[place]))
        lines[place] = lines[place][:start] + other + lines[place][end:]
    return await go("\n".join(lines))


async def report_lost(ask: Handed, go: Go, _luck: Random) -> str:
    """The work of a brief is done, and its report never comes."""
    await go(ask.brief)
    raise FaultError("no report came; the connection to the agent was closed")


async def report_hollow(ask: Handed, _go: Go, _luck: Random) -> str:
    """The report describes the work in place of doing it, and nothing was done."""
    labels = [found.group(1) for line in ask.brief.splitlines() if (found := LINE.match(line))]
    did = [f"{label}: looked into, and handled as it says" for label in labels]
    return "\n".join([*did, "All of the brief was carried out step by step, and checked."])


async def dropout(ask: Handed, go: Go, luck: Random, median: float = 10.0) -> str:
    """An agent drops out in the middle of its brief: what it did is done, and it says nothing."""
    seconds = median * luck.lognormvariate(0.0, 0.5)
    try:
        return await asyncio.wait_for(go(ask.brief), seconds)
    except TimeoutError:
        raise FaultError("the agent stopped responding") from None


def _of_work(lines: list[str]) -> list[int]:
    """The places of the lines that say what is to be done; of all but the last, if none does."""
    found = [place for place, line in enumerate(lines) if LINE.match(line)]
    return found or list(range(max(1, len(lines) - 1)))


def _values(line: str) -> list[tuple[int, int, str]]:
    """Where a line has a value, its own label left out, and the next value."""
    label = LINE.match(line)
    start = label.end(1) if label else 0
    return [
        (found.start(), found.end(), found.group(1) + str(int(found.group(2)) + 1))
        for found in VALUE.finditer(line, start)
    ]


BRIEF_LINE_LOST = Fault(brief_line_lost, "given", "brief")
BRIEF_LINE_ALTERED = Fault(brief_line_altered, "given", "brief")
REPORT_LOST = Fault(report_lost, "given", "brief")
REPORT_HOLLOW = Fault(report_hollow, "given", "brief")
DROPOUT = Fault(dropout, "given", "brief")
