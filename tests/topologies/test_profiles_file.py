"""What stands in profiles.toml is held to the kind and range of each parameter when it is read."""

from dataclasses import asdict
from typing import Any

import pytest

from tasks.refused import Refused
from topologies.simulated import profile as reading
from topologies.simulated.profile import parameters, profiles

WHOLE = asdict(profiles()["typical"])
NUMBERS = [name for name, known in parameters().items() if name in WHOLE and "range" in known]
CHOICES = [name for name, known in parameters().items() if name in WHOLE and "choices" in known]


def held(**changes: Any) -> None:
    """Read a profile with these values as the file's are read."""
    reading._checked("odd", WHOLE | changes)  # pyright: ignore[reportPrivateUsage]


def test_the_profiles_that_are_there_fit() -> None:
    held()
    assert NUMBERS


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_is_of_its_kind_and_in_its_range(name: str) -> None:
    low, high = parameters()[name]["range"]
    odds: list[Any] = [low - 1, high + 1, float("nan"), "text", str(low), True, None, [low], {}]
    for odd in odds:
        with pytest.raises(Refused, match=name):
            held(**{name: odd})
    held(**{name: low})
    held(**{name: high})


@pytest.mark.parametrize("name", CHOICES)
def test_a_choice_is_one_of_those_there_are(name: str) -> None:
    odds: list[Any] = ["nosuch", 1, True, None, []]
    for odd in odds:
        with pytest.raises(Refused, match=name):
            held(**{name: odd})


def test_what_is_missing_or_unknown_is_named() -> None:
    with pytest.raises(Refused, match="nosuch"):
        held(nosuch=1)
    tables: list[Any] = [{}, [], "text", None]
    for table in tables:
        with pytest.raises(Refused, match="lacks"):
            reading._checked("odd", table)  # pyright: ignore[reportPrivateUsage]
