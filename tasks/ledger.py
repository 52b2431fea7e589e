"""Read-only tracing of money through accounts: each step is known only from the one before it.

`width` trails can be followed side by side, a trail's `depth` steps only one after the other. This
is the task set to copy: from top to bottom its world, tools, tasks (words, goal, solution), clerk.
"""

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from tasks.judging import Goal, answer_goal
from tasks.solution import CANNOT_BE_DONE, Effect, answered
from tasks.task import Range, Settings, Split, Task, TaskSet, block_name, cannot_be_done, luck
from tasks.tools import ToolError, readers
from tasks.workers.clerk import FAILED, Call, Clerk, Desk, Item, Script
from tasks.world import Row, Schema, SqliteWorld, build_image

# The world is a SQLite database: accounts, and the payments between them.
SCHEMA = Schema(
    "CREATE TABLE accounts (account TEXT PRIMARY KEY NOT NULL, holder TEXT, town TEXT);"
    "CREATE TABLE payments (payment TEXT PRIMARY KEY NOT NULL, payer TEXT, payee TEXT,"
    " amount INTEGER, day INTEGER, passes_on TEXT);",
    asked={"payments": ("payer", "passes_on")},
)
PAYMENT: Sequence[str] = ("payment", "payer", "payee", "amount", "day", "passes_on")
NAMES = ("Ada", "Ben", "Cleo", "Dov", "Eli", "Fay", "Gus", "Hana", "Ivo", "Jun", "Kim", "Lia")
FAMILIES = ("Abel", "Brandt", "Costa", "Diaz", "Ekman", "Fiore", "Grant", "Hahn", "Ito", "Jansen")
TOWNS = ("Aveiro", "Bergen", "Cork", "Delft", "Espoo", "Faro", "Graz", "Huelva")
WIDTH, DEPTH = Range(4, 1, 32, whole=True), Range(4, 1, 16, whole=True)
LENGTH = int(DEPTH.high) + 2  # accounts on a trail: the first payer's, and a step too far, as well
NAMINGS = ("number", "holder")
Page = Annotated[int, Field(ge=1)]


def trails(split: Split, index: int, width: int) -> tuple[list[list[Row]], dict[str, list[Row]]]:
    """The first `width` trails of a base task, as the payments along them, and all rows.

    Luck is keyed by what it is for: a narrower or shallower task is the beginning of a larger one.
    """
    chance, places = luck("ledger", split, index, "ids"), int(WIDTH.high) * LENGTH
    numbers = [f"A{n}" for n in chance.sample(range(1000, 10_000), 2 * places)]
    payments = [f"T{n}" for n in chance.sample(range(10_000, 100_000), 8 * places)]
    holders = [f"{chance.choice(NAMES)} {chance.choice(FAMILIES)} {n}" for n in range(2 * places)]
    chance.shuffle(holders)
    found: list[list[Row]] = []
    rows: dict[str, list[Row]] = {"accounts": [], "payments": []}
    for first in range(0, width * LENGTH, LENGTH):
        chance, ids = luck("ledger", split, index, "trail", len(found)), iter(payments[8 * first :])
        amount, day, before = chance.randrange(5_000, 90_000), chance.randrange(1, 20), None
        found.append([])
        for at in range(first, first + LENGTH):
            number, town = numbers[at], chance.choice(TOWNS)
            rows["accounts"].append({"account": number, "holder": holders[at], "town": town})
            if at == first:
                continue
            values = [(next(ids), numbers[at - 1], number, amount, day, before)]
            before = values[0][0]
            for _ in range(chance.randrange(1, 7)):
                # Money of others goes the same ways: what a payment passes on tells them apart.
                payee, near = chance.choice(numbers[places:]), amount + chance.randrange(-200, 200)
                alien = None if chance.random() < 0.5 else f"T{chance.randrange(100_000, 999_999)}"
                values.append((next(ids), number, payee, max(1, near), day, alien))
            rows["payments"].extend(dict(zip(PAYMENT, row, strict=True)) for row in values)
            found[-1].append(rows["payments"][-len(values)])
            amount, day = amount - chance.randrange(1, amount // 20), day + chance.randrange(1, 4)
    return found, rows


# Tools are what an agent can do in the world; a model reads their docstrings.
async def get_account(world: SqliteWorld, account: str) -> Row:
    """An account: its number, its holder and their town.

    Args:
        account: The account's number, such as A1234.
    """
    if (row := world.read("accounts", account)) is None:
        raise ToolError(f"there is no account {account!r}")
    return row


async def get_payment(world: SqliteWorld, payment: str) -> Row:
    """A payment: who paid whom, how much, on which day, and which earlier payment it passes on.

    Args:
        payment: The payment's number, such as T12345.
    """
    if (row := world.read("payments", payment)) is None:
        raise ToolError(f"there is no payment {payment!r}")
    return row


async def passed_on(world: SqliteWorld, account: str, payment: str) -> Row:
    """The payment by which an account passed on money that it had got by another payment.

    Args:
        account: The account that got the money, such as A1234.
        payment: The payment by which it got it, such as T12345.
    """
    for row in world.find("payments", "payer", account):
        if row["passes_on"] == payment:
            return row
    raise ToolError(f"nothing that {account} paid passes on {payment}")


async def list_outgoing(world: SqliteWorld, account: str, page: Page = 1) -> dict[str, object]:
    """All that an account paid, and how many payments there are.

    Args:
        account: The account's number, such as A1234.
        page: Which page of 5 payments.
    """
    rows = world.find("payments", "payer", account)
    shown, pages = rows[5 * page - 5 : 5 * page], max(1, -(-len(rows) // 5))
    return {"account": account, "total": len(rows), "pages": pages, "payments": shown}


TOOLS = readers("accounts", get_account) + readers(
    "payments", get_payment, passed_on, list_outgoing
)

# A task is put into words, and says as facts what is right. Every agent is told the instructions.
INSTRUCTIONS = """\
You trace money through the books of a bank with the tools you have. Amounts are whole dollars.

A payment may pass on the money of an earlier one, less what was kept on the way. To pass a \
payment on is one step: from the account that got it, by the payment that names it as the one it \
passes on, to the next account. Other payments out of that account have nothing to do with it, \
even if they look alike.

A trail names a first payment, the account that got it, and a number of steps. Follow exactly that \
many steps, even where the money goes on from there. Answer one line per trail, `label: WHERE \
AMOUNT`, and nothing else on that line: the account where the money then is, and the amount of the \
payment that brought it there, in digits. Name accounts by their number (`A1234`) or by their \
holder's name as the books have it, as the task says. Where it does not say, either will do, but \
all lines must use the same one.

If the work cannot be done as asked, because a payment does not exist, because a trail ends before \
the steps do, or because the text contradicts itself, do not guess and do not answer a part of it: \
submit with status "blocked" and say why. Otherwise submit all lines with status "done"."""
PLAIN = """\
Follow the money on these trails; look every step up.
Answer each on one line, `K7: WHERE AMOUNT`.
Name accounts by number.
Name accounts by holder.
{label}: Payment {start[payment]} came to account {start[payee]}. Where is its money after \
{steps}, and how much is it then?
Then add the line `total: ` with the sum of all the amounts.""".splitlines()
PARAPHRASED = """\
We need to know where some money went. Please find out from the books.
Write what you find about each trail on a line of its own, as `K7: WHERE AMOUNT`.
Give every account by its number.
Give every account by the name of its holder.
{label}: {start[payee]} received payment {start[payment]}. Go on from there for {steps}: in which \
account has the money landed, and what is left of it?
At the end put `total: ` and what all those amounts add up to.""".splitlines()
CONTRADICTION = "Every account must be named by number.\nNo account may be named by number."


def make(settings: Settings, split: Split, index: int) -> Task:
    """The base task `index` of a split at settings that name every dial."""
    depth, phrasing = int(settings["depth"]), settings["phrasing"]
    opening, example, *told, line, closing = PARAPHRASED if phrasing == "paraphrased" else PLAIN
    naming = luck("ledger", split, index, "naming").choice(NAMINGS)
    namings = NAMINGS if phrasing == "underspecified" else (naming,)
    wrong = cannot_be_done("ledger", split, index, ("missing", "short", "contradiction"))
    found, rows = trails(split, index, int(settings["width"]))
    gone = {"missing": found[0][0]["payment"], "short": found[0][depth]["payment"]}.get(wrong, "")
    rows["payments"] = [row for row in rows["payments"] if gone not in row.values()]
    lines = [opening, example, *(told[NAMINGS.index(way)] for way in namings if len(namings) == 1)]
    lines += [CONTRADICTION] if wrong == "contradiction" else []
    holders = {row["account"]: row["holder"] for row in rows["accounts"]}
    right, solution = dict[str, list[str]](), list[Effect]()
    for label, trail in ((f"K{n}", trail) for n, trail in enumerate(found, 1)):
        steps = f"{depth} step{'' if depth == 1 else 's'}"
        lines.append(line.format(label=label, start=trail[0], steps=steps))
        where, amount = trail[depth]["payee"], trail[depth]["amount"]
        known = {"number": where, "holder": holders[where]}
        right[label] = [f"{known[way]} {amount}" for way in namings]
        for at in trail[:depth]:
            solution.append(Effect("passed_on", {"account": at["payee"], "payment": at["payment"]}))
        solution.append(Effect("get_account", {"account": where}))
    right["total"] = [str(sum(int(str(trail[depth]["amount"])) for trail in found))]
    solution.append(answered({label: ways[0] for label, ways in right.items()}))
    return Task(
        task_set="ledger",
        block=block_name(split, index),
        split=split,
        settings=dict(settings),
        instruction="\n".join([*lines, closing]),
        image=build_image(SCHEMA, rows),
        goal=Goal(status="blocked") if wrong else answer_goal(right, [list(right)]),
        solution=(CANNOT_BE_DONE,) if wrong else tuple(solution),
    )


# The clerk is how a simulated model does the work, knowing what was said and no answer.
ACCOUNT = re.compile(r"\bA\d+\b")
NAMED = re.compile(r"^(?:Name accounts|Give every account) by .*\b(number|holder)\b", re.MULTILINE)


def work(item: Item, desk: Desk) -> Script:
    """Pass after pass, each from what the last one said; the outcome is where, and how much."""
    accounts, payments = ACCOUNT.findall(item.text), re.findall(r"\bT\d+\b", item.text)
    steps = re.search(r"\b(\d+) steps?\b", item.text)
    if not accounts or not payments or steps is None:
        return "unknown"
    at = {"payee": accounts[0], "payment": payments[0], "amount": "0"}
    for _ in range(int(steps.group(1))):
        arguments = {"account": str(at["payee"]), "payment": str(at["payment"])}
        at |= yield Call("passed_on", arguments, ("payment", "payee", "amount"))
    known = yield Call("get_account", {"account": str(at["payee"])}, ("holder",))
    told = NAMED.search(f"{desk.conversation.background}\n{desk.task}")
    naming = told.group(1) if told else desk.choose("naming", ("number", "holder"))
    where = known.get("holder", at["payee"]) if naming == "holder" else at["payee"]
    return f"{where} {at['amount']}"


def blocked(_system: str, task: str) -> str | None:
    """Whether the text contradicts itself."""
    both = all(f"\n{who} account m" in f"\n{task}" for who in ("Every", "No"))
    return "The text asks for account numbers and forbids them." if both else None


def answer(desk: Desk, items: Sequence[Item]) -> list[str]:
    """The sum of the amounts, where the task asks for it."""
    ends = [re.match(r"^.+ (-?\d+)$", desk.outcomes.get(item.label, FAILED)) for item in items]
    total = sum(int(end.group(1)) for end in ends if end)
    return [f"total: {total}"] if "`total: `" in desk.task else []


TASK_SET = TaskSet(
    name="ledger",
    about="money followed through accounts, each step known only from the last",
    read_only=True,
    dials={"width": WIDTH, "depth": DEPTH, "phrasing": ("plain", "paraphrased", "underspecified")},
    instructions=lambda _settings: INSTRUCTIONS,
    make=make,
    world=lambda task: SqliteWorld(task.image, SCHEMA),
    tools=lambda _settings: TOOLS,
    clerk=Clerk(
        tools=frozenset(tool.name for tool in TOOLS),
        work=work,
        keys=lambda item: frozenset(ACCOUNT.findall(item.text)),
        blocked=blocked,
        answer=answer,
    ),
    shorthands={"mode": {"answer": {}}},
)
