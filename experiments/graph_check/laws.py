"""Do the laws hold: a perfect worker, other names, the endings?"""

from collections import Counter
from typing import Any

from experiments.graph_check.answer import Finding, many, named
from experiments.graph_check.playing import lost
from experiments.graph_check.trials import TOO, Evidence, Played


def perfect(seen: Evidence) -> Finding:
    """Does a worker without errors do all of the work?"""
    failed = [one for one in seen.perfect if one.trial["passed"] is False]
    if not failed:
        says = f"A worker without errors passes all {len(seen.perfect)} trials."
        return Finding("perfect worker", True, says)
    where = ", ".join(sorted({one.spec.task_set for one in failed}))
    missed = Counter(str(one.trial["first_missed"]) for one in failed).most_common(1)[0][0]
    says = (
        f"A worker without errors fails {len(failed)} of {len(seen.perfect)} trials ({where}); "
        f"the first thing missed is {missed}."
    )
    twice = sorted({name for one in failed for name in _twice(one)})
    if any(map(lost, failed)):
        change = "It was not understood: see under simulated model. No comparison means anything."
    elif twice:
        says += f" More than one agent made one and the same call of {named(twice)}."
        change = (
            "Let one agent write: seat the others with writes=False, or with private=True and "
            "carry out what is chosen."
        )
    else:
        change = (
            "Something is lost between the task and the one who does it: hand on the whole text "
            "of the task, or of its part, and hand back what was reported."
        )
    return Finding("perfect worker", False, says, change)


def relabelling(seen: Evidence) -> Finding:
    """Does the same trial give the same record, whatever things are called?"""
    first = seen.perfect[0]
    if _whole(first) != _whole(seen.again):
        says = "The same trial gives another record the second time."
        change = "Keep nothing between trials, and draw on no clock, thread or random number."
        return Finding("relabelling", False, says, change)
    if _deeds(first) != _deeds(seen.renamed):
        says = "With other names for the same agents other things are done."
        change = "Decide nothing by the name of a seat; call seats differently only for the reader."
        return Finding("relabelling", False, says, change)
    says = "The same trial under another name, with other names for all agents, does the same."
    return Finding("relabelling", True, says)


def _twice(one: Played) -> set[str]:
    """The tools that more than one agent called to write, with the same arguments."""
    wrote = {row["step"] for row in one.record["accesses"] if row["op"] != "read"}
    calls = {
        (s["tool"], s["arguments"], s["agent"]) for s in one.steps("tool") if s["step"] in wrote
    }
    alike = Counter((tool, arguments) for tool, arguments, _ in calls)
    return {tool for (tool, _), agents in alike.items() if agents > 1}


def _whole(one: Played) -> Any:
    """The record but for what names the topology."""
    frames = (one.record[name] for name in ("trials", "steps", "accesses", "milestones"))
    named_by = ("trial_id", "topology")
    return [
        [{k: v for k, v in row.items() if k not in named_by} for row in rows] for rows in frames
    ]


def _deeds(one: Played) -> Any:
    """What was done, with each agent called by its place among those who acted."""
    ended = {key: one.trial[key] for key in ("ended", "passed", "model_calls", "agents", "status")}
    acted = list(dict.fromkeys(step["agent"] for step in one.record["steps"]))
    numbers = {name: f"<{place}>" for place, name in enumerate(acted)}

    def unnamed(text: str) -> str:
        for name in sorted(acted, key=len, reverse=True):
            for called in (name, name.removesuffix(TOO)):
                text = text.replace(called, numbers[name])
        return text

    done = [
        (numbers[s["agent"]], unnamed(s["tool"]), unnamed(s["arguments"]), s["message"])
        for s in one.steps("tool")
    ]
    return ended, done


def endings(seen: Evidence) -> Finding:
    """Does a submission end it, and a limit as a limit?"""
    cut = seen.cut.trial
    if cut["ended"] == "completed" and cut["model_calls"] < (seen.cut.spec.limits.model_calls or 0):
        says = f"It ends after {many(cut['model_calls'], 'model call')}, before any limit."
        return Finding("endings", None, says)
    if (cut["ended"], cut["limit"]) != ("limit", "model_calls"):
        says = f"Cut off after {many(seen.cut.requests, 'model call')} it ends as {cut['ended']}"
        says += f": {cut['crash']}" if cut["crash"] else "."
        change = "Let the kit's exceptions pass: catch what you know, not every Exception."
        return Finding("endings", False, says, change)
    silent = [one for one in seen.perfect if one.trial["status"] is None]
    if silent:
        says = (
            f"A limit ends it as a limit. Its first seat submits in "
            f"{len(seen.perfect) - len(silent)} of {len(seen.perfect)} trials; else the last "
            "message is the answer, so that no status or confidence is known."
        )
        change = "Seat first whoever is to answer, and give it its tool `submit`."
        return Finding("endings", None, says, change)
    return Finding("endings", True, "A submission ends it, and a limit ends it as a limit.")
