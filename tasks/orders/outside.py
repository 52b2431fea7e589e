"""Who else acts at an order desk while its agents work: a warehouse, and the customers themselves.

`ambient` is the share of the requests whose product gets a delivery, or whose customer tops up
their gift card, meanwhile. Only rows are chosen where more units or money change no decision, so
that what is right does not depend on when it happens; whoever writes a row from what was read
before it happened undoes it all the same.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from itertools import permutations
from typing import Any

from tasks.orders.batch import Batch, Request
from tasks.orders.policy import Books, Decision, Raised, Spot, apply, books_of, changed, decide
from tasks.orders.tables import DESTINATIONS
from tasks.task import OutsideCall, Split, luck
from tasks.tools import Tool, ToolError
from tasks.world import SqliteWorld

SECONDS_A_REQUEST = 5.0
"""Outside calls are spread over so many seconds for each request of the batch."""


async def book_delivery(world: SqliteWorld, sku: str, quantity: int) -> dict[str, Any]:
    """Put units that the warehouse received into stock.

    Args:
        sku: The product's id, such as P7.
        quantity: How many units.
    """
    stock = _add(world, "products", sku, "stock", quantity)
    return {"sku": sku, "stock": stock}


async def top_up(world: SqliteWorld, card: str, amount: int) -> dict[str, Any]:
    """Put money on a gift card, as its owner does in the shop.

    Args:
        card: The gift card's id, such as G7.
        amount: How many dollars.
    """
    balance = _add(world, "gift_cards", card, "balance", amount)
    return {"card": card, "balance": balance}


OUTSIDE = (
    Tool(book_delivery, touches=("products",)),
    Tool(top_up, touches=("gift_cards",)),
)


def _add(world: SqliteWorld, table: str, key: str, column: str, more: int) -> int:
    row = world.read(table, key)
    if row is None:
        raise ToolError(f"there is no {key!r} among the {table}")
    value = int(str(row[column])) + more
    world.update(table, key, {column: value})
    return value


def raises(batch: Batch, split: Split, index: int, ambient: float) -> Raised:
    """Which values are raised by how much: at least one if `ambient` is above 0 and any can be.

    More of it keeps those that there are.
    """
    if ambient <= 0:
        return {}
    start = books_of(batch)
    found: dict[Spot, int] = {}
    ranked = sorted(batch.requests, key=lambda r: _luck(split, index, "rank", r).random())
    for request in ranked:
        spot, more = _raise(start, request, split, index)
        if spot not in found and _harmless(start, batch, {**found, spot: more}):
            found[spot] = more
    count = max(1, round(ambient * len(batch.requests)))
    return dict(list(found.items())[:count])


def outside_calls(
    batch: Batch, raised: Raised, split: Split, index: int
) -> tuple[OutsideCall, ...]:
    """The calls that raise these values, in order of time."""
    span = SECONDS_A_REQUEST * len(batch.requests)
    calls: list[OutsideCall] = []
    for (table, key, _), more in raised.items():
        at = luck("orders", split, index, "outside at", table, key).random() * span
        if table == "products":
            arguments = {"sku": key, "quantity": more}
            calls.append(OutsideCall(at, "warehouse", "book_delivery", arguments))
        else:
            calls.append(OutsideCall(at, "customer", "top_up", {"card": key, "amount": more}))
    return tuple(sorted(calls, key=lambda call: call.at))


def _luck(split: Split, index: int, what: str, request: Request) -> Any:
    return luck("orders", split, index, "outside", what, request.number)


def _raise(start: Books, request: Request, split: Split, index: int) -> tuple[Spot, int]:
    chance = _luck(split, index, "raise", request)
    units, money = chance.randrange(1, 7), chance.randrange(5, 61)
    if request.kind == "purchase" and chance.random() < 0.5:
        return ("products", request.sku, "stock"), units
    card = str(start["customers"][request.customer]["gift_card"])
    return ("gift_cards", card, "balance"), money


def _harmless(start: Books, batch: Batch, raised: Mapping[Spot, int]) -> bool:
    """Whether every request is decided alike with and without, in any order.

    More units or money can only turn a backorder into a sale, so what holds for none and for all of
    it holds whenever it comes.
    """
    more = deepcopy(start)
    for (table, key, column), by in raised.items():
        more[table][key][column] = int(str(more[table][key][column])) + by
    return all(
        _decisions(start, order, to) == _decisions(more, order, to)
        for component in batch.components
        for order in permutations(component)
        for to in DESTINATIONS
    )


def _decisions(start: Books, order: Sequence[Request], to: str) -> list[Decision]:
    # Only rows of these requests change: copying all books for each order would take long.
    books = {table: dict(rows) for table, rows in start.items()}
    found: list[Decision] = []
    for request in order:
        decision = decide(books, request, to)
        for (table, key, _), _value in changed(books, request, decision).items():
            books[table][key] = dict(books[table][key])
        apply(books, changed(books, request, decision))
        found.append(decision)
    return found
