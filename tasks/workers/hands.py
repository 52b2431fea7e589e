"""By which tools an agent can hand work on, known by what they take and say, not by one name.

A delegate tool takes a brief for another agent and brings its report; a hand-off passes the whole
conversation on, and what comes of it is said there.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tasks.distractors import READS, WRITES
from tasks.workers.conversation import CallMade, Conversation, Values

Tool = Mapping[str, Any]

USUAL_TEAM = 4
"""How many briefs a lead writes where nothing says how many can be at work."""

_WHO = (
    r"(?:sub-?)?agents?|(?:co-?)?workers?|experts?|specialists?|teammates?|colleagues?|assistants?"
)
_NAMED = re.compile(rf"\b(?:{_WHO}|delegat\w*|assign\w*|dispatch|spawn|subtask)\b", re.IGNORECASE)
_TOLD = re.compile(
    r"\b(?:ask|call|launch|invoke|delegat\w+|hand|assign|consult|send|give|dispatch|spawn|start)\b"
    rf"[^.\n]{{0,60}}\b(?:{_WHO})\b|\bdelegat\w+\b",
    re.IGNORECASE,
)
_PASSING = re.compile(
    r"^(?:transfer|hand_?off|hand_?over|switch|escalate|route|pass|return|go)_(?:back_)?to(?:_|$)"
    r"|hand_?off",
    re.IGNORECASE,
)
_PASSES = re.compile(
    r"hand(?:s|ing)? (?:off|over)|transfer|pass(?:es)? the conversation|\bask agent\b",
    re.IGNORECASE,
)
_BRIEFS = (
    *("brief", "description", "task", "task_description", "instructions", "instruction"),
    *("request", "question", "message", "prompt", "query", "assignment", "work", "input"),
)
_WHOM = re.compile(r"agent|type|worker|name|assignee|role|recipient|expert|^(?:to|who)$")
_LISTED = re.compile(r"^\s*[-*] [\"'`]?([\w-]+)[\"'`]?:(.*)$", re.MULTILINE)
_TEAM = re.compile(rf"(?<![\w.-])(\d{{1,2}})(?![.)\w-])(?:[^.\n]{{0,20}}\b(?:{_WHO})\b)?")
_SHORT = 200
_ASIDE = frozenset(
    {"write_todos", "ls", "read_file", "write_file", "edit_file", "delete_file", "glob", "grep"}
    | {"execute", "think", "think_tool", "compact_conversation"}
)
"""Tools that frameworks offer beside those of any work."""


@dataclass(frozen=True)
class Hand:
    """One who can be given work: the tool, the argument for a `brief`, what `more` it takes.

    `about` is all that is known of them.
    """

    tool: str
    brief: str | None
    more: Values = field(default_factory=dict[str, Any])
    about: str = ""


def delegates(conversation: Conversation, known: Collection[str]) -> list[Hand]:
    """Who can be sent a brief. `known` are the tools of the work itself."""
    found: list[Hand] = []
    for name, tool in _others(conversation, known):
        brief = _brief_of(name, tool)
        if brief is not None and ("brief" in tool["properties"] or not _PASSING.search(name)):
            found += [Hand(name, brief, more, about) for more, about in _whom(tool, brief)]
    return found


def handoffs(conversation: Conversation, known: Collection[str]) -> list[Hand]:
    """Whom the conversation can be passed on to, by name: frameworks offer them in any order."""
    found: list[Hand] = []
    for name, tool in _others(conversation, known):
        text = _free_text(tool)
        passes = _PASSING.search(name) or (
            not text and not tool.get("required") and _PASSES.search(_described(tool))
        )
        if passes and "brief" not in tool["properties"]:
            brief = text[0] if text else None
            found.append(Hand(name, brief, about=f"{name} {_described(tool)}"))
    return sorted(found, key=lambda hand: hand.tool)


def passed_on(calls: Iterable[CallMade], known: Collection[str], own: Collection[str]) -> list[int]:
    """Where the conversation was passed on, by this agent (by its `own` hand-offs) or another."""
    return [
        place
        for place, call in enumerate(calls)
        if call.tool not in known and (call.tool in own or _PASSING.search(call.tool))
    ]


def strange_tools(conversation: Conversation, known: Collection[str]) -> list[str]:
    """The offered tools of which it is not known whether the work needs them."""
    idle = _ASIDE | {run.__name__ for run in (*READS, *WRITES)}
    return [name for name, _ in _others(conversation, known) if name not in idle]


def fitting(hands: Sequence[Hand], task: str) -> list[Hand]:
    """Those of whom most is known that has to do with the task; all where nothing is."""
    special = [hand for hand in hands if "general-purpose" not in hand.more.values()] or hands
    asked = _words(task)
    shared = [len(asked & _words(hand.about)) for hand in special]
    return [hand for hand, words in zip(special, shared, strict=True) if words == max(shared)]


def team_size(hands: Sequence[Hand], conversation: Conversation) -> int:
    """How many briefs at most: as many as a tool says, or as there are others to send to."""
    if len(hands) > 1:
        return len(hands)
    described = _described(conversation.tools[hands[0].tool])
    stated = next(
        (
            int(found.group(1))
            for found in _TEAM.finditer(described)
            if len(described) < _SHORT or not found.group().isdigit()
        ),
        USUAL_TEAM,
    )
    return max(1, stated)


def _others(conversation: Conversation, known: Collection[str]) -> Iterable[tuple[str, Tool]]:
    for name, tool in conversation.tools.items():
        if name not in known and "answer" not in tool["properties"]:
            yield name, tool


def _brief_of(name: str, tool: Tool) -> str | None:
    """The argument by which a tool takes a brief; None if it is no delegate tool."""
    if "brief" in tool["properties"]:
        return "brief"
    texts = _free_text(tool)
    of_agents = _NAMED.search(name.replace("_", " ")) or _TOLD.search(_described(tool))
    return texts[0] if texts and of_agents else None


def _free_text(tool: Tool) -> list[str]:
    """The required arguments that take any text for somebody, the likeliest brief first."""
    required = tool.get("required") or list(tool["properties"])
    texts = [
        name
        for name, schema in tool["properties"].items()
        if name in required
        and schema.get("type", "string") == "string"
        and "enum" not in schema
        and not (_WHOM.search(name) and name not in _BRIEFS)
    ]
    known = [name for name in _BRIEFS if name in texts]
    return known or (texts if len(texts) == 1 else [])


def _whom(tool: Tool, brief: str) -> list[tuple[Values, str]]:
    """What else the tool is to be told, for each whom it can send to, and what is known of them."""
    required = [name for name in tool.get("required") or () if name != brief]
    fixed: Values = {}
    choices: list[tuple[Values, str]] = [({}, _described(tool))]
    for name in required:
        schema = tool["properties"].get(name, {})
        listed = dict(_LISTED.findall(_described(tool)))
        if "enum" in schema:
            choices = [({name: one}, f"{one} {listed.get(one, '')}") for one in schema["enum"]]
        elif _WHOM.search(name) and listed:
            choices = [({name: one}, f"{one} {about}") for one, about in listed.items()]
        else:
            fixed[name] = _anything(schema)
    return [({**fixed, **more}, about) for more, about in choices]


def _anything(schema: Mapping[str, Any]) -> Any:
    """A value that a required argument of no meaning can take."""
    if "default" in schema:
        return schema["default"]
    kinds: dict[str, Any] = {
        "integer": 1,
        "number": 1.0,
        "boolean": True,
        "array": [],
        "object": {},
    }
    return kinds.get(str(schema.get("type")), "work")


def _described(tool: Tool) -> str:
    return str(tool.get("description") or "")


def _words(text: str) -> set[str]:
    words = re.findall(r"[a-z]{4,}", text.lower().replace("_", " "))
    return {word.removesuffix("s") for word in words} - {
        "agent",
        "help",
        "with",
        "that",
        "transfer",
    }
