"""Chance for the simulated model: a draw is a function of what it is for, never of when.

A seed carries three lucks: the task's (its difficulty, alike in every trial), the trial's, and the
agent's spawn ordinal. With equal seeds two topologies share the luck of the work.
"""

import hashlib
from statistics import NormalDist
from typing import NamedTuple

_ORDINAL_BITS = 12
_PART_BITS = 20
_NORMAL = NormalDist()


class Seed(NamedTuple):
    """What a request's seed means; `task` and `trial` are 20-bit numbers of no further meaning."""

    task: int
    trial: int
    ordinal: int


def pack(task: int, trial: int, ordinal: int) -> int:
    """The seed of one agent's requests, below 2**52 so that JSON numbers carry it."""
    part = (1 << _PART_BITS) - 1
    return (
        ((task & part) << (_PART_BITS + _ORDINAL_BITS))
        | ((trial & part) << _ORDINAL_BITS)
        | (ordinal & ((1 << _ORDINAL_BITS) - 1))
    )


def unpack(seed: int) -> Seed:
    """The inverse of `pack`; any whole number is a seed."""
    part = (1 << _PART_BITS) - 1
    return Seed(
        (seed >> (_PART_BITS + _ORDINAL_BITS)) & part,
        (seed >> _ORDINAL_BITS) & part,
        seed & ((1 << _ORDINAL_BITS) - 1),
    )


def part(*key: object) -> int:
    """A 20-bit number keyed by anything that prints, for `pack`."""
    return int(uniform(*key) * (1 << _PART_BITS))


def uniform(*key: object) -> float:
    """A number in [0, 1) keyed by anything that prints; equal on every machine."""
    text = "\x1f".join(map(str, key))
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / (1 << 53)


def normal(*key: object) -> float:
    """A standard normal number, keyed as `uniform`."""
    return _NORMAL.inv_cdf(max(uniform(*key), 1e-12))
