"""Several agents each do the whole work without talking, and one answer is made of theirs.

Each works on a private copy of the world, so that they cannot get in each other's way; what the
chosen one wrote is then carried out on the shared world, call by call. How the answer is made is
data. With `aggregator = "agent"` an agent decides that sees the task and the answers, nothing else;
with "majority" nobody is asked: `tasks.workers.voting` says how votes are counted
(`self_consistency` is this, after Wang et al., arXiv 2203.11171). Where nobody wrote, the answer
may be put together line by line; where somebody did, one attempt is taken whole, since its writes
belong to its answer.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolCall
from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from pydantic import Field

from tasks.refused import Refused
from tasks.workers.voting import Vote, agreed, agreement, combined, nearest
from topologies.agent import SUBMIT, Conversation, Graph, agent_graph, last_words
from topologies.kit import Draft, Kit, OutOfBudgetError, Seat
from topologies.models.replies import with_calls

CHOOSE = "choose"
MOST_TURNS = 4
"""After so many turns without a decision the aggregator's last words are the answer."""
AGGREGATOR_KEEPS = 0.25
"""An aggregator's part of a budget; with no agent to decide, the attempts have all of it."""
DECIDE = (
    "Several agents did this work, each on its own, without knowing of each other. You decide what "
    "comes of it. You cannot look anything up: go by what they agree on."
)
ONE = f"Call `{CHOOSE}` with the number of the attempt to go by; its changes are then made."
ALL = "Call `submit` with the answer, line by line what most of them found."


ROLES = ("agent", "aggregator")
"""Those of its agents, as a sweep may give each a model of its own."""


def build(
    kit: Kit,
    attempts: Annotated[int, Field(ge=1, le=256)] = 3,
    aggregator: Literal["agent", "majority"] = "agent",
    answer: Literal["lines", "whole"] = "lines",
) -> Graph:
    """The graph of `attempts` agents and what decides among them.

    `answer`: where nobody wrote, the majority of each line, or the attempt that agrees most with
    the others as a whole.
    """
    if attempts < 1:
        raise Refused(f"attempts is {attempts}; there must be at least one")
    kept = AGGREGATOR_KEEPS if aggregator == "agent" else 0.0
    seats = [
        kit.seat(f"attempt-{n}", private=True, share=(1 - kept) / attempts)
        for n in range(1, attempts + 1)
    ]
    chair = kit.seat("aggregator", role="aggregator", share=kept)

    async def work(state: Conversation, config: RunnableConfig) -> Conversation:
        task = state["messages"]
        drafts = await asyncio.gather(*(_attempt(kit, seat, task) for seat in seats))
        made = [draft for draft in drafts if draft is not None]
        if not made:
            raise OutOfBudgetError("every attempt was stopped: the budget is used up")
        votes = [_vote(draft) for draft in made]
        whole = answer == "whole" or any(vote.wrote for vote in votes)
        if aggregator == "agent":
            return await _decided(kit, chair, task, made, whole, config)
        if whole:
            best = made[nearest(votes)]
            return await _go_by(kit, chair, best, agreement(votes, best.answer or ""))
        text, status = combined(votes), votes[agreed(votes)[0]].status
        return await _submit(chair, text, status, agreement(votes, text))

    graph = StateGraph(Conversation)
    graph.add_node("work", work)
    graph.add_edge(START, "work")
    graph.add_edge("work", END)
    return graph.compile()


async def _attempt(kit: Kit, seat: Seat, task: list[AnyMessage]) -> Draft | None:
    """What an agent came to, its last words if it never submitted; None if it was stopped."""
    try:
        final = await agent_graph(seat).ainvoke({"messages": task})
    except OutOfBudgetError:
        kit.draft(seat)
        return None
    draft = kit.draft(seat)
    return draft if draft.answer else replace(draft, answer=last_words(final["messages"]))


def _vote(draft: Draft) -> Vote:
    wrote = tuple(f"{tool} {json.dumps(values, sort_keys=True)}" for tool, values in draft.writes)
    return Vote(draft.answer or "", draft.status, wrote)


async def _decided(
    kit: Kit,
    chair: Seat,
    task: list[AnyMessage],
    drafts: list[Draft],
    whole: bool,
    config: RunnableConfig,
) -> Conversation:
    """Let the aggregator decide, and do as it says."""
    by_name = {tool.name: tool for tool in chair.tools}
    offered = choose_tool(len(drafts)) if whole else by_name[SUBMIT]
    model = chair.model.bind_tools([offered])
    told = "\n\n".join((chair.instructions, DECIDE, ONE if whole else ALL))
    messages: list[AnyMessage] = [*task, HumanMessage(told_attempts(drafts))]
    for _ in range(MOST_TURNS):
        message = with_calls(await model.ainvoke([SystemMessage(told), *messages], config))
        messages.append(message)
        if not message.tool_calls:
            return {"messages": messages}
        for call in message.tool_calls:
            if call["name"] == SUBMIT and not whole:
                reply = await by_name[SUBMIT].ainvoke({**call, "type": "tool_call"})
                messages.append(reply)
                if reply.status == "success":
                    return {"messages": messages}
                continue
            place = _chosen(call, len(drafts))

            async def run(_call: ToolCall, place: int | None = place) -> str:
                return f"Error: name an attempt from 1 to {len(drafts)}." if place is None else "ok"

            messages.append(await kit.own_call(chair, call, run))
            if place is not None:
                draft = drafts[place - 1]
                end = await _go_by(kit, chair, draft, draft.confidence or 0.0)
                return {"messages": [*messages, *end["messages"]]}
    return {"messages": messages}


def _chosen(call: ToolCall, attempts: int) -> int | None:
    number = str(call["args"].get("attempt", ""))
    numbers = [str(n) for n in range(1, attempts + 1)]
    known = call["name"] == CHOOSE and number in numbers
    return int(number) if known else None


async def _go_by(kit: Kit, chair: Seat, draft: Draft, confidence: float) -> Conversation:
    """Carry out what the attempt wrote, and hand in its answer as the answer of the trial."""
    await kit.carry_out(chair, draft)
    return await _submit(chair, draft.answer or "", draft.status, confidence)


async def _submit(chair: Seat, answer: str, status: str | None, confidence: float) -> Conversation:
    """Hand in an answer; one whose attempts claimed no status stays a last message."""
    if status is not None and answer.strip():
        submit = next(tool for tool in chair.tools if tool.name == SUBMIT)
        await submit.ainvoke({"answer": answer, "status": status, "confidence": confidence})
    return {"messages": [AIMessage(answer)]}


def told_attempts(drafts: Sequence[Draft]) -> str:
    """The attempts as an aggregator reads them."""
    parts: list[str] = []
    for number, draft in enumerate(drafts, 1):
        claims = draft.status or "no status"
        sure = "" if draft.confidence is None else f", confidence {draft.confidence:g}"
        parts.append(f"Attempt {number} ({claims}{sure}):\n{draft.answer}")
    return "\n\n".join(parts)


def choose_tool(attempts: int) -> dict[str, Any]:
    """The tool by which an aggregator takes one attempt, as a model sees it."""
    number = {"type": "integer", "description": f"Its number, from 1 to {attempts}."}
    return {
        "type": "function",
        "function": {
            "name": CHOOSE,
            "description": "Go by one of the attempts: its answer, and the changes it made.",
            "parameters": {
                "type": "object",
                "properties": {"attempt": number},
                "required": ["attempt"],
            },
        },
    }
