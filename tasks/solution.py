"""How a task is done right: the steps of its reference solution, and how that ends."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Effect:
    """One step of a reference solution: a tool call, or (with tool "submit") the answer."""

    tool: str
    arguments: Mapping[str, Any]


CANNOT_BE_DONE = Effect(
    "submit",
    {"answer": "This cannot be done as asked.", "status": "blocked", "confidence": 1.0},
)
"""The end of the solution of a task that cannot be done."""


def answered(lines: Mapping[str, str]) -> Effect:
    """The end of the solution of a task that asks for an answer: a line for each label."""
    answer = "\n".join(f"{label}: {line}" for label, line in lines.items())
    return Effect("submit", {"answer": answer, "status": "done", "confidence": 1.0})
