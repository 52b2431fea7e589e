"""The checker finds an anomaly in just those histories that no serial order explains."""

from collections.abc import Iterable, Iterator
from itertools import permutations
from typing import Any, NamedTuple

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from results.conflicts import find_conflicts
from results.records import frame

pytestmark = pytest.mark.slow

ITEMS: tuple[str, ...] = ("x", "y", "P")
"""Two rows and, in capitals, a predicate."""


class Op(NamedTuple):
    """One access of a transaction; `version` is filled in when the history is played."""

    write: bool
    key: str
    version: int = 0


class Txn(NamedTuple):
    agent: int
    hold: int
    aborted: bool
    ops: tuple[Op, ...]


History = list[tuple[int, Op]]
"""The operations in the order of time, each with the number of its transaction."""


@st.composite
def plans(draw: st.DrawFn, aborts: bool = True) -> list[Txn]:
    ops = st.builds(Op, st.booleans(), st.sampled_from(ITEMS))
    agents = draw(st.lists(st.integers(0, 2), min_size=2, max_size=4))
    return [
        Txn(
            agent,
            agents[:number].count(agent),
            aborts and draw(st.integers(0, 5)) == 0,
            tuple(draw(st.lists(ops, min_size=1, max_size=4))),
        )
        for number, agent in enumerate(agents)
    ]


@st.composite
def interleaved(draw: st.DrawFn) -> tuple[list[Txn], History]:
    """One world, holds of an agent in their order, else any interleaving of transactions."""
    plan = draw(plans())
    left = {number: len(txn.ops) for number, txn in enumerate(plan)}
    order: list[int] = []
    while left:
        ready = [
            number
            for number in left
            if not any(plan[other].agent == plan[number].agent for other in left if other < number)
        ]
        number = draw(st.sampled_from(ready))
        order.append(number)
        left[number] -= 1
        if not left[number]:
            del left[number]
    return played(plan, order)


def played(plan: list[Txn], order: Iterable[int]) -> tuple[list[Txn], History]:
    """What each read sees if the operations run in this order; undone when an aborted one ends."""
    at = dict.fromkeys(range(len(plan)), 0)
    newest = dict.fromkeys(ITEMS, 0)
    standing: dict[str, list[tuple[int, int]]] = {key: [] for key in ITEMS}
    history: History = []
    for number in order:
        op = plan[number].ops[at[number]]
        at[number] += 1
        if op.write:
            newest[op.key] += 1
            standing[op.key].append((newest[op.key], number))
        version = standing[op.key][-1][0] if standing[op.key] else 0
        history.append((number, op._replace(version=version)))
        if plan[number].aborted and at[number] == len(plan[number].ops):
            for key, versions in standing.items():
                standing[key] = [entry for entry in versions if entry[1] != number]
    return plan, history


@st.composite
def replicated(draw: st.DrawFn) -> tuple[list[Txn], History]:
    """Any versions at all: what several copies of a world could show."""
    plan = draw(plans())
    history = [(number, op) for number, txn in enumerate(plan) for op in txn.ops]
    played_ops: History = []
    for key in ITEMS:
        writes = [at for at, (_, op) in enumerate(history) if op.write and op.key == key]
        made = dict(zip(writes, draw(st.permutations(range(1, len(writes) + 1))), strict=True))
        for at, (number, op) in enumerate(history):
            if op.key == key:
                version = made[at] if op.write else draw(st.integers(0, len(writes)))
                history[at] = (number, op._replace(version=version))
    played_ops = history
    return plan, played_ops


def accesses(
    plan: list[Txn], history: History, trial: str = "t", timed: bool = True
) -> pl.DataFrame:
    rows: list[dict[str, Any]] = [
        {
            "trial_id": trial,
            "access": at,
            "step": at,
            "agent": f"agent {plan[number].agent}",
            "hold": plan[number].hold,
            "op": "write" if op.write else "read",
            "table": "t",
            "key": op.key,
            "predicate": op.key.isupper(),
            "version": op.version,
            "undone": plan[number].aborted,
            "at": float(at) if timed else None,
        }
        for at, (number, op) in enumerate(history)
    ]
    made = frame("accesses", rows)
    # An undone call that wrote nothing took nothing back; here whole transactions are undone.
    aborted = {number for number, txn in enumerate(plan) if txn.aborted}
    keep = [number not in aborted or op.write for number, op in history]
    return made.filter(pl.Series(keep))


def explained(plan: list[Txn], history: History, order: Iterable[int]) -> bool:
    """Whether running whole transactions in this order gives every read and the version order."""
    aborted = {(op.key, op.version) for n, op in history if op.write and plan[n].aborted}
    changes = {
        key: {op.version for n, op in history if op.write and op.key == key and not plan[n].aborted}
        for key in ITEMS
    }
    state: dict[str, int] = dict.fromkeys(ITEMS, 0)
    held: dict[str, set[int]] = {key: set() for key in ITEMS}
    for number in order:
        for at, op in history:
            if at != number:
                continue
            predicate = op.key.isupper()
            if op.write:
                if not predicate and op.version < state[op.key]:
                    return False
                state[op.key] = op.version
                held[op.key].add(op.version)
            elif (op.key, op.version) in aborted:
                return False
            elif predicate:
                if held[op.key] != {v for v in changes[op.key] if v <= op.version}:
                    return False
            elif state[op.key] != op.version:
                return False
    return True


def serial_orders(plan: list[Txn], history: History, in_time: bool) -> Iterator[tuple[int, ...]]:
    """Orders of the committed transactions; `in_time`: only those that time and agents allow."""
    committed = [number for number, txn in enumerate(plan) if not txn.aborted]
    places = {n: [at for at, (m, _) in enumerate(history) if m == n] for n in committed}
    for order in permutations(committed):
        if in_time and any(
            places[later][-1] < places[earlier][0]
            or (plan[later].agent == plan[earlier].agent and plan[later].hold < plan[earlier].hold)
            for at, earlier in enumerate(order)
            for later in order[at + 1 :]
        ):
            continue
        yield order


def anomalies(plan: list[Txn], history: History) -> list[str]:
    found = find_conflicts(accesses(plan, history), families=["isolation"])
    return [name for names in found.get_column("names").to_list() for name in names]


@settings(deadline=None, max_examples=250)
@given(interleaved())
def test_an_interleaved_history_has_an_anomaly_unless_a_serial_order_explains_it(
    made: tuple[list[Txn], History],
) -> None:
    names = anomalies(*made)
    plain = [name for name in names if not name.endswith(("-process", "-realtime"))]
    plan, history = made
    assert bool(plain) != any(
        explained(plan, history, order) for order in serial_orders(plan, history, False)
    )
    assert bool(names) != any(
        explained(plan, history, order) for order in serial_orders(plan, history, True)
    )


@settings(deadline=None, max_examples=250)
@given(replicated())
def test_any_history_has_an_anomaly_unless_a_serial_order_explains_it(
    made: tuple[list[Txn], History],
) -> None:
    plan, history = made
    names = anomalies(plan, history)
    plain = [name for name in names if not name.endswith(("-process", "-realtime"))]
    assert bool(plain) != any(
        explained(plan, history, order) for order in serial_orders(plan, history, False)
    )


@settings(deadline=None, max_examples=60)
@given(plans(aborts=False))
def test_transactions_run_one_after_another_have_no_anomaly(plan: list[Txn]) -> None:
    order = [number for number, txn in enumerate(plan) for _ in txn.ops]
    assert anomalies(*played(plan, order)) == []


@settings(deadline=None, max_examples=40)
@given(st.lists(interleaved(), min_size=2, max_size=4))
def test_a_trial_is_judged_alike_alone_and_among_others(
    made: list[tuple[list[Txn], History]],
) -> None:
    alone = [accesses(*one, trial=f"t{at}") for at, one in enumerate(made)]
    together = find_conflicts(pl.concat(alone).sample(fraction=1, shuffle=True, seed=1))
    assert together.equals(pl.concat([find_conflicts(one) for one in alone]))
