"""The books: accounts, the payments between them, and the trails that money takes through them.

All of a base task's chance is drawn trail by trail, before any dial is looked at: a narrower task
has the first trails of a wider one, a shallower task the first steps of a deeper one, and the
payments that lead on from where it stops are there all the same.
"""

from dataclasses import dataclass
from random import Random

from tasks.task import Split, luck
from tasks.world import Row, Schema

MOST_WIDTH = 32
MOST_DEPTH = 16
STRANGERS = 6
"""Payments out of every account on a trail that have nothing to do with it, at most."""

SCHEMA = Schema(
    sql=(
        "CREATE TABLE accounts (id TEXT PRIMARY KEY NOT NULL, holder TEXT, town TEXT);"
        "CREATE TABLE payments (id TEXT PRIMARY KEY NOT NULL, payer TEXT, payee TEXT,"
        " amount INTEGER, day INTEGER, passes_on TEXT);"
    ),
    asked={"payments": ("payer", "passes_on")},
)

NAMES = ("Ada", "Ben", "Cleo", "Dov", "Eli", "Fay", "Gus", "Hana", "Ivo", "Jun", "Kim", "Lia")
FAMILIES = ("Abel", "Brandt", "Costa", "Diaz", "Ekman", "Fiore", "Grant", "Hahn", "Ito", "Jansen")
TOWNS = ("Aveiro", "Bergen", "Cork", "Delft", "Espoo", "Faro", "Graz", "Huelva")


@dataclass(frozen=True)
class Step:
    """Where the money is after a payment: which one, in whose account, and how much of it."""

    payment: str
    account: str
    holder: str
    amount: int


@dataclass(frozen=True)
class Trail:
    """A first payment and the steps that money takes from there, `MOST_DEPTH` of them."""

    start: Step
    steps: tuple[Step, ...]


def trails(split: Split, index: int, width: int) -> tuple[list[Trail], dict[str, list[Row]]]:
    """The first `width` trails of a base task, and the rows they are found in."""
    ids = _Ids(luck("ledger", split, index, "ids"))
    rows: dict[str, list[Row]] = {"accounts": [], "payments": []}
    found = [
        _trail(luck("ledger", split, index, "trail", place), place, ids, rows)
        for place in range(width)
    ]
    return found, rows


class _Ids:
    """Ids and holders by place, none twice: the same for a place whatever the width."""

    def __init__(self, chance: Random) -> None:
        many = MOST_WIDTH * (MOST_DEPTH + 2)
        self.accounts = [f"A{n}" for n in chance.sample(range(1000, 10_000), 2 * many)]
        self.payments = [f"T{n}" for n in chance.sample(range(10_000, 100_000), 8 * many)]
        self.holders = [
            f"{chance.choice(NAMES)} {chance.choice(FAMILIES)} {n}" for n in range(2 * many)
        ]
        chance.shuffle(self.holders)


def _trail(chance: Random, place: int, ids: _Ids, rows: dict[str, list[Row]]) -> Trail:
    length = MOST_DEPTH + 2
    first = place * length
    accounts = ids.accounts[first : first + length]
    holders = ids.holders[first : first + length]
    payments = iter(ids.payments[first * 8 : (first + length) * 8])
    others = ids.accounts[MOST_WIDTH * length :]
    amount, day = chance.randrange(5_000, 90_000), chance.randrange(1, 20)
    steps: list[Step] = []
    before: str | None = None
    for at in range(length):
        rows["accounts"].append(
            {"id": accounts[at], "holder": holders[at], "town": chance.choice(TOWNS)}
        )
        if at == 0:
            continue
        payment = next(payments)
        rows["payments"].append(
            _payment(payment, accounts[at - 1], accounts[at], amount, day, before)
        )
        steps.append(Step(payment, accounts[at], holders[at], amount))
        for _ in range(chance.randrange(1, STRANGERS + 1)):
            # Money of others goes the same ways: only what a payment passes on tells them apart.
            apart = chance.choice(others), max(1, amount + chance.randrange(-200, 200))
            alien = None if chance.random() < 0.5 else f"T{chance.randrange(100_000, 999_999)}"
            rows["payments"].append(_payment(next(payments), accounts[at], *apart, day, alien))
        before, amount = payment, amount - chance.randrange(1, amount // 20)
        day += chance.randrange(1, 4)
    return Trail(steps[0], tuple(steps[1:]))


def _payment(key: str, payer: str, payee: str, amount: int, day: int, passes_on: str | None) -> Row:
    return {
        "id": key,
        "payer": payer,
        "payee": payee,
        "amount": amount,
        "day": day,
        "passes_on": passes_on,
    }
