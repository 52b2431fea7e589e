"""The conflicts of a recorded run, by what its manifest says was left to its agents to choose.

A choice is an argument of which any value would do, if all keep to one: where a refund goes. A task
set declares them, and they are recorded in the manifest: task set to tool to argument.
"""

from typing import Any

import polars as pl

from results.conflicts import find_conflicts
from results.conflicts.consequences import with_missed, with_outcome
from results.records import Recorded
from results.refused import Refused

CHOICES = "choices"


def conflicts_of(run: Recorded, trial_id: str | None = None) -> pl.DataFrame:
    """All findings of a run, or of one of its trials: a frame as from `find_conflicts`.

    Added are `came_to` and `touches_missed`, as in `results.conflicts.consequences`. Trials of a
    task set that declares no choices are searched as if nothing were known of them.
    The errors are those of `find_conflicts`, and `Refused` for choices that are none.
    """
    declared = _declared(run.manifest)
    accesses, steps = run.accesses, run.steps
    if trial_id is not None:
        mine = pl.col("trial_id") == trial_id
        accesses, steps = accesses.filter(mine), steps.filter(mine)
    known = run.trials.filter(pl.col("task_set").is_in(list(declared)))
    unknown = (part.join(known, on="trial_id", how="anti") for part in (accesses, steps))
    parts = [find_conflicts(next(unknown), next(unknown))]
    for task_set, choices in declared.items():
        ids = known.filter(pl.col("task_set") == task_set)
        of_set = (part.join(ids, on="trial_id", how="semi") for part in (accesses, steps))
        parts.append(find_conflicts(next(of_set), next(of_set), choices))
    found = with_outcome(pl.concat(parts), steps, accesses)
    return with_missed(found, run.milestones).sort("trial_id", "finding")


def _declared(manifest: dict[str, Any]) -> dict[str, dict[str, str]]:
    found: Any = manifest.get(CHOICES) or {}
    tables: list[Any] = list(found.values()) if hasattr(found, "values") else [None]
    if all(isinstance(table, dict) for table in tables):
        return found
    raise Refused(f'"{CHOICES}" of the manifest must map task sets to tools to arguments')
