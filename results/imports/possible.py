"""Refuses what cannot be: a trial whose fields each fit but say what no run can have done.

A wrong number is worse than a missing one, so nothing is mended: the line that is refused says what
to write instead.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from results.imports.agreement import grades_agree, steps_refer
from results.imports.embedded import is_reply
from results.records import WITHOUT_GRADE
from results.refused import Refused
from results.usage import COUNTS, contradictions

Row = dict[str, Any]

TIMES = {"started_at": "2026-01-31T12:00:00+00:00", "model_released": "2026-01-31"}
UNGRADED = ("passed", "score", "first_missed", "broken_invariants")
OF_A_MODEL = COUNTS
"""What a step of kind tool does not have."""

ONE_TRIAL = (
    "sweep",
    "topology",
    "task_set",
    "task",
    "settings",
    "model",
    "models",
    "faults",
    "budget",
    "budget_unit",
    "seed",
    "trial",
)
"""Fields that tell a trial from every other, whatever its id."""


def possible_trial(record: Mapping[str, Sequence[Row]]) -> None:
    """Hold the rows of one trial to each other. `Refused` for what cannot be."""
    (trial,) = record["trials"]
    _graded(trial)
    _counts(trial, "the trial")
    errors, calls = trial.get("tool_errors"), trial.get("tool_calls")
    if errors is not None and calls is not None and errors > calls:
        raise Refused(f"the trial has {errors} tool_errors in {calls} tool_calls")
    if (trial.get("budget") is None) != (trial.get("budget_unit") is None):
        raise Refused("budget and budget_unit go together: give both or neither")
    for name, example in TIMES.items():
        if trial.get(name) is not None and not _is_time(trial[name]):
            raise Refused(f"{name} is {trial[name]!r}; write it as in {example}, or null")
    _steps(record["steps"])
    _accesses(record["accesses"], {row["step"]: row for row in record["steps"]})
    names: set[str] = set()
    for number, row in enumerate(record["milestones"]):
        if row["milestone"] in names:
            raise Refused(f"milestones[{number}]: {row['milestone']!r} is there already")
        names.add(row["milestone"])
    grades_agree(trial, record["milestones"])
    steps_refer(record["steps"], record["accesses"])


class Together:
    """Holds the trials of one file or run to each other; `where` is what a person finds one by."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}
        self._trials: dict[tuple[object, ...], str] = {}
        self._blocks: dict[tuple[str, str], tuple[str | None, str]] = {}

    def add(self, trial: Row, where: str) -> None:
        """Take in a trial. `Refused` if an earlier one contradicts it."""
        earlier = self._ids.setdefault(trial["trial_id"], where)
        if earlier != where:
            raise Refused(
                f"trial_id {trial['trial_id']!r} was used in {earlier}; number the trials of "
                "a task 0, 1, 2, .. or leave one of the two out"
            )
        earlier = self._trials.setdefault(tuple(trial.get(name) for name in ONE_TRIAL), where)
        if earlier != where:
            raise Refused(
                f"trial {trial['trial']} of task {trial['task']!r} is in {earlier} already, "
                "under another trial_id; leave one out, or give it a number of its own"
            )
        task = (trial["task_set"], trial["task"])
        block, earlier = self._blocks.setdefault(task, (trial.get("block"), where))
        if block != trial.get("block"):
            raise Refused(
                f"task {trial['task']!r} is of block {trial.get('block')!r}, and of {block!r} in "
                f"{earlier}; a task has one block"
            )

    def __len__(self) -> int:
        return len(self._ids)


def _graded(trial: Row) -> None:
    """Hold `ended` and `passed` to each other: a crash or what could not be done has no grade."""
    ended = trial["ended"]
    if ended in WITHOUT_GRADE:
        given = next((name for name in UNGRADED if trial.get(name) is not None), None)
        if given is not None:
            raise Refused(f"a {ended} trial is not graded: leave {given} null")
    if ended == "escalated" and trial.get("passed"):
        raise Refused("a trial that was escalated did not pass unaided: write passed = false")
    if trial.get("crash") is not None and ended != "crashed":
        raise Refused(
            f"the trial has a crash and ended = {trial['ended']!r}; leave crash null or "
            "write ended = 'crashed'"
        )


def _counts(row: Row, where: str) -> None:
    for part, whole in contradictions(row):
        some, of = row[part], row[whole]
        raise Refused(f"{where}: {some} {part} are more than its {of} {whole}, which include them")


def _steps(steps: Sequence[Row]) -> None:
    parents: dict[str, str] = {}
    last = -1
    for number, row in enumerate(steps):
        where = f"steps[{number}]"
        last = _in_order(row["step"], last, f"{where}: step")
        _counts(row, where)
        started, ended = row.get("started"), row.get("ended")
        if started is not None and ended is not None and ended < started:
            raise Refused(f"{where} ended at {ended} s, before it started at {started} s")
        if row["kind"] == "tool":
            if row.get("tool") is None:
                raise Refused(f"{where} has no 'tool'; name the tool that was called")
            given = next((name for name in OF_A_MODEL if row.get(name) is not None), None)
            if given is not None:
                raise Refused(f"{where}: {given} belong to a model call; a tool call has none")
        else:
            _model_call(row, where)
        parent = row.get("parent")
        if parent is not None and parents.setdefault(row["agent"], parent) != parent:
            raise Refused(f"{where}: agent {row['agent']!r} has another parent before")
    for agent in parents:
        above, seen = parents[agent], {agent}
        while above not in seen and above in parents:
            seen.add(above)
            above = parents[above]
        if above in seen:
            raise Refused(f"agent {agent!r} is its own parent, or one further up")


def _model_call(row: Row, where: str) -> None:
    if row.get("tool") is not None:
        raise Refused(f"{where} is of kind 'model' and has a tool; use kind 'tool'")
    if row.get("message") == 0:
        raise Refused(f"{where}: message is 0; it must be 1 or more: 0 is a call that came of none")
    must = None if row.get("reply") is None else is_reply(row["reply"])
    if must is not None:
        raise Refused(f"{where}: reply must be {must}, or text")


def _accesses(accesses: Sequence[Row], steps: Mapping[int, Row]) -> None:
    last = -1
    made: set[tuple[object, ...]] = set()
    for number, row in enumerate(accesses):
        where = f"accesses[{number}]"
        last = _in_order(row["access"], last, f"{where}: access")
        step = steps.get(row["step"]) if row.get("step") is not None else None
        if step is None and row.get("step") is not None and steps:
            raise Refused(f"{where}: there is no step {row['step']} in the trial")
        if step is not None and step["kind"] != "tool":
            raise Refused(f"{where}: step {row['step']} is no tool call; only those access rows")
        if step is not None and step["agent"] != row["agent"]:
            raise Refused(
                f"{where} is by agent {row['agent']!r}, but step {row['step']} by {step['agent']!r}"
            )
        if row["op"] == "read" or row.get("version") is None:
            continue
        version = (row["table"], row["key"], row["predicate"], row["version"])
        if version in made:
            raise Refused(
                f"{where} writes version {row['version']} of {row['table']} {row['key']} again; "
                "every write makes a version of its own (leave version null if not known)"
            )
        made.add(version)


def _in_order(ordinal: int, last: int, what: str) -> int:
    if ordinal <= last:
        raise Refused(
            f"{what} is {ordinal} after {last}; they ascend in the order in which they happened "
            "(left out, they are numbered from 0)"
        )
    return ordinal


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
