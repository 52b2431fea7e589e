"""Tasks made from the library: their words, their goal and a reference solution."""

from collections.abc import Mapping, Sequence

from tasks.judging import Goal, answer_goal
from tasks.refused import Refused
from tasks.solution import CANNOT_BE_DONE, Effect, answered
from tasks.stdlib.library import library, unaltered
from tasks.stdlib.lookups import CALLS_A_LOOKUP, Lookup, lookups
from tasks.stdlib.wording import closing_line, item_line, opening_lines
from tasks.task import Settings, Split, Task, block_name, cannot_be_done, luck

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
    wrong = cannot_be_done(NAME, split, index, ("missing", "contradiction"))
    lines = [
        item_line(label, lookup, naming, phrasing)
        for label, lookup, naming in zip(labels, asked, namings, strict=True)
    ]
    if wrong == "missing":
        lines[0] = lines[0].replace(f"`{asked[0].named}`", f"`{_missing(asked[0], split, index)}`")
    combination = luck(NAME, split, index, "combination").choice(("total", "most"))
    opening = opening_lines(phrasing, families, wrong == "contradiction")
    open_pairs = coupled if phrasing == "underspecified" else frozenset[int]()
    right = {
        label: [
            asked[place].said(way) for way in (STYLES if place // 2 in open_pairs else (style,))
        ]
        for place, (label, style) in enumerate(zip(labels, styles, strict=True))
    }
    right[combination] = [_combined(combination, labels, asked)]
    alike = [labels[2 * pair : 2 * pair + 2] for pair in sorted(open_pairs)]
    goal = answer_goal(right, alike, {combination: "combination"})
    return Task(
        task_set=NAME,
        block=block_name(split, index),
        split=split,
        settings=dict(settings),
        instruction="\n".join([*opening, *lines, closing_line(combination, phrasing)]),
        image=unaltered(),
        goal=Goal(status="blocked") if wrong else goal,
        solution=_solution(asked, right, bool(wrong)),
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


def _solution(
    asked: Sequence[Lookup], right: Mapping[str, Sequence[str]], wrong: bool
) -> tuple[Effect, ...]:
    if wrong:
        return (*asked[0].steps()[: CALLS_A_LOOKUP - 1], CANNOT_BE_DONE)
    steps = [step for lookup in asked for step in lookup.steps()]
    return (*steps, answered({label: ways[0] for label, ways in right.items()}))
