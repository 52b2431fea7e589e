"""Tasks made from the library: their words, their goal and a reference solution."""

from collections.abc import Sequence

from tasks.judging import Goal, MilestoneGoal, RowChange, said
from tasks.refused import Refused
from tasks.stdlib.library import library, unaltered
from tasks.stdlib.lookups import CALLS_A_LOOKUP, Lookup, lookups
from tasks.stdlib.wording import closing_line, item_line, opening_lines
from tasks.task import Effect, Settings, Split, Task, block_name, is_temptation, luck

NAME = "stdlib"
STYLES = ("qualified", "bare")
MOST_PAIRS = 32


def make(settings: Settings, split: Split, index: int) -> Task:
    """The base task `index` at these settings (all dials given).

    `Refused` if a coupling above 0 leaves no coupled pair at this width.
    """
    width, phrasing = int(settings["width"]), str(settings["phrasing"])
    coupled = coupled_pairs(width, float(settings["coupling"]), split, index)
    asked = lookups(split, index, width)
    labels = [f"L{place}" for place in range(1, width + 1)]
    # Both of a pair have one style whether or not they are coupled, so that answers stay the same.
    styles = [luck(NAME, split, index, "style", i // 2).choice(STYLES) for i in range(width)]
    families = {
        f"F{pair + 1}": "" if phrasing == "underspecified" else styles[2 * pair]
        for pair in sorted(coupled)
    }
    namings = [
        f"F{place // 2 + 1}" if place // 2 in coupled else styles[place] for place in range(width)
    ]
    wrong = _what_is_wrong(split, index)
    lines = [
        item_line(label, lookup, naming, phrasing)
        for label, lookup, naming in zip(labels, asked, namings, strict=True)
    ]
    if wrong == "missing":
        lines[0] = lines[0].replace(f"`{asked[0].named}`", f"`{_missing(asked[0], split, index)}`")
    combination = luck(NAME, split, index, "combination").choice(("total", "most"))
    opening = opening_lines(phrasing, families, wrong == "contradiction")
    combined = _combined(combination, labels, asked)
    open_pairs = coupled if phrasing == "underspecified" else frozenset[int]()
    if wrong:
        goal = Goal(status="blocked")
    else:
        goal = _goal(labels, asked, styles, open_pairs, (combination, combined))
    answer = [f"{label}: {a.said(s)}" for label, a, s in zip(labels, asked, styles, strict=True)]
    for pair in open_pairs:
        for place in (2 * pair, 2 * pair + 1):
            answer[place] = f"{labels[place]}: {asked[place].said(STYLES[0])}"
    answer.append(f"{combination}: {combined}")
    return Task(
        task_set=NAME,
        block=block_name(split, index),
        split=split,
        settings=dict(settings),
        instruction="\n".join([*opening, *lines, closing_line(combination, phrasing)]),
        image=unaltered(),
        goal=goal,
        solution=_solution(asked, answer, bool(wrong)),
        effective_coupling=2 * len(coupled) / width,
    )


def coupled_pairs(width: int, coupling: float, split: Split, index: int) -> frozenset[int]:
    """Which pairs (0 is L1 and L2) must agree; more coupling adds pairs and drops none."""
    pairs = width // 2
    wanted = min(pairs, int(coupling * width / 2 + 0.5))
    if coupling > 0 and wanted == 0:
        raise Refused(
            f"{NAME}: coupling {coupling:g} at width {width} couples no pair of lookups; "
            f"raise width or coupling, or set coupling to 0"
        )
    order = [pair for pair in _pair_order(split, index) if pair < pairs]
    return frozenset(order[:wanted])


def _pair_order(split: Split, index: int) -> list[int]:
    order = list(range(MOST_PAIRS))
    luck(NAME, split, index, "pairs").shuffle(order)
    return order


def _what_is_wrong(split: Split, index: int) -> str:
    if not is_temptation(NAME, split, index):
        return ""
    return luck(NAME, split, index, "wrong").choice(("missing", "contradiction"))


def _missing(lookup: Lookup, split: Split, index: int) -> str:
    """A name like the one asked for that the library does not have."""
    endings = ["_all", "_many", "_into", "_lines", "_safely", "_once"]
    if lookup.kind == "class":
        endings = ["Group", "Batch", "Register", "Bundle", "Broker", "Ledger"]
    luck(NAME, split, index, "missing").shuffle(endings)
    names = [lookup.named + ending for ending in endings]
    return next(name for name in names if library().row(name) is None)


def _combined(combination: str, labels: list[str], asked: Sequence[Lookup]) -> str:
    counts = [lookup.count for lookup in asked]
    return str(sum(counts)) if combination == "total" else labels[counts.index(max(counts))]


def _goal(
    labels: list[str],
    asked: Sequence[Lookup],
    styles: list[str],
    open_pairs: frozenset[int],
    combined: tuple[str, str],
) -> Goal:
    facts: list[RowChange] = []
    milestones: list[MilestoneGoal] = []
    for place, (label, lookup, style) in enumerate(zip(labels, asked, styles, strict=True)):
        allowed = STYLES if place // 2 in open_pairs else (style,)
        ways = tuple((said(label, lookup.said(way)),) for way in allowed)
        milestones.append(MilestoneGoal(label, ways))
        if len(ways) == 1:
            facts.extend(ways[0])
    either = tuple(
        tuple(
            tuple(said(labels[place], asked[place].said(way)) for place in (2 * pair, 2 * pair + 1))
            for way in STYLES
        )
        for pair in sorted(open_pairs)
    )
    facts.append(said(*combined))
    milestones.append(MilestoneGoal("combination", ((said(*combined),),)))
    return Goal(tuple(facts), either, tuple(milestones))


def _solution(asked: Sequence[Lookup], answer: list[str], wrong: bool) -> tuple[Effect, ...]:
    if wrong:
        steps = asked[0].steps()[: CALLS_A_LOOKUP - 1]
        ending = {"answer": "This cannot be done as asked.", "status": "blocked"}
    else:
        steps = [step for lookup in asked for step in lookup.steps()]
        ending = {"answer": "\n".join(answer), "status": "done"}
    return (*steps, Effect("submit", {**ending, "confidence": 1.0}))
