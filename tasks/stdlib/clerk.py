"""How a competent researcher answers the lookups, knowing nothing but what was said and found."""

import re
from collections.abc import Sequence

from tasks.workers.clerk import Call, Clerk, Desk, Item, Script, Values

STYLES = ("qualified", "bare")
QUOTED = re.compile(r'"([^"]+)"')
NAMED = re.compile(r"`([^`]+)`")
FAMILY = re.compile(r"family (F\d+)")
FEWER = re.compile(r"\b(fewer|shorter|smallest)\b")
RESULT = re.compile(r"^\S+ (-?\d+)$")
UNKNOWN = "unknown"

READS: tuple[tuple[str, str, Values, str], ...] = (
    # What the text says, the tool that tells, more arguments, the field of its reply that counts.
    ("default", "inspect_signature", {}, "default_count"),
    ("parameter", "inspect_signature", {}, "parameter_count"),
    ("docstring", "read_doc", {}, "doc_lines"),
    ("source", "read_source", {}, "source_lines"),
    ("method", "list_members", {"kind": "method"}, "total"),
)


def work(item: Item, desk: Desk) -> Script:
    """Find the described entry, then count on both; the outcome is the winner and its number."""
    quoted, named = QUOTED.search(item.text), NAMED.search(item.text)
    asked = QUOTED.sub("", NAMED.sub("", item.text))
    reads = [read for read in READS if read[0] in asked]
    if quoted is None or named is None or not reads:
        return UNKNOWN
    _, tool, more, field = reads[0]
    found = yield Call("search_library", {"query": quoted.group(1)}, ("best",))
    counts: dict[str, int] = {}
    for name in (found.get("best"), named.group(1)):
        if isinstance(name, str):
            reply = yield Call(tool, {"name": name, **more}, (field,))
            count = _number(reply.get(field))
            if count is not None:
                counts[name] = count
    if not counts:
        return UNKNOWN
    pick = min if FEWER.search(asked) else max
    winner = pick(counts, key=lambda name: counts[name])
    return f"{_styled(winner, _style(asked, desk))} {counts[winner]}"


def _style(asked: str, desk: Desk) -> str:
    family = FAMILY.search(asked)
    told = asked
    if family is not None:
        lines = re.findall(rf"^Family {family.group(1)} .+$", desk.seen, re.MULTILINE)
        told = "\n".join(lines)
    stated = re.search(r"\b(bare|qualified)\b", told.lower())
    return stated.group(1) if stated else desk.choose("naming", STYLES)


def _styled(name: str, style: str) -> str:
    return name if style == "qualified" else name.rsplit(".", 1)[-1]


def _number(value: object) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return None


def keys(item: Item) -> frozenset[str]:
    """The families an item belongs to."""
    return frozenset(FAMILY.findall(item.text))


def blocked(_system: str, task: str) -> str | None:
    """Whether the text contradicts itself."""
    if re.search(r"^Every name .* must be qualified", task, re.MULTILINE) and re.search(
        r"^No name .* may be qualified", task, re.MULTILINE
    ):
        return "The text asks for qualified names and forbids them."
    return None


def answer(desk: Desk, items: Sequence[Item]) -> list[str]:
    """The line that combines the results, as the task's last lines ask."""
    counts: dict[str, int] = {}
    for item in items:
        result = RESULT.match(desk.outcomes.get(item.label, ""))
        if result:
            counts[item.label] = int(result.group(1))
    lines: list[str] = []
    if "`total: `" in desk.task:
        lines.append(f"total: {sum(counts.values())}")
    if "`most: `" in desk.task and counts:
        lines.append(f"most: {max(counts, key=lambda label: counts[label])}")
    return lines


CLERK = Clerk(
    tools=frozenset(
        {"search_library", "list_members", "read_doc", "inspect_signature", "read_source"}
    ),
    work=work,
    keys=keys,
    blocked=blocked,
    answer=answer,
)
