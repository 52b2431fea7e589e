"""What a base task is made of: pairs of requests and the rows they are about, at any dial setting.

All of a base task's chance is drawn pair by pair, before any dial is looked at, so that a dial
changes only what it must: a narrower batch is the first requests of a wider one, and a coupled pair
asks for the same things as its uncoupled twin, of one customer (and one product, balance or order)
in place of two.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from tasks.refused import Refused
from tasks.task import Split, luck
from tasks.world import Row

MAX_WIDTH = 64
FLAVOURS = (
    "stock_both",
    "stock_one",
    "balance_both",
    "balance_one",
    "purchase_refund",
    "refund_refund",
    "refund_same",
)
"""What a coupled pair has in common, beyond its customer: see `_purchases` and `_refunds`."""
NAMES = ("Ada", "Ben", "Cleo", "Dov", "Eli", "Fay", "Gus", "Hana", "Ivo", "Jun", "Kim", "Lia")
FAMILIES = ("Abel", "Brandt", "Costa", "Diaz", "Ekman", "Fiore", "Grant", "Hahn", "Ito", "Jansen")
GOODS = ("lamp", "kettle", "rug", "clock", "mug", "chair", "vase", "shelf", "radio", "blanket")
COLOURS = ("red", "blue", "green", "black", "white", "grey", "amber", "teal")
STRANGERS = 8


@dataclass(frozen=True)
class Request:
    """One request. A purchase has `sku` and `quantity`, a refund `order`.

    `number` is its place in the base task, `place` orders the requests of any batch, `acts` says
    whether it is to be carried out or only answered, `mail` whether its customer accepts e-mail.
    The customer of a pair's `host` is the one who does when the pair is not coupled, and the one of
    both requests when it is.
    """

    number: int
    place: float
    kind: Literal["purchase", "refund"]
    customer: str
    mail: bool
    host: bool
    sku: str = ""
    quantity: int = 0
    order: str = ""
    label: str = ""
    acts: bool = True


@dataclass
class Rows:
    """The rows of a world by table."""

    tables: dict[str, list[Row]]

    def add(self, table: str, **row: str | int | None) -> None:
        """One more row."""
        self.tables.setdefault(table, []).append(dict(row))


@dataclass(frozen=True)
class Batch:
    """The requests in the order of the text, their components, and the rows of the world.

    A component is a pair, coupled or not, or the odd one out, by labels; requests of different
    components have nothing in common. `refund_to` is the convention a plain text states.
    """

    requests: tuple[Request, ...]
    components: tuple[tuple[Request, ...], ...]
    rows: Mapping[str, list[Row]]
    refund_to: str
    effective_coupling: float


def coupled_pairs(width: int, coupling: float) -> int:
    """How many pairs are coupled. `Refused` if some should be and none can be."""
    pairs = min(round(coupling * width / 2), width // 2)
    if coupling > 0 and pairs == 0:
        raise Refused(
            f"orders.coupling {coupling:g} leaves no coupled pair among {width} requests; "
            f"set coupling to 0, or raise coupling or width"
        )
    return pairs


def acting(width: int, write_share: float) -> int:
    """How many requests are carried out. `Refused` if a mixture has only one kind of request."""
    count = round(write_share * width)
    if count != write_share * width and count in (0, width):
        raise Refused(
            f"orders.write_share {write_share:g} leaves {count} of {width} requests to carry out; "
            f"set write_share to {count / width:g}, or raise width"
        )
    return count


def make_batch(split: Split, index: int, width: int, coupling: float, write_share: float) -> Batch:
    """The base task's requests and world at these dials. `Refused` for what cannot be had."""
    base = luck("orders", split, index, "base")
    ids = _ids(base)
    refund_to = base.choice(("card", "original"))
    count, writes = coupled_pairs(width, coupling), acting(width, write_share)
    every = range(MAX_WIDTH // 2)
    ranks = [luck("orders", split, index, "rank", pair).random() for pair in every]
    whole = sorted(range(width // 2), key=lambda pair: ranks[pair])
    rows = Rows({})
    chosen: list[list[Request]] = []
    for pair in every:
        chance = luck("orders", split, index, "pair", pair)
        both = _pair(chance, pair, pair in whole[:count], ids, rows)
        chosen.append([request for request in both if request.number < width])
    _strangers(base, ids, rows)
    # A pair that is only partly carried out carries out its host's request, so that there is one
    # summary whether it is coupled or not.
    turns = [luck("orders", split, index, "turn", pair).random() for pair in every]
    by_write = sorted(
        (request for requests in chosen for request in requests),
        key=lambda r: (turns[r.number // 2], not r.host),
    )
    acts = {request.number for request in by_write[:writes]}
    shown = sorted((r for requests in chosen for r in requests), key=lambda r: r.place)
    requests = tuple(
        replace(request, label=f"R{i}", acts=request.number in acts)
        for i, request in enumerate(shown, 1)
    )
    components = [[r for r in requests if r.number // 2 == pair] for pair in every]
    return Batch(
        requests,
        tuple(tuple(component) for component in components if component),
        rows.tables,
        refund_to,
        2 * count / width,
    )


@dataclass(frozen=True)
class _Ids:
    customers: list[str]
    cards: list[str]
    skus: list[str]
    orders: list[str]


def _ids(chance: Random) -> _Ids:
    many = MAX_WIDTH + STRANGERS
    numbers = [chance.sample(range(100, 1000), many) for _ in range(4)]
    return _Ids(
        *([f"{letter}{n}" for n in some] for letter, some in zip("CGPO", numbers, strict=True))
    )


def _pair(
    chance: Random, pair: int, coupled: bool, ids: _Ids, rows: Rows
) -> tuple[Request, Request]:
    """Two requests (the first comes first in any text) and their rows, added to `rows`."""
    numbers = 2 * pair, 2 * pair + 1
    places = sorted([chance.random(), chance.random()])
    mailed = chance.randrange(2)
    flavour = chance.choice(FLAVOURS)
    shared = numbers[mailed]
    own = (shared, shared) if coupled else numbers
    requests = [
        Request(n, place, "refund", ids.customers[o], coupled or n == shared, n == shared)
        for n, place, o in zip(numbers, places, own, strict=True)
    ]
    bill = [chance.randrange(5, 41), chance.randrange(5, 41)]
    units = [chance.randrange(2, 6), chance.randrange(2, 6)]
    if flavour.startswith(("stock", "balance")):
        kinds, ends = ("purchase", "purchase"), ("", "")
    elif flavour == "purchase_refund":
        state = chance.choices(("delivered", "too_old", "not_delivered"), (6, 2, 2))[0]
        kinds, ends = chance.choice(
            [(("purchase", "refund"), ("", state)), (("refund", "purchase"), (state, ""))]
        )
    else:
        kinds = ("refund", "refund")
        again = "refunded" if flavour == "refund_same" and not coupled else "delivered"
        ends = ("delivered", again)
    balances = [sum(units) * max(bill) + chance.randrange(10, 61) for _ in numbers]
    stocks = [sum(units) + chance.randrange(1, 9) for _ in numbers]
    _scarce(chance, flavour, coupled, mailed, units, bill, stocks, balances)
    for i, n in enumerate(numbers):
        _customer(chance, n, ids, n == shared, balances[i], rows)
        item = 0 if coupled and flavour.startswith("stock") else i
        sku = ids.skus[numbers[item]]
        _product(chance, ids.skus[n], bill[i], stocks[i], rows)
        days, paid = chance.randrange(2, 29), chance.randrange(1, 4)
        if kinds[i] == "purchase":
            requests[i] = replace(requests[i], kind="purchase", sku=sku, quantity=units[i])
            continue
        _order(chance, requests[i].customer, n, ids, (ends[i], days, paid, paid * bill[i]), rows)
        order = ids.orders[numbers[0] if coupled and flavour == "refund_same" else n]
        requests[i] = replace(requests[i], order=order)
    return requests[0], requests[1]


def _scarce(
    chance: Random,
    flavour: str,
    coupled: bool,
    mailed: int,
    units: list[int],
    bill: list[int],
    stocks: list[int],
    balances: list[int],
) -> None:
    """Make stock or balance cover exactly both of two purchases, or exactly the first handled."""
    cost = [units[0] * bill[0], units[1] * bill[1]]
    wanted = {"stock": units, "balance": cost}.get(flavour.split("_")[0])
    if wanted is None:
        return
    for_one = max(wanted) + chance.randrange(min(wanted))
    too_little = chance.randrange(wanted[1])
    limits = stocks if wanted is units else balances
    both = flavour.endswith("both")
    if coupled:
        # A coupled pair draws on the first product, and on the card of the customer with e-mail.
        limits[0 if wanted is units else mailed] = sum(wanted) if both else for_one
    else:
        limits[:] = wanted if both else [for_one, too_little]


def _customer(chance: Random, n: int, ids: _Ids, mail: bool, balance: int, rows: Rows) -> None:
    name = f"{chance.choice(NAMES)} {chance.choice(FAMILIES)}"
    contact = "email" if mail else "none"
    rows.add("customers", id=ids.customers[n], name=name, contact=contact, gift_card=ids.cards[n])
    rows.add("gift_cards", id=ids.cards[n], customer=ids.customers[n], balance=balance)
    if chance.random() < 0.3:
        customer = ids.customers[n]
        rows.add("emails", id=f"{customer}.1", customer=customer, kind="newsletter", requests=None)


def _product(chance: Random, sku: str, price: int, stock: int, rows: Rows) -> None:
    name = f"{chance.choice(COLOURS)} {chance.choice(GOODS)}"
    rows.add("products", sku=sku, name=name, price=price, stock=stock)


def _order(
    chance: Random,
    customer: str,
    n: int,
    ids: _Ids,
    made: tuple[str, int, int, int],
    rows: Rows,
) -> None:
    state, days, quantity, amount = made
    late = chance.randrange(31, 90)
    rows.add(
        "orders",
        id=ids.orders[n],
        customer=customer,
        sku=ids.skus[n],
        quantity=quantity,
        amount=amount,
        status={"not_delivered": "shipped", "refunded": "refunded"}.get(state, "delivered"),
        delivered_days_ago={"not_delivered": None, "too_old": late}.get(state, days),
    )
    if state == "refunded":
        rows.add(
            "refunds",
            id=f"{ids.orders[n]}.1",
            order_id=ids.orders[n],
            customer=customer,
            amount=amount,
            destination="original",
        )


def _strangers(chance: Random, ids: _Ids, rows: Rows) -> None:
    """Rows that no request is about."""
    for n in range(MAX_WIDTH, MAX_WIDTH + STRANGERS):
        _customer(chance, n, ids, chance.random() < 0.5, chance.randrange(0, 300), rows)
        price = chance.randrange(5, 41)
        _product(chance, ids.skus[n], price, chance.randrange(0, 20), rows)
        made = (chance.choice(("delivered", "too_old")), 12, 2, 2 * price)
        _order(chance, ids.customers[n], n, ids, made, rows)
