"""Reads and writes runs in a format that any harness can produce: JSON Lines, one trial a line.

A line is an object with the fields of `trials`, and under `steps`, `accesses` and `milestones`
lists of objects with the fields of those frames; README.md beside this file describes it. Only
`task` and `trial` must be there. What is left out is null, or follows from what is there.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import polars as pl

from results.imports.fields import checked_row, sequence
from results.records import ENDINGS, SCHEMAS, frame

Row = dict[str, Any]
Record = dict[str, list[Row]]
"""Frame name to the rows of one trial."""

NESTED = {"steps": "step", "accesses": "access", "milestones": None}
"""Frames inside a trial, and the field that numbers their rows from 0 when it is left out."""

NEVER_NULL = frozenset(
    ("trial_id", "sweep", "topology", "task_set", "settings", "simulated", "ended")
)
"""Fields of a trial that follow from the rest of the line when they are null or left out."""

TRIALS_A_FRAME = 512


def import_jsonl(path: Path | str) -> dict[str, pl.DataFrame]:
    """The four frames of a file; a wrong or truncated line is a ValueError that names it."""
    whole: dict[str, list[pl.DataFrame]] = {name: [frame(name, [])] for name in SCHEMAS}
    batch: dict[str, list[Row]] = {name: [] for name in SCHEMAS}
    for number, record in enumerate(read_jsonl(path), 1):
        for name, rows in record.items():
            batch[name] += rows
        if number % TRIALS_A_FRAME == 0:
            _flush(batch, whole)
    _flush(batch, whole)
    return {name: pl.concat(parts) for name, parts in whole.items()}


def read_jsonl(path: Path | str) -> Iterator[Record]:
    """The records of a file, one line in memory at a time. Empty lines are passed over."""
    file = Path(path)
    seen: dict[str, int] = {}
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                try:
                    record = _record(file.stem, _object(line))
                    trial_id = record["trials"][0]["trial_id"]
                    if trial_id in seen:
                        raise ValueError(f"trial_id {trial_id!r} was used in line {seen[trial_id]}")
                except ValueError as error:
                    raise ValueError(f"{file}, line {number}: {error}") from error
                seen[trial_id] = number
                yield record
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{file} cannot be read: {error}") from error
    if not seen:
        raise ValueError(f"{file} has no trials: write one JSON object a line")


def export_jsonl(frames: Mapping[str, pl.DataFrame], path: Path | str) -> None:
    """Write frames as JSON Lines, every field of every row; `import_jsonl` gives them back.

    Trials keep their order, and their rows the order they have in each frame. Rows of a trial that
    is not in `trials`, and numbers JSON does not have (NaN, infinity), are a ValueError.
    """
    trials = frames["trials"]
    ids = trials.get_column("trial_id").to_list()
    rows: dict[str, dict[str, list[Row]]] = {name: {i: [] for i in ids} for name in NESTED}
    for name, own in rows.items():
        for row in frames[name].iter_rows(named=True) if name in frames else ():
            trial_id = row.pop("trial_id")
            if trial_id not in own:
                raise ValueError(f"{name} has rows of {trial_id!r}, which is not in trials")
            own[trial_id].append(row)
    if Path(path).is_dir():
        raise ValueError(f"{path} is a folder; name a file to write")
    with Path(path).open("w", encoding="utf-8") as file:
        for trial in trials.iter_rows(named=True):
            nested = {name: own[trial["trial_id"]] for name, own in rows.items()}
            file.write(json.dumps({**trial, **nested}, ensure_ascii=False, allow_nan=False) + "\n")


def _flush(batch: dict[str, list[Row]], whole: dict[str, list[pl.DataFrame]]) -> None:
    for name, rows in batch.items():
        if rows:
            whole[name].append(frame(name, rows))
            rows.clear()


def _object(line: str) -> Row:
    try:
        value: object = json.loads(line, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        what = "is cut off" if not line.endswith("\n") else "is no JSON"
        raise ValueError(f"the line {what} ({error.msg}, character {error.pos})") from error
    if not isinstance(value, dict):
        raise ValueError("the line is not an object; write one trial a line")
    return cast("Row", value)


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON number; write null for what is not known")


def _record(stem: str, line: Row) -> Record:
    nested = {name: sequence(name, line.pop(name, None)) for name in NESTED}
    given = checked_row("trials", line, "the trial")
    for name in ("task", "trial"):
        if given.get(name) is None:
            raise ValueError(f"the trial has no {name!r}")
    steps = _rows("steps", nested["steps"])
    stated = {k: v for k, v in given.items() if v is not None or k not in NEVER_NULL}
    trial = _defaults(stem, stated, steps) | stated
    _graded(trial)
    record: Record = {"trials": [trial], "steps": steps}
    record |= {name: _rows(name, nested[name]) for name in ("accesses", "milestones")}
    for rows in (record[name] for name in NESTED):
        for row in rows:
            row["trial_id"] = trial["trial_id"]
    return record


def _rows(name: str, entries: Iterable[object]) -> list[Row]:
    counter = NESTED[name]
    rows: list[Row] = []
    for number, entry in enumerate(entries):
        where = f"{name}[{number}]"
        if not isinstance(entry, dict):
            raise ValueError(f"{where} is not an object")
        row = checked_row(name, cast("Row", entry), where)
        if counter is not None:
            row.setdefault(counter, number)
        if name == "steps":
            if row.get("kind") not in ("model", "tool"):
                raise ValueError(f"{where}: kind is {row.get('kind')!r}; use 'model' or 'tool'")
            row.setdefault("agent", "agent")
        if name == "accesses":
            row = {"agent": "agent", "predicate": False, "undone": False} | row
        for needed in REQUIRED[name]:
            if row.get(needed) is None:
                raise ValueError(f"{where} has no {needed!r}")
        rows.append(row)
    return rows


REQUIRED = {
    "steps": ("step", "kind", "agent"),
    "accesses": ("access", "op", "table", "key", "agent"),
    "milestones": ("milestone", "weight"),
}


def _defaults(stem: str, given: Row, steps: list[Row]) -> Row:
    """What follows from the rest of the line; a field that is given, null included, stays."""
    agents = {row["agent"] for row in steps}
    topology = given.get("topology")
    if topology is None:
        if len(agents) > 1:
            raise ValueError(f"the trial has {len(agents)} agents and no 'topology'; name it")
        topology = "single_thread"
    crashed = given.get("crash") is not None
    limited = given.get("limit") is not None
    models = [row for row in steps if row["kind"] == "model"]
    tools = [row for row in steps if row["kind"] == "tool"]
    derived: Row = {
        "trial_id": f"{topology}/{given['task']}/{given['trial']}",
        "sweep": stem,
        "topology": topology,
        "task_set": stem,
        "block": given["task"],
        "settings": "{}",
        "simulated": False,
        "ended": "crashed" if crashed else "limit" if limited else "completed",
    }
    if steps:
        derived |= {
            "agents": len({row["agent"] for row in models}) or None,
            "model_calls": len(models),
            "tool_calls": len(tools),
            "tool_errors": sum(row.get("error") is not None for row in tools),
        }
    encodings = {row.get("encoding") for row in models}
    if len(encodings) == 1 and None not in encodings:
        derived["encoding"] = encodings.pop()
        for name in ("prompt_tokens", "cached_tokens", "completion_tokens", "reasoning_tokens"):
            counts = [row.get(name) for row in models]
            derived[name] = None if None in counts else sum(cast("list[int]", counts))
    return derived


def _graded(trial: Row) -> None:
    """Hold `ended` and `passed` to each other: only a crash is not graded."""
    if trial["ended"] not in ENDINGS:
        raise ValueError(f"ended is {trial['ended']!r}; use one of {', '.join(ENDINGS)}")
    if trial["ended"] == "crashed" and trial.get("passed") is not None:
        raise ValueError("a crashed trial is not graded: leave passed null")
    if trial["ended"] != "crashed" and trial.get("passed") is None:
        raise ValueError("passed is missing; give true or false, or ended = 'crashed'")
