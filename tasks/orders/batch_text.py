"""What the text of a batch says: its requests, what is decided of them, what that would take."""

import re
from dataclasses import dataclass
from functools import lru_cache

from tasks.workers.clerk import ITEM_LINE, Desk, Item

CUSTOMER = re.compile(r"\bC\d+\b")
PRODUCT = re.compile(r"\bP\d+\b")
ORDER = re.compile(r"\bO\d+\b")
REQUEST = re.compile(r"\bR\d+\b")
QUANTITY = re.compile(r"(?<![\w-])\d+(?![\w-])")
ONLY_ANSWER = re.compile(r"\[(?:answer|advice) only\]")
ALL_ANSWER = re.compile(r"\bAll are \[(?:answer|advice) only\]")
REFUND_TO = re.compile(r"^(?:Refunds|Money paid back) .*\((card|original)\)", re.MULTILINE)
ASKS_SUMMARY = re.compile(r"\bsummary\b")
DECISION = re.compile(
    r"^(?:sell (?P<cost>\d+)|refund (?P<paid>\d+) to (?P<to>\w+)|backorder|decline)\b.*, "
)
FORBIDDEN = (
    (re.compile(r"gift card of (?:customer )?C\d+"), "it asks to charge another's gift card"),
    (re.compile(r"twice the amount|double what they paid"), "it asks for more than was paid"),
    (re.compile(r"R\d+ must not be|leave R\d+ undone"), "one request forbids another"),
)


@dataclass(frozen=True)
class Asked:
    """A request as its text has it."""

    customer: str
    sku: str
    quantity: int
    order: str
    answers: bool


def keys(item: Item) -> frozenset[str]:
    """The customer, product and order that a request names."""
    return frozenset(
        found for kind in (CUSTOMER, PRODUCT, ORDER) for found in kind.findall(item.text)
    )


def blocked(system: str, task: str) -> str | None:  # noqa: ARG001
    """Why the batch cannot be done as written."""
    requests = "\n".join(
        f"{label}: {text}" for label, text in ITEM_LINE.findall(task) if REQUEST.fullmatch(label)
    )
    return next((f"Refused: {why}." for sign, why in FORBIDDEN if sign.search(requests)), None)


def asked_in(text: str, desk: Desk) -> Asked:
    """What a request's text asks for; '' and 0 for what it does not name."""
    return _named(text, _told(desk.conversation.background, desk.task)[2])


# Every turn reads the same requests again, so what they say is kept.
@lru_cache(maxsize=4096)
def _named(text: str, answers: bool) -> Asked:
    customer, sku, order = (
        next(iter(kind.findall(text)), "") for kind in (CUSTOMER, PRODUCT, ORDER)
    )
    quantity = next(iter(QUANTITY.findall(text)), "0")
    return Asked(customer, sku, int(quantity), order, answers or bool(ONLY_ANSWER.search(text)))


@lru_cache(maxsize=256)
def _told(background: str, task: str) -> tuple[dict[str, str], dict[str, str], bool]:
    """Requests by label, what is decided already, whether all are only to be answered."""
    told = f"{background}\n{task}"
    texts: dict[str, str] = {}
    decided: dict[str, str] = {}
    for label, text in ITEM_LINE.findall(told):
        if DECISION.match(text):
            decided[label] = text
        elif REQUEST.fullmatch(label) and CUSTOMER.search(text):
            texts.setdefault(label, text)
    return texts, decided, bool(ALL_ANSWER.search(told))


def refund_to(desk: Desk) -> str:
    """Where refunds go: as stated, or as the worker chooses where nobody says."""
    stated = REFUND_TO.search(f"{desk.conversation.background}\n{desk.task}")
    return stated.group(1) if stated else desk.choose("refund_to", ("card", "original"))


def spoken_for(item: Item, asked: Asked, desk: Desk) -> tuple[int, int, bool]:
    """What other requests that were only answered take: units, money, and the order's refund.

    Money is that of the customer's gift card; a refund to it gives some back.
    """
    texts, decided, _ = _told(desk.conversation.background, desk.task)
    decided = decided | desk.outcomes
    units, money, promised = 0, 0, False
    for label, text in texts.items():
        if label == item.label or label not in decided:
            continue
        found = DECISION.match(decided[label])
        other = asked_in(text, desk)
        if found is None or not other.answers:
            continue
        same = other.customer == asked.customer
        if found["cost"]:
            units += other.quantity if other.sku == asked.sku else 0
            money += int(found["cost"]) if same else 0
        elif found["paid"]:
            money -= int(found["paid"]) if same and found["to"] == "card" else 0
            promised = promised or other.order == asked.order
    return units, money, promised
