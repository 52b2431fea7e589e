"""How a worker hands work on: who gets which items, and what a brief carries."""

from collections.abc import Callable, Sequence

from tasks.workers.conversation import Conversation, Item, Turn, Values, items_in
from tasks.workers.finding import REPORT_REQUEST
from tasks.workers.hands import Hand, fitting, team_size
from tasks.workers.mind import Mind

Keys = Callable[[Item], frozenset[str]]


def delegation(
    keys: Keys,
    conversation: Conversation,
    mind: Mind,
    hands: Sequence[Hand],
    items: Sequence[Item],
    whole: bool = False,
) -> Turn:
    """The turn that hands all items out in `briefs`, each item in one."""
    chosen = fitting(hands, conversation.task)
    team = min(team_size(chosen, conversation), len(items))
    calls: list[tuple[str, str, Values]] = []
    for number, brief in enumerate(briefs(keys, conversation.task, mind, items, team, whole), 1):
        hand = chosen[(number - 1) % len(chosen)]
        arguments: Values = {str(hand.brief): brief, **hand.more}
        calls.append((f"call_brief_{number}_1", hand.tool, arguments))
    plan = f"Plan: {len(items)} items in {len(calls)} briefs."
    return Turn(plan, tuple(calls))


def briefs(
    keys: Keys, task: str, mind: Mind, items: Sequence[Item], team: int, whole: bool = False
) -> list[str]:
    """The items in at most `team` briefs, each with the task's opening lines.

    With `whole` the lines after the items go with them: the lead can do nothing itself.
    """
    opening, closing = _common_lines(task)
    found: list[str] = []
    for number, group in enumerate(_partition(keys, mind, items, team), 1):
        at = f"brief{number}"
        kept = [line for i, line in enumerate(opening) if mind.passes_on(f"{at}.opening{i}")]
        lines = [mind.line(f"{at}.{item.label}", f"{item.label}: {item.text}") for item in group]
        ending = closing if whole or mind.lead_keeps == "nothing" else []
        brief = [*kept, *(line for line in lines if line is not None), *ending, REPORT_REQUEST]
        found.append("\n".join(brief))
    return found


def handing_on(
    conversation: Conversation, hands: Sequence[Hand], passed: Sequence[str], again: bool
) -> Turn | None:
    """The turn that passes the conversation on: to whom it was not passed yet, else `again`.

    None where nobody is left.
    """
    chosen = fitting(hands, conversation.task)
    order = [*chosen, *(hand for hand in hands if hand not in chosen)]
    left = [hand for hand in order if hand.tool not in passed]
    if not left and not again:
        return None
    hand = (left or [hand for hand in order if hand.tool != passed[-1]] or order)[0]
    arguments: Values = {} if hand.brief is None else {hand.brief: conversation.task}
    at = f"call_handon_{len(passed) + 1}_1"
    return Turn(f"Plan: {hand.tool}.", ((at, hand.tool, arguments),))


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
