"""The order desk's tools and invariants: what they refuse, what they allow, what is noticed."""

import asyncio
import json
from typing import Any

import pytest

from tasks.orders import TASK_SET
from tasks.orders.tables import SCHEMA, fitting, labels_text
from tasks.task import Task, settings_of
from tasks.tools import ToolError, schema, use
from tasks.world import SqliteWorld, build_image

ROWS: dict[str, list[dict[str, Any]]] = {
    "customers": [
        {"id": "C1", "name": "Ada Abel", "contact": "email", "gift_card": "G1"},
        {"id": "C2", "name": "Ben Ito", "contact": "none", "gift_card": "G2"},
    ],
    "gift_cards": [
        {"id": "G1", "customer": "C1", "balance": 50},
        {"id": "G2", "customer": "C2", "balance": 50},
    ],
    "products": [{"sku": "P1", "name": "red mug", "price": 10, "stock": 3}],
    "orders": [
        {
            "id": "O1",
            "customer": "C1",
            "sku": "P1",
            "quantity": 1,
            "amount": 20,
            "status": "delivered",
            "delivered_days_ago": 4,
        }
    ],
    "emails": [{"id": "C1.1", "customer": "C1", "kind": "newsletter", "requests": None}],
}
TOOLS = {
    tool.name: tool for style in ("atomic", "crud") for tool in TASK_SET.tools({"style": style})
}
TASK = TASK_SET.make(settings_of(TASK_SET, {}), "dev", 0)


class Desk:
    """A small desk of known rows, and calls to it."""

    def __init__(self) -> None:
        image = build_image(SCHEMA, ROWS)
        self.task = Task("orders", "small", "dev", {}, "", image, TASK.goal, ())
        self.world = SqliteWorld(image, SCHEMA)

    def do(self, tool: str, **arguments: Any) -> Any:
        return asyncio.run(self.call(tool, **arguments))

    async def call(self, tool: str, **arguments: Any) -> Any:
        async with self.world.call(f"call{len(self.world.calls)}"):
            return json.loads(await use(TOOLS[tool], self.world, arguments))

    @property
    def broken(self) -> list[str]:
        return TASK_SET.invariants(self.task, self.world)

    def row(self, table: str, key: str) -> dict[str, Any]:
        return next(row for row in self.world.rows(table) if key in row.values())


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_sale_takes_units_charges_the_card_and_records_the_payment(desk: Desk) -> None:
    assert desk.do("sell", customer="C1", sku="P1", quantity=2) == {
        "amount": 20,
        "stock": 1,
        "balance": 30,
    }
    assert desk.row("products", "P1")["stock"] == 1
    assert desk.row("gift_cards", "G1")["balance"] == 30
    assert desk.row("payments", "C1")["amount"] == 20


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("sell", {"customer": "C1", "sku": "P1", "quantity": 4}, "not enough stock"),
        ("sell", {"customer": "C1", "sku": "P1", "quantity": 0}, "must be from 1"),
        ("sell", {"customer": "C1", "sku": "P9", "quantity": 1}, "no 'P9' among the products"),
        ("backorder", {"customer": "C1", "sku": "P1", "quantity": -1}, "must be from 1"),
        ("refund", {"order": "O1", "to": "cash"}, "'card' or 'original'"),
        ("refund", {"order": "O2", "to": "card"}, "no 'O2' among the orders"),
        ("decline_refund", {"order": "O1", "reason": "rude"}, "too_old"),
        ("send_summary", {"customer": "C1", "requests": ["first"]}, "labels look like"),
        ("send_summary", {"customer": "C1", "requests": []}, "at least one"),
        ("get_row", {"table": "cash", "key": "C1"}, "the tables are"),
        ("get_row", {"table": "orders", "key": "O7"}, "no row 'O7'"),
        ("find_rows", {"table": "emails", "column": "kind", "value": "x"}, "searched by customer"),
        ("update_row", {"table": "orders", "key": "O1", "values": {"state": "x"}}, "no 'state'"),
        ("update_row", {"table": "orders", "key": "O1", "values": {"status": "x"}}, "is one of"),
        ("update_row", {"table": "orders", "key": "O1", "values": {"id": "O2"}}, "is the key"),
        ("update_row", {"table": "orders", "key": "O1", "values": {}}, "values is empty"),
        ("update_row", {"table": "orders", "key": "O7", "values": {"amount": 1}}, "no row"),
        ("update_row", {"table": "gift_cards", "key": "G1", "values": {"balance": -1}}, "below 0"),
        ("update_row", {"table": "gift_cards", "key": "G1", "values": {"balance": "x"}}, "whole"),
        ("update_row", {"table": "gift_cards", "key": "G1", "values": {"balance": None}}, "empty"),
        ("create_row", {"table": "payments", "values": {"customer": "C1"}}, "also needs sku"),
        ("create_row", {"table": "emails", "values": {"id": "X"}}, "numbers emails itself"),
        ("delete_row", {"table": "orders", "key": "O7"}, "no row"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words_and_changes_nothing(
    desk: Desk, tool: str, arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(ToolError, match=said):
        desk.do(tool, **arguments)
    assert not desk.world.changes()


def test_an_order_is_refunded_once_by_the_tool_of_that_name(desk: Desk) -> None:
    desk.do("refund", order="O1", to="card")
    assert desk.row("gift_cards", "G1")["balance"] == 70
    with pytest.raises(ToolError, match="already refunded"):
        desk.do("refund", order="O1", to="original")
    desk.do("send_summary", customer="C1", requests=["R1"])
    assert desk.broken == []


def test_labels_are_kept_the_same_however_they_are_written(desk: Desk) -> None:
    written: list[Any] = ["R10, R2", ["R2", "r10"], "R10 R2 R2"]
    for labels in written:
        values = {"customer": "C1", "kind": "Summary", "requests": labels}
        assert desk.do("create_row", table="emails", values=values)["requests"] == "R2,R10"
    assert labels_text(["R3", " R1"]) == "R1,R3"


def test_numbers_may_be_written_as_text() -> None:
    assert fitting("payments", "amount", " 12 ") == 12
    with pytest.raises(ValueError, match="whole number"):
        fitting("payments", "amount", True)


def test_rows_may_be_created_and_deleted_with_their_own_keys(desk: Desk) -> None:
    desk.do(
        "create_row",
        table="products",
        values={"sku": "P2", "name": "vase", "price": 4, "stock": "1"},
    )
    with pytest.raises(ToolError, match="already there"):
        desk.do(
            "create_row",
            table="products",
            values={"sku": "P2", "name": "vase", "price": 4, "stock": 1},
        )
    desk.do("delete_row", table="products", key="P2")
    assert not desk.world.changes()
    assert desk.do("find_rows", table="emails", column="customer", value="C1")["rows"]


def test_a_hint_that_a_tool_only_reads_is_kept_and_touches_are_the_tables_it_uses(
    desk: Desk,
) -> None:
    arguments: dict[str, dict[str, Any]] = {
        "get_customer": {"customer": "C1"},
        "get_product": {"sku": "P1"},
        "get_order": {"order": "O1"},
        "find_emails": {"customer": "C1"},
        "sell": {"customer": "C1", "sku": "P1", "quantity": 1},
        "backorder": {"customer": "C1", "sku": "P1", "quantity": 1},
        "refund": {"order": "O1", "to": "card"},
        "decline_refund": {"order": "O1", "reason": "too_old"},
        "send_summary": {"customer": "C1", "requests": ["R1"]},
    }
    for name, given in arguments.items():
        desk.do(name, **given)
        accesses = list(desk.world.calls.values())[-1].accesses
        assert {access.table for access in accesses} == set(TOOLS[name].touches)
        assert TOOLS[name].readOnlyHint == all(access.op == "read" for access in accesses)
    assert all(schema(tool.run)["properties"] for tool in TOOLS.values())


def test_two_agents_who_sell_the_same_last_units_by_rows_oversell(desk: Desk) -> None:
    async def agent(customer: str) -> None:
        row = await desk.call("get_row", table="products", key="P1")
        await asyncio.sleep(0)
        left = {"stock": row["stock"] - 3}
        await desk.call("update_row", table="products", key="P1", values=left)
        paid = {"customer": customer, "sku": "P1", "quantity": 3, "amount": 30}
        await desk.call("create_row", table="payments", values=paid)
        mail = {"customer": customer, "kind": "summary", "requests": "R1"}
        await desk.call("create_row", table="emails", values=mail)

    async def both() -> None:
        await asyncio.gather(agent("C1"), agent("C2"))

    asyncio.run(both())
    assert desk.row("products", "P1")["stock"] == 0
    assert desk.broken == ["oversold"]


def test_two_agents_who_sell_the_same_last_units_in_one_step_do_not_oversell(desk: Desk) -> None:
    async def both() -> Any:
        return await asyncio.gather(
            desk.call("sell", customer="C1", sku="P1", quantity=3),
            desk.call("sell", customer="C2", sku="P1", quantity=3),
            return_exceptions=True,
        )

    outcomes = asyncio.run(both())
    assert [isinstance(outcome, ToolError) for outcome in outcomes] == [False, True]
    assert "oversold" not in desk.broken


def test_money_spent_twice_is_a_negative_balance_whatever_the_card_says(desk: Desk) -> None:
    for _ in range(2):
        paid = {"customer": "C2", "sku": "P9", "quantity": 1, "amount": 30}
        desk.do("create_row", table="payments", values=paid)
        desk.do("update_row", table="gift_cards", key="G2", values={"balance": 20})
    assert desk.broken == ["negative_balance"]


def test_a_refund_to_the_card_can_be_spent(desk: Desk) -> None:
    desk.do("refund", order="O1", to="card")
    paid = {"customer": "C1", "sku": "P9", "quantity": 1, "amount": 70}
    desk.do("create_row", table="payments", values=paid)
    desk.do("send_summary", customer="C1", requests=["R1"])
    assert desk.broken == []


def test_two_refunds_of_one_order_to_two_places_are_two_breaches(desk: Desk) -> None:
    for place in ("card", "original"):
        about = {"order_id": "O1", "customer": "C1", "amount": 20, "destination": place}
        desk.do("create_row", table="refunds", values=about)
    desk.do("send_summary", customer="C1", requests=["R1"])
    assert desk.broken == ["double_refund", "disagreeing_choices"]


def test_handled_requests_need_one_summary_and_only_from_those_who_take_mail(desk: Desk) -> None:
    assert desk.broken == []
    desk.do("backorder", customer="C2", sku="P1", quantity=9)
    assert desk.broken == []
    desk.do("backorder", customer="C1", sku="P1", quantity=9)
    assert desk.broken == ["summary_count"]
    desk.do("send_summary", customer="C1", requests=["R1"])
    assert desk.broken == []
    desk.do("send_summary", customer="C1", requests=["R1"])
    assert desk.broken == ["summary_count"]


def test_invariants_bear_rows_that_lack_values(desk: Desk) -> None:
    async def spoil() -> None:
        async with desk.world.call("spoil"):
            for table in ("payments", "refunds", "emails", "backorders", "declines"):
                desk.world.insert(table, {"id": "empty"})
            desk.world.update("products", "P1", {"stock": None})
            desk.world.update("gift_cards", "G1", {"balance": None})
            desk.world.delete("customers", "C1")

    asyncio.run(spoil())
    assert desk.broken == []
