"""The verdict table at its edges: what is judged where a rate, a price or a bound is at its end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from results.questions.verdict.contrast import Verdict
from results.questions.verdict.decision import Bounds, decide
from results.questions.verdict.harms import Harm
from results.questions.verdict.verdict import verdicts
from results.rules import Rules, stated

from .conftest import made_trials

FAN_OUT, SINGLE = "fan out", "stay single"
NO_DIFFERENCE, OPEN = "no difference worth its cost", "not enough evidence"

NEVER, ONCE, OFTEN, ALWAYS = [0] * 40, [1, *[0] * 39], [5, 6, 4, 5] * 10, [6] * 40


@dataclass(frozen=True)
class Edge:
    """40 tasks x 6 trials: passes of each task, dollars of a trial, share of broken invariants."""

    single: list[int]
    team: list[int]
    verdict: str
    says: str
    dollars: tuple[float | None, float | None] = (0.01, 0.01)
    broken: tuple[float, float] = (0.0, 0.0)
    rules: Mapping[str, float] = field(default_factory=dict[str, float])


EDGES = {
    "a reference that passes 1 of 240": Edge(ONCE, OFTEN, FAN_OUT, "0.01x the dollars"),
    "a reference that passes 0 of 240": Edge(NEVER, OFTEN, FAN_OUT, "0.00x the dollars"),
    "a team that passes 0 of 240": Edge(OFTEN, NEVER, SINGLE, "infinitely more dollars"),
    "neither ever passes": Edge(NEVER, NEVER, NO_DIFFERENCE, "neither passed a trial"),
    "both always pass": Edge(
        ALWAYS, ALWAYS, NO_DIFFERENCE, "all of it within the 15", rules={"margin": 0.15}
    ),
    "a team that is free": Edge(NEVER, OFTEN, FAN_OUT, "0.00x the dollars", (0.01, 0.0)),
    "a single that is free": Edge(NEVER, OFTEN, OPEN, "has no cost per pass", (0.0, 0.01)),
    "a single that is free and passes": Edge(
        ONCE, OFTEN, SINGLE, "single_thread is free", (0.0, 0.01)
    ),
    "both are free": Edge(ONCE, OFTEN, FAN_OUT, "Both are free", (0.0, 0.0)),
    "no price is known": Edge(ONCE, OFTEN, FAN_OUT, "dollars are not known", (None, None)),
    "the team breaks invariants": Edge(ONCE, OFTEN, SINGLE, "harm is shown.", broken=(0.0, 0.5)),
    "single breaks them more often": Edge(
        ONCE, OFTEN, OPEN, "staying with it would not mend that", broken=(0.8, 0.5)
    ),
    "single breaks them as often": Edge(
        ONCE, OFTEN, OPEN, "staying with it would not mend that", broken=(0.5, 0.5)
    ),
    "single breaks them too, less often": Edge(
        ONCE, OFTEN, SINGLE, "harm is shown.", broken=(0.3, 0.8)
    ),
    "only single breaks them": Edge(
        ONCE, OFTEN, FAN_OUT, "shown to be above what is tolerated", broken=(0.8, 0.0)
    ),
    "single breaks them and the team loses": Edge(
        OFTEN, ONCE, SINGLE, "a loss of more than", broken=(0.8, 0.5)
    ),
}


def judged(edge: Edge) -> Verdict:
    at = {"single_thread": 0, "team": 1}
    trials = made_trials(
        {
            name: [[trial < c for trial in range(6)] for c in passes]
            for name, passes in (("single_thread", edge.single), ("team", edge.team))
        },
        dollars=lambda name, _, __: edge.dollars[at[name]],
        broken_invariants=lambda name, task, trial: (
            ["oversold"] if (task + 2 * trial) % 10 < 10 * edge.broken[at[name]] else []
        ),
    )
    manifest: dict[str, Any] = {"thresholds": dict(edge.rules)}
    (found,) = verdicts(trials, stated(manifest, ["single_thread", "team"], "single_thread", 6))
    return found


@pytest.mark.parametrize("edge", EDGES.values(), ids=EDGES)
def test_at_the_edges_of_the_table(edge: Edge) -> None:
    found = judged(edge)
    assert found.verdict == edge.verdict
    assert edge.says in " ".join(found.reasons)


def test_a_bound_that_both_break_is_told_as_such_and_not_as_a_lack_of_trials() -> None:
    (told,) = judged(EDGES["single breaks them more often"]).changes
    assert "it takes a topology that keeps the bound, or another bound" in told


shares = st.floats(0, 1)


@given(shares, shares, shares, shares)
@settings(deadline=None, max_examples=200)
def test_a_bound_that_single_breaks_more_often_is_never_why_to_stay_single(
    rate: float, worse: float, low: float, tolerated: float
) -> None:
    team, single = sorted((rate, worse))
    harm = Harm(
        "broken_invariants", "broke", tolerated, team, low * team, 1.0, reference_rate=single
    )
    assert decide(Bounds(0.2, 0.4, 0.5, 0.9, (harm,)), Rules()) != SINGLE


def alone(single: int, team: int, n: int = 40, **fields: Any) -> Verdict:
    """The verdict on one task of so many trials, and passes of each side."""
    outcomes = {
        name: [[trial < c for trial in range(n)]]
        for name, c in (("single", single), ("team", team))
    }
    trials = made_trials(outcomes, **fields)
    (found,) = verdicts(trials, stated({}, ["single", "team"], "single", n))
    return found


@pytest.mark.parametrize(
    ("single", "team", "on_these"),
    [(40, 1, SINGLE), (1, 40, FAN_OUT), (20, 21, OPEN), (40, 40, OPEN)],
)
def test_one_task_is_judged_for_itself_and_for_no_other(
    single: int, team: int, on_these: str
) -> None:
    found = alone(single, team)
    assert (found.verdict, found.on_these) == (OPEN, on_these)
    assert f"{OPEN} for tasks like these, {on_these} for these tasks alone" in found.headline


def test_what_decides_for_these_tasks_alone_are_their_own_cost_and_harm() -> None:
    broken = alone(
        1, 40, broken_invariants=lambda name, _, __: ["oversold"] if name == "team" else []
    )
    assert broken.on_these == SINGLE
    dear = alone(
        5, 40, dollars=lambda name, _, trial: (0.01 if name[0] == "s" else 1) + trial / 1e4
    )
    assert dear.on_these == SINGLE
    unknown = alone(1, 40, dollars=None, prompt_tokens=None)
    assert unknown.on_these == OPEN


def test_many_tasks_decide_for_themselves_before_they_speak_of_others() -> None:
    outcomes = {
        "single_thread": [[True] * 20] * 2 + [[False] * 20],
        "team": [[False] * 20] * 2 + [[False] * 20],
    }
    (found,) = verdicts(made_trials(outcomes), stated({}, [*outcomes], "single_thread", 20))
    assert (found.verdict, found.on_these) == (OPEN, SINGLE)
