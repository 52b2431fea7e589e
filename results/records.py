"""The frames every analysis starts from: one row a trial, step, access, milestone, report.

Whoever can fill these frames, from any harness, can use everything else in this package.
`results/README.md` describes each field; a test holds that table to these schemas. A value that is
not known is null, never 0 and never a guess.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import polars as pl

from results.refused import Refused

ENDINGS = ("completed", "limit", "escalated", "crashed", "paused")
"""How a trial can end: `escalated` was handed to a person, `paused` waits for one."""

WITHOUT_GRADE = ("crashed", "paused")
"""Endings that are not graded (`passed` is null)."""

BLAMES = ("agent", "graph", "task set", "infrastructure", "set-up", "kit")
"""Whose doing it was that a trial did not come to its own end: `agent` at a limit, else a crash."""

FAULT_KINDS = (
    "explicit, before",
    "explicit, after",
    "implicit, value",
    "implicit, effect",
    "load",
    "given",
    "model",
)
"""What a fault is: an error before or after the effect, a wrong value or effect without an error,
time, what agents are given, the channel to the model."""

FAULT_EFFECTS = ("armed", "fired", "reached")
"""How far a fault came, each further than the one before: only what fired can be survived."""

OPS = ("read", "write", "insert", "update", "delete")
"""What an access can be; all but the first are writes."""

TRIALS = pl.Schema(
    {
        "trial_id": pl.String,
        "sweep": pl.String,
        "topology": pl.String,
        "task_set": pl.String,
        "task": pl.String,
        "block": pl.String,
        "split": pl.String,
        "width": pl.Int64,
        "coupling": pl.Float64,
        "effective_coupling": pl.Float64,
        "mode": pl.String,
        "write_share": pl.Float64,
        "phrasing": pl.String,
        "style": pl.String,
        "depth": pl.Int64,
        "distractors": pl.Int64,
        "ambient": pl.Float64,
        "settings": pl.String,
        "solvable": pl.Boolean,
        "human_minutes": pl.Float64,
        "model": pl.String,
        "models": pl.String,
        "model_released": pl.String,
        "simulated": pl.Boolean,
        "partly_simulated": pl.Boolean,
        "faults": pl.String,
        "budget": pl.Float64,
        "budget_unit": pl.String,
        "infeasible": pl.Boolean,
        "not_understood": pl.Int64,
        "withheld": pl.Boolean,
        "private_copies": pl.Boolean,
        "trial": pl.Int64,
        "seed": pl.Int64,
        "ended": pl.String,
        "limit": pl.String,
        "crash": pl.String,
        "blame": pl.String,
        "passed": pl.Boolean,
        "score": pl.Float64,
        "first_missed": pl.String,
        "judge": pl.String,
        "status": pl.String,
        "answer": pl.String,
        "confidence": pl.Float64,
        "broken_invariants": pl.List(pl.String),
        "agents": pl.Int64,
        "ambiguous_calls": pl.Int64,
        "model_calls": pl.Int64,
        "tool_calls": pl.Int64,
        "tool_errors": pl.Int64,
        "prompt_tokens": pl.Int64,
        "cached_tokens": pl.Int64,
        "completion_tokens": pl.Int64,
        "reasoning_tokens": pl.Int64,
        "encoding": pl.String,
        "dollars": pl.Float64,
        "dollars_uncached": pl.Float64,
        "usage_note": pl.String,
        "beside_calls": pl.Int64,
        "beside_tokens": pl.Int64,
        "beside_dollars": pl.Float64,
        "seconds": pl.Float64,
        "waited": pl.Float64,
        "started_at": pl.String,
        "python": pl.String,
        "corpus": pl.String,
        "kit": pl.String,
    }
)

STEPS = pl.Schema(
    {
        "trial_id": pl.String,
        "step": pl.Int64,
        "kind": pl.String,
        "agent": pl.String,
        "parent": pl.String,
        "role": pl.String,
        "message": pl.Int64,
        "hold": pl.Int64,
        "model": pl.String,
        "tool": pl.String,
        "call_id": pl.String,
        "arguments": pl.String,
        "tools": pl.String,
        "prompt": pl.String,
        "reply": pl.String,
        "finish_reason": pl.String,
        "refusal": pl.String,
        "invalid_calls": pl.String,
        "attempts": pl.Int64,
        "waited": pl.Float64,
        "error": pl.String,
        "fault": pl.String,
        "fault_kind": pl.String,
        "fault_lasts": pl.String,
        "fault_place": pl.String,
        "fault_attempt": pl.Int64,
        "fault_effect": pl.String,
        "reply_raw": pl.String,
        "not_understood": pl.String,
        "started": pl.Float64,
        "ended": pl.Float64,
        "prompt_tokens": pl.Int64,
        "cached_tokens": pl.Int64,
        "completion_tokens": pl.Int64,
        "reasoning_tokens": pl.Int64,
        "encoding": pl.String,
        "service_tier": pl.String,
        "dollars": pl.Float64,
        "dollars_uncached": pl.Float64,
        "usage_note": pl.String,
    }
)

ACCESSES = pl.Schema(
    {
        "trial_id": pl.String,
        "access": pl.Int64,
        "step": pl.Int64,
        "call_id": pl.String,
        "agent": pl.String,
        "message": pl.Int64,
        "hold": pl.Int64,
        "op": pl.String,
        "table": pl.String,
        "key": pl.String,
        "predicate": pl.Boolean,
        "version": pl.Int64,
        "undone": pl.Boolean,
        "at": pl.Float64,
    }
)

MILESTONES = pl.Schema(
    {
        "trial_id": pl.String,
        "milestone": pl.String,
        "position": pl.Int64,
        "weight": pl.Float64,
        "reached": pl.Boolean,
        "part": pl.Float64,
        "detail": pl.String,
        "about": pl.List(pl.String),
    }
)

REPORTS = pl.Schema(
    {
        "trial_id": pl.String,
        "report": pl.Int64,
        "agent": pl.String,
        "parent": pl.String,
        "step": pl.Int64,
        "at": pl.Float64,
        "brief": pl.String,
        "text": pl.String,
        "status": pl.String,
        "covers": pl.List(pl.String),
        "reached": pl.List(pl.String),
        "reached_at_end": pl.List(pl.String),
        "held": pl.String,
        "held_at_end": pl.String,
    }
)

SCHEMAS: dict[str, pl.Schema] = {
    "trials": TRIALS,
    "steps": STEPS,
    "accesses": ACCESSES,
    "milestones": MILESTONES,
    "reports": REPORTS,
}
"""Frame name to schema."""


class Graded(Protocol):
    """What most analyses take of a run: how it was made, and how its trials ended."""

    @property
    def manifest(self) -> dict[str, Any]: ...
    @property
    def trials(self) -> pl.DataFrame: ...


class Recorded(Graded, Protocol):
    """A run with all that happened in it."""

    @property
    def steps(self) -> pl.DataFrame: ...
    @property
    def accesses(self) -> pl.DataFrame: ...
    @property
    def milestones(self) -> pl.DataFrame: ...
    @property
    def reports(self) -> pl.DataFrame: ...


def frame(name: str, rows: Iterable[Mapping[str, object]]) -> pl.DataFrame:
    """The rows as the frame `name`; a missing field is null, an unknown field is `Refused`."""
    schema = SCHEMAS[name]
    kept = list(rows)
    unknown = {key for row in kept for key in row} - set(schema)
    if unknown:
        raise Refused(f"{name} has no field {', '.join(sorted(unknown))}")
    try:
        return pl.DataFrame(kept, schema=schema, orient="row")
    except (pl.exceptions.PolarsError, TypeError, ValueError, OverflowError) as error:
        told = str(error).splitlines()[0]
        raise Refused(f"the rows of {name} do not fit its fields: {told}") from error
