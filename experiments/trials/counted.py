"""Counts what calls of real models used the moment they are answered, record or no record.

A trial that is interrupted has no record, and runs again; what it had used was used all the same.
"""

import threading
from collections import deque
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from results.journal import Journal


@dataclass
class Counted:
    """Takes answered calls, from any thread, to a journal and to `told`, in the thread it is of.

    `told` gets the trial, its tokens and its dollars, as `Journal.spend` does.
    """

    journal: Journal
    told: Callable[[str, int | None, float | None], object]
    owner: int = field(default_factory=threading.get_ident)
    _new: deque[tuple[str, int | None, float | None]] = field(
        default_factory=deque[tuple[str, int | None, float | None]]
    )

    def answered(self, trial_id: str, row: Mapping[str, Any]) -> None:
        """Count a model step that has its reply."""
        counts = row["prompt_tokens"], row["completion_tokens"]
        tokens = None if None in counts else sum(int(count) for count in counts)
        self._new.append((trial_id, tokens, row["dollars"]))
        if threading.get_ident() == self.owner:
            self.write()

    def write(self) -> None:
        """Write down what came from other threads."""
        while self._new:
            one = self._new.popleft()
            self.journal.spend(*one)
            self.told(*one)


COUNTED: ContextVar[Counted | None] = ContextVar("counted", default=None)


@contextmanager
def counting(counted: Counted) -> Generator[None]:
    """Let trials that are played in this process tell of their calls."""
    token = COUNTED.set(counted)
    try:
        yield
    finally:
        COUNTED.reset(token)
        counted.write()
