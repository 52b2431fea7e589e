"""The calls of one agent's run in order, and what it had been told by then.

A run becomes a list of nodes: a tool call with the share of the model call that issued it, a `turn`
(the agent spoke to its user and was answered) or the `end`. What an agent writes is never taken
for a source: dependencies are told from what it was given and what its tools replied.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast

import polars as pl

Kind = Literal["call", "turn", "end"]
ENDING = ("submit", "transfer_to_human_agents")
"""Tools that end the work, of the kit and of tau-bench; elsewhere a last word does."""
SAID_TO_AGENT = ("system", "human", "user")


@dataclass(frozen=True)
class Node:
    """One step of the work. `message` is the position of the model call that issued it.

    `arguments` are those of the tool call, or what was said to the user.

    `seconds` are those of the call and of its share of the model call; null if not timed.
    """

    step: int
    kind: Kind
    tool: str | None
    arguments: Any
    reply: str
    failed: bool
    message: int
    seconds: float | None


@dataclass(frozen=True)
class Message:
    """One model call: characters new to it and written by it, and tokens where recorded.

    `seconds` are those of the model call and, from the first to the last, of the tool calls that it
    issued: less than their sum where they ran at once. Null if not timed.
    """

    new: int
    written: int
    prompt_tokens: int | None
    completion_tokens: int | None
    seconds: float | None


@dataclass
class Trace:
    """A run: its nodes, its model calls, and what it was told.

    `told` are texts with the node from which they count, and whether they are standing instructions
    (a system message), not the task. `asked` are the characters of what was said to the agent at
    first, its instructions left out.
    """

    trial_id: str
    asked: int = 0
    nodes: list[Node] = field(default_factory=list[Node])
    messages: list[Message] = field(default_factory=list[Message])
    told: list[tuple[int, str, bool]] = field(default_factory=list[tuple[int, str, bool]])


def single_agent(trials: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """The trials whose steps were all made by one agent; others are a team already."""
    agents = steps.group_by("trial_id").agg(pl.col("agent").n_unique().alias("found"))
    alone = agents.filter(pl.col("found") == 1).select("trial_id")
    return trials.join(alone, on="trial_id", how="semi", maintain_order="left")


def traces(trials: pl.DataFrame, steps: pl.DataFrame) -> Iterator[Trace]:
    """A trace for each trial, in their order; trials without steps are left out."""
    ended = dict(trials.select("trial_id", "ended").iter_rows())
    wanted = steps.filter(pl.col("trial_id").is_in(list(ended))).sort("trial_id", "step")
    by_trial = {
        str(key[0]): rows for key, rows in wanted.partition_by("trial_id", as_dict=True).items()
    }
    for trial_id, how in ended.items():
        if trial_id in by_trial:
            rows = list(by_trial[trial_id].iter_rows(named=True))
            yield _trace(trial_id, rows, completed=how == "completed")


def _trace(trial_id: str, rows: list[dict[str, Any]], completed: bool) -> Trace:
    trace = Trace(trial_id)
    issued = _issued(rows)
    for row, calls in issued:
        _hear(trace, row, calls)
        spent = _lasted(row)
        if not calls and row["reply"] is not None:
            trace.nodes.append(_node(row, "turn", len(trace.messages) - 1, spent))
        for call in calls:
            own = _lasted(call)
            share = None if own is None or spent is None else own + spent / len(calls)
            trace.nodes.append(_node(call, "call", len(trace.messages) - 1, share))
    if completed and trace.nodes and _ends(trace.nodes[-1]):
        trace.nodes[-1] = replace(trace.nodes[-1], kind="end")
    return trace


def _ends(last: Node) -> bool:
    """Whether it closes the work, and so waits for all: any other call is work like the rest."""
    return last.kind == "turn" or last.tool in ENDING


def _issued(rows: list[dict[str, Any]]) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Each model call with the tool calls it issued; calls before any model call get an empty one.

    Tool calls follow the model call that issued them in the order of steps.
    """
    issued: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
    for row in rows:
        if row["kind"] == "model":
            issued.append((row, []))
        else:
            if not issued:
                issued.append((dict.fromkeys(row), []))
            issued[-1][1].append(row)
    return issued


def _hear(trace: Trace, row: Mapping[str, Any], calls: Sequence[Mapping[str, Any]]) -> None:
    prompt = cast("list[dict[str, Any]]", parsed(row["prompt"]) or [])
    texts = [(str(m.get("role")), str(m.get("content") or "")) for m in prompt]
    for role, text in texts:
        if role in SAID_TO_AGENT and text:
            trace.told.append((len(trace.nodes), text, role == "system"))
            trace.asked += len(text) if role != "system" and not trace.messages else 0
    written = len(row["reply"] or "")
    new = sum(len(text) for _, text in texts)
    counts = (row["prompt_tokens"], row["completion_tokens"])
    trace.messages.append(Message(new, written, *counts, _elapsed(row, calls)))


def _node(row: Mapping[str, Any], kind: Kind, message: int, seconds: float | None) -> Node:
    said = kind == "turn"
    return Node(
        step=row["step"],
        kind=kind,
        tool=None if said else row["tool"],
        arguments=_words_of(row["reply"]) if said else parsed(row["arguments"]),
        reply="" if said else row["reply"] or row["error"] or "",
        failed=not said and row["error"] is not None,
        message=message,
        seconds=seconds,
    )


def _words_of(reply: str) -> str:
    """What a model call said, of a reply that is text or JSON of content and tool calls."""
    message = parsed(reply)
    if isinstance(message, dict):
        return str(cast("dict[str, Any]", message).get("content") or "")
    return str(message)


def parsed(text: str | None) -> Any:
    """The JSON value of a text; the text itself when it is none; None stays None."""
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text


def _elapsed(row: Mapping[str, Any], calls: Sequence[Mapping[str, Any]]) -> float | None:
    spent = _lasted(row)
    if spent is None or any(_lasted(call) is None for call in calls):
        return None
    began, ended = ([call[name] for call in calls] for name in ("started", "ended"))
    return spent + (max(ended) - min(began) if calls else 0.0)


def _lasted(row: Mapping[str, Any]) -> float | None:
    if row["started"] is None or row["ended"] is None:
        return None
    return float(row["ended"] - row["started"])
