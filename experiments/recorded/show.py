"""A recorded trial as a person can read it: who said and did what, when, and what came of it."""

import json
import shlex
from collections.abc import Iterator
from typing import Any

import polars as pl

from experiments.refused import Refused
from results.store import RUNS, Run
from results.withheld import SIGN
from results.words import short_id

Row = dict[str, Any]

INDENT = "    "

CUT = 700
"""Characters of a text that are shown unless all are asked for."""


def known_as(run: Run) -> str:
    """What a command is given to find the run again: its name, or its folder elsewhere."""
    return shlex.quote(run.folder.name if run.folder.parent == RUNS else str(run.folder))


def find_trial(run: Run, name: str) -> str:
    """The id of the trial called `name`: the beginning of an id, or TOPOLOGY/BLOCK/TRIAL.

    A task set may stand between topology and block. `Refused` when none or several fit.
    """
    trials = run.trials
    ids: list[str] = trials.get_column("trial_id").to_list()
    found = [trial_id for trial_id in ids if trial_id.startswith(name)]
    if name in found:
        return name
    parts = name.split("/")
    if len(parts) in (3, 4) and parts[-1].isdigit():
        fits = (
            (pl.col("topology") == parts[0])
            & (pl.col("block") == parts[-2])
            & (pl.col("trial") == int(parts[-1]))
        )
        if len(parts) == 4:
            fits &= pl.col("task_set") == parts[1]
        rows = trials.filter(fits).select("trial_id", "task")
        found = rows.get_column("trial_id").to_list()
        if len(found) > 1:
            several = ", ".join(
                f"{short_id(trial_id)} ({task})" for trial_id, task in rows[:4].iter_rows()
            )
            more = " .." if len(found) > 4 else ""
            raise Refused(f"{name} is {len(found)} trials; give an id: {several}{more}")
    if len(found) > 1:
        raise Refused(f"{name} begins the ids of {len(found)} trials: {', '.join(found[:4])} ..")
    if not found:
        raise Refused(
            f"there is no trial {name!r} in {run.folder}; give the beginning of an id from "
            f"`fanout show {known_as(run)}`, or TOPOLOGY/BLOCK/TRIAL"
        )
    return found[0]


def trial_lines(run: Run) -> Iterator[str]:
    """One line a trial, in columns."""
    yield _columns("trial", "task", "topology", "n", "came to", "score", "calls", "tokens", "s")
    for row in run.trials.iter_rows(named=True):
        yield _columns(
            short_id(row["trial_id"]),
            row["task"].partition("?")[0],
            row["topology"],
            str(row["trial"]),
            outcome(row),
            _number(row["score"], ".2f"),
            _number(row["model_calls"], ","),
            _number(_sum(row["prompt_tokens"], row["completion_tokens"]), ","),
            _number(row["seconds"], ".1f"),
        )


def outcome(row: Row) -> str:
    """How a trial ended, in two or three words."""
    if row["withheld"]:
        return SIGN if row["not_understood"] else f"{row['ended']}, withheld"
    if row["passed"] is None:
        return str(row["ended"])
    passed = "passed" if row["passed"] else "failed"
    more = {"limit": " at limit", "escalated": ", escalated"}
    return passed + more.get(row["ended"], "")


def trajectory(run: Run, trial_id: str, cut: int | None = CUT) -> Iterator[str]:
    """A trial as lines of text: its steps in order, indented below the agent that delegated."""
    mine = pl.col("trial_id") == trial_id
    (trial,) = run.trials.filter(mine).iter_rows(named=True)
    steps = list(run.steps.filter(mine).iter_rows(named=True))
    yield from _heading(trial)
    parents = {row["agent"]: row["parent"] for row in steps}
    answered = {(row["agent"], row["call_id"]) for row in steps if row["kind"] == "tool"}
    yield from _steps(steps, parents, answered, cut)
    yield from _judgement(trial, run.milestones.filter(mine), cut)


def _heading(trial: Row) -> Iterator[str]:
    word = "partly simulated" if trial["partly_simulated"] else "simulated"
    simulated = f" ({word})" if trial["simulated"] else ""
    yield f"trial {trial['trial_id']}{simulated}"
    models = trial["models"] or trial["model"] or "model not recorded"
    yield f"{trial['topology']} on {trial['task']}, trial {trial['trial']}, {models}"
    unsure = trial["ambiguous_calls"]
    whose = f" ({_counted(unsure, 'call')} of unknown agents)" if unsure else ""
    yield (
        f"{outcome(trial)}; {_counted(trial['agents'], 'agent')}{whose}, "
        f"{_counted(trial['model_calls'], 'model call')}, "
        f"{_counted(trial['tool_calls'], 'tool call')} "
        f"({_counted(trial['tool_errors'], 'error')}), "
        f"{_number(trial['prompt_tokens'], ',')} prompt "
        f"({_number(trial['cached_tokens'], ',')} cached) + "
        f"{_number(trial['completion_tokens'], ',')} completion tokens, "
        f"${_number(trial['dollars'], '.4f')}, {_number(trial['seconds'], '.1f')} s"
    )
    yield ""


def _steps(
    steps: list[Row],
    parents: dict[str, str | None],
    answered: set[tuple[str, str]],
    cut: int | None,
) -> Iterator[str]:
    systems: set[str] = set()
    # What a call gets stands where it came, after what happened meanwhile (subagents at work).
    awaited: list[tuple[float, str, str]] = []
    for row in steps:
        margin = INDENT * _depth(row["agent"], parents)
        for due in sorted(call for call in awaited if call[0] <= (row["started"] or 0.0)):
            awaited.remove(due)
            yield from _wrapped(due[1], due[2], cut)
        lines = _model(row, systems, answered) if row["kind"] == "model" else _tool(row)
        for line in lines:
            yield from _wrapped(margin, line, cut)
        if row["kind"] == "tool" and row["error"] is None and row["reply"] is not None:
            ended = row["ended"] or row["started"] or 0.0
            later = ended > (row["started"] or 0.0)
            said = f"[{row['agent']}] gets of {row['tool']} (#{row['step']}): {row['reply']}"
            if later:
                awaited.append((ended, margin, said))
            else:
                yield from _wrapped(margin, f"  gets: {row['reply']}", cut)
    for _, margin, said in sorted(awaited):
        yield from _wrapped(margin, said, cut)


def _model(row: Row, systems: set[str], answered: set[tuple[str, str]]) -> Iterator[str]:
    yield (
        f"#{row['step']} [{row['agent']}] message {_number(row['message'])}, "
        f"{_number(row['started'], '.1f')} to {_number(row['ended'], '.1f')} s, "
        f"{_number(row['prompt_tokens'], ',')} ({_number(row['cached_tokens'], ',')} cached) + "
        f"{_number(row['completion_tokens'], ',')} tokens"
    )
    prompt: list[Row] = _parsed(row["prompt"]) or []
    for message in prompt:
        role, content = message.get("role"), str(message.get("content"))
        if role == "system":
            yield "  system: " + ("(as before)" if content in systems else content)
            systems.add(content)
        elif role not in ("tool", "ai"):
            yield f"  {role}: {content}"
    parsed = _parsed(row["reply"])
    if isinstance(parsed, dict):
        reply: Row = parsed  # pyright: ignore[reportUnknownVariableType]
        if reply.get("content"):
            yield f"  says: {reply['content']}"
        calls: list[Row] = reply.get("tool_calls") or []
        for call in calls:
            if (row["agent"], call.get("id")) not in answered:
                yield f"  calls {_call(call.get('name'), call.get('args'))}: never carried out"
    elif row["reply"]:
        yield f"  says: {row['reply']}"
    if row["finish_reason"] not in (None, "stop", "tool_calls", "end_turn", "tool_use"):
        yield f"  FINISHED: {row['finish_reason']}"
    if row["refusal"]:
        yield f"  REFUSED: {row['refusal']}"
    if (row["attempts"] or 1) > 1:
        yield f"  sent {row['attempts']} times, {_number(row['waited'], '.1f')} s lost to waiting"
    if row["not_understood"]:
        yield f"  NOT UNDERSTOOD {row['not_understood']}"
    yield from _fault(row)
    if row["error"]:
        yield f"  ERROR {row['error']}"


def _tool(row: Row) -> Iterator[str]:
    arguments = _parsed(row["arguments"])
    yield (
        f"#{row['step']} [{row['agent']}] calls {_call(row['tool'], arguments)}, "
        f"{_number(row['started'], '.1f')} to {_number(row['ended'], '.1f')} s"
    )
    yield from _fault(row)
    if row["error"]:
        yield f"  ERROR {row['error']}"


def _fault(row: Row) -> Iterator[str]:
    """A fault that was armed, how far it came, and what it kept from the agent."""
    if row["fault"]:
        lasts = f", {row['fault_lasts']}" if row["fault_lasts"] else ""
        yield f"  FAULT {row['fault']} ({row['fault_effect'] or 'fired'}{lasts})"
    if row["reply_raw"] is not None:
        yield f"  IN PLACE OF {row['reply_raw']}"


def _judgement(trial: Row, milestones: pl.DataFrame, cut: int | None) -> Iterator[str]:
    yield ""
    if trial["crash"]:
        blame = f" ({trial['blame']})" if trial["blame"] else ""
        yield from _wrapped("", f"crashed{blame}: {trial['crash']}", cut)
    if trial["ended"] == "paused":
        yield 'paused: it asked for a person (interrupts = "approve" or "reject" answers for one)'
    if trial["limit"]:
        yield f"limit reached: {trial['limit']}"
    said = f"said {trial['status'] or 'no status'}"
    if trial["confidence"] is not None:
        said += f", {100 * trial['confidence']:.0f}% sure"
    yield from _wrapped("", f"{said}: {trial['answer']}", cut)
    if trial["passed"] is not None:
        yield f"judged: {outcome(trial)}, score {_number(trial['score'], '.2f')}"
    for row in milestones.sort("position").iter_rows(named=True):
        detail = f": {row['detail']}" if row["detail"] else ""
        yield from _wrapped(
            "  ", f"[{'x' if row['reached'] else ' '}] {row['milestone']}{detail}", cut
        )
    for invariant in trial["broken_invariants"] or ():
        yield f"  BROKEN INVARIANT {invariant}"


def _call(tool: Any, arguments: Any) -> str:
    if not isinstance(arguments, dict):
        return f"{tool}({'' if arguments is None else arguments})"
    pairs: Row = arguments  # pyright: ignore[reportUnknownVariableType]
    written = (f"{name}={json.dumps(v, ensure_ascii=False)}" for name, v in pairs.items())
    return f"{tool}({', '.join(written)})"


def _parsed(text: str | None) -> Any:
    """JSON, or None for what is none (another harness may record plain text)."""
    try:
        return json.loads(text or "null")
    except ValueError:
        return None


def _depth(agent: str, parents: dict[str, str | None]) -> int:
    depth, parent = 0, parents.get(agent)
    while parent is not None and depth < len(parents):
        depth, parent = depth + 1, parents.get(parent)
    return depth


def _wrapped(margin: str, text: str, cut: int | None) -> Iterator[str]:
    if cut is not None and len(text) > cut:
        text = f"{text[:cut]} .. ({len(text) - cut:,} characters more; --full shows them)"
    first, *rest = text.split("\n")
    yield margin + first
    for line in rest:
        yield f"{margin}  | {line}"


def _sum(*values: int | None) -> int | None:
    return None if None in values else sum(value or 0 for value in values)


def _counted(value: int | None, noun: str) -> str:
    return f"{_number(value)} {noun}{'' if value == 1 else 's'}"


def _number(value: float | None, form: str = "") -> str:
    return "-" if value is None else format(value, form)


def _columns(*texts: str) -> str:
    widths = (10, 18, 20, 3, 16, 6, 6, 9, 8)
    left = 5
    cells = [
        text.ljust(width) if place < left else text.rjust(width)
        for place, (text, width) in enumerate(zip(texts, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()
