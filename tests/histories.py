"""Histories in one line, as tests of conflicts write them."""

import re
from typing import Any

import polars as pl

from results.records import frame
from results.refused import Refused

_TOKEN = re.compile(r"(\w)(\d*)(?:#(\d+))?\.([rw])([a-zA-Z])(\d+)(!?)")


def in_a_line(text: str, trial: str = "t", timed: bool = True) -> pl.DataFrame:
    """The accesses of a history in one line, such as "a.rx0 b.rx0 a.wx1 b.wx2" (a lost update).

    Each word is one call in the order of time: agent (one letter), its hold if not 0, then "#" and
    its message if any, a dot, r or w, the row (small letter) or predicate (capital), its version,
    and "!" if the call was undone: "a2#7.wx3!". Without `timed` the order is not that of time.
    """
    rows: list[dict[str, Any]] = []
    for number, word in enumerate(text.split()):
        found = _TOKEN.fullmatch(word)
        if found is None:
            raise Refused(f"{word!r} is not like a.rx0 or b2#3.wP1!")
        agent, hold, message, op, key, version, undone = found.groups()
        rows.append(
            {
                "trial_id": trial,
                "access": number,
                "step": number,
                "call_id": f"c{number}",
                "agent": agent,
                "message": int(message) if message else None,
                "hold": int(hold or 0),
                "op": "read" if op == "r" else "write",
                "table": "t",
                "key": key,
                "predicate": key.isupper(),
                "version": int(version),
                "undone": bool(undone),
                "at": float(number) if timed else None,
            }
        )
    return frame("accesses", rows)
