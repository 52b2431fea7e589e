"""A plan in words: what it takes, what the pilot can and cannot carry, and every way as a table."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from results.questions.plan.power import (
    LEAST_TASKS,
    MOST_TASKS,
    Option,
    power_at,
    tasks_needed,
    trials_needed,
)
from results.statistics import quantiles
from results.statistics.spread import Spread
from results.words import dollars, in_points, many, number

SIMULATED_PILOT = (
    "The pilot is simulated: its variance follows declared parameters. This plan sizes further "
    "simulated runs only; size a real run by a real pilot, of about 12 tasks x 4 trials."
)


@dataclass(frozen=True)
class Plan:
    """What one contrast takes: the `ways` to reach the power, the cheapest, and what to know."""

    label: str
    k: int
    difference: float
    power: float
    alpha: float
    ways: tuple[Option, ...]
    best: Option | None
    said: tuple[str, ...]


def pilot_notes(
    spread: Spread, pilot: tuple[int, int], difference: float, power: float, alpha: float
) -> Iterator[str]:
    """What the pilot says beside the plan; `pilot` is its base tasks and trials of each."""
    tasks, each = pilot
    trials = max(each, spread.k)
    now = power_at(spread, difference, tasks, trials, alpha) if tasks > 1 else 0.0
    yield (
        f"The pilot's own {tasks} tasks x {each} trials find this difference with a power of about "
        f"{100 * now:.0f}%."
    )
    more = trials_needed(spread, difference, tasks, power, alpha)
    wide = tasks_needed(spread, difference, trials, power, alpha)
    with_trials = (
        f"no number of trials on its {tasks} tasks reaches {100 * power:.0f}%"
        if more is None
        else f"its {tasks} tasks would need {more} trials each"
    )
    with_tasks = (
        f"more than {MOST_TASKS:,} tasks would be needed at {each} trials each"
        if wide is None
        else f"{wide} tasks would do at {trials} trials each"
    )
    word = "Tasks are cheaper" if wide is not None and _fewer(wide, trials, more, tasks) else None
    word = word or ("Trials are cheaper" if more is not None else "Trials alone will not do")
    yield f"{word}: {with_tasks}, and {with_trials}."
    upper = spread.variance(trials) * (tasks - 1) / quantiles.chi_square(0.1, tasks - 1)
    scale = upper / spread.variance(trials) if spread.variance(trials) > 0 else 1.0
    careful = None if wide is None else ceil(wide * scale)
    if spread.between == 0:
        yield (
            "The pilot shows no difference of gains between tasks beyond the luck of trials; so "
            "few tasks cannot rule one out, and ways with many trials on few tasks are hopeful."
        )
    if careful is not None and wide is not None:
        yield (
            f"A variance seen on {tasks} tasks is itself uncertain: at the upper end of its 80% "
            f"range it takes about {careful} tasks instead of {wide}."
        )


def _fewer(wide: int, trials: int, more: int | None, tasks: int) -> bool:
    return more is None or wide * trials <= tasks * more


def answer(k: int, difference: float, power: float, alpha: float, best: Option | None) -> str:
    """The plan in a sentence."""
    wanted = (
        f"a difference of {in_points(abs(difference))} points of pass^{k} with {100 * power:.0f}% "
        f"power at alpha {alpha:g}"
    )
    if best is None:
        return f"Even {MOST_TASKS:,} tasks do not find {wanted}."
    costs = [f"{number(best.runs)} trials in all"]
    if best.dollars is not None:
        costs.append(dollars(best.dollars))
    if best.hours is not None:
        costs.append(f"{best.hours:,.1f} hours")
    by = "dollars" if best.dollars is not None else "trials"
    least = " (the least that is planned)" if best.tasks == LEAST_TASKS else ""
    return (
        f"To find {wanted}, the cheapest in {by} is {best.tasks} tasks{least} x "
        f"{many(best.trials, 'trial')} for each topology: {', '.join(costs)}."
    )


def plan_text(plan: Plan) -> str:
    """The plan as Markdown: what it takes, every way to get there, and what to know."""
    lines = [f"**{plan.label}**", "", *(f"- {text}" for text in plan.said), ""]
    if plan.ways:
        lines += ["| trials each | tasks | power | trials in all | dollars | hours | |"]
        lines += ["|--:|--:|--:|--:|--:|--:|:--|"]
    for way in plan.ways:
        cells = (
            str(way.trials),
            number(way.tasks),
            f"{100 * way.power:.0f}%",
            number(way.runs),
            dollars(way.dollars),
            number(way.hours, 1),
            "cheapest" if way is plan.best else "",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
