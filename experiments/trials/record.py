"""From a trial that ended to its record: what it is, what was done in it, and was it right."""

import json
import platform
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.metadata import version

from experiments.trials.claims import report_rows
from experiments.trials.endings import Ending, crashed
from experiments.trials.faulted import say_what_was_read
from experiments.trials.recorder import Recorder, Row
from experiments.trials.roles import of_flags
from experiments.trials.spec import TrialSpec
from experiments.trials.toolbox import Toolbox
from results.records import TRIALS, WITHOUT_GRADE
from results.usage import totals
from tasks.judging import Submission
from tasks.task import Task, TaskSet, mode_of

Record = dict[str, list[Row]]
"""Frame name to rows, with the fields of `results.records`; one row in "trials"."""


@dataclass(frozen=True)
class Trial:
    """A trial under way."""

    spec: TrialSpec
    task_set: TaskSet
    task: Task
    toolbox: Toolbox


def record_of(trial: Trial, end: Ending, last: str | None, seconds: float | None) -> Record:
    """Its rows, once it ended so after that time, with that for an answer if none is handed in."""
    spec, task, toolbox = trial.spec, trial.task, trial.toolbox
    submission = toolbox.submission or Submission(answer=last)
    if toolbox.broken is not None:
        end = crashed(toolbox.broken, "task set")
    judged: Row = {}
    milestones: list[Row] = []
    if end.ended not in WITHOUT_GRADE:
        try:
            judged, milestones = _judged(trial, submission)
        except Exception as error:
            end = crashed(error, "task set")
            end = replace(end, crash=f"a judge or invariant of the task set has a bug: {end.crash}")
    row: Row = {
        **dict.fromkeys(TRIALS),
        **_identity(spec, trial.task_set, task),
        **_simulation(spec, toolbox.recorder),
        "seconds": None if seconds is None else seconds - toolbox.recorder.waited,
        "waited": toolbox.recorder.waited if _attempts_known(toolbox.recorder.steps) else None,
        **asdict(end),
        "answer": submission.answer,
        "status": submission.status,
        "confidence": submission.confidence,
        "private_copies": toolbox.private_copies,
        "ambiguous_calls": toolbox.recorder.agents.ambiguous,
        **totals(toolbox.recorder.steps),
        "not_understood": _lost(toolbox.recorder),
        **judged,
    }
    row["limit"] = end.limit or ("budget" if toolbox.recorder.purse.stopped else None)
    if spec.faults is not None:
        say_what_was_read(toolbox.recorder.steps)
    steps = [{**step, "trial_id": spec.trial_id} for step in toolbox.recorder.steps]
    accesses = list(_accesses(spec, toolbox))
    reports = report_rows(
        spec.trial_id,
        trial.task_set,
        task,
        toolbox.claims,
        toolbox.recorder.agents.everyone(),
        toolbox.recorder.steps,
        graded=row["passed"] is not None,
    )
    return {
        "trials": [row],
        "steps": steps,
        "accesses": accesses,
        "milestones": milestones,
        "reports": reports,
    }


def _judged(trial: Trial, submission: Submission) -> tuple[Row, list[Row]]:
    """What the judge and the invariants say of the state, and each milestone."""
    world = trial.toolbox.world
    judgement = world.judge(trial.task.goal, submission)
    verdict: Row = {
        "passed": judgement.passed,
        "score": judgement.score,
        "first_missed": judgement.first_missed,
        "judge": trial.task_set.judge,
        "broken_invariants": trial.task_set.invariants(trial.task, world),
    }
    milestones: list[Row] = [
        {
            "trial_id": trial.spec.trial_id,
            "milestone": found.name,
            "position": position,
            "weight": found.weight,
            "reached": found.reached,
            "detail": found.detail or None,
            "about": list(found.about),
        }
        for position, found in enumerate(judgement.milestones)
    ]
    return verdict, milestones


def _lost(recorder: Recorder) -> int | None:
    """How many simulated agents did not understand what they were to do; null if none is one."""
    if True not in recorder.simulated:
        return None
    return len({step["agent"] for step in recorder.steps if step["not_understood"] is not None})


def _simulation(spec: TrialSpec, recorder: Recorder) -> Row:
    """What is true of the models that were called; of those of the spec, if none was."""
    word = of_flags(recorder.simulated) or ("" if recorder.simulated else spec.simulation)
    return {"simulated": word != "", "partly_simulated": word == "partly simulated"}


def _identity(spec: TrialSpec, task_set: TaskSet, task: Task) -> Row:
    settings = task.settings
    coupled = task.effective_coupling is not None
    return {
        "trial_id": spec.trial_id,
        "sweep": spec.sweep,
        "topology": spec.topology,
        "task_set": spec.task_set,
        "task": task.id,
        "block": task.block,
        "split": task.split,
        "width": settings.get("width"),
        "coupling": settings.get("coupling") if coupled else None,
        "effective_coupling": task.effective_coupling,
        "mode": mode_of(settings, task_set.read_only),
        "write_share": 0.0 if task_set.read_only else settings.get("write_share"),
        "phrasing": settings.get("phrasing"),
        "style": settings.get("style"),
        "depth": settings.get("depth"),
        "distractors": settings.get("distractors", 0),
        "ambient": settings.get("ambient", 0.0) if task_set.outside else None,
        "settings": json.dumps(dict(settings), sort_keys=True),
        "solvable": task.solvable,
        "model": spec.models["default"],
        "models": json.dumps(dict(spec.models), sort_keys=True),
        "faults": spec.faults.name if spec.faults else None,
        "budget": spec.budget.amount if spec.budget else None,
        "budget_unit": spec.budget.unit if spec.budget else None,
        "trial": spec.trial,
        "seed": spec.sweep_seed,
        "python": platform.python_version(),
        "corpus": task_set.corpus(),
        "kit": _kit(),
    }


def _attempts_known(steps: list[Row]) -> bool:
    return all(row["attempts"] is not None for row in steps if row["kind"] == "model")


def _accesses(spec: TrialSpec, toolbox: Toolbox) -> Iterator[Row]:
    number = 0
    for touched in toolbox.touched:
        row, log = touched.row, touched.workplace.world.calls[touched.call]
        for access in log.accesses:
            yield {
                "trial_id": spec.trial_id,
                "access": number,
                "step": row["step"],
                "call_id": row["call_id"],
                "agent": row["agent"],
                "message": row["message"],
                "hold": row["hold"],
                "op": access.op,
                "table": access.table,
                "key": access.key,
                "predicate": access.predicate,
                "version": None if touched.workplace.private else access.version,
                "undone": log.undone,
                "at": touched.at,
            }
            number += 1


@cache
def _kit() -> str:
    return version("fanout")
