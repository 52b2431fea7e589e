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

from results.imports.agreement import first_missed, scores
from results.imports.fields import NEVER_NULL, checked_row, sequence, with_required
from results.imports.possible import Together, possible_trial
from results.records import SCHEMAS, frame
from results.refused import Refused
from results.usage import is_agent, totals

Row = dict[str, Any]
Record = dict[str, list[Row]]
"""Frame name to the rows of one trial."""

NESTED = {"steps": "step", "accesses": "access", "milestones": None}
"""Frames inside a trial, and the field that numbers their rows from 0 when it is left out."""


TRIALS_A_FRAME = 512


def import_jsonl(path: Path | str) -> dict[str, pl.DataFrame]:
    """The four frames of a file; a wrong or truncated line is `Refused` by its number."""
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
    together = Together()
    try:
        with file.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                try:
                    record = _record(file.stem, _object(line))
                    together.add(record["trials"][0], f"line {number}")
                except ValueError as error:
                    raise Refused(f"{file}, line {number}: {error}") from error
                yield record
    except UnicodeDecodeError as error:
        raise Refused(f"{file} cannot be read: it is not UTF-8 text ({error.reason})") from error
    except OSError as error:
        raise Refused(f"{file} cannot be read: {error.strerror or error}") from error
    if not together:
        raise Refused(f"{file} has no trials: write one JSON object a line")


def export_jsonl(frames: Mapping[str, pl.DataFrame], path: Path | str) -> None:
    """Write frames as JSON Lines, every field of every row; `import_jsonl` gives them back.

    Trials keep their order, and their rows the order they have in each frame. Rows of a trial that
    is not in `trials`, and numbers JSON does not have (NaN, infinity), are `Refused`.
    """
    trials = frames["trials"].select(SCHEMAS["trials"].names())
    ids = trials.get_column("trial_id").to_list()
    rows: dict[str, dict[str, list[Row]]] = {name: {i: [] for i in ids} for name in NESTED}
    for name, own in rows.items():
        for row in frames[name].iter_rows(named=True) if name in frames else ():
            trial_id = row.pop("trial_id")
            if trial_id not in own:
                raise Refused(f"{name} has rows of {trial_id!r}, which is not in trials")
            own[trial_id].append(row)
    if Path(path).is_dir():
        raise Refused(f"{path} is a folder; name a file to write")
    with Path(path).open("w", encoding="utf-8") as file:
        for trial in trials.iter_rows(named=True):
            nested = {name: own[trial["trial_id"]] for name, own in rows.items()}
            try:
                line = json.dumps({**trial, **nested}, ensure_ascii=False, allow_nan=False)
            except ValueError as error:
                raise Refused(f"trial {trial['trial_id']}: {error}") from error
            file.write(line + "\n")


def _flush(batch: dict[str, list[Row]], whole: dict[str, list[pl.DataFrame]]) -> None:
    for name, rows in batch.items():
        if rows:
            whole[name].append(frame(name, rows))
            rows.clear()


def _object(line: str) -> Row:
    try:
        value: object = json.loads(
            line, parse_constant=_no_number, object_pairs_hook=_fields_given_once
        )
    except json.JSONDecodeError as error:
        if line.lstrip().startswith("["):
            raise Refused(
                "a list is begun; write one trial a line (files of tau-bench are imported as "
                "tau-bench)"
            ) from error
        what = "is no JSON" if line.endswith("\n") else "is cut off or no JSON"
        raise Refused(
            f"the line {what} ({error.msg}, character {error.pos}); write one trial a line"
        ) from error
    except RecursionError as error:
        raise Refused("the line is nested too deeply to be a trial") from error
    if not isinstance(value, dict):
        raise Refused("the line is not an object; write one trial a line")
    return cast("Row", value)


def _no_number(name: str) -> float:
    raise Refused(f"{name} is no JSON number; write null for what is not known")


def _fields_given_once(pairs: list[tuple[str, object]]) -> Row:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Refused(f"{twice!r} is given twice in one object; leave one out")
    return found


def _record(stem: str, line: Row) -> Record:
    nested = {name: sequence(name, line.pop(name, None)) for name in NESTED}
    given = checked_row("trials", line, "the trial")
    with_required("trials", given, "the trial", but=NEVER_NULL)
    steps = _rows("steps", nested["steps"])
    stated = {k: v for k, v in given.items() if v is not None or k not in NEVER_NULL}
    record: Record = {"trials": [_defaults(stem, stated, steps) | stated], "steps": steps}
    (trial,) = record["trials"]
    acting = {row["step"]: row["agent"] for row in steps}
    record |= {name: _rows(name, nested[name], acting) for name in ("accesses", "milestones")}
    possible_trial(record)
    _grade(trial, line, record["milestones"])
    for rows in (record[name] for name in NESTED):
        for row in rows:
            row["trial_id"] = trial["trial_id"]
    return record


def _grade(trial: Row, given: Row, milestones: list[Row]) -> None:
    """Add what follows from the milestones, where the line does not say it itself."""
    for row in milestones:
        if row.get("reached") is None and row.get("part") is not None:
            row["reached"] = row["part"] == 1
    least, most = scores(milestones) or (None, None)
    if trial["ended"] == "crashed" or not milestones:
        return
    if "score" not in given and least == most:
        trial["score"] = least
    if "first_missed" not in given:
        trial["first_missed"] = first_missed(milestones)


def _rows(
    name: str, entries: Iterable[object], acting: Mapping[int, str] | None = None
) -> list[Row]:
    """The rows of a frame; `acting` is who made each step, for accesses that name no agent."""
    counter = NESTED[name]
    rows: list[Row] = []
    for number, entry in enumerate(entries):
        where = f"{name}[{number}]"
        if not isinstance(entry, dict):
            raise Refused(f"{where} is not an object")
        row = checked_row(name, cast("Row", entry), where)
        if counter is not None:
            row.setdefault(counter, number)
        if name == "steps":
            row.setdefault("agent", "agent")
        if name == "accesses":
            agent = (acting or {}).get(row.get("step", -1), "agent")
            row = {"agent": agent, "predicate": False, "undone": False} | row
        rows.append(with_required(name, row, where))
    return rows


def _defaults(stem: str, given: Row, steps: list[Row]) -> Row:
    """What follows from the rest of the line; a field that is given, null included, stays."""
    agents = {row["agent"] for row in steps if is_agent(row)}
    topology = given.get("topology")
    if topology is None:
        if len(agents) > 1:
            raise Refused(f"the trial has {len(agents)} agents and no 'topology'; name it")
        topology = "single_thread"
    crashed = given.get("crash") is not None
    limited = given.get("limit") is not None
    named = (topology, given.get("model"), given["task"], given["trial"])
    derived: Row = {
        "trial_id": "/".join(str(name) for name in named if name is not None),
        "sweep": stem,
        "topology": topology,
        "task_set": stem,
        "block": given["task"],
        "settings": "{}",
        "simulated": False,
        "ended": "crashed" if crashed else "limit" if limited else "completed",
    }
    if steps:
        counts = totals(steps)
        if not counts["model_calls"]:
            known = ("tool", "beside") if counts["beside_calls"] else ("tool",)
            counts |= dict.fromkeys(name for name in counts if not name.startswith(known))
        if given.get("prompt_tokens") is not None and given.get("completion_tokens") is not None:
            counts["usage_note"] = None
        derived |= counts
    return derived
