"""Plans of faults: what they say, what they refuse, and whom their luck hits."""

import asyncio
from typing import Any

import pytest

from tasks.faults import FAULTS, load_fault
from tasks.faults.drawn import Faults
from tasks.faults.plan import check_tools, plan_of
from tasks.orders.atomic import ATOMIC
from tasks.refused import Refused
from tasks.tools import Tool

TOOLS = {tool.name: tool for tool in ATOMIC}
TEXT = "R1: C1 buys P1.\n" + "R2: C2 buys P2.\n" + "R3: C3 buys P3."


def faults(trial: int = 0, **entry: Any) -> Faults:
    """The faults of a trial whose plan has one entry."""
    return Faults(plan_of("p", [{"fault": "timeout", **entry}]), ("seed", trial), TEXT)


def hits(found: Faults, tool: str, attempts: int, role: str = "agent", **arguments: Any) -> str:
    """Which attempts on one thing are hit, as in `x..`."""
    hit = [found.at_tool(TOOLS[tool], arguments, role) is not None for _ in range(attempts)]
    return "".join("x" if one else "." for one in hit)


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_says_what_it_is_in_one_line(name: str) -> None:
    fault = load_fault(name)
    assert fault.kind is not None
    assert fault.about.endswith((".", ":"))
    assert "\n" not in fault.about


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ("timeout", "it must be a list"),
        (["timeout"], "each must be a table"),
        ([{"rate": 0.1}], "without a fault's name"),
        ([{"fault": "tiemout"}], "there is no fault 'tiemout'"),
        ([{"fault": "no_such_module:thing"}], "cannot be imported"),
        ([{"fault": "json:dumps"}], "must be an async function"),
        ([{"fault": "asyncio:sleep"}], "takes too little"),
        ([{"fault": "timeout", "rate": 1.5}], "a number from 0 to 1"),
        ([{"fault": "timeout", "rate": True}], "a number from 0 to 1"),
        ([{"fault": "timeout", "on": "erasing"}], "one of reading, writing"),
        ([{"fault": "timeout", "first": 0}], "at least 1"),
        ([{"fault": "timeout", "first": 1, "permanent": True}], "leave one of them out"),
        ([{"fault": "timeout", "permanent": "yes"}], "true or false"),
        ([{"fault": "timeout", "occasions": ["C7"], "rate": 0.5}], "leave out rate"),
        ([{"fault": "timeout", "place": "soon"}], "one of early, middle, late"),
        ([{"fault": "timeout", "secnods": 3}], "no key 'secnods'"),
        ([{"fault": "timeout", "seconds": -3}], "0 or more"),
        ([{"fault": "timeout", "tools": []}], "a list of texts"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_in_one_line(entries: Any, said: str) -> None:
    with pytest.raises(Refused, match=said) as refused:
        plan_of("p", entries)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"tools": "buy_*"}, "'buy_\\*' is none of the tools"),
        ({"tools": "get_*", "on": "writing"}, "about writing alone"),
    ],
)
def test_a_plan_about_tools_that_are_not_there_is_refused(entry: Any, said: str) -> None:
    with pytest.raises(Refused, match=said):
        check_tools(plan_of("p", [{"fault": "timeout", **entry}]), ATOMIC)


def test_a_plan_hits_the_tools_the_way_and_the_roles_that_it_names() -> None:
    assert hits(faults(on="writing"), "get_customer", 2, customer="C1") == ".."
    assert hits(faults(on="writing"), "backorder", 2, customer="C1", sku="P1") == "xx"
    assert hits(faults(tools="get_*"), "get_product", 1, sku="P1") == "x"
    assert hits(faults(tools="get_*"), "find_emails", 1, customer="C1") == "."
    assert hits(faults(roles="sub*"), "get_product", 1, sku="P1", role="lead") == "."
    assert hits(faults(roles="sub*"), "get_product", 1, sku="P1", role="subagent") == "x"


def test_a_transient_fault_hits_the_first_attempts_and_a_permanent_one_all() -> None:
    assert hits(faults(first=2), "get_product", 4, sku="P1") == "xx.."
    assert hits(faults(permanent=True), "get_product", 4, sku="P1") == "xxxx"


def test_exact_occasions_are_hit_and_no_others() -> None:
    found = faults(occasions=["P1", "P2#2"])
    assert hits(found, "get_product", 3, sku="P1") == "x.."
    assert hits(found, "get_product", 3, sku="P2") == ".x."
    assert hits(found, "get_product", 3, sku="P3") == "..."


def test_early_middle_and_late_are_thirds_of_the_tasks_text() -> None:
    for place, sku in (("early", "P1"), ("middle", "P2"), ("late", "P3")):
        found = faults(place=place)
        struck = [
            one for one in ("P1", "P2", "P3", "P9") if hits(found, "get_product", 1, sku=one) == "x"
        ]
        assert struck == [sku]


def test_luck_is_that_of_what_a_call_is_about_whoever_makes_it_in_whatever_order() -> None:
    skus = [f"P{n}" for n in range(60)]
    one, other = faults(rate=0.3), faults(rate=0.3)
    forth = {sku: hits(one, "get_product", 2, sku=sku, role="agent") for sku in skus}
    back = {sku: hits(other, "get_product", 2, sku=sku, role="subagent") for sku in skus[::-1]}
    assert forth == back
    assert 20 < sum(found.count("x") for found in forth.values()) < 52
    again = faults(trial=1, rate=0.3)
    assert forth != {sku: hits(again, "get_product", 2, sku=sku) for sku in skus}


def test_what_is_hit_at_a_rate_is_hit_at_every_higher_one() -> None:
    low, high = faults(rate=0.1), faults(rate=0.4)
    for n in range(80):
        few = hits(low, "get_product", 1, sku=f"P{n}")
        assert few == "." or hits(high, "get_product", 1, sku=f"P{n}") == "x"


def test_a_tool_that_declares_no_target_is_about_all_its_arguments() -> None:
    async def ask(_world: None, left: str, right: str) -> str:
        """Ask.

        Args:
            left: One.
            right: Other.
        """
        return left + right

    found = Faults(plan_of("p", [{"fault": "timeout", "first": 1}]), (), "")
    tool = Tool(ask)
    first = [found.at_tool(tool, {"left": a, "right": "b"}, "agent") for a in ("x", "y", "x")]
    assert [hit is not None for hit in first] == [True, True, False]
    assert asyncio.run(ask(None, "a", "b")) == "ab"
