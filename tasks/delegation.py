"""How a worker hands work on: who gets which items, and what a brief carries."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tasks.conversation import Conversation, Item, Turn, Values, items_in
from tasks.mind import Mind

Keys = Callable[[Item], frozenset[str]]
REPORT_REQUEST = "Report one line per item, starting with its label."


def delegation(
    keys: Keys, conversation: Conversation, mind: Mind, delegate: str, items: Sequence[Item]
) -> Turn:
    """The turn that hands all items out, each in one brief, with the task's opening lines."""
    team = _team_size(conversation.tools[delegate], len(items))
    opening, closing = _common_lines(conversation.task)
    calls: list[tuple[str, str, Values]] = []
    for number, group in enumerate(_partition(keys, mind, items, team), 1):
        at = f"brief{number}"
        kept = [line for i, line in enumerate(opening) if mind.passes_on(f"{at}.opening{i}")]
        lines = [mind.line(f"{at}.{item.label}", f"{item.label}: {item.text}") for item in group]
        ending = closing if mind.lead_keeps == "nothing" else []
        brief = [*kept, *(line for line in lines if line is not None), *ending, REPORT_REQUEST]
        calls.append((f"call_brief_{number}_1", delegate, {"brief": "\n".join(brief)}))
    plan = f"Plan: {len(items)} items in {len(calls)} briefs."
    return Turn(plan, tuple(calls))


def _partition(keys: Keys, mind: Mind, items: Sequence[Item], team: int) -> list[list[Item]]:
    """Groups of items, none empty: by item in turn, by shared key, or at random."""
    if mind.partition == "key":
        groups: list[list[Item]] = []
        named: list[set[str]] = []
        for item in items:
            mine, members = set(keys(item)), [item]
            for i in reversed([i for i, k in enumerate(named) if k & mine]):
                mine |= named.pop(i)
                members = groups.pop(i) + members
            groups.append(members)
            named.append(mine)
        shares: list[list[Item]] = [[] for _ in range(team)]
        for group in sorted(groups, key=len, reverse=True):
            min(shares, key=len).extend(group)
    else:
        order = {item.label: item for item in items}
        labels = mind.shuffled(list(order)) if mind.partition == "random" else list(order)
        shares = [[order[label] for label in labels[i::team]] for i in range(team)]
    place = {item.label: i for i, item in enumerate(items)}
    return [sorted(share, key=lambda item: place[item.label]) for share in shares if share]


def _team_size(delegate: Mapping[str, Any], most: int) -> int:
    number = re.search(r"\d+", str(delegate.get("description", "")))
    return max(1, min(int(number.group()) if number else most, most))


def _common_lines(task: str) -> tuple[list[str], list[str]]:
    """The lines before the first item, and those after it that are not items."""
    opening: list[str] = []
    closing: list[str] = []
    labels = {item.label for item in items_in(task)}
    target = opening
    for line in task.splitlines():
        if line.split(":")[0] in labels:
            target = closing
        elif line.strip():
            target.append(line)
    return opening, closing
