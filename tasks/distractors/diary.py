"""A calendar and its meeting rooms."""

# A refusal looks at few of its arguments; it is the schema that needs them all.
# ruff: noqa: ARG001

from typing import Annotated, Any, Literal

from pydantic import Field

from tasks.tools import ToolError

ROOMS = {"Birch": 4, "Cedar": 8, "Maple": 12, "Willow": 20}
HOLIDAYS = {"01-01": "New Year's Day", "05-01": "Labour Day", "12-25": "Christmas Day"}
Minutes = Annotated[int, Field(ge=5, le=480)]


async def list_events(_world: Any, day: str, calendar: str = "own") -> dict[str, Any]:
    """List the events of a day in a calendar, in order of their start.

    Args:
        day: The day as YYYY-MM-DD.
        calendar: Whose calendar: own, or a colleague's e-mail address.
    """
    return {"day": day, "calendar": calendar, "events": []}


async def find_free_slot(
    _world: Any, attendees: list[str], minutes: Minutes, day: str
) -> dict[str, Any]:
    """Find the first time on a day at which everyone is free.

    Args:
        attendees: E-mail addresses of those who must be there.
        minutes: How long the meeting takes.
        day: The day as YYYY-MM-DD.
    """
    return {"day": day, "start": "09:00", "minutes": minutes, "attendees": attendees}


async def list_meeting_rooms(_world: Any, seats: int = 1) -> dict[str, Any]:
    """List the meeting rooms that have enough seats.

    Args:
        seats: How many seats are needed.
    """
    return {"rooms": [{"room": r, "seats": n} for r, n in ROOMS.items() if n >= seats]}


async def get_public_holiday(_world: Any, month_and_day: str) -> dict[str, Any]:
    """Tell whether a day is a public holiday.

    Args:
        month_and_day: The day as MM-DD.
    """
    return {"day": month_and_day, "holiday": HOLIDAYS.get(month_and_day)}


async def create_event(
    _world: Any, title: str, start: str, minutes: Minutes, attendees: list[str]
) -> dict[str, Any]:
    """Put an event into the calendar and invite people to it.

    Args:
        title: What the event is called.
        start: When it begins, as YYYY-MM-DDTHH:MM.
        minutes: How long it takes.
        attendees: E-mail addresses of those who are invited.
    """
    raise ToolError(f"no event was created: {title!r} needs a calendar that you can write to")


async def cancel_event(_world: Any, event: str, notify: bool = True) -> dict[str, Any]:
    """Cancel an event, and tell those who were invited.

    Args:
        event: The event's id, such as EV-31.
        notify: Whether to send a notice.
    """
    raise ToolError(f"there is no event {event!r} in your calendar")


async def book_meeting_room(_world: Any, room: str, start: str, minutes: Minutes) -> dict[str, Any]:
    """Book a meeting room.

    Args:
        room: The room's name, as list_meeting_rooms gives it.
        start: From when, as YYYY-MM-DDTHH:MM.
        minutes: For how long.
    """
    raise ToolError(f"{room} was not booked: rooms are booked at the front desk")


async def set_reminder(
    _world: Any, text: str, when: str, repeat: Literal["never", "daily", "weekly"] = "never"
) -> dict[str, Any]:
    """Set a reminder for yourself.

    Args:
        text: What to be reminded of.
        when: When, as YYYY-MM-DDTHH:MM.
        repeat: How often it comes again.
    """
    raise ToolError("no reminder was set: reminders are turned off for this account")


READS = (list_events, find_free_slot, list_meeting_rooms, get_public_holiday)
WRITES = (create_event, cancel_event, book_meeting_room, set_reminder)
