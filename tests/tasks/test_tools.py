"""Tools: what a signature and a docstring become, and how wrong calls are answered."""

import asyncio
from typing import Any, Literal

import pytest

from tasks.tools import Tool, ToolError, schema, use


async def pay(
    world: list[Any], order: str, amount: int, method: Literal["card", "cash"] = "card"
) -> dict[str, Any]:
    """Pay an order.

    Money moves at once.

    Args:
        order: Which order, as in `O7`.
        amount: Whole euros.
        method: How it is paid.
    """
    if amount < 0:
        raise ToolError("an amount is never negative")
    world.append((order, amount, method))
    return {"paid": amount, "to": "Zoë"}


async def untyped(world: Any, order) -> None:  # pyright: ignore
    """Nothing.

    Args:
        order: Which.
    """


async def undescribed(world: Any, order: str) -> None:
    """Nothing."""


def called(arguments: dict[str, Any], world: list[Any] | None = None) -> str:
    return asyncio.run(use(Tool(pay), world if world is not None else [], arguments))


def test_a_schema_comes_from_the_signature_and_the_docstring() -> None:
    assert schema(pay) == {
        "type": "object",
        "additionalProperties": False,
        "required": ["order", "amount"],
        "properties": {
            "order": {"type": "string", "description": "Which order, as in `O7`."},
            "amount": {"type": "integer", "description": "Whole euros."},
            "method": {
                "type": "string",
                "enum": ["card", "cash"],
                "default": "card",
                "description": "How it is paid.",
            },
        },
    }
    assert Tool(pay).name == "pay"
    assert Tool(pay).description == "Pay an order.\nMoney moves at once."


def test_a_good_call_replies_in_json_with_defaults_filled_in() -> None:
    world: list[Any] = []
    assert called({"order": "O1", "amount": 3}, world) == '{"paid": 3, "to": "Zoë"}'
    assert world == [("O1", 3, "card")]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"order": "O1"}, "pay was called wrongly: amount: Field required"),
        ({"order": "O1", "amount": "lots"}, "pay was called wrongly: amount: "),
        ({"order": "O1", "amount": 1, "method": "gold"}, "'card' or 'cash'"),
        ({"order": "O1", "amount": 1, "tip": 2}, "tip: Extra inputs are not permitted"),
        ({}, "order: Field required; amount: Field required"),
    ],
)
def test_arguments_that_do_not_fit_get_one_clear_line(arguments: dict[str, Any], says: str) -> None:
    world: list[Any] = []
    with pytest.raises(ToolError) as refusal:
        called(arguments, world)
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert not world


def test_what_a_tool_refuses_reaches_the_agent_as_it_is() -> None:
    with pytest.raises(ToolError, match="an amount is never negative"):
        called({"order": "O1", "amount": -1})


def test_a_tool_without_types_or_descriptions_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="tool untyped: order has no type"):
        schema(untyped)  # pyright: ignore
    with pytest.raises(ValueError, match="tool undescribed: order is not in its docstring"):
        schema(undescribed)
