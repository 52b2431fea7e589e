"""What can the simulated model not play, and who works without the rules of the work?"""

import json
from collections import Counter
from typing import Any

from experiments.graph_check.answer import Finding, many, named
from experiments.graph_check.trials import TOO, Evidence, Played
from experiments.loading import load_task_set
from tasks.distractors import distractors

SUBMIT = "submit"


def simulated(seen: Evidence) -> Finding:
    """What can the simulated model not play?"""
    reasons = Counter(why for one in seen.whole for why in lost(one))
    if reasons:
        whose = sorted(
            {
                s["agent"].removesuffix(TOO)
                for one in seen.whole
                for s in one.steps("model")
                if s.get("not_understood")
            }
        )
        says = (
            f"The simulated model did not understand {many(sum(reasons.values()), 'call')} "
            f"of {named(whose)}: {reasons.most_common(1)[0][0]}."
        )
        change = (
            "Tell each agent its whole work in one message, in the words of the task; or compare "
            "this graph on real models only."
        )
        return Finding("simulated model", False, says, change)
    idle = sorted({tool.removesuffix(TOO) for tool in _offered(seen)} - _called(seen))
    if idle:
        says = f"It never calls {named(idle)}: what they would bring or cost is not in any number."
        return Finding("simulated model", None, says)
    return Finding("simulated model", True, "It understood every message and used every tool.")


def lost(one: Played) -> list[str]:
    """Why the simulated model did not understand, for each call where it did not."""
    return [why for step in one.steps("model") if (why := step.get("not_understood"))]


def _offered(seen: Evidence) -> set[str]:
    """The tools of the graph's own that its models were offered."""
    named: set[str] = set()
    for one in seen.whole:
        for step in one.steps("model"):
            if step["tools"] and not step["tools"].isdigit():
                tools = json.loads(step["tools"])
                named |= {tool.get("function", tool)["name"] for tool in tools}
    return named - _of_work(seen)


def _of_work(seen: Evidence) -> set[str]:
    sets = {one.spec.task_set: one.spec.settings for one in seen.whole}
    tools = {
        tool.name
        for name, settings in sets.items()
        for tool in (*load_task_set(name).tools(settings), *distractors(settings))
    }
    return tools | {SUBMIT}


def _called(seen: Evidence) -> set[str]:
    return {step["tool"].removesuffix(TOO) for one in seen.whole for step in one.steps("tool")}


def instructions(seen: Evidence) -> Finding:
    """Is everyone who uses the work's tools told how the work is done?"""
    untold: set[str] = set()
    for one in seen.perfect:
        told = load_task_set(one.spec.task_set).instructions(one.spec.settings)
        users = {s["agent"] for s in one.steps("tool") if s["tool"] != SUBMIT}
        knows = {
            s["agent"]
            for s in one.steps("model")
            if any(told in _text(m) for m in json.loads(s["prompt"]))
        }
        untold |= {agent for agent in users - knows if _works(one, agent, seen)}
    if not untold:
        says = "Everyone who uses the tools of the work is told its rules."
        return Finding("instructions", True, says)
    says = f"{named(untold)} use the tools of the work without being told its rules."
    change = "Put seat.instructions into the system prompt of each agent."
    return Finding("instructions", False, says, change)


def _works(one: Played, agent: str, seen: Evidence) -> bool:
    work = _of_work(seen) - {SUBMIT}
    return any(s["tool"] in work for s in one.steps("tool") if s["agent"] == agent)


def _text(message: dict[str, Any]) -> str:
    content = message.get("content")
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
