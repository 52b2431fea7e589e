"""The dials of a task set: what can be set, in which range, and chance that is keyed by its use."""

import hashlib
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass

Setting = str | int | float
Settings = Mapping[str, Setting]


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`; whole ones when `whole`."""

    default: float
    low: float
    high: float
    whole: bool = False


Dials = Mapping[str, tuple[Setting, ...] | Range]
"""Each dial with its allowed values, the default first, or with the range of its numbers."""

MOST_DISTRACTORS = 48
EVERYWHERE: Dials = {"distractors": Range(0, 0, MOST_DISTRACTORS, whole=True)}
"""Dials of every task set, left out of settings at their default: see `tasks.distractors`."""


def luck(*key: object) -> random.Random:
    """A generator of chance keyed by what it is for; equal on every machine and hash seed."""
    text = json.dumps([str(part) for part in key])
    return random.Random(hashlib.blake2b(text.encode(), digest_size=16).digest())
