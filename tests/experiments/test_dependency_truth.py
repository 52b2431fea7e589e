"""True dependencies, found by changing what one call told and looking which calls go away."""

from functools import cache
from typing import Any

import polars as pl

from experiments.trials.trial import run_trial
from results.records import SCHEMAS, frame
from tests.bench.dependencies import bound_row, measured
from tests.bench.dependency_truth import Frames, true_dependencies
from tests.trials import spec

ATOMIC = {"width": 2, "coupling": 0.0, "style": "atomic"}


@cache
def frames(task_set: str, indices: tuple[int, ...]) -> Frames:
    settings: dict[str, Any] = ATOMIC if task_set == "orders" else {"width": 3}
    records = [run_trial(spec(task_set=task_set, index=index, **settings)) for index in indices]
    return {
        name: frame(name, [row for record in records for row in record[name]]) for name in SCHEMAS
    }


def named(found: Frames, pairs: pl.DataFrame) -> set[tuple[str, str]]:
    """The pairs as names of tools."""
    tools = found["steps"].select("trial_id", "step", "tool")
    both = pairs.join(
        tools.rename({"step": "from_step", "tool": "first"}), on=["trial_id", "from_step"]
    ).join(tools.rename({"step": "to_step", "tool": "second"}), on=["trial_id", "to_step"])
    return set(both.select("first", "second").iter_rows())


def test_a_lookup_needs_the_search_that_named_it_and_no_other() -> None:
    found = frames("stdlib", tuple(range(1, 6)))
    true = true_dependencies(found)
    assert {first for first, _ in named(found, true)} == {"search_library"}
    # Of each item the named entry needs no search: one dependency an item.
    searches = found["steps"].filter(pl.col("tool") == "search_library").height
    assert true.height == searches == 15


def test_each_hop_of_a_trail_needs_the_one_before() -> None:
    found = frames("ledger", tuple(range(4)))
    true = true_dependencies(found)
    assert named(found, true) == {("passed_on", "passed_on"), ("passed_on", "get_account")}
    assert true.group_by("trial_id", "to_step").len().get_column("len").max() == 1


def test_a_sale_needs_what_was_read_and_a_summary_whether_mail_is_wanted() -> None:
    found = frames("orders", tuple(range(8)))
    pairs = named(found, true_dependencies(found))
    assert {("get_product", "sell"), ("get_customer", "find_emails")} <= pairs
    assert ("find_emails", "send_summary") in pairs
    assert not {second for _, second in pairs} & {"submit"}
    assert ("get_customer", "get_product") not in pairs


def test_what_is_inferred_is_measured_against_it() -> None:
    accuracy, bounds = measured(frames("ledger", (0, 1, 2)))
    found = {row["compared"]: row for row in accuracy.to_dicts()}
    assert found["order"]["precision"] == found["order"]["recall"] == 1.0
    assert bounds.get_column("inferred").to_list() == bounds.get_column("true").to_list()
    trials, true, inferred, above, below = bound_row(bounds)
    assert (trials, true, above, below) == (f"{bounds.height}", inferred, "0%", "0%")
