"""Are calls, tokens and conflicts credited to the agents whose they are?"""

import itertools
import json
from collections.abc import Iterable, Iterator

from experiments.graph_check.answer import Finding, many, named
from experiments.graph_check.trials import Evidence, Played
from results.conflicts import find_conflicts
from results.records import frame


def calls(seen: Evidence) -> Finding:
    """Is each tool call credited to the message of the agent that asked for it?"""
    lost = sum(one.trial["ambiguous_calls"] or 0 for one in seen.whole)
    made = sum(len(one.steps("tool")) for one in seen.whole)
    if lost:
        says = f"Whose call it was could not be told of {lost} of {made} tool calls."
        change = (
            "Seat agents that work at the same time apart (kit.seat(NAME) for each), and hand "
            "their tool calls on with the ids that the model gave them."
        )
        return Finding("calls", False, says, change)
    unasked = [call for one in seen.whole for call in _unasked(one)]
    if unasked:
        says = f"{len(unasked)} of {made} tool calls were asked for by no model: {named(unasked)}."
        return Finding("calls", None, says)
    says = f"Each of {made} tool calls is credited to the message that asked for it."
    return Finding("calls", True, says)


def _unasked(one: Played) -> Iterator[str]:
    asked = {
        (step["agent"], step["message"], call["id"])
        for step in one.steps("model")
        if step["reply"]
        for call in json.loads(step["reply"])["tool_calls"]
    }
    for step in one.steps("tool"):
        if (step["agent"], step["message"], step["call_id"]) not in asked:
            yield step["tool"]


def tokens(seen: Evidence) -> Finding:
    """Are all model calls seen, and all tokens credited?"""
    unseen = sum(
        max(0, one.requests - sum(s["reply"] is not None for s in one.steps("model")))
        for one in seen.whole
    )
    sent = sum(one.requests for one in seen.whole)
    if unseen:
        says = f"{unseen} of {sent} requests to the model are on nobody's account."
        change = (
            "Hand the config that a node gets on to what it calls (model.ainvoke(messages, "
            "config)), and set no callbacks of your own in its place."
        )
        return Finding("tokens", False, says, change)
    open_ended = sum(s["prompt_tokens"] is None for one in seen.whole for s in one.steps("model"))
    if open_ended:
        says = f"{many(open_ended, 'model call')} had no reply yet when the trial ended, so that "
        return Finding("tokens", None, f"{says}the tokens are not known.")
    says = f"All {sent} requests to the model are some agent's, and so are their tokens."
    return Finding("tokens", True, says)


def conflicts(seen: Evidence) -> Finding:
    """Would a conflict between agents be found?"""
    accesses = [row for one in seen.shared for row in one.record["accesses"]]
    writers = {row["agent"] for row in accesses if row["op"] != "read"}
    if any(one.trial["private_copies"] for one in seen.shared):
        says = "Agents work on copies of the world of their own, where no conflict can be."
        return Finding("conflicts", None, says)
    if len(writers) < 2:
        who = f"{named(writers)} alone writes" if writers else "Nobody writes"
        says = f"{who}, so agents cannot conflict."
        return Finding("conflicts", None, says)
    if any(row["hold"] is None for row in accesses):
        says = "Some reads and writes are of an agent that could not be told: conflicts are missed."
        return Finding("conflicts", False, says, "See what to change under calls.")
    found = 0
    overlap = False
    for one in seen.shared:
        rows = frame("accesses", one.record["accesses"]), frame("steps", one.record["steps"])
        found += find_conflicts(*rows).height
        overlap |= _overlap(one, writers)
    if not overlap:
        says = f"{named(writers)} write one after another, so no race between them could be made."
        return Finding("conflicts", None, says)
    says = (
        f"{named(writers)} write at the same time, each on its own account; where they share "
        f"all that they change, the checker has {many(found, 'finding')}."
    )
    return Finding("conflicts", True, says)


def _overlap(one: Played, agents: Iterable[str]) -> bool:
    """Whether any two of these agents were at work at the same time."""
    spans: list[tuple[float, float]] = []
    for agent in agents:
        own = [s for s in one.record["steps"] if s["agent"] == agent and s["ended"] is not None]
        if own:
            spans.append((min(s["started"] for s in own), max(s["ended"] for s in own)))
    spans.sort()
    return any(after[0] < before[1] for before, after in itertools.pairwise(spans))
