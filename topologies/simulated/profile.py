"""The simulated model's parameters, by profile name, each with its range and source.

A name may change parameters of a profile: `typical?distraction=0.2&partition=key`.
"""

import tomllib
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import parse_qsl

from tasks.refused import Refused

FILE = Path(__file__).with_name("profiles.toml")
PARTED = {"context_slope": "distraction (what it was), poisoning, confusion and clash"}
"""Parameters of older kits that stand in recorded names, and what came of them."""


@dataclass(frozen=True)
class Profile:
    """One setting of the error process and of the working habits; `profiles.toml` explains each."""

    slip: float
    omission: float
    hallucination: float
    distraction: float
    poisoning: float
    confusion: float
    clash: float
    task_spread: float
    item_spread: float
    shared_error: float
    habits: int
    habit_scope: Literal["agent", "trial", "task"]
    miss_bad_reply: float
    false_claim: float
    fabrication: float
    tries_again: int
    looks_first: float
    sees_contradiction: float
    tells: float
    confidence_skill: float
    partition: Literal["item", "key", "random"]
    lead_keeps: Literal["closing", "nothing"]
    brief_completeness: float
    calls_per_message: int
    reasoning_tokens: int
    seconds_per_call: float
    seconds_per_token: float
    seconds_spread: float
    priced_as: str


@cache
def parameters() -> dict[str, dict[str, Any]]:
    """Parameter name to its meaning, range (or choices) and source."""
    return _file()["parameters"]


@cache
def profiles() -> dict[str, Profile]:
    """Those in profiles.toml. `Refused` for a value there that cannot be."""
    return {name: _checked(name, values) for name, values in _file()["profiles"].items()}


def _file() -> dict[str, Any]:
    try:
        return tomllib.loads(FILE.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise Refused(f"{FILE.name} is not TOML: {error}") from error


def _checked(name: str, table: Any) -> Profile:
    """The profile of a table in the file, each value of the kind that its parameter has."""
    where = f"{FILE.name}: profiles.{name}"
    known = {field.name for field in fields(Profile)}
    values = cast("dict[str, Any]", table if isinstance(table, dict) else {})
    for parameter in sorted(known ^ set(values)):
        raise Refused(f"{where} {'lacks' if parameter in known else 'has an unknown'} {parameter}")
    for parameter, value in values.items():
        try:
            if _value(parameter, str(value)) != value or isinstance(value, bool):
                raise Refused(f"{parameter} is {value!r}, which is not of its kind")
        except Refused as error:
            raise Refused(f"{where}.{error}") from error
    return Profile(**values)


@cache
def profile(name: str) -> Profile:
    """A profile by name, changed as the name says.

    `Refused` for an unknown profile or parameter, and for a value out of the documented range.
    """
    base, _, changes = name.partition("?")
    if base not in profiles():
        raise Refused(f"there is no profile {base!r}; there are {', '.join(profiles())}")
    changed = {key: _value(key, text) for key, text in parse_qsl(changes, keep_blank_values=True)}
    return replace(profiles()[base], **changed)


def _value(name: str, text: str) -> Any:
    known = parameters().get(name)
    if name in PARTED:
        raise Refused(f"{name} is now {PARTED[name]}: say which of them is meant")
    if known is None:
        names = ", ".join(field.name for field in fields(Profile))
        raise Refused(f"a profile has no parameter {name!r}; it has {names}")
    if "choices" in known:
        if text not in known["choices"]:
            raise Refused(f"{name} is {text!r}; it must be one of {', '.join(known['choices'])}")
        return text
    if "range" not in known:
        return text
    low, high = known["range"]
    kind = int if isinstance(low, int) else float
    try:
        number = kind(text)
    except ValueError:
        raise Refused(f"{name} is {text!r}; it must be a number from {low} to {high}") from None
    if not low <= number <= high:
        raise Refused(f"{name} is {number}; it must be from {low} to {high}")
    return number
