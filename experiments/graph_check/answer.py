"""An answer about someone's graph, and the words that answers share."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """The answer to a question. `holds` is None for what could not be seen."""

    question: str
    holds: bool | None
    says: str
    change: str | None = None


def many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def named(names: Iterable[str]) -> str:
    listed = sorted(set(names))
    return ", ".join(listed[:6]) + (f" and {len(listed) - 6} more" if len(listed) > 6 else "")
