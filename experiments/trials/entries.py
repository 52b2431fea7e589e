"""From a trial's spec to its entry in a journal, whatever the trial does on the way there.

What one trial raises, in being judged and written down too, is that trial's: it becomes a crashed
record, the sweep goes on, and the same command does not meet it again.
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from experiments.trials.endings import in_one_line
from experiments.trials.record import Record
from experiments.trials.spec import TrialSpec
from experiments.trials.trial import play_trial, run_trial
from results.journal import Entry, entry
from results.records import SCHEMAS, TRIALS
from topologies.secrets import hidden

LARGEST = 2**53
"""Beyond it a number is no count, and sums of such leave 64 bits."""


def run_entry(spec: TrialSpec) -> Entry:
    """Run a trial of simulated models and give its entry."""
    try:
        record = run_trial(spec)
    except (Exception, SystemExit) as error:
        return lost(spec, in_one_line(error))
    return entry_of(spec, record)


async def play_entry(spec: TrialSpec) -> Entry:
    """Play a trial in the current event loop and give its entry."""
    try:
        record = await play_trial(spec)
    except (Exception, SystemExit) as error:
        return lost(spec, in_one_line(error))
    return entry_of(spec, record)


def entry_of(spec: TrialSpec, record: Record) -> Entry:
    """The entry of a record, without secrets and held to the schemas.

    What does not fit them is null; the trial is then a crashed one, since what it shows is not
    what happened.
    """
    try:
        return entry(fitting(record))
    except Exception as error:
        return lost(spec, in_one_line(error))


def lost(spec: TrialSpec, why: str) -> Entry:
    """The entry of a trial of which nothing is left but its spec and why."""
    dials = "&".join(f"{name}={value}" for name, value in sorted(spec.settings.items()))
    block = f"{spec.split}-{spec.index:03d}"
    row = dict.fromkeys(TRIALS) | {
        "trial_id": spec.trial_id,
        "sweep": spec.sweep,
        "topology": spec.topology,
        "task_set": spec.task_set,
        "task": f"{spec.task_set}/{block}?{dials}",
        "block": block,
        "split": spec.split,
        "settings": json.dumps(dict(spec.settings), sort_keys=True),
        "model": spec.models["default"],
        "models": json.dumps(dict(spec.models), sort_keys=True),
        "simulated": spec.simulated,
        "faults": spec.faults.name if spec.faults else None,
        "trial": spec.trial,
        "seed": spec.sweep_seed,
        "ended": "crashed",
        "crash": f"not recorded: {why}",
        "blame": "kit",
    }
    return entry(fitting({"trials": [row], "steps": [], "accesses": [], "milestones": []}))


def fitting(record: Record) -> Record:
    """The record with every value as its column holds it; a crashed one, if some do not fit."""
    strange: list[str] = []
    fit = {frame: [_row(frame, row, strange) for row in rows] for frame, rows in record.items()}
    if strange:
        (trial,) = fit["trials"]
        said = f"the record does not fit: {'; '.join(dict.fromkeys(strange))}"
        trial |= {
            **dict.fromkeys(("limit", "passed", "score", "first_missed", "broken_invariants")),
            "blame": trial["blame"] if trial["ended"] == "crashed" else "kit",
            "ended": "crashed",
            "crash": "; ".join(filter(None, (trial["crash"], said))),
        }
        fit["milestones"] = []
    text = json.dumps(fit, ensure_ascii=False)
    # Half of a surrogate pair, which no file can keep, becomes the sign that stands for such.
    safe = hidden(text).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return fit if safe == text else json.loads(safe)


def _row(frame: str, row: Mapping[str, Any], strange: list[str]) -> dict[str, Any]:
    kinds = _kinds(frame)
    fit = dict(row)
    for name, value in row.items():
        kind = kinds.get(name)
        if value is None or (type(value) is kind and kind is not list and _in_range(name, value)):
            continue
        if kind is float and type(value) is int and abs(value) <= LARGEST:
            continue
        if kind is list and _texts(value):
            continue
        strange.append(f"{name} of {frame} is {value!r:.60}")
        fit[name] = None
    return fit if fit.keys() <= kinds.keys() else {name: fit.get(name) for name in kinds}


def _texts(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and set(map(type, value)) <= {str}  # pyright: ignore[reportUnknownArgumentType]


def _in_range(name: str, value: object) -> bool:
    """Whether a number is one that can be counted with; NaN is not."""
    if isinstance(value, (int, float)):
        return -LARGEST <= value <= LARGEST or (name == "seed" and -(2**63) <= value < 2**63)
    return True


@cache
def _kinds(frame: str) -> dict[str, type]:
    """Column to the type of its values."""
    return {name: kind.to_python() for name, kind in SCHEMAS[frame].items()}
