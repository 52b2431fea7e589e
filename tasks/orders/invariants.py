"""What must never be so at an order desk, whatever it was asked and whoever worked there."""

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from tasks.orders.tables import SCHEMA
from tasks.task import Task
from tasks.world import Row, SqliteWorld

HANDLED = ("payments", "backorders", "refunds", "declines")


def invariants(task: Task, world: Any) -> list[str]:
    """The name of each breach, once per product, order, gift card or customer it is about.

    Books are checked against what was recorded, so that units sold twice are found even where a
    lost update left the stock above zero. Rows that lack a value are passed over, and so are sales
    of products, and charges to customers, that there never were.
    """
    before, now = _start(task.image), _tables(world)
    new = {name: _new(before[name], rows) for name, rows in now.items()}
    return [
        *["oversold"] * len(_oversold(before, now, new)),
        *["double_refund"] * len(_double_refunds(new, now)),
        *["negative_balance"] * len(_overdrawn(before, now, new)),
        *["summary_count"] * len(_miscounted(now, new)),
        *["disagreeing_choices"] * len(_disagreeing(new)),
    ]


Tables = dict[str, list[Row]]


@lru_cache(maxsize=64)
def _start(image: bytes) -> Tables:
    return _tables(SqliteWorld(image, SCHEMA))


def _tables(world: Any) -> Tables:
    names = ("customers", "gift_cards", "products", "orders", *HANDLED, "emails")
    return {name: world.rows(name) for name in names}


def _new(before: list[Row], now: list[Row]) -> list[Row]:
    known = {row["id"] for row in before if "id" in row}
    return [row for row in now if row.get("id") not in known]


def _oversold(before: Tables, now: Tables, new: Tables) -> set[str]:
    sold = _sums((row["sku"], row["quantity"]) for row in new["payments"])
    had = _sums((row["sku"], row["stock"]) for row in before["products"])
    below = {str(row["sku"]) for row in now["products"] if _whole(row["stock"]) < 0}
    over = {sku for sku, units in sold.items() if units > had[sku]}
    return below | (over & set(had))


def _double_refunds(new: Tables, now: Tables) -> set[str]:
    paid = Counter(str(row["order_id"]) for row in now["refunds"])
    again = {str(row["order_id"]) for row in new["refunds"]}
    return {order for order in again if paid[order] > 1}


def _overdrawn(before: Tables, now: Tables, new: Tables) -> set[str]:
    spent = _sums((row["customer"], row["amount"]) for row in new["payments"])
    had = _sums((row["customer"], row["balance"]) for row in before["gift_cards"])
    had.update(
        _sums(
            (row["customer"], row["amount"])
            for row in new["refunds"]
            if row["destination"] == "card"
        )
    )
    below = {str(row["customer"]) for row in now["gift_cards"] if _whole(row["balance"]) < 0}
    over = {customer for customer, amount in spent.items() if amount > had[customer]}
    return below | (over & set(had))


def _miscounted(now: Tables, new: Tables) -> set[str]:
    """Customers who accept e-mail, for whom something was done, without exactly one summary.

    Two summaries to anyone are one too many.
    """
    sent = Counter(str(row["customer"]) for row in new["emails"] if row["kind"] == "summary")
    accepts = {str(row["id"]) for row in now["customers"] if row["contact"] == "email"}
    handled = {str(row["customer"]) for name in HANDLED for row in new[name]}
    missing = {customer for customer in handled & accepts if sent[customer] == 0}
    return missing | {customer for customer, count in sent.items() if count > 1}


def _disagreeing(new: Tables) -> set[str]:
    places: dict[str, set[str]] = {}
    for row in new["refunds"]:
        places.setdefault(str(row["customer"]), set()).add(str(row["destination"]))
    return {customer for customer, found in places.items() if len(found) > 1}


def _sums(pairs: Iterable[tuple[object, object]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for key, value in pairs:
        total[str(key)] += _whole(value)
    return total


def _whole(value: object) -> int:
    return int(value) if isinstance(value, (int, float)) else 0
