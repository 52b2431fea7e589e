"""Judges what agents report to each other, when a report comes and again at the end of a trial."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from experiments.trials.agent import Agent
from results.statistics.subagent_reports import held
from tasks.judging import Judgement, Submission
from tasks.task import Task, TaskSet
from tasks.world import World

Row = dict[str, Any]


@dataclass(frozen=True)
class Claim:
    """A report that an agent handed in by a call, and what held when it did (None: not known)."""

    agent: Agent
    step: int
    at: float
    said: Submission
    reached: tuple[str, ...] | None
    world: World


def reached_now(world: World, task: Task, text: str | None) -> tuple[str, ...] | None:
    """The milestones that hold in a world, if this were the answer; None if it cannot be judged.

    A judge that fails here fails at the end of the trial too, where it is told.
    """
    try:
        return reached(world.judge(task.goal, Submission(answer=text)))
    except Exception:
        return None


def reached(judgement: Judgement) -> tuple[str, ...]:
    """The names of the milestones that were reached."""
    return tuple(found.name for found in judgement.milestones if found.reached)


def report_rows(
    trial_id: str,
    task_set: TaskSet,
    task: Task,
    claims: Sequence[Claim],
    agents: Iterable[Agent],
    steps: Sequence[Row],
    graded: bool,
) -> list[Row]:
    """The rows of `reports`: each claim, and the last words of nested agents that made none."""
    told = {id(claim.agent) for claim in claims}
    silent = [a for a in agents if a.message and a.parent is not None and id(a) not in told]
    rows = [
        _told(task_set, task, claim.agent, steps, claim.said)
        | {"step": claim.step, "at": claim.at, "reached": claim.reached}
        | {"reached_at_end": reached_now(claim.world, task, claim.said.answer) if graded else None}
        for claim in claims
    ]
    for agent in silent:
        rows.append(_told(task_set, task, agent, steps, Submission(_last_words(agent, steps))))
    return [
        {"trial_id": trial_id, "report": number, **row, **_judged(row, task.solvable, graded)}
        for number, row in enumerate(rows)
    ]


def _told(
    task_set: TaskSet, task: Task, agent: Agent, steps: Sequence[Row], said: Submission
) -> Row:
    brief = brief_of(agent, steps)
    return {
        "agent": agent.name,
        "parent": agent.parent,
        "brief": brief,
        "text": said.answer,
        "status": said.status,
        "covers": None if brief is None else list(task_set.covers(task, brief)),
    }


def _judged(row: Row, solvable: bool, graded: bool) -> Row:
    covers: list[str] = row["covers"] or []
    judged: Row = {}
    for then, verdict in (("reached", "held"), ("reached_at_end", "held_at_end")):
        there = row.get(then)
        judged[then] = None if there is None else [name for name in covers if name in there]
        judged[verdict] = held(row["status"], covers, there, solvable)
    return judged if graded else judged | {"held_at_end": None}


def brief_of(agent: Agent, steps: Sequence[Row]) -> str | None:
    """What an agent was asked for: the last thing that it was told before its first reply."""
    first = next((s for s in steps if s["kind"] == "model" and s["agent"] == agent.name), None)
    prompt: list[dict[str, Any]] = json.loads(first["prompt"]) if first else []
    told = [message["content"] for message in prompt if message["role"] == "human"]
    return told[-1] if told else None


def _last_words(agent: Agent, steps: Sequence[Row]) -> str | None:
    replies = [s["reply"] for s in steps if s["kind"] == "model" and s["agent"] == agent.name]
    last = next((reply for reply in reversed(replies) if reply is not None), None)
    if last is None:
        return None
    try:
        return str(json.loads(last)["content"])
    except (ValueError, KeyError, TypeError):
        return str(last)
