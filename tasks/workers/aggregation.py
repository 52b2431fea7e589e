"""How a competent worker decides among several answers to work that it did not do itself.

It reads the answers from its conversation, goes by what most of them say, and either names the one
to go by or writes the answer line by line; all it states passes through its `Mind`.
"""

import re

from tasks.workers.conversation import Call, Conversation, Turn, Values
from tasks.workers.mind import Mind
from tasks.workers.voting import Vote, agreed, combined, nearest

ATTEMPT = re.compile(r"^Attempt \d+ \((\w+)[^)\n]*\):\n", re.MULTILINE)
STATUSES = ("done", "blocked")


def attempts_in(text: str) -> list[Vote]:
    """The attempts that a message lists, in order; none if it is about something else."""
    if not ATTEMPT.match(text):
        return []
    _, *parts = ATTEMPT.split(text)
    claims = (claim if claim in STATUSES else None for claim in parts[::2])
    return [Vote(answer.strip(), claim) for claim, answer in zip(claims, parts[1::2], strict=True)]


def next_turn(conversation: Conversation, attempts: list[Vote], mind: Mind) -> Turn:
    """What the worker does next: choose, submit, or say what it would."""
    told = {name: tool["properties"] for name, tool in conversation.tools.items()}
    choose = next((name for name, takes in told.items() if "attempt" in takes), None)
    submit = next((name for name, takes in told.items() if "answer" in takes), None)
    tried = len(conversation.calls) + 1
    if choose is not None:
        wanted = Call(choose, {"attempt": nearest(attempts) + 1})
        call = mind.call("attempt", tried, wanted) or wanted
        return Turn("", ((f"call_attempt_1_{tried}", choose, call.arguments),))
    status = attempts[agreed(attempts)[0]].status or "done"
    lines: list[str] = []
    for number, line in enumerate(combined(attempts).splitlines()):
        said = mind.line(f"answer.{line.split(':')[0]}.{number}", line)
        if said is not None:
            lines.append(said)
    answer = "\n".join(lines)
    made = [call for call in conversation.calls if call.tool == submit]
    if submit is None or (made and not (made[-1].reply or "").startswith("Error")):
        return Turn(answer)
    split = any(vote.answer != attempts[0].answer for vote in attempts)
    arguments: Values = {"answer": answer, "status": status}
    arguments["confidence"] = mind.confidence(int(split))
    return Turn("", ((f"call_submit_1_{tried}", submit, arguments),))
