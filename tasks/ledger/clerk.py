"""How a competent worker follows the trails, knowing nothing but what was said and found."""

import re
from collections.abc import Sequence

from tasks.workers.clerk import FAILED, Call, Clerk, Desk, Item, Script

NAMINGS = ("number", "holder")
ACCOUNT = re.compile(r"\bA\d+\b")
PAYMENT = re.compile(r"\bT\d+\b")
STEPS = re.compile(r"\b(\d+) steps?\b")
NAMED = re.compile(r"^(?:Name accounts|Give every account) by .*\b(number|holder)\b", re.MULTILINE)
RESULT = re.compile(r"^.+ (-?\d+)$")
NEXT = ("payment", "payee", "amount")


def work(item: Item, desk: Desk) -> Script:
    """Pass after pass, each from what the last one said; the outcome is where, and how much."""
    accounts, payments = ACCOUNT.findall(item.text), PAYMENT.findall(item.text)
    steps = STEPS.search(item.text)
    if not accounts or not payments or steps is None:
        return "unknown"
    account, payment, amount = accounts[0], payments[0], "0"
    for _ in range(int(steps.group(1))):
        arguments = {"account": account, "payment": payment}
        found = yield Call("passed_on", arguments, NEXT)
        account = str(found.get("payee", account))
        payment = str(found.get("payment", payment))
        amount = str(found.get("amount", amount))
    known = yield Call("get_account", {"account": account}, ("holder",))
    told = NAMED.search(f"{desk.conversation.background}\n{desk.task}")
    naming = told.group(1) if told else desk.choose("naming", NAMINGS)
    return f"{known.get('holder', account) if naming == 'holder' else account} {amount}"


def blocked(_system: str, task: str) -> str | None:
    """Whether the text contradicts itself."""
    if re.search(r"^Every account must be", task, re.MULTILINE) and re.search(
        r"^No account may be", task, re.MULTILINE
    ):
        return "The text asks for account numbers and forbids them."
    return None


def answer(desk: Desk, items: Sequence[Item]) -> list[str]:
    """The sum of the amounts, where the task asks for it."""
    if "`total: `" not in desk.task:
        return []
    ends = [RESULT.match(desk.outcomes.get(item.label, FAILED)) for item in items]
    return [f"total: {sum(int(end.group(1)) for end in ends if end)}"]


CLERK = Clerk(
    tools=frozenset({"get_account", "get_payment", "passed_on", "list_outgoing"}),
    work=work,
    keys=lambda item: frozenset(ACCOUNT.findall(item.text)),
    blocked=blocked,
    answer=answer,
)
