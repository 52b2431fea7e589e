"""Rebuilds what every model call of a recorded trial was sent, message by message.

A step holds the messages that were new to its agent; its own earlier replies, and the tool schemas
it was offered before, are found in the steps before it. So the whole prompt of each call can be put
together again, in the order in which it was sent, and each message be told by what it is.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

Row = Mapping[str, Any]

PARTS: dict[str, str] = {
    "instructions": "system messages",
    "tools": "schemas of the tools offered",
    "task": "what the user said",
    "brief": "what an agent was told by the one that delegated to it",
    "report": "what came back from other agents, or was handed on by them",
    "replies": "replies of the tools of the work",
    "own": "the agent's own earlier turns",
    "unrecorded": "calls whose messages were not recorded",
}
"""What a prompt is made of, in the order in which charts stack it."""

WIRE = {"system": "system", "human": "user", "ai": "assistant", "tool": "tool"}
"""Role in a recorded prompt to role as it is sent."""

TOOLS = "tools"


@dataclass(frozen=True)
class Piece:
    """One message of a prompt, or its tool schemas: its part, its role as sent, its text.

    The text of a message that calls tools has a line "name arguments" for each call.
    """

    part: str
    role: str
    text: str


@dataclass
class _Agent:
    """What is known of an agent while its trial is read."""

    pieces: list[Piece] = field(default_factory=list[Piece])
    said: set[str] = field(default_factory=set[str])
    heard: set[Piece] = field(default_factory=set[Piece])


@dataclass(frozen=True)
class Prompt:
    """What a model call was sent: its pieces in order, and those its agent had not had before."""

    pieces: tuple[Piece, ...] = ()
    new: tuple[Piece, ...] = ()


def prompts(steps: Sequence[Row]) -> Iterator[tuple[Row, Prompt]]:
    """Each model call of one trial (rows of `steps`, in order) with its prompt.

    The prompt is empty where it was not recorded. It was recorded anew, not as what was added, if
    it is the agent's first, or has a system message or a model's in it.
    """
    models = [row for row in steps if row["kind"] == "model"]
    news = [_messages(row) for row in models]
    delegates = _delegates(steps, models, news)
    made = {(row["agent"], row["call_id"]): row["tool"] for row in steps if row["kind"] == "tool"}
    opening = next((row["agent"] for row in models), None)
    task = _opening(news)
    alone = len({row["agent"] for row in models}) == 1
    agents: dict[str, _Agent] = {}
    schemas: dict[int, str] = {}
    for row, new in zip(models, news, strict=True):
        agent = agents.setdefault(row["agent"], _Agent())
        if new is None:
            yield row, Prompt()
            continue
        if any(message.get("role") in ("system", "ai") for message in new):
            agent.pieces.clear()
        tools = _tools(row, schemas)
        unheard: list[Piece] = []
        told = "brief" if row["parent"] is not None else "report"
        for message in new:
            role, text = str(message.get("role")), _text(message)
            if role == "system":
                part = "instructions"
            elif role == "ai":
                part = "own" if alone or text in agent.said else "report"
            elif role == "tool":
                tool = made.get((row["agent"], message.get("tool_call_id")))
                own = alone or (tool is not None and (row["agent"], tool) not in delegates)
                part = "replies" if own else "report"
            elif text == task or (row["agent"] == opening and alone):
                part = "task"
            else:
                part = told
            piece = Piece(part, WIRE.get(role, role), text)
            agent.pieces.append(piece)
            if piece not in agent.heard:
                unheard.append(piece)
        agent.heard.update(unheard)
        yield row, Prompt((*tools, *agent.pieces), tuple(unheard))
        if row["reply"] is not None:
            text = _text(_spoken(row["reply"]))
            agent.said.add(text)
            agent.pieces.append(Piece("own", "assistant", text))


def delegations(steps: Sequence[Row]) -> set[tuple[str, str]]:
    """The tools by which agents of a trial handed out work, as pairs of agent and tool.

    Such is a tool if a call of it had, as one of its arguments, a text that another agent was told.
    """
    models = [row for row in steps if row["kind"] == "model"]
    return _delegates(steps, models, [_messages(row) for row in models])


def _delegates(
    steps: Sequence[Row], models: Sequence[Row], news: Sequence[list[Row] | None]
) -> set[tuple[str, str]]:
    if len({row["agent"] for row in models}) < 2:
        return set()
    hearers: dict[str, set[str]] = {}
    for row, new in zip(models, news, strict=True):
        for message in new or ():
            if message.get("role") == "human":
                hearers.setdefault(_text(message), set()).add(row["agent"])
    return {
        (row["agent"], row["tool"])
        for row in steps
        if row["kind"] == "tool"
        and any(hearers.get(text, set()) - {row["agent"]} for text in _texts(row["arguments"]))
    }


def _texts(arguments: str | None) -> Collection[str]:
    value = _parsed(arguments)
    if not isinstance(value, dict):
        return ()
    given = cast("dict[str, Any]", value).values()
    return [text for text in given if isinstance(text, str)]


def _opening(news: Iterable[list[Row] | None]) -> str | None:
    """What the user asked: the first words of a person that any agent was sent."""
    for new in news:
        for message in new or ():
            if message.get("role") == "human":
                return _text(message)
    return None


def _tools(row: Row, schemas: dict[int, str]) -> tuple[Piece, ...]:
    """The schemas of a call; in the record a number stands for those of an earlier step."""
    given = row["tools"]
    if given is None:
        return ()
    text = schemas.get(int(given), "") if given.isdigit() else str(given)
    schemas[row["step"]] = text
    return (Piece(TOOLS, TOOLS, text),) if text else ()


def _messages(row: Row) -> list[Row] | None:
    found = _parsed(row["prompt"])
    return cast("list[Row]", found) if isinstance(found, list) else None


def _spoken(reply: str) -> Row:
    found = _parsed(reply)
    return cast("Row", found) if isinstance(found, dict) else {"content": reply}


def _parsed(text: str | None) -> object:
    try:
        return json.loads(text or "null")
    except ValueError:
        return None


def _text(message: Row) -> str:
    calls: Sequence[Row] = message.get("tool_calls") or ()
    lines = [f"\n{call['name']} {_written(call['args'])}" for call in calls]
    return str(message.get("content") or "") + "".join(lines)


def _written(arguments: object) -> str:
    return json.dumps(arguments, ensure_ascii=False)
