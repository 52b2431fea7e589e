"""Which values in a call's arguments are distinctive enough to say where they come from."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

WORD = re.compile(r"[A-Za-z0-9_]+(?:[.\-:@#/+'][A-Za-z0-9_]+)*")
LETTER, DIGIT = re.compile(r"[a-z]"), re.compile(r"\d")
JOINED = re.compile(r"[a-z0-9][._@:/#-][a-z0-9]")
LONGEST_NAME = 6
"""A text of more words than this is prose: only its distinctive words count."""


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The scalars inside a JSON value and the names that lead to them, without list positions."""
    if isinstance(value, Mapping):
        for key, inner in cast("Mapping[str, Any]", value).items():
            yield from leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for inner in cast("list[Any]", value):
            yield from leaves(inner, path)
    elif value is not None and not isinstance(value, bool):
        yield path, value


def plain(value: object) -> str:
    """One spelling for a scalar: numbers alike whether text or not, text without case."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return str(value).strip().casefold()


def words(text: str) -> list[str]:
    """The words, numbers, ids, dates and dotted names of a text, without case."""
    return [found.casefold() for found in WORD.findall(text)]


def argument_values(arguments: Any) -> Iterator[tuple[str, str]]:
    """Parameter and value for each scalar of the arguments; prose gives its distinctive words."""
    for path, leaf in leaves(arguments):
        text = plain(leaf)
        found = words(text)
        if len(found) <= LONGEST_NAME and not any(sign in text for sign in "*=()\n"):
            yield path, text
        else:
            yield from ((path, word) for word in found if specificity(word) > WORDLIKE)


WORDLIKE = 0.5


def specificity(value: str) -> float:
    """How little a value could be met by chance, 0 to 1: ids and phrases 1, a single digit 0."""
    digits, letters = len(DIGIT.findall(value)), LETTER.search(value) is not None
    if (digits and letters) or JOINED.search(value) or " " in value:
        return 1.0
    if letters or not digits:
        return WORDLIKE if len(value) >= 3 else 0.0
    return (0.0, 0.4, 0.7, 1.0)[min(digits, 4) - 1]


@dataclass(frozen=True)
class Held:
    """What a text holds: its words and, for phrases, the text itself without case."""

    found: frozenset[str]
    text: str

    def has(self, value: str) -> bool:
        """Whether the value stands in the text as a word, a scalar or a phrase."""
        return value in self.found or (" " in value and value in self.text)


def held(text: str) -> Held:
    """What a text holds. A JSON text gives its scalars too, with numbers spelt alike."""
    found = set(words(text))
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    found.update(plain(leaf) for _, leaf in leaves(value))
    return Held(frozenset(found), text.casefold())


def together(one: Held, other: Held) -> Held:
    """What two texts hold."""
    return Held(one.found | other.found, f"{one.text}\n{other.text}")
