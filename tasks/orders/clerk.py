"""How a competent worker handles a batch at the order desk, knowing only what the text says.

It reads labelled requests, looks up what the policy asks about, decides, writes if it is to act and
ends each request with its answer line, which says all that the summaries need. Requests that are
only answered leave no trace in the world, so it subtracts what the ones it knows of would take.
"""

import re
from collections.abc import Generator, Sequence

from tasks.orders.batch_text import (
    ASKS_SUMMARY,
    CUSTOMER,
    REQUEST,
    Asked,
    asked_in,
    blocked,
    keys,
    refund_to,
    spoken_for,
)
from tasks.workers.clerk import FAILED, NOT_WRITTEN, Call, Clerk, Desk, Item, Look, Script, Values

SHORT = ("not enough stock", "not enough balance")
REFUND_WITHIN_DAYS = 30
Reading = Generator[Call, Values, Values]


def work(item: Item, desk: Desk) -> Script:
    """The script of a request, or of a summary e-mail."""
    if item.label.startswith("M"):
        return _summary(item, desk)
    asked = asked_in(item.text, desk)
    if not asked.customer or not (asked.order or asked.sku):
        return _unreadable()
    return _refund(item, asked, desk) if asked.order else _purchase(item, asked, desk)


def _unreadable() -> Script:
    """The script of a line that names no customer, or nothing that is wanted."""
    return FAILED
    yield


def closing(desk: Desk, items: Sequence[Item]) -> list[Item]:
    """One summary for each customer who accepts e-mail and has a request carried out."""
    if not ASKS_SUMMARY.search(desk.task):
        return []
    labels: dict[str, list[str]] = {}
    accept: set[str] = set()
    for item in items:
        asked = asked_in(item.text, desk)
        outcome = desk.outcomes.get(item.label, FAILED)
        if asked.answers or outcome in (FAILED, NOT_WRITTEN) or not asked.customer:
            continue
        labels.setdefault(asked.customer, []).append(item.label)
        if outcome.endswith(", mail"):
            accept.add(asked.customer)
    return [
        Item(f"M{customer[1:]}", f"Summary for {customer} of {', '.join(labels[customer])}.")
        for customer in labels
        if customer in accept
    ]


def _purchase(item: Item, asked: Asked, desk: Desk) -> Script:
    customer = yield from _customer(asked, desk)
    product = yield from _read("get_product", "products", "sku", asked.sku, _PRODUCT, desk)
    card = customer
    if _by_rows(desk):
        card = yield _card(customer)
        if item.label in desk.proposed:
            product = yield _row("products", asked.sku, _PRODUCT)
            card = yield _card(customer)
    units, money, _ = spoken_for(item, asked, desk)
    stock, balance = _whole(product.get("stock")), _whole(card.get("balance"))
    cost = _whole(product.get("price")) * asked.quantity
    sells = stock - units >= asked.quantity and balance - money >= cost
    goods: Values = {"customer": asked.customer, "sku": asked.sku, "quantity": asked.quantity}
    sold, waits = _line(f"sell {cost}", customer), _line(f"backorder {asked.quantity}", customer)
    if asked.answers:
        return sold if sells else waits
    if not _by_rows(desk):
        if sells:
            paid = Look(
                Call("get_customer", {"customer": asked.customer}, ("balance",)),
                lambda now: _whole(now["balance"]) <= balance - cost,
            )
            reply = yield Call("sell", goods, ("amount",), True, SHORT, paid)
            if "refused" not in reply:
                return _line(f"sell {_whole(reply.get('amount', cost))}", customer)
        yield Call("backorder", goods, ("backordered",), writes=True)
        return waits
    if not sells:
        yield _create("backorders", goods)
        return waits
    yield _update("products", asked.sku, {"stock": stock - asked.quantity})
    yield _update("gift_cards", str(customer.get("gift_card")), {"balance": balance - cost})
    yield _create("payments", {**goods, "amount": cost})
    return sold


def _refund(item: Item, asked: Asked, desk: Desk) -> Script:
    customer = yield from _customer(asked, desk)
    order = yield from _read("get_order", "orders", "order", asked.order, _ORDER, desk)
    if _by_rows(desk) and item.label in desk.proposed:
        order = yield _row("orders", asked.order, _ORDER)
    amount, days = _whole(order.get("amount")), order.get("delivered_days_ago")
    _, _, promised = spoken_for(item, asked, desk)
    reason = None
    if order.get("status") == "refunded" or promised:
        reason = "already_refunded"
    elif order.get("status") != "delivered" or days is None:
        reason = "not_delivered"
    elif _whole(days) > REFUND_WITHIN_DAYS:
        reason = "too_old"
    to = refund_to(desk) if reason is None else ""
    if asked.answers:
        said = f"decline {reason}" if reason else f"refund {amount} to {to}"
        return _line(said, customer)
    if reason is None and not _by_rows(desk):
        arguments: Values = {"order": asked.order, "to": to}
        again = ("already refunded",)
        look = Look(
            Call("get_order", {"order": asked.order}, ("status",)),
            lambda now: now["status"] == "refunded",
        )
        reply = yield Call("refund", arguments, ("amount",), True, again, look)
        if "refused" not in reply:
            return _line(f"refund {_whole(reply.get('amount', amount))} to {to}", customer)
        reason = "already_refunded"
    about: Values = {"order_id": asked.order, "customer": asked.customer}
    if reason is not None:
        if _by_rows(desk):
            yield _create("declines", {**about, "reason": reason})
        else:
            decline: Values = {"order": asked.order, "reason": reason}
            yield Call("decline_refund", decline, ("declined",), writes=True)
        return _line(f"decline {reason}", customer)
    yield _update("orders", asked.order, {"status": "refunded"})
    if to == "card":
        card = yield _card(customer)
        key, balance = str(customer.get("gift_card")), _whole(card.get("balance"))
        yield _update("gift_cards", key, {"balance": balance + amount})
    yield _create("refunds", {**about, "amount": amount, "destination": to})
    return _line(f"refund {amount} to {to}", customer)


def _summary(item: Item, desk: Desk) -> Script:
    labels = REQUEST.findall(item.text)
    customer = next(iter(CUSTOMER.findall(item.text)), None)
    if customer is None:
        return FAILED
    where = {"table": "emails", "column": "customer", "value": customer}
    search = Call("find_emails", {"customer": customer}, ("emails",))
    if _by_rows(desk):
        search = Call("find_rows", where, ("rows",))
    reply = yield search
    if item.label in desk.proposed:
        reply = yield search
    sent = str([*reply.get("rows", []), *reply.get("emails", [])])
    if "summary" in sent:
        return "a summary was there"
    if _by_rows(desk):
        yield _create("emails", {"customer": customer, "kind": "summary", "requests": labels})
    else:
        arguments: Values = {"customer": customer, "requests": labels}
        there = Look(search, lambda now: "summary" in str(now["emails"]))
        yield Call("send_summary", arguments, ("sent",), writes=True, look=there)
    return "summary sent"


_PRODUCT = ("price", "stock")
_ORDER = ("status", "amount", "delivered_days_ago")


def _customer(asked: Asked, desk: Desk) -> Reading:
    keep = ("contact", "gift_card") if _by_rows(desk) else ("contact", "balance")
    return (yield from _read("get_customer", "customers", "customer", asked.customer, keep, desk))


def _read(
    tool: str, table: str, argument: str, key: str, keep: tuple[str, ...], desk: Desk
) -> Reading:
    """One thing looked up by its own tool, or as a row."""
    if _by_rows(desk):
        return (yield _row(table, key, keep))
    return (yield Call(tool, {argument: key}, keep))


def _row(table: str, key: str, keep: tuple[str, ...]) -> Call:
    return Call("get_row", {"table": table, "key": key}, keep)


def _card(customer: Values) -> Call:
    return _row("gift_cards", str(customer.get("gift_card")), ("balance",))


def _create(table: str, values: Values) -> Call:
    """A new row; it is there if a row of the same customer or order says the same."""
    by = "order_id" if "order_id" in values else "customer"
    where = {"table": table, "column": by, "value": values[by]}
    said = {name: value for name, value in values.items() if name != "requests"}.items()
    there = Look(
        Call("find_rows", where, ("rows",)),
        lambda now: any(said <= row.items() for row in now["rows"]),
    )
    arguments: Values = {"table": table, "values": values}
    return Call("create_row", arguments, ("id",), writes=True, look=there)


def _update(table: str, key: str, values: Values) -> Call:
    arguments: Values = {"table": table, "key": key, "values": values}
    there = Look(_row(table, key, tuple(values)), lambda now: now == values)
    return Call("update_row", arguments, ("updated",), writes=True, look=there)


def _by_rows(desk: Desk) -> bool:
    return "get_row" in desk.offers


def _line(decision: str, customer: Values) -> str:
    return f"{decision}, {'mail' if customer.get('contact') == 'email' else 'no mail'}"


def _whole(value: object) -> int:
    """The number in a reply; 0 where there is none."""
    text = str(value).strip()
    return int(text) if re.fullmatch(r"-?\d{1,15}", text) else 0


CLERK = Clerk(
    tools=frozenset(
        {"get_customer", "get_product", "get_order", "find_emails"}
        | {"sell", "backorder", "refund", "decline_refund", "send_summary"}
        | {"get_row", "find_rows", "create_row", "update_row", "delete_row"}
    ),
    work=work,
    keys=keys,
    blocked=blocked,
    closing=closing,
)
