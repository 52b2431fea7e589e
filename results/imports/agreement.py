"""Holds what the rows of one trial say of each other: grades to milestones, steps to messages.

A number that contradicts the rows it is made of is refused, and so is a row that refers to what
the trial does not have: either would be told as a fact.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from results.refused import Refused

Row = dict[str, Any]

SLACK = 0.005
"""Scores are often rounded to hundredths."""


def part_reached(milestone: Mapping[str, Any]) -> float | None:
    """How much of a milestone was reached, 0 to 1; null if that is not decidable."""
    part, reached = milestone.get("part"), milestone.get("reached")
    return part if part is not None else None if reached is None else float(reached)


def in_order(milestones: Sequence[Row]) -> list[Row]:
    """By position where all have one, else as they stand."""
    if any(row.get("position") is None for row in milestones):
        return list(milestones)
    return sorted(milestones, key=lambda row: row["position"])


def first_missed(milestones: Sequence[Row]) -> str | None:
    """The name of the first milestone that was not reached in full; null if none was missed."""
    parts = ((row["milestone"], part_reached(row)) for row in in_order(milestones))
    return next((name for name, part in parts if part is not None and part < 1), None)


def scores(milestones: Sequence[Row]) -> tuple[float, float] | None:
    """The least and the most that a score can be: they differ by what is not decidable.

    Null without milestones that weigh anything.
    """
    whole = sum(row["weight"] for row in milestones)
    if not whole > 0:
        return None
    parts = [(row["weight"], part_reached(row)) for row in milestones]
    least = sum(weight * part for weight, part in parts if part is not None)
    open_ = sum(weight for weight, part in parts if part is None)
    return least / whole, (least + open_) / whole


def grades_agree(trial: Row, milestones: Sequence[Row]) -> None:
    """Hold score and first missed to the milestones. `Refused` with all that does not fit."""
    for number, row in enumerate(milestones):
        part, reached = row.get("part"), row.get("reached")
        if part is not None and reached is not None and reached != (part == 1):
            raise Refused(
                f"milestones[{number}]: reached is {json.dumps(reached)} and part {part:g}; it is "
                "reached if part is 1, and else not"
            )
    wrong = "; ".join(_disagreements(trial, milestones))
    if milestones and wrong:
        raise Refused(f"{wrong}: leave out what follows from milestones, or mend them")


def _disagreements(trial: Row, milestones: Sequence[Row]) -> Iterator[str]:
    score, missed, ends = trial.get("score"), trial.get("first_missed"), scores(milestones)
    if score is not None and ends is not None and not ends[0] - SLACK <= score <= ends[1] + SLACK:
        span = " to ".join(dict.fromkeys(f"{end:.3g}" for end in ends))
        yield f"score is {score:g}, but the milestones are worth {span}"
    first = first_missed(milestones)
    if missed is not None and missed != first:
        names = [row["milestone"] for row in in_order(milestones)]
        wanted = "null" if first is None else repr(first)
        why = "the first that was missed" if missed in names else f"one of {', '.join(names)}"
        yield f"first_missed is {missed!r}, which is not {why}; it would be {wanted}"


def steps_refer(steps: Sequence[Row], accesses: Sequence[Row]) -> None:
    """Hold messages and call ids to the model calls recorded. `Refused` for what names nothing.

    Of an agent whose model calls are not on record nothing is asked.
    """
    said = _said(steps)
    offered: set[int] = set()
    for number, row in enumerate(steps):
        where = f"steps[{number}]"
        if row["kind"] == "tool":
            _message_exists(row, said, where)
            made = said.get(row["agent"], {}).get(row.get("message")) or {}
            call, error = row.get("call_id"), row.get("error")
            # A call of a tool that the message did not ask for is the graph's own, with its own id.
            if call not in (None, *made) and error is None and row["tool"] in made.values():
                raise Refused(
                    f"{where}: call_id is {call!r}, but message {row['message']} of "
                    f"{row['agent']!r} made the calls {', '.join(made)}"
                )
        elif row.get("tools") is not None:
            tools = json.loads(row["tools"])
            if isinstance(tools, int) and tools not in offered:
                raise Refused(f"{where}: tools is {tools}, and no earlier step {tools} lists tools")
            if not isinstance(tools, int):
                offered.add(row["step"])
    calls = {row.get("call_id") for row in steps if row["kind"] == "tool"} - {None}
    for number, row in enumerate(accesses):
        where, call = f"accesses[{number}]", row.get("call_id")
        _message_exists(row, said, where)
        if calls and call is not None and call not in calls:
            raise Refused(f"{where}: call_id is {call!r}, and no step has made such a call")


Said = dict[str, dict[int | None, dict[str, str]]]
"""Agent to its messages (null for one without a number) to the calls they made, id to tool."""


def _message_exists(row: Row, said: Said, where: str) -> None:
    own, message = said.get(row["agent"], {}), row.get("message")
    if message is not None and own and None not in own and message not in own:
        raise Refused(
            f"{where}: message is {message}, but {row['agent']!r} has the messages "
            f"{', '.join(str(one) for one in sorted(own, key=lambda one: one or 0))}"
        )


def _said(steps: Sequence[Row]) -> Said:
    said: Said = {}
    for row in steps:
        if row["kind"] == "model":
            made = said.setdefault(row["agent"], {}).setdefault(row.get("message"), {})
            made |= dict(_calls(row.get("reply")))
    return said


def _calls(reply: str | None) -> Iterator[tuple[str, str]]:
    try:
        message: object = json.loads(reply or "null")
    except (ValueError, RecursionError):
        return
    calls: object = None
    if isinstance(message, dict):
        calls = cast("Row", message).get("tool_calls")
    for call in cast("list[Row]", calls if isinstance(calls, list) else []):
        if isinstance(call.get("id"), str):
            yield call["id"], str(call.get("name"))
