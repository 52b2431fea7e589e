"""Reads the trajectory files of sierra-research/tau-bench: one JSON list, one object a trial.

A trial is `{task_id, trial, reward, info, traj}`; `traj` are chat messages of one agent that calls
tools and talks to a (simulated) user. The file says nothing of models, times or the agent's tokens,
so these stay null unless the caller knows better.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import polars as pl

from results.imports.conversation import steps_of
from results.imports.tau_bench_tools import NEUTRAL_TOOLS, READ_TOOLS, WRITE_TOOLS
from results.records import frame
from results.refused import Refused

ENDING_TOOL = "transfer_to_human_agents"
STOP = "###STOP###"
REWARD_SLACK = 1e-6
"""tau-bench counts a reward this close to 1 as passed."""
MOST = 2**63 - 1

Row = dict[str, Any]


def import_tau_bench(
    path: Path | str,
    model: str | None = None,
    task_set: str | None = None,
    counter: Callable[[str], int] | None = None,
    encoding: str = "unnamed",
) -> dict[str, pl.DataFrame]:
    """The four frames of a tau-bench file: `trials` and `steps`; the other two are empty.

    `passed` is a reward of 1. A trial with an `error` in its `info` (tau-bench scores it 0) has
    crashed and is not graded; one that ended neither by the user's stop nor by a transfer reached
    tau-bench's limit on model calls. `mode` is `act` if the right actions of the task contain a
    write and `answer` if they contain reads alone; null if a tool among them is in neither table.
    A tool call whose reply starts with `Error` is an error.

    `model` is the agent's model and `task_set` a key of WRITE_TOOLS; without it the set is told
    from the tools that the file names. With `counter` (text to tokens) prompts and completions are
    counted from the text, without tool schemas and framing; their encoding is
    `estimate:ENCODING`. A wrong or truncated file is `Refused` by its record.
    """
    file = Path(path)
    records = list(read_records(file))
    if not records:
        raise Refused(f"{file} has no records")
    known = task_set or _recognised(file, records)
    if known not in WRITE_TOOLS:
        raise Refused(f"task set {known!r}: use one of {', '.join(WRITE_TOOLS)}")
    trials: list[Row] = []
    steps: list[Row] = []
    seen: dict[str, int] = {}
    for number, record in enumerate(records, 1):
        trial_id = f"{known}/{record['task_id']}/{record['trial']}"
        if trial_id in seen:
            raise Refused(
                f"{file}: record {number} is task {record['task_id']}, trial {record['trial']} "
                f"again (first in record {seen[trial_id]}); import each file on its own"
            )
        seen[trial_id] = number
        try:
            own = steps_of(trial_id, record["traj"], model, counter, f"estimate:{encoding}")
        except ValueError as error:
            raise Refused(f"{file}: {_name(number, record)}: {error}") from error
        steps += own
        trials.append(_trial(file.stem, known, model, trial_id, record, own))
    return {
        "trials": frame("trials", trials),
        "steps": frame("steps", steps),
        "accesses": frame("accesses", []),
        "milestones": frame("milestones", []),
    }


def read_records(file: Path) -> Iterator[Row]:
    """The records of the file, each checked when it is reached. `Refused` for a bad one, named."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Refused(f"{file} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise Refused(f"{file} cannot be read: it is not UTF-8 text ({error.reason})") from error
    at = _skip(text, 0)
    if text[at : at + 1] != "[":
        raise Refused(
            f"{file} is not a tau-bench file: it does not start with a JSON list; a file with one "
            "trial a line is imported as jsonl"
        )
    decoder = json.JSONDecoder()
    number, at = 0, _skip(text, at + 1)
    while text[at : at + 1] != "]":
        number += 1
        try:
            record, at = decoder.raw_decode(text, at)
        except ValueError as error:
            raise Refused(
                f"{file}: record {number} is cut off or no JSON ({error}); "
                f"{number - 1} whole records come before it"
            ) from error
        except RecursionError as error:
            raise Refused(f"{file}: record {number} is nested too deeply") from error
        yield _checked(file, number, record)
        at = _skip(text, at)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif text[at : at + 1] != "]":
            raise Refused(f"{file} is cut off after record {number}: the list is not closed")
    if text[at + 1 :].strip():
        raise Refused(f"{file}: there is more after the list of {number} records ends")


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _checked(file: Path, number: int, record: object) -> Row:
    if not isinstance(record, dict):
        raise Refused(f"{file}: record {number} is not an object")
    row = cast("Row", record)
    kinds: dict[str, type | tuple[type, ...]] = {
        "task_id": int,
        "trial": int,
        "reward": (int, float),
        "info": dict,
        "traj": list,
    }
    for name, kind in kinds.items():
        if name not in row:
            raise Refused(f"{file}: {_name(number, row)} has no {name!r}")
        if not isinstance(row[name], kind) or isinstance(row[name], bool):
            found = type(row[name]).__name__
            raise Refused(f"{file}: {_name(number, row)}: {name!r} cannot be {found}")
    for name in ("task_id", "trial"):
        if not 0 <= row[name] <= MOST:
            raise Refused(f"{file}: record {number}: {name!r} is {row[name]}, no ordinal from 0")
    if not 0 <= row["reward"] <= 1 + REWARD_SLACK:
        raise Refused(
            f"{file}: {_name(number, row)}: 'reward' is {row['reward']}; it must be from 0 to 1"
        )
    try:
        _gold(row)
    except (AttributeError, TypeError) as error:
        raise Refused(
            f"{file}: {_name(number, row)}: 'info' has no 'task' with a list of 'actions'"
        ) from error
    return row


def _name(number: int, record: Mapping[str, Any]) -> str:
    return f"record {number} (task {record.get('task_id')}, trial {record.get('trial')})"


def _gold(record: Row) -> list[str] | None:
    """The names of the right actions; None when the record does not hold them."""
    task: Row = record["info"].get("task") or {}
    actions: list[Row] | None = task.get("actions")
    return None if actions is None else [str(action.get("name")) for action in actions]


def _recognised(file: Path, records: list[Row]) -> str:
    names = {name for record in records for name in _gold(record) or ()} | {
        str(cast("Row", message).get("name"))
        for record in records
        for message in record["traj"]
        if isinstance(message, dict)
    }
    fits = [known for known in WRITE_TOOLS if names & (WRITE_TOOLS[known] | READ_TOOLS[known])]
    if len(fits) != 1:
        raise Refused(
            f"{file}: the tools do not tell which task set this is; say which of "
            f"{', '.join(WRITE_TOOLS)} it is (--task-set)"
        )
    return fits[0]


def _mode(task_set: str, gold: list[str] | None) -> str | None:
    if gold is None:
        return None
    if WRITE_TOOLS[task_set].intersection(gold):
        return "act"
    harmless = READ_TOOLS[task_set] | NEUTRAL_TOOLS
    return "answer" if harmless.issuperset(gold) else None


def _trial(
    sweep: str, task_set: str, model: str | None, trial_id: str, record: Row, steps: list[Row]
) -> Row:
    crashed = "error" in record["info"]
    models = [row for row in steps if row["kind"] == "model"]
    tools = [row for row in steps if row["kind"] == "tool"]
    finished = _finished(record["traj"])
    ended = "crashed" if crashed else "completed" if finished else "limit"
    counted = bool(models) and all(row["prompt_tokens"] is not None for row in models)
    return {
        "trial_id": trial_id,
        "sweep": sweep,
        "topology": "single_thread",
        "task_set": task_set,
        "task": str(record["task_id"]),
        "block": str(record["task_id"]),
        "mode": _mode(task_set, _gold(record)),
        "settings": "{}",
        "model": model,
        "models": None if model is None else json.dumps({"default": model}),
        "simulated": False,
        "trial": record["trial"],
        "ended": ended,
        "limit": "model_calls" if ended == "limit" else None,
        "crash": str(record["info"]["error"]) if crashed else None,
        "passed": None if crashed else abs(record["reward"] - 1) <= REWARD_SLACK,
        "answer": _last_words(record["traj"]),
        "agents": 1 if models else None,
        "model_calls": None if crashed else len(models),
        "tool_calls": None if crashed else len(tools),
        "tool_errors": None if crashed else sum(row["error"] is not None for row in tools),
        "prompt_tokens": sum(row["prompt_tokens"] for row in models) if counted else None,
        "completion_tokens": sum(row["completion_tokens"] for row in models) if counted else None,
        "encoding": models[0]["encoding"] if counted else None,
    }


def _finished(messages: list[Row]) -> bool:
    if not messages:
        return False
    last = messages[-1]
    stopped = last["role"] == "user" and STOP in (last.get("content") or "")
    return stopped or any(m["role"] == "tool" and m.get("name") == ENDING_TOOL for m in messages)


def _last_words(messages: list[Row]) -> str | None:
    said = [m.get("content") for m in messages if m["role"] == "assistant"]
    return said[-1] or None if said else None
