"""All that a few simulated trials say of someone's graph."""

from collections import Counter

from experiments.graph_check.answer import Finding, many, named
from experiments.graph_check.credit import calls, conflicts, tokens
from experiments.graph_check.laws import endings, perfect, relabelling
from experiments.graph_check.playing import instructions, simulated
from experiments.graph_check.trials import TOO, Evidence


def findings(seen: Evidence) -> list[Finding]:
    """All answers, in the order of the questions; where nothing runs there is only the first."""
    ran = runs(seen)
    if all(one.trial["ended"] == "crashed" for one in seen.whole):
        return [ran]
    return [ran, *(ask(seen) for ask in QUESTIONS)]


def runs(seen: Evidence) -> Finding:
    """Does it run?"""
    crashed = [one for one in seen.whole if one.trial["ended"] == "crashed"]
    if not crashed:
        says = f"All {len(seen.whole)} trials came to their end."
        return Finding("runs", True, says)
    why, alike = Counter(one.trial["crash"] for one in crashed).most_common(1)[0]
    says = f"{len(crashed)} of {len(seen.whole)} trials crashed, {alike} of them with: {why}"
    return Finding("runs", False, says, "Mend that first: what crashes is not graded.")


def agents(seen: Evidence) -> Finding:
    """Who are its agents?"""
    one = seen.perfect[0]
    calls = Counter((s["agent"], s["parent"]) for s in one.steps("model"))
    listed = [
        f"{name}{f' (of {above})' if above else ''}, {many(n, 'call')}"
        for (name, above), n in calls.items()
    ]
    says = f"{many(len(listed), 'agent')} on {one.spec.task_set}: {'; '.join(listed)}."
    active = {s["agent"].removesuffix(TOO) for one in seen.whole for s in one.steps("model")}
    if idle := seen.seats - active:
        says += f" In no trial did {named(idle)} ask a model."
        change = (
            "Seat only who works; or, if a tool leads there, see under simulated model: what was "
            "never played cannot be compared."
        )
        return Finding("agents", False, says, change)
    return Finding("agents", True, says)


QUESTIONS = (
    agents,
    calls,
    tokens,
    conflicts,
    perfect,
    relabelling,
    endings,
    instructions,
    simulated,
)
