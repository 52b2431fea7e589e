"""Weather, ways to travel, and what is on the menu."""

# A refusal looks at few of its arguments; it is the schema that needs them all.
# ruff: noqa: ARG001

from typing import Annotated, Any, Literal

from pydantic import Field

from tasks.tools import ToolError

CLIMATE = {"bergen": (8, 0.7), "cork": (10, 0.6), "faro": (18, 0.2), "graz": (10, 0.4)}
KILOMETRES = {("bergen", "oslo"): 463, ("cork", "dublin"): 253, ("faro", "lisbon"): 278}
MENU = ("lentil soup", "fried rice", "pasta", "fish and chips", "salad")
Units = Literal["celsius", "fahrenheit"]


async def get_weather(_world: Any, city: str, units: Units = "celsius") -> dict[str, Any]:
    """The usual weather in a city at this time of the year.

    Args:
        city: The city's name.
        units: How to give the temperature.
    """
    if city.lower() not in CLIMATE:
        raise ToolError(f"no weather for {city!r}; there is some for {', '.join(CLIMATE)}")
    degrees, rain = CLIMATE[city.lower()]
    shown = degrees if units == "celsius" else round(degrees * 1.8 + 32)
    return {"city": city, "temperature": shown, "units": units, "chance_of_rain": rain}


async def get_time_zone(_world: Any, city: str) -> dict[str, Any]:
    """The time zone of a city.

    Args:
        city: The city's name.
    """
    if city.lower() not in CLIMATE:
        raise ToolError(f"{city!r} is not known")
    western = city.lower() in ("cork", "faro")
    return {"city": city, "zone": "WET" if western else "CET"}


async def search_trains(
    _world: Any, origin: str, destination: str, day: str, direct_only: bool = False
) -> dict[str, Any]:
    """Search train connections.

    Args:
        origin: From which city.
        destination: To which city.
        day: The day as YYYY-MM-DD.
        direct_only: Whether to leave out those with changes.
    """
    known = {"origin": origin, "destination": destination, "day": day, "direct_only": direct_only}
    return {**known, "trains": []}


async def get_distance(_world: Any, origin: str, destination: str) -> dict[str, Any]:
    """The distance between two cities by road.

    Args:
        origin: From which city.
        destination: To which city.
    """
    way = (origin.lower(), destination.lower())
    if way not in KILOMETRES:
        raise ToolError(f"no road is known from {origin} to {destination}")
    return {"kilometres": KILOMETRES[way]}


async def get_canteen_menu(
    _world: Any, weekday: Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]
) -> dict[str, Any]:
    """What the canteen serves on a day of the week.

    Args:
        weekday: Which day.
    """
    days = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
    return {"weekday": weekday, "dish": MENU[days.index(weekday)]}


async def book_train(
    _world: Any, train: str, travellers: list[str], travel_class: Literal[1, 2] = 2
) -> dict[str, Any]:
    """Book seats on a train.

    Args:
        train: The train's id, as search_trains gives it.
        travellers: Names of those who travel.
        travel_class: First or second class.
    """
    raise ToolError(f"there is no train {train!r} to book")


async def book_hotel(
    _world: Any, city: str, first_night: str, nights: Annotated[int, Field(ge=1, le=30)]
) -> dict[str, Any]:
    """Book a hotel room.

    Args:
        city: In which city.
        first_night: From when, as YYYY-MM-DD.
        nights: For how many nights.
    """
    raise ToolError(f"no room was booked in {city}: hotels are booked by the travel office")


async def order_taxi(
    _world: Any, pick_up: str, when: str, passengers: Annotated[int, Field(ge=1, le=8)] = 1
) -> dict[str, Any]:
    """Order a taxi.

    Args:
        pick_up: The address to be picked up at.
        when: When, as YYYY-MM-DDTHH:MM.
        passengers: How many people.
    """
    raise ToolError("no taxi was ordered: there is no account with the taxi company")


READS = (get_weather, get_time_zone, search_trains, get_distance, get_canteen_menu)
WRITES = (book_train, book_hotel, order_taxi)
