"""Proves where agents that share a state got in each other's way, from what each read and wrote.

    from results.conflicts import find_conflicts, witness
    found = find_conflicts(run.accesses, run.steps)
    print(witness(found.row(0, named=True)).sentence)

What it cannot see:

- Writes that did not go through the recorded tools, and reads that a tool did not declare. A
  missing version in between is taken as nobody's: where writers are unknown, nothing is claimed
  to be complete.
- What an agent was told by another instead of reading it, and whether what a read left in its
  conversation is forgotten or ignored there.
- A basis across several holds as an isolation anomaly: a lead that reads x and y, delegates, and
  then writes y has ended a transaction in between. It is found as a stale basis, its own kind.

A single thread is no exception: two parallel calls of one message that lose an update to each other
are found (self-conflict). An anomaly is a fact about order, not a verdict: whether it hurt is
measured apart (`harm`), and what came of it too (`consequences`).
"""

from collections.abc import Mapping, Sequence

import polars as pl

from results.conflicts.findings import FAMILIES, FINDINGS, Witness, witness
from results.refused import Refused

__all__ = ["FAMILIES", "FINDINGS", "Witness", "find_conflicts", "witness"]


def find_conflicts(
    accesses: pl.DataFrame,
    steps: pl.DataFrame | None = None,
    choices: Mapping[str, str] | None = None,
    families: Sequence[str] = FAMILIES,
) -> pl.DataFrame:
    """All findings as a frame with the schema `FINDINGS`, the stale bases of a trial first.

    `accesses` and `steps` are frames of `results.records`. Without `steps`, effects that need the
    arguments of calls are not looked for. `choices` maps a tool to the argument that is a choice
    (a dotted path, such as `{"refund": "to"}`); without it only settings of the same row are
    compared, which nobody had read before. Those of a run stand in its manifest: see
    `results.conflicts.declared`. `families` names what to look for.
    `Refused` for a history that cannot be: a missing column, a version written twice.
    """
    from results.conflicts.anomalies import isolation
    from results.conflicts.effects import effects
    from results.conflicts.findings import collected, empty
    from results.conflicts.stale import self_conflicts, stale_basis
    from results.conflicts.transactions import prepared

    frame = prepared(accesses)
    checks = {
        "basis": lambda: stale_basis(frame),
        "isolation": lambda: isolation(frame),
        "self": lambda: self_conflicts(frame),
        "effect": lambda: effects(frame, steps, choices),
    }
    unknown = [name for name in families if name not in checks]
    if unknown:
        raise Refused(f"no family {unknown[0]!r}: use some of {', '.join(checks)}")
    return collected([empty(), *(checks[name]() for name in families)])
