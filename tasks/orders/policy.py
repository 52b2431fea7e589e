"""What is right for a batch: the decisions the desk's policy leads to, as facts and as tool calls.

Where two requests want the same last thing, whoever is handled first gets it, and where the text
leaves open where refunds go, either place is right if it is the same for all of one customer; every
such course of events is one alternative of the goal.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import permutations

from tasks.judging import Facts, Goal, MilestoneGoal, RowChange, said
from tasks.orders.batch import Batch, Request
from tasks.orders.tables import labels_text
from tasks.task import Effect
from tasks.world import Row

REFUND_WITHIN_DAYS = 30
Books = dict[str, dict[str, Row]]
"""The rows of the tables whose rows change, by table and key."""
Spot = tuple[str, str, str]
"""A table, a key and a column of a row that changes."""
Raised = Mapping[Spot, int]
"""Values that someone outside raises meanwhile, and by how much: see `tasks.orders.outside`."""


@dataclass(frozen=True)
class Decision:
    """What happens to a request: sell, backorder, refund or decline. `detail` is the rest of it."""

    verb: str
    amount: int
    detail: str = ""

    def line(self, request: Request) -> str:
        """As it is answered, as in `refund 30 to card, no mail`."""
        mail = "mail" if request.mail else "no mail"
        if self.verb == "refund":
            return f"refund {self.amount} to {self.detail}, {mail}"
        return f"{self.verb} {self.detail or self.amount}, {mail}"


def books_of(batch: Batch) -> Books:
    """The start of every row that may change or be asked about."""
    keys = {"customers": "id", "gift_cards": "id", "products": "sku", "orders": "id"}
    return {
        table: {str(row[key]): dict(row) for row in batch.rows[table]}
        for table, key in keys.items()
    }


def decide(books: Books, request: Request, refund_to: str) -> Decision:
    """What policy says of a request as things stand."""
    if request.kind == "purchase":
        product, card = books["products"][request.sku], books["gift_cards"][_card(books, request)]
        amount = _whole(product, "price") * request.quantity
        covered = _whole(product, "stock") >= request.quantity
        if covered and _whole(card, "balance") >= amount:
            return Decision("sell", amount)
        return Decision("backorder", request.quantity)
    order = books["orders"][request.order]
    days = order["delivered_days_ago"]
    if order["status"] == "refunded":
        return Decision("decline", 0, "already_refunded")
    if order["status"] != "delivered" or days is None:
        return Decision("decline", 0, "not_delivered")
    if int(days) > REFUND_WITHIN_DAYS:
        return Decision("decline", 0, "too_old")
    return Decision("refund", _whole(order, "amount"), refund_to)


def changed(books: Books, request: Request, decision: Decision) -> dict[Spot, int | str]:
    """The new values the decision gives to rows that are there."""
    card = _card(books, request)
    balance = _whole(books["gift_cards"][card], "balance")
    if decision.verb == "sell":
        stock = _whole(books["products"][request.sku], "stock")
        return {
            ("products", request.sku, "stock"): stock - request.quantity,
            ("gift_cards", card, "balance"): balance - decision.amount,
        }
    if decision.verb == "refund":
        found: dict[Spot, int | str] = {("orders", request.order, "status"): "refunded"}
        if decision.detail == "card":
            found["gift_cards", card, "balance"] = balance + decision.amount
        return found
    return {}


def added(request: Request, decision: Decision) -> tuple[str, Row]:
    """The one new row the decision leaves, with its table."""
    customer = request.customer
    if decision.verb == "sell":
        row: Row = {"customer": customer, "sku": request.sku, "quantity": request.quantity}
        return "payments", {**row, "amount": decision.amount}
    if decision.verb == "backorder":
        row = {"customer": customer, "sku": request.sku, "quantity": request.quantity}
        return "backorders", row
    about: Row = {"order_id": request.order, "customer": customer}
    if decision.verb == "refund":
        return "refunds", {**about, "amount": decision.amount, "destination": decision.detail}
    return "declines", {**about, "reason": decision.detail}


def summaries(batch: Batch) -> dict[str, str]:
    """Customer to the labels their one summary lists."""
    listed: dict[str, list[str]] = {}
    for request in batch.requests:
        if request.acts and request.mail:
            listed.setdefault(request.customer, []).append(request.label)
    return {customer: labels_text(labels) for customer, labels in listed.items()}


def goal_of(batch: Batch, destinations: Sequence[str], raised: Raised | None = None) -> Goal:
    """What must be so in the end; refunds go to any one of `destinations` for each customer.

    What is raised from outside is so in the end, whenever it came.
    """
    start = books_of(batch)
    facts: list[RowChange] = []
    either: list[tuple[Facts, ...]] = []
    milestones: dict[str, list[Facts]] = {}
    for component in batch.components:
        courses = [
            _course(start, order, destination, raised or {})
            for order in permutations(component)
            for destination in destinations
        ]
        ends = _distinct(tuple(sorted(sum(course.values(), ()))) for course in courses)
        if len(ends) == 1:
            facts.extend(ends[0])
        else:
            either.append(tuple(ends))
        for request in component:
            milestones[request.label] = _distinct(course[request.label] for course in courses)
    mails = tuple(
        _insert("emails", {"customer": customer, "kind": "summary", "requests": labels})
        for customer, labels in summaries(batch).items()
    )
    goals = [
        MilestoneGoal(request.label, tuple(milestones[request.label])) for request in batch.requests
    ]
    if mails:
        goals.append(MilestoneGoal("summaries", (mails,)))
    return Goal((*facts, *mails), tuple(either), tuple(goals))


def solution_of(
    batch: Batch, destination: str, style: str, raised: Raised | None = None
) -> tuple[Effect, ...]:
    """The calls that write, in the order of the requests, then the answer.

    Rows are written once, by the last request that changes them, so that every call has its effect
    in the end. What is raised from outside was raised before.
    """
    start, real, supposed = books_of(batch), books_of(batch), books_of(batch)
    for books in (start, real):
        raise_all(books, raised or {})
    decisions: dict[str, Decision] = {}
    last: dict[Spot, str] = {}
    for request in batch.requests:
        decision = decisions[request.label] = decide(supposed, request, destination)
        apply(supposed, changed(supposed, request, decision))
        if request.acts:
            values = changed(real, request, decision)
            apply(real, values)
            last.update(dict.fromkeys(values, request.label))
    effects: list[Effect] = []
    for request in batch.requests:
        decision = decisions[request.label]
        if request.acts and style == "atomic":
            effects.append(_intention(request, decision))
        elif request.acts:
            spots = [spot for spot, label in last.items() if label == request.label]
            effects.extend(_written(start, real, spots))
            table, row = added(request, decision)
            effects.append(Effect("create_row", {"table": table, "values": row}))
    for customer, labels in summaries(batch).items():
        row = {"customer": customer, "kind": "summary", "requests": labels}
        effects.append(
            Effect("create_row", {"table": "emails", "values": row})
            if style == "crud"
            else Effect("send_summary", {"customer": customer, "requests": labels.split(",")})
        )
    lines = [f"{r.label}: {decisions[r.label].line(r)}" for r in batch.requests]
    return (*effects, Effect("submit", {"answer": "\n".join(lines), "status": "done"}))


def _intention(request: Request, decision: Decision) -> Effect:
    if request.kind == "purchase":
        goods = {"sku": request.sku, "quantity": request.quantity}
        return Effect(decision.verb, {"customer": request.customer, **goods})
    if decision.verb == "refund":
        return Effect("refund", {"order": request.order, "to": decision.detail})
    return Effect("decline_refund", {"order": request.order, "reason": decision.detail})


def _written(start: Books, end: Books, spots: Sequence[Spot]) -> Iterable[Effect]:
    for table, key, column in spots:
        value = end[table][key][column]
        if value != start[table][key][column]:
            yield Effect("update_row", {"table": table, "key": key, "values": {column: value}})


def _course(
    start: Books, order: Sequence[Request], destination: str, raised: Raised
) -> dict[str, Facts]:
    """The facts each request leaves when they are handled in this order.

    A value that several requests change is a fact of the last of them by label, at its final value.
    One that is raised from outside and that no request changes is a fact of the first by label.
    """
    supposed, real = deepcopy(_part(start, order)), deepcopy(_part(start, order))
    own: dict[str, list[RowChange]] = {}
    first = min(order, key=lambda request: request.place)
    last = dict.fromkeys(raise_all(real, raised), first)
    for request in order:
        decision = decide(supposed, request, destination)
        apply(supposed, changed(supposed, request, decision))
        if not request.acts:
            own[request.label] = [said(request.label, decision.line(request))]
            continue
        own[request.label] = [_insert(*added(request, decision))]
        values = changed(real, request, decision)
        apply(real, values)
        for spot in values:
            last[spot] = max(last.get(spot, request), request, key=lambda r: r.place)
    for (table, key, column), request in last.items():
        value = real[table][key][column]
        if value != start[table][key][column]:
            own[request.label].append(RowChange(table, key, "update", ((column, value),)))
    return {label: tuple(sorted(facts)) for label, facts in own.items()}


def _part(books: Books, requests: Sequence[Request]) -> Books:
    """The rows these requests are about."""
    named = {name for r in requests for name in (r.customer, r.sku, r.order, _card(books, r))}
    return {
        table: {key: row for key, row in rows.items() if key in named}
        for table, rows in books.items()
    }


def raise_all(books: Books, raised: Raised) -> list[Spot]:
    """Raise the values that these books have; which they were."""
    here = [spot for spot in raised if spot[1] in books[spot[0]]]
    for table, key, column in here:
        row = books[table][key]
        row[column] = _whole(row, column) + raised[table, key, column]
    return here


def apply(books: Books, values: Mapping[Spot, int | str]) -> None:
    """Set values."""
    for (table, key, column), value in values.items():
        books[table][key][column] = value


def _insert(table: str, row: Row) -> RowChange:
    return RowChange(table, "", "insert", tuple(sorted(row.items())))


def _distinct(many: Iterable[Facts]) -> list[Facts]:
    return list(dict.fromkeys(many))


def _card(books: Books, request: Request) -> str:
    return str(books["customers"][request.customer]["gift_card"])


def _whole(row: Row, column: str) -> int:
    return int(str(row[column]))
