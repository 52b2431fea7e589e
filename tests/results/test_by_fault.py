"""Faults beside faultless twins: what was noticed, recovered, told, and what harm was left."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from results.records import frame
from results.resilience.by_fault import BY_KIND, BY_PLACE, by_firing, by_plan, faulted_trials
from results.resilience.faultless import doubled_effects, with_twins
from results.resilience.noticed import firings

from .conftest import MadeRun

Row = dict[str, Any]
SELL = {"customer": "C7", "product": "P3", "quantity": 2}


@dataclass
class Trace:
    """A trial written by hand: its messages, each a text and calls (tool, arguments, op or None).

    `op` is what the call did to row C7 of `sales`; a call with `fault` set is where one fired.
    """

    messages: list[tuple[str, list[tuple[str, Row, str | None]]]]
    fault: tuple[int, int] | None = None
    effect: str = "reached"
    trial: Row = field(default_factory=dict[str, Any])


def made(*pairs: tuple[Trace, Trace | None], topology: str = "a") -> MadeRun:
    """A run of trials with faults, each beside its faultless twin; one task each."""
    trials: list[Row] = []
    steps: list[Row] = []
    accesses: list[Row] = []
    for task, pair in enumerate(pairs):
        for trace, plan in zip(pair, ("lost", None), strict=True):
            if trace is None:
                continue
            name = f"{topology}/{task}/{plan}"
            row = {"trial_id": name, "sweep": "s", "topology": topology, "task_set": "set"}
            row |= {"task": f"t{task}", "block": f"t{task}", "settings": "{}", "model": "m"}
            row |= {"models": "{}", "simulated": False, "trial": 0, "ended": "completed"}
            row |= {"faults": plan, "passed": True, "status": "done", "answer": "sold"}
            row |= {"broken_invariants": [], "prompt_tokens": 100, "completion_tokens": 10}
            trials.append(row | {"seconds": 5.0} | trace.trial)
            _add(name, trace, steps, accesses)
    return MadeRun(
        Path("made"),
        {},
        frame("trials", trials),
        frame("steps", steps),
        frame("accesses", accesses),
        frame("milestones", []),
    )


def _add(name: str, trace: Trace, steps: list[Row], accesses: list[Row]) -> None:
    at = 0
    for message, (text, calls) in enumerate(trace.messages, 1):
        own = {"trial_id": name, "agent": "agent", "message": message}
        steps.append(own | {"step": at, "kind": "model", "reply": text})
        at += 1
        for number, (tool, arguments, op) in enumerate(calls):
            row = own | {"step": at, "kind": "tool", "tool": tool}
            row |= {"arguments": json.dumps(arguments)}
            if trace.fault == (message, number):
                row |= {"fault": "lost_reply", "fault_kind": "explicit, after"}
                row |= {"fault_lasts": "transient", "fault_place": "early"}
                row |= {"fault_attempt": 1, "fault_effect": trace.effect}
            steps.append(row)
            if op is not None:
                access = {"trial_id": name, "access": len(accesses), "step": at, "op": op}
                access |= {"agent": "agent", "table": "sales", "key": f"C{len(accesses)}"}
                accesses.append(access | {"predicate": False, "undone": False})
            at += 1


LOOK = ("get_sales", {"customer": "C7"}, "read")
OTHER = ("get_sales", {"customer": "C9"}, "read")
SOLD = ("sell", SELL, "write")
DONE = ("submit", {"answer": "sold", "status": "done"}, None)
TWIN = Trace([("", [SOLD]), ("", [OTHER]), ("", [DONE])])

PLANTED = {
    "tried again": Trace([("", [SOLD]), ("", [SOLD]), ("", [DONE])], (1, 0)),
    "checked": Trace([("", [SOLD]), ("", [LOOK]), ("", [DONE])], (1, 0)),
    "asked": Trace([("", [SOLD]), ("Was C7 sold to?", []), ("", [DONE])], (1, 0)),
    "escalated": Trace(
        [("", [SOLD]), ("", [("submit", {"answer": "", "status": "blocked"}, None)])], (1, 0)
    ),
    "said so": Trace([("", [SOLD]), ("The sale timed out.", [OTHER]), ("", [DONE])], (1, 0)),
    "nothing": Trace([("", [SOLD]), ("", [OTHER]), ("", [DONE])], (1, 0)),
    "too late": Trace([("", [SOLD]), ("", [OTHER]), ("", [OTHER]), ("", [LOOK])], (1, 0)),
    "something else": Trace(
        [("", [SOLD]), ("", [("get_sales", {"customer": "C8"}, "read")]), ("", [DONE])], (1, 0)
    ),
}
UNNOTICED = ("nothing", "too late", "something else")


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_reaction_is_noticed_by_its_name_and_no_other_is(name: str) -> None:
    run = made((PLANTED[name], TWIN))
    (row,) = firings(with_twins(run.trials), run.steps, run.accesses).to_dicts()
    assert row["act"] == (None if name in UNNOTICED else name)
    assert row["noticed"] == (name not in UNNOTICED)


def test_a_read_whose_fault_is_noticed_is_read_again_by_another_tool() -> None:
    find = ("find_sales", {"of": "C7"}, "read")
    faulted = Trace([("", [LOOK]), ("", [find]), ("", [SOLD])], (1, 0))
    run = made((faulted, Trace([("", [LOOK]), ("", [SOLD])])))
    (row,) = firings(with_twins(run.trials), run.steps, run.accesses).to_dicts()
    assert row["act"] == "read again"


def test_what_the_twin_did_as_well_is_no_reaction() -> None:
    checks = Trace([("", [SOLD]), ("", [LOOK]), ("", [DONE])])
    run = made((Trace(checks.messages, (1, 0)), checks))
    (row,) = firings(with_twins(run.trials), run.steps, run.accesses).to_dicts()
    assert row["noticed"] is False


@pytest.mark.parametrize(("effect", "twin"), [("fired", TWIN), ("reached", None), ("armed", TWIN)])
def test_what_reached_nobody_or_has_no_twin_is_neither_noticed_nor_missed(
    effect: str, twin: Trace | None
) -> None:
    run = made((Trace(PLANTED["tried again"].messages, (1, 0), effect), twin))
    (row,) = firings(with_twins(run.trials), run.steps, run.accesses).to_dicts()
    assert row["noticed"] is None


def test_an_effect_is_doubled_where_the_same_call_wrote_more_rows_than_in_the_twin() -> None:
    run = made((PLANTED["tried again"], TWIN), (PLANTED["checked"], TWIN))
    found = doubled_effects(with_twins(run.trials), run.steps, run.accesses)
    assert dict(found.iter_rows()) == {"a/0/lost": 1, "a/1/lost": 0}


def test_a_fault_that_did_not_fire_is_no_fault_survived() -> None:
    run = made((Trace(PLANTED["nothing"].messages, (1, 0), "armed"), TWIN))
    (row,) = by_plan(run).to_dicts()
    assert (row["trials"], row["armed"], row["fired"], row["hit"]) == (1, 1, 0, 0)
    for name in ("noticed", "recovered", "told", "harm", "change", "tokens_ratio"):
        assert row[name] is None, name
    assert row["over_all"] == 1


def outcomes() -> MadeRun:
    """Four hit trials: one retried and doubled, one checked, one told, one silent; one not hit."""
    doubled = Trace(PLANTED["tried again"].messages, (1, 0), trial={"passed": False})
    checked = Trace(PLANTED["checked"].messages, (1, 0), trial={"prompt_tokens": 210})
    told = {"passed": False, "status": "blocked", "answer": "The sale to C7 timed out"}
    escalated = Trace(PLANTED["escalated"].messages, (1, 0), trial=told)
    broken = {"passed": False, "broken_invariants": ["oversold"]}
    silent = Trace(PLANTED["nothing"].messages, (1, 0), trial=broken)
    spared = Trace(TWIN.messages)
    return made(*((trace, TWIN) for trace in (doubled, checked, escalated, silent, spared)))


def test_noticed_recovered_told_and_harm_are_facts_of_their_own() -> None:
    (row,) = by_plan(outcomes()).to_dicts()
    assert (row["trials"], row["hit"], row["judged"]) == (5, 4, 4)
    assert (row["noticed"], row["recovered"], row["told"], row["harm"]) == (0.75, 0.25, 0.25, 0.5)
    assert (row["doubled"], row["broken"]) == (1, 1)
    assert row["over_all"] == pytest.approx(0.4)
    assert (row["twins"], row["twins_passed"], row["change"]) == (4, 4, -0.75)
    assert row["change_low"] <= row["change"] <= row["change_high"]
    assert row["tokens_ratio"] == pytest.approx((3 * 110 + 220) / 440)
    assert row["recovered_low"] < 0.25 < row["recovered_high"]


def test_outcomes_are_told_by_kind_and_by_place() -> None:
    for of, value in ((BY_KIND, "transient"), (BY_PLACE, "early")):
        (row,) = by_firing(outcomes(), of).to_dicts()
        assert (row["fault_kind"], row[of[1]]) == ("explicit, after", value)
        assert (row["trials"], row["hit"], row["recovered"]) == (4, 4, 0.25)


def test_an_invariant_that_the_twin_breaks_too_is_no_harm_of_the_fault() -> None:
    broken = {"broken_invariants": ["oversold"]}
    twin = Trace(TWIN.messages, trial=broken)
    run = made((Trace(PLANTED["nothing"].messages, (1, 0), trial=broken), twin))
    assert faulted_trials(run)["harm"].to_list() == [False]


def test_a_run_without_faults_has_no_rows() -> None:
    run = outcomes()
    none = MadeRun(
        run.folder,
        {},
        run.trials.filter(pl.col("faults").is_null()),
        run.steps,
        run.accesses,
        run.milestones,
    )
    assert by_plan(none).is_empty()
    assert by_firing(none, BY_KIND).is_empty()
