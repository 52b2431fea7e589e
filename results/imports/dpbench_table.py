"""The table of DPBench played again: which version of a fork each philosopher saw and made.

The rules are those of its environment: at once, a fork that several want goes to the lowest seat,
and who has eaten lets both go with the next act.
"""

from collections.abc import Mapping
from typing import Any

Row = dict[str, Any]
SIDES = {"grab_left": 0, "grab_right": 1}


class Table:
    """The forks, who holds them, and their versions. A seat's forks are its own and the next."""

    def __init__(self, seats: int) -> None:
        self.seats = seats
        self.holders: list[int | None] = [None] * seats
        self.versions = [0] * seats
        self.eating: set[int] = set()
        self.accesses: list[Row] = []

    def together(self, acts: Mapping[int, str], time: int) -> None:
        """All look; seat by seat one lets go or asks; then the lowest seat that asked has it."""
        for who in acts:
            self._look(who, time)
        asked: dict[int, int] = {}
        for who, action in sorted(acts.items()):
            if action == "release":
                self._let_go(who, time)
            fork = self._wanted(who, action)
            if fork is not None:
                asked.setdefault(fork, who)
        for fork, who in sorted(asked.items()):
            self._write(fork, who, who, time)
        for who in range(self.seats):
            self._eat(who, time)

    def alone(self, who: int, action: str, time: int) -> None:
        """One looks, acts, and eats or is done."""
        self._look(who, time)
        if action == "release":
            self._let_go(who, time)
        fork = self._wanted(who, action)
        if fork is not None:
            self._write(fork, who, who, time)
        self._eat(who, time)

    def _forks(self, who: int) -> tuple[int, int]:
        return who, (who + 1) % self.seats

    def _look(self, who: int, time: int) -> None:
        for fork in self._forks(who):
            self._add("read", fork, who, time)

    def _wanted(self, who: int, action: str) -> int | None:
        """The fork that an act would take; None if it takes none, or that is held."""
        if action not in SIDES:
            return None
        fork = self._forks(who)[SIDES[action]]
        return fork if self.holders[fork] is None else None

    def _let_go(self, who: int, time: int) -> None:
        for fork in self._forks(who):
            if self.holders[fork] == who:
                self._write(fork, None, who, time)

    def _eat(self, who: int, time: int) -> None:
        if who in self.eating:
            self.eating.discard(who)
            self._let_go(who, time)
        elif all(self.holders[fork] == who for fork in self._forks(who)):
            self.eating.add(who)

    def _write(self, fork: int, holder: int | None, who: int, time: int) -> None:
        self.holders[fork] = holder
        self.versions[fork] += 1
        self._add("update", fork, who, time)

    def _add(self, op: str, fork: int, who: int, time: int) -> None:
        self.accesses.append(
            {
                "op": op,
                "table": "fork",
                "key": str(fork),
                "version": self.versions[fork],
                "agent": f"P{who}",
                "message": time,
                "hold": time,
                "call_id": f"{time}-{who}",
                "predicate": False,
                "undone": False,
            }
        )
