"""The conflicts of a recorded trial as a person can follow them, and its serial twin beside it."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from experiments.recorded.show import known_as, outcome
from results.conflicts import witness
from results.conflicts.declared import conflicts_of
from results.conflicts.serial_twins import twin_of
from results.store import Run
from results.words import short_id


def conflict_lines(run: Run, trial_id: str) -> Iterator[str]:
    """What was found in a trial, with the steps to look at; and its serial twin if recorded."""
    mine = pl.col("trial_id") == trial_id
    accesses = run.accesses.filter(mine)
    if accesses.is_empty():
        return
    yield ""
    if accesses.get_column("version").null_count():
        yield "conflicts: not decidable, since what it touched has no versions"
    else:
        found = conflicts_of(run, trial_id)
        yield f"conflicts (#: step): {found.height or 'none'}"
        yield from witness_lines(found, named=False)
        yield from bearing(run, trial_id, found)
    twin = twin_of(run.trials, trial_id)
    if twin is not None:
        yield (
            f"the same trial by {twin['topology']}: {outcome(twin)}; "
            f"`fanout show {known_as(run)} {short_id(twin['trial_id'])}`"
        )


def bearing(run: Run, trial_id: str, found: pl.DataFrame) -> Iterator[str]:
    """For a failed trial: whether what was found there touches what it missed."""
    trial = run.trials.row(by_predicate=pl.col("trial_id") == trial_id, named=True)
    if trial["passed"] is not False or found.is_empty():
        return
    touches = found.get_column("touches_missed")
    numbers = ", ".join(str(n) for n, hit in enumerate(touches.to_list(), 1) if hit)
    if numbers:
        yield f"what the trial missed is touched by finding {numbers} of these"
    elif touches.null_count():
        yield "whether any of these bears on what the trial missed is not known"
    else:
        yield "none of these touches what the trial missed: its failure lies elsewhere"


def witness_lines(found: pl.DataFrame, named: bool = True) -> Iterator[str]:
    """Each finding as a sentence, and below it the accesses it rests on, in order.

    The id of its trial stands before it, where it is `named`.
    """
    for row in found.iter_rows(named=True):
        trial = f"{short_id(row['trial_id'])}: " if named else ""
        yield f"  - {trial}{_sentence(row)}"
        for seen in witness(row).accesses:
            thing = f"{seen.table} {'where ' if seen.predicate else ''}{seen.key}"
            where = "" if seen.step is None else f"#{seen.step} "
            when = "" if seen.at is None else f" at {seen.at:.1f} s"
            yield f"      {where}{seen.agent} {seen.op} {thing} version {seen.version}{when}"


def _sentence(row: dict[str, Any]) -> str:
    kind, sentence = str(row["kind"]), str(row["sentence"])
    return sentence if sentence.startswith(kind) else f"{kind}: {sentence}"
