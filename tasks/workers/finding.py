"""Where the work stands in what an agent was told, and what others say it came to.

A task may be the first message or the last, in several messages, quoted, in a system prompt or in
what another agent said. It is known by its items: labelled lines that the kind of work can read.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from tasks.workers.conversation import ITEM_LINE, Conversation, Item, items_in

Reads = Callable[[Item], bool]
Answer = dict[str, str]
"""What someone says that each label came to."""

REPORT_REQUEST = "Report one line per item, starting with its label."
"""The last line of a brief: by it a worker knows one, even if nothing of the work is left in it."""

_LABEL = r"[A-Z]{1,3}\d+"
_INLINE = re.compile(rf"(?<=[\s\"'(>])(?=[*_]*{_LABEL}[*_]*: )")
_APART = re.compile(r"[\"']\s*[,)\]}]+\s*(?=[(\[{\"']|$)", re.MULTILINE)
"""Where one text ends in a list of them, as JSON or Python write it."""
_MARKED = re.compile(
    rf"^[\s>|#*\-\u2022\"'(]*(?:\d+[.)]\s*)?[*_]*({_LABEL})[*_]*:[ \t]+", re.MULTILINE
)


def with_work(conversation: Conversation, reads: Reads, briefs: bool = True) -> Conversation | None:
    """The conversation with its work as the `task`, wherever that stands; None if nowhere.

    Users are believed first, of several the last; then the system prompt, tools, other agents.
    With `briefs` a brief is work even if nothing is left in it.
    """
    for as_read in (str, unwrapped):
        for role in ("user", "system", "tool", "assistant"):
            texts = [as_read(told.text) for told in conversation.told if told.role == role]
            chosen = _last(texts, reads, briefs)
            if chosen is not None:
                task, rest = _parts(texts, chosen, reads) if role == "user" else (texts[chosen], [])
                others = [told.text for told in conversation.told if told.role == "user"]
                background = rest if role == "user" else others
                return replace(conversation, task=task, background="\n".join(background))
    return None


def answers_in(texts: Sequence[str], labels: frozenset[str] | None, reads: Reads) -> list[Answer]:
    """The answers that texts list, in order; an answer ends where one of its labels comes again.

    Only lines for `labels`, if they are known, and none that says what is to be done.
    """
    found: list[Answer] = []
    for text in texts:
        current: Answer = {}
        for label, value in _said(unwrapped(text), labels):
            if reads(Item(label, value)):
                continue
            if label in current:
                found.append(current)
                current = {}
            current[label] = value
        if current:
            found.append(current)
    return found


def majority(answers: Sequence[Answer]) -> Answer:
    """What most of those say who say something about a label; the first of those that are tied."""
    labels = dict.fromkeys(label for answer in answers for label in answer)
    return {
        label: Counter(a[label] for a in answers if label in a).most_common(1)[0][0]
        for label in labels
    }


def unwrapped(text: str) -> str:
    """The text with each labelled line on a line of its own, out of quotes, lists and JSON."""
    if "\\n" in text:
        text = re.sub(r"\\+n", "\n", re.sub(r"\\+([\"'])", r"\1", text))
        text = _APART.sub("\n", text)
    return _MARKED.sub(r"\1: ", _INLINE.sub("\n", text))


def _said(text: str, labels: frozenset[str] | None) -> Iterator[tuple[str, str]]:
    for label, value in ITEM_LINE.findall(text):
        known = any(map(str.isdigit, label)) if labels is None else label in labels
        if known:
            yield label, value


def _last(texts: Sequence[str], reads: Reads, briefs: bool) -> int | None:
    """The last text that has work, or is a brief."""
    for place in reversed(range(len(texts))):
        if (briefs and REPORT_REQUEST in texts[place]) or any(map(reads, items_in(texts[place]))):
            return place
    return None


def _parts(texts: Sequence[str], chosen: int, reads: Reads) -> tuple[str, list[str]]:
    """The task, of all texts that have a part of it, and the texts that have none.

    Work under other labels is a part of it, and so is what has no labelled line at all. A brief
    stands alone: what is told beside it is what others saw.
    """
    task = {chosen: _once(texts[chosen], reads)}
    labels = {item.label for item in items_in(texts[chosen])}
    if REPORT_REQUEST not in texts[chosen]:
        for place, text in enumerate(texts):
            items = items_in(text)
            mine = {item.label for item in items if reads(item)}
            apart = bool(mine) and not mine & labels
            if place != chosen and REPORT_REQUEST not in text and (apart or not items):
                task[place] = text
                labels |= mine
    rest = [text for place, text in enumerate(texts) if place not in task]
    return "\n".join(task[place] for place in sorted(task)), rest


def _once(text: str, reads: Reads) -> str:
    """The text with each item once, and without what is said to have come of it.

    Where some items stand twice and some once, the former are asked: that is a step of a plan which
    is told with the whole plan.
    """
    counted = Counter(item.label for item in items_in(text) if reads(item))
    most = max(counted.values(), default=0)
    left = Counter(counted)
    kept: list[str] = []
    for line in text.splitlines():
        item = next(iter(items_in(line)), None)
        if item is not None and item.label in counted:
            if not reads(item):
                continue
            left[item.label] -= 1
            if left[item.label] or counted[item.label] < most:
                continue
        kept.append(line)
    return "\n".join(kept)
