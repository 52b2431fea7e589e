"""What an agent can do with the books: look at a payment or an account, and see what leaves it."""

from typing import Annotated, Any

from pydantic import Field

from tasks.tools import Tool, ToolError
from tasks.world import Row, SqliteWorld

PAYMENTS_A_PAGE = 5
Page = Annotated[int, Field(ge=1)]


async def get_account(world: SqliteWorld, account: str) -> dict[str, Any]:
    """An account: its number, its holder and their town.

    Args:
        account: The account's number, such as A1234.
    """
    row = world.read("accounts", account)
    if row is None:
        raise ToolError(f"there is no account {account!r}")
    return {"account": row["id"], "holder": row["holder"], "town": row["town"]}


async def get_payment(world: SqliteWorld, payment: str) -> dict[str, Any]:
    """A payment: who paid whom, how much, on which day, and which earlier payment it passes on.

    Args:
        payment: The payment's number, such as T12345.
    """
    row = world.read("payments", payment)
    if row is None:
        raise ToolError(f"there is no payment {payment!r}")
    return _shown(row)


async def passed_on(world: SqliteWorld, account: str, payment: str) -> dict[str, Any]:
    """The payment by which an account passed on money that it had got by another payment.

    Args:
        account: The account that got the money, such as A1234.
        payment: The payment by which it got it, such as T12345.
    """
    found = [row for row in world.find("payments", "payer", account) if row["passes_on"] == payment]
    if not found:
        raise ToolError(f"nothing that {account} paid passes on {payment}")
    return _shown(found[0])


async def list_outgoing(world: SqliteWorld, account: str, page: Page = 1) -> dict[str, Any]:
    """All that an account paid, and how many payments there are.

    Args:
        account: The account's number, such as A1234.
        page: Which page of 5 payments.
    """
    rows = world.find("payments", "payer", account)
    shown = rows[(page - 1) * PAYMENTS_A_PAGE : page * PAYMENTS_A_PAGE]
    return {
        "account": account,
        "total": len(rows),
        "pages": max(1, -(-len(rows) // PAYMENTS_A_PAGE)),
        "payments": [_shown(row) for row in shown],
    }


TOOLS = (
    Tool(get_account, readOnlyHint=True, idempotentHint=True, touches=("accounts",)),
    *(
        Tool(run, readOnlyHint=True, idempotentHint=True, touches=("payments",))
        for run in (get_payment, passed_on, list_outgoing)
    ),
)


def _shown(row: Row) -> dict[str, Any]:
    return {"payment": row["id"], **{name: row[name] for name in row if name != "id"}}
