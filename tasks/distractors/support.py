"""A help desk and the machines it looks after."""

# A refusal looks at few of its arguments; it is the schema that needs them all.
# ruff: noqa: ARG001

from typing import Annotated, Any, Literal

from pydantic import Field

from tasks.tools import ToolError

SERVICES = ("directory", "mail", "printing", "telephony", "wireless")
Priority = Literal["low", "normal", "high"]


async def search_tickets(
    _world: Any, words: str, state: Literal["open", "closed", "any"] = "open"
) -> dict[str, Any]:
    """Search the help desk's tickets.

    Args:
        words: Words of the title.
        state: Which tickets to look at.
    """
    return {"words": words, "state": state, "tickets": []}


async def get_ticket(_world: Any, ticket: str) -> dict[str, Any]:
    """A ticket of the help desk, with all its comments.

    Args:
        ticket: The ticket's id, such as HD-880.
    """
    raise ToolError(f"there is no ticket {ticket!r}")


async def get_service_status(_world: Any, service: str) -> dict[str, Any]:
    """Whether one of the office's services is up.

    Args:
        service: The service, such as printing.
    """
    if service.lower() not in SERVICES:
        raise ToolError(f"there is no such service; there are {', '.join(SERVICES)}")
    return {"service": service, "status": "up"}


async def list_devices(
    _world: Any, kind: Literal["laptop", "phone", "printer"], floor: int | None = None
) -> dict[str, Any]:
    """List the office's devices of a kind.

    Args:
        kind: Which kind.
        floor: Only on this floor.
    """
    return {"kind": kind, "floor": floor, "devices": []}


async def who_is_on_call(_world: Any, team: Literal["network", "desktop"]) -> dict[str, Any]:
    """Who of a team is on call now.

    Args:
        team: Which team.
    """
    return {"team": team, "extension": "4400"}


async def open_ticket(
    _world: Any, title: str, description: str, priority: Priority = "normal"
) -> dict[str, Any]:
    """Open a ticket at the help desk.

    Args:
        title: What it is about, in a few words.
        description: What happened, and what should have.
        priority: How urgent it is.
    """
    raise ToolError("no ticket was opened: the help desk takes tickets from employees only")


async def comment_on_ticket(_world: Any, ticket: str, text: str) -> dict[str, Any]:
    """Add a comment to a ticket.

    Args:
        ticket: The ticket's id, such as HD-880.
        text: The comment.
    """
    raise ToolError(f"there is no ticket {ticket!r}")


async def reset_password(_world: Any, login: str, expires_days: int = 90) -> dict[str, Any]:
    """Send someone a link to set a new password.

    Args:
        login: Their login name.
        expires_days: After how many days the new one expires.
    """
    raise ToolError(f"no link was sent: there is no login {login!r}")


async def restart_device(
    _world: Any, device: str, after_minutes: Annotated[int, Field(ge=0, le=1440)] = 0
) -> dict[str, Any]:
    """Restart a device from afar.

    Args:
        device: The device's id, such as PRN-3.
        after_minutes: How long to wait before.
    """
    raise ToolError(f"there is no device {device!r}")


READS = (search_tickets, get_ticket, get_service_status, list_devices, who_is_on_call)
WRITES = (open_ticket, comment_on_ticket, reset_password, restart_device)
