"""Tools that each carry out one intention whole: nothing comes between its reading and writing."""

from typing import Any, Literal

from tasks.orders.tables import fitting, labels_text, numbered
from tasks.refused import Refused
from tasks.tools import Tool, ToolError
from tasks.world import Row, SqliteWorld

Destination = Literal["card", "original"]
Reason = Literal["too_old", "not_delivered", "already_refunded"]


async def get_customer(world: SqliteWorld, customer: str) -> dict[str, Any]:
    """A customer: name, contact (email or none), gift card and its balance.

    Args:
        customer: The customer's id, such as C7.
    """
    found = _row(world, "customers", customer)
    card = _row(world, "gift_cards", str(found["gift_card"]))
    return {**found, "balance": card["balance"]}


async def get_product(world: SqliteWorld, sku: str) -> dict[str, Any]:
    """A product: name, price of one unit and units in stock.

    Args:
        sku: The product's id, such as P7.
    """
    return dict(_row(world, "products", sku))


async def get_order(world: SqliteWorld, order: str) -> dict[str, Any]:
    """An earlier order: customer, amount paid, status and how many days ago it was delivered.

    Args:
        order: The order's id, such as O7.
    """
    return dict(_row(world, "orders", order))


async def find_emails(world: SqliteWorld, customer: str) -> dict[str, Any]:
    """The e-mails sent to a customer so far.

    Args:
        customer: The customer's id, such as C7.
    """
    _row(world, "customers", customer)
    return {"emails": world.find("emails", "customer", customer)}


async def sell(world: SqliteWorld, customer: str, sku: str, quantity: int) -> dict[str, Any]:
    """Sell from stock: takes the units, charges the customer's gift card, records the payment.

    Refused, with nothing changed, if the stock or the balance does not cover it.

    Args:
        customer: The customer's id, such as C7.
        sku: The product's id, such as P7.
        quantity: How many units, at least 1.
    """
    _positive(quantity)
    product = _row(world, "products", sku)
    card = str(_row(world, "customers", customer)["gift_card"])
    stock, balance = _whole(product["stock"]), _whole(_row(world, "gift_cards", card)["balance"])
    amount = _whole(product["price"]) * quantity
    if stock < quantity:
        raise ToolError(f"not enough stock: {sku} has {stock} left; a backorder takes none")
    if balance < amount:
        raise ToolError(f"not enough balance: this costs {amount} and {card} holds {balance}")
    world.update("products", sku, {"stock": stock - quantity})
    world.update("gift_cards", card, {"balance": balance - amount})
    payment: Row = {"customer": customer, "sku": sku, "quantity": quantity, "amount": amount}
    _add(world, "payments", payment)
    return {"amount": amount, "stock": stock - quantity, "balance": balance - amount}


async def backorder(world: SqliteWorld, customer: str, sku: str, quantity: int) -> dict[str, Any]:
    """Note that a customer waits for a product; takes no stock and no money.

    Args:
        customer: The customer's id, such as C7.
        sku: The product's id, such as P7.
        quantity: How many units, at least 1.
    """
    _positive(quantity)
    _row(world, "customers", customer)
    _row(world, "products", sku)
    _add(world, "backorders", {"customer": customer, "sku": sku, "quantity": quantity})
    return {"backordered": quantity}


async def refund(world: SqliteWorld, order: str, to: Destination) -> dict[str, Any]:
    """Refund an order's full amount and mark the order as refunded.

    Refused, with nothing changed, if it was refunded before.

    Args:
        order: The order's id, such as O7.
        to: Where the money goes: the customer's gift card, or the original payment.
    """
    found = _row(world, "orders", order)
    if found["status"] == "refunded":
        raise ToolError(f"already refunded: {order}; nothing was paid")
    customer, amount = str(found["customer"]), _whole(found["amount"])
    world.update("orders", order, {"status": "refunded"})
    if to == "card":
        card = str(_row(world, "customers", customer)["gift_card"])
        balance = _whole(_row(world, "gift_cards", card)["balance"])
        world.update("gift_cards", card, {"balance": balance + amount})
    row: Row = {"order_id": order, "customer": customer, "amount": amount, "destination": to}
    _add(world, "refunds", row)
    return {"amount": amount, "to": to}


async def decline_refund(world: SqliteWorld, order: str, reason: Reason) -> dict[str, Any]:
    """Record that a refund was asked for and declined.

    Args:
        order: The order's id, such as O7.
        reason: Why it is declined.
    """
    customer = str(_row(world, "orders", order)["customer"])
    _add(world, "declines", {"order_id": order, "customer": customer, "reason": reason})
    return {"declined": reason}


async def send_summary(world: SqliteWorld, customer: str, requests: list[str]) -> dict[str, Any]:
    """Send a customer the summary e-mail of their requests. It cannot be taken back.

    Args:
        customer: The customer's id, such as C7.
        requests: The labels of the customer's requests, such as R1.
    """
    _row(world, "customers", customer)
    try:
        labels = labels_text([str(label) for label in requests])
    except Refused as error:
        raise ToolError(str(error)) from error
    _add(world, "emails", {"customer": customer, "kind": "summary", "requests": labels})
    return {"sent": labels}


MONEY = ("customers", "gift_cards")
ATOMIC = (
    Tool(get_customer, readOnlyHint=True, idempotentHint=True, touches=MONEY, target=("customer",)),
    Tool(
        get_product, readOnlyHint=True, idempotentHint=True, touches=("products",), target=("sku",)
    ),
    Tool(get_order, readOnlyHint=True, idempotentHint=True, touches=("orders",), target=("order",)),
    Tool(
        find_emails,
        readOnlyHint=True,
        idempotentHint=True,
        touches=("customers", "emails"),
        target=("customer",),
    ),
    Tool(
        sell,
        destructiveHint=True,
        touches=("products", *MONEY, "payments"),
        target=("customer", "sku"),
    ),
    Tool(backorder, touches=("customers", "products", "backorders"), target=("customer", "sku")),
    Tool(refund, destructiveHint=True, touches=("orders", *MONEY, "refunds"), target=("order",)),
    Tool(decline_refund, touches=("orders", "declines"), target=("order",)),
    Tool(send_summary, openWorldHint=True, touches=("customers", "emails"), target=("customer",)),
)


def _row(world: SqliteWorld, table: str, key: str) -> Row:
    row = world.read(table, key)
    if row is None:
        raise ToolError(f"there is no {key!r} among the {table}")
    return row


def _add(world: SqliteWorld, table: str, row: Row) -> None:
    """A new row under the next free key."""
    row = {column: fitting(table, column, value) for column, value in row.items()}
    add_numbered(world, table, row)


def add_numbered(world: SqliteWorld, table: str, row: Row) -> str:
    """Insert a row under the first surrogate key that is free; the key."""
    taken = 0
    while True:
        key = numbered(row, taken)
        try:
            world.insert(table, {"id": key, **row})
        except ValueError:
            taken += 1
        else:
            return key


def _positive(quantity: int) -> None:
    if not 1 <= quantity <= 10_000:
        raise ToolError(f"quantity is {quantity}; it must be from 1 to 10000")


def _whole(value: object) -> int:
    return int(str(value))
