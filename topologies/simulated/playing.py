"""How the simulated model answers a request: by whose knowledge, and in the form that is asked for.

It looks for work that a clerk can read, wherever that stands, and does it as a competent worker
would; then it honours `tool_choice` and `response_format`. A turn that rests on nothing it could
read says so in its `lost`.
"""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from tasks.workers import aggregation
from tasks.workers.clerk import Clerk, reads
from tasks.workers.conversation import Call, Conversation, Item, Turn, Values
from tasks.workers.filling import Form, Known
from tasks.workers.finding import answers_in, majority, with_work
from tasks.workers.hands import delegates, handoffs
from tasks.workers.mind import Mind
from tasks.workers.turns import Worker
from tasks.workers.voting import Vote, nearest
from topologies.simulated import plain
from topologies.simulated.wire import Request

MindFor = Callable[[Conversation, Clerk | None], Mind]

NOTHING_READ = "it found no work that it can read"
_PLAN = re.compile(
    r"\bplan\b|\bsub-?tasks?\b|\bdecompos|\bdivide\b|\b(?:split|break)\b.{0,20}\b(?:up|down|into)\b",
    re.IGNORECASE,
)
_REFUSED = re.compile(r"^.*(?:\bRefused: |\band forbids\b|\bcannot be done\b).*$", re.MULTILINE)
_TEAM = re.compile(
    r"\b(\d{1,2}|two|three|four|five|six|eight)\b(?:\W+\w+){0,2}?\W+"
    r"(?:sub-?tasks|parts|steps|sections|workers|pieces|chunks|agents|briefs)\b",
    re.IGNORECASE,
)
_WORDS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "eight": 8}


def turn_for(
    request: Request, conversation: Conversation, clerks: Sequence[Clerk], mind_for: MindFor
) -> Turn:
    """The turn that a request asks for. `clerks` in the order in which they are tried."""
    choice: Any = request.get("tool_choice")
    if choice == "none":
        conversation = without_tools(conversation)
    named = None if choice is None or isinstance(choice, str) else str(choice["function"]["name"])
    schema = _reply_schema(request, conversation)
    turn, known = _turn(conversation, clerks, mind_for, schema is not None or named is not None)
    if named is not None:
        return _named(turn, named, conversation, known)
    if choice == "required" and not turn.calls:
        return _required(turn, conversation, known)
    if schema is not None and not turn.calls:
        return _written(turn, schema, known)
    return turn


def of_no_use(conversation: Conversation, known: frozenset[str]) -> tuple[list[Call], int]:
    """The offered tools that the work does not need, as calls, and how many texts are idle."""
    hands = {
        hand.tool for hand in (*delegates(conversation, known), *handoffs(conversation, known))
    }
    idle = [
        Call(name, plain.arguments_for(tool, conversation.task))
        for name, tool in conversation.tools.items()
        if name not in known and name not in hands and "answer" not in tool["properties"]
    ]
    users = [told.text for told in conversation.told if told.role == "user"]
    return idle, sum(text not in conversation.task for text in users)


def without_tools(conversation: Conversation) -> Conversation:
    """The same conversation with nothing to call."""
    fields: dict[str, Any] = {**vars(conversation), "tools": {}}
    return Conversation(**fields)


def _turn(
    conversation: Conversation, clerks: Sequence[Clerk], mind_for: MindFor, formed: bool
) -> tuple[Turn, Known | None]:
    """The turn, whatever form it is to have, and what is known for a form."""
    listed = [aggregation.attempts_in(text) for text in _texts(conversation, "user")]
    attempts = next((found for found in listed if found), None)
    if attempts is not None:
        mind = mind_for(conversation, None)
        turn = aggregation.next_turn(conversation, attempts, mind)
        return turn, _known_of(attempts, conversation, mind)
    clerk, placed = _understood(conversation, clerks)
    if clerk is None or placed is None:
        return _without_work(conversation, mind_for)
    worker = Worker(clerk, placed, mind_for(placed, clerk))
    turn = worker.begin() or worker.go_on() or worker.finish()
    known = worker.known(_team(conversation))
    if not worker.can_work and not turn.calls:
        if formed:
            return Turn(turn.text, lost=turn.lost if known.complete else None), known
        told = "\n".join(_texts(conversation, "system", "user"))
        if turn.lost is not None and _PLAN.search(told):
            return Turn("\n".join(f"{i.label}: {i.text}" for i in worker.items)), known
    return turn, known


def _understood(
    conversation: Conversation, clerks: Sequence[Clerk]
) -> tuple[Clerk | None, Conversation | None]:
    """The clerk that can read the work, best one that knows the tools, with the work found."""
    offered = frozenset(conversation.tools)
    ranked = sorted(clerks, key=lambda clerk: -len(clerk.tools & offered))
    for clerk in ranked:
        knows = bool(clerk.tools & offered)
        placed = with_work(conversation, lambda item, clerk=clerk: reads(clerk, item), knows)
        if placed is not None:
            return clerk, placed
    return None, None


def _without_work(conversation: Conversation, mind_for: MindFor) -> tuple[Turn, Known | None]:
    """Decide between answers to work that is not told, hand on a refusal, else say it is lost."""
    told = _texts(conversation, "user", "system", "tool")
    answers = answers_in(told, None, _reads_nothing)
    mind = mind_for(conversation, None)
    if answers:
        twice = any(a.keys() & b.keys() for a in answers for b in answers if a is not b)
        listed = answers if twice else [majority(answers)]
        votes = [Vote("\n".join(f"{k}: {v}" for k, v in one.items()), None) for one in listed]
        turn = aggregation.next_turn(conversation, votes, mind)
        return turn, _known_of(votes, conversation, mind)
    # Not from the rules: they say what is refused in general.
    said = _texts(conversation, "user", "tool")
    refusal = next(filter(None, map(_REFUSED.search, said)), None)
    if refusal is not None:
        votes = [Vote(refusal.group().strip(), "blocked")]
        return aggregation.next_turn(conversation, votes, mind), _known_of(
            votes, conversation, mind
        )
    why = NOTHING_READ
    if conversation.tools:
        why += f"; it was offered {', '.join(conversation.tools)}"
    turn = plain.next_turn(conversation)
    return Turn(turn.text, turn.calls, why), None


def _named(turn: Turn, name: str, conversation: Conversation, known: Known | None) -> Turn:
    """A turn that calls the one tool that must be called."""
    calls = tuple(call for call in turn.calls if call[1] == name)
    if calls:
        return Turn(turn.text, calls, turn.lost)
    return _filled(turn, name, conversation, known)


def _required(turn: Turn, conversation: Conversation, known: Known | None) -> Turn:
    """A turn that calls some tool: the one whose form says most to whoever fills it."""
    tried = [_filled(turn, name, conversation, known) for name in conversation.tools]
    return next((one for one in tried if one.lost is None), tried[0])


def _filled(turn: Turn, name: str, conversation: Conversation, known: Known | None) -> Turn:
    place = f"call_form_{len(conversation.calls) + 1}_1"
    tool = conversation.tools[name]
    if known is None:
        call = plain.next_turn(conversation, name).calls[0]
        return Turn("", (call,), turn.lost or NOTHING_READ)
    form = Form(tool["schema"], known)
    arguments: Values = form.filled()
    fields = tool["required"] or list(tool["properties"])
    lost = turn.lost
    if fields and len(form.lost) >= len(fields):
        lost = lost or known.lost or f"it cannot tell what {name} is for"
    return Turn(turn.text, ((place, name, arguments),), lost)


def _written(turn: Turn, schema: dict[str, Any], known: Known | None) -> Turn:
    """The reply as JSON that follows a schema."""
    form = Form(schema, known or Known(answer=turn.text))
    text = json.dumps(form.filled(), ensure_ascii=False)
    lost = turn.lost
    if form.lost and len(form.lost) >= len(schema.get("properties") or {}):
        fields = ", ".join(form.lost)
        lost = lost or (known and known.lost) or f"it cannot tell what to write into {fields}"
    return Turn(text, (), lost)


def _reply_schema(request: Request, conversation: Conversation) -> dict[str, Any] | None:
    """The schema that the reply must follow: as sent, or as an example in the text shows it."""
    wanted: Any = request.get("response_format") or {}
    if wanted.get("type") == "json_schema":
        told: dict[str, Any] = wanted.get("json_schema") or {}
        return told.get("schema") or {}
    if wanted.get("type") != "json_object":
        return None
    kinds = {"[": "array", "{": "object", "t": "boolean", "f": "boolean", "i": "integer"}
    for text in reversed(_texts(conversation, "system", "user")):
        found = re.findall(r'"(\w+)"\s*:\s*"?<?\s*([\[{\w]?)', text)
        if found:
            fields = {name: {"type": kinds.get(sign, "string")} for name, sign in found}
            return {"type": "object", "properties": fields}
    return {"type": "object", "properties": {"answer": {"type": "string"}}}


def _known_of(votes: Sequence[Vote], conversation: Conversation, mind: Mind) -> Known:
    best = nearest(votes)
    return Known(
        answer=votes[best].answer,
        status=votes[best].status or "done",
        confidence=mind.confidence(0),
        best=best if len(votes) > 1 else None,
        choices=len(votes),
        asked="\n".join(_texts(conversation, "user")),
    )


def _texts(conversation: Conversation, *roles: str) -> list[str]:
    return [told.text for told in conversation.told if told.role in roles]


def _team(conversation: Conversation) -> int | None:
    """How many parts the text asks for, if it says."""
    for text in reversed(_texts(conversation, "system", "user")):
        found = _TEAM.search(text)
        if found:
            word = found.group(1).lower()
            return _WORDS.get(word) or int(word)
    return None


def _reads_nothing(_item: Item) -> bool:
    return False
