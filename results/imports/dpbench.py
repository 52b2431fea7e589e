"""Reads the recorded episodes of DPBench (najmulhasan-code/dpbench, arXiv 2602.13255).

Language models sit as dining philosophers at a table of shared forks, and act all at once or in
turns. Its logs (`log.jsonl` in a folder a model and condition, `metrics.json` beside it) hold
decisions and the table after them; which version of a fork each agent saw and made follows by
playing the decisions again. An episode whose log does not play out as recorded has no accesses.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from results.imports.dpbench_table import Table
from results.records import frame
from results.refused import Refused

Row = dict[str, Any]

LOG, METRICS = "log.jsonl", "metrics.json"
CODE = re.compile(r"(?:(?P<model>.+)_)?(?:sim|seq)_?n?\d+(?:_?(?:c|nc|comm|nocomm))")
"""A condition that changes nothing but mode, table and talk; older folders begin with the model."""


def import_dpbench(path: Path | str) -> dict[str, pl.DataFrame]:
    """The four frames of all logs in a folder, at any depth (or of one log).

    `topology` is `simultaneous` or `sequential`, `task` the table, talk and condition, and `passed`
    that the last table was no deadlock: all hungry, each holding one fork. The flags of the logs
    are not used: those of the sequential mode say no deadlock where there is one. A log that cannot
    be read is `Refused` by its file and line.
    """
    root = Path(path)
    logs = sorted(root.rglob(LOG)) if root.is_dir() else [root]
    if not logs or not all(log.is_file() for log in logs):
        raise Refused(f"{root} has no {LOG}; give a folder of DPBench's experiments/results")
    rows: dict[str, list[Row]] = {"trials": [], "steps": [], "accesses": []}
    for log in logs:
        where = log.parent.relative_to(root) if root.is_dir() else Path(log.parent.name)
        for episode in _episodes(log):
            made = _rows(episode, _known(log, where), f"{where.as_posix()}/{episode.number}")
            for name, own in made.items():
                rows[name] += own
    if not rows["trials"]:
        raise Refused(f"{root} has no episodes: its logs hold no timestep")
    return {name: frame(name, own) for name, own in rows.items()} | {
        "milestones": frame("milestones", [])
    }


@dataclass(frozen=True)
class Episode:
    """One episode: the head of its log, and its timesteps in order."""

    number: int
    config: Mapping[str, Any]
    times: list[Row] = field(default_factory=list[Row])


def _episodes(log: Path) -> Iterator[Episode]:
    config: Row | None = None
    found: dict[int, Episode] = {}
    try:
        for number, line in enumerate(log.read_text(encoding="utf-8").splitlines(), 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                if row["type"] == "header":
                    config = dict(row["config"])
                elif row["type"] == "timestep":
                    assert config is not None
                    episode = found.setdefault(
                        row["episode_id"], Episode(int(row["episode_id"]), config)
                    )
                    episode.times.append(_timestep(row, int(config["num_philosophers"])))
            except (ValueError, KeyError, TypeError, AssertionError, RecursionError) as error:
                raise Refused(
                    f"{log}, line {number} is no line of a DPBench log: it begins with a header, "
                    "and a timestep has decisions and a table_state"
                ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{log} cannot be read: {error}") from error
    yield from found.values()


def _timestep(row: Row, seats: int) -> Row:
    """What is used of a line. KeyError or TypeError for one that lacks it."""
    table = row["table_state"]
    people = [
        (str(p["state"]), bool(p["has_left_fork"]), bool(p["has_right_fork"]))
        for p in table["philosophers"]
    ]
    decisions = {int(d["philosopher_id"]): str(d["action"]) for d in row["decisions"]}
    if len(people) != seats or not set(decisions) <= set(range(seats)):
        raise TypeError
    return {
        "time": int(row["timestep"]),
        "people": people,
        "holders": [fork["holder"] for fork in table["forks"]],
        "decisions": decisions,
        "calls": {int(call["philosopher_id"]): call for call in row.get("llm_calls") or ()},
    }


def _known(log: Path, where: Path) -> Row:
    """Model, condition and run, from the metrics beside the log or from its folders' names."""
    try:
        told: Row = json.loads((log.parent / METRICS).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        told = {}
    name = log.parent.name
    code = CODE.fullmatch(name)
    model = told.get("model") or (code["model"] if code else None) or log.parent.parent.name
    condition = str(told.get("condition") or name)
    return {
        "model": str(model),
        "condition": "default" if CODE.fullmatch(condition) else condition,
        "sweep": where.parts[0] if where.parts else name,
    }


def _rows(episode: Episode, known: Row, trial_id: str) -> dict[str, list[Row]]:
    config, last = episode.config, episode.times[-1]
    seats, talk = int(config["num_philosophers"]), bool(config.get("communication"))
    mode = str(config["mode"])
    task = f"n{seats}-{'comm' if talk else 'nocomm'}-{known['condition']}"
    settings = {"philosophers": seats, "communication": talk, "condition": known["condition"]}
    deadlock = all(state == "hungry" and left != right for state, left, right in last["people"])
    turns = list(_turns(episode.times, seats, mode == "sequential"))
    steps = [row for turn in turns for row in _steps(turn)]
    for number, row in enumerate(steps):
        row |= {"trial_id": trial_id, "step": number}
    at = {row["call_id"]: row["step"] for row in steps if row["kind"] == "tool"}
    accesses = [
        row | {"trial_id": trial_id, "access": number, "step": at[row["call_id"]]}
        for number, row in enumerate(_played(turns, seats) or ())
    ]
    trial: Row = {
        "trial_id": trial_id,
        "sweep": known["sweep"],
        "topology": mode,
        "task_set": "dpbench",
        "task": task,
        "block": task,
        "settings": json.dumps(settings),
        "model": known["model"],
        "simulated": known["model"].startswith("random"),
        "trial": episode.number,
        "ended": "completed",
        "passed": not deadlock,
        "agents": seats,
        "model_calls": sum(row["kind"] == "model" for row in steps) or None,
        "tool_calls": len(at),
        **_tokens(steps),
    }
    return {"trials": [trial], "steps": steps, "accesses": accesses}


def _tokens(steps: Sequence[Row]) -> Row:
    models = [row for row in steps if row["kind"] == "model"]
    names = ("prompt_tokens", "completion_tokens")
    known = bool(models) and all(row[name] is not None for row in models for name in names)
    total = {name: sum(row[name] for row in models) if known else None for name in names}
    return total | {"encoding": "provider" if known else None}


@dataclass(frozen=True)
class Turn:
    """Those who act at a time, with what they do, the table after it, and their model calls."""

    time: int
    acts: Mapping[int, str]
    holders: Sequence[int | None]
    calls: Mapping[int, Row]
    at_once: bool


def _turns(times: Sequence[Row], seats: int, in_turns: bool) -> Iterator[Turn]:
    """In turns, a line repeats what others decided before: only the one at turn acted.

    The first line of such an episode stands for everyone's first turn.
    """
    for row in times:
        acting = list(row["decisions"])
        if in_turns:
            acting = sorted(acting) if row is times[0] else [(row["time"] - 1) % seats]
        acts = {who: row["decisions"][who] for who in acting if who in row["decisions"]}
        yield Turn(row["time"], acts, row["holders"], row["calls"], not in_turns)


def _steps(turn: Turn) -> Iterator[Row]:
    for who, action in turn.acts.items():
        common: Row = {"agent": f"P{who}", "message": turn.time, "hold": turn.time}
        call = turn.calls.get(who)
        if call is not None:
            prompt = [
                {"role": role, "content": str(call.get(name) or "")}
                for role, name in (("system", "system_prompt"), ("human", "user_prompt"))
            ]
            known = None not in (call.get("tokens_in"), call.get("tokens_out"))
            yield common | {
                "kind": "model",
                "prompt": json.dumps(prompt, ensure_ascii=False),
                "reply": str(call.get("response") or ""),
                "prompt_tokens": call.get("tokens_in"),
                "completion_tokens": call.get("tokens_out"),
                "encoding": "provider" if known else None,
            }
        yield common | {"kind": "tool", "tool": action, "call_id": f"{turn.time}-{who}"}


def _played(turns: Sequence[Turn], seats: int) -> list[Row] | None:
    """The accesses of an episode in order; None where its log does not play out as recorded."""
    table = Table(seats)
    for turn in turns:
        if turn.at_once:
            table.together(turn.acts, turn.time)
        else:
            for who, action in turn.acts.items():
                table.alone(who, action, turn.time)
        if table.holders != list(turn.holders):
            return None
    return table.accesses
