"""A world may ask a model of its own: what that takes is nobody's of the topology."""

from dataclasses import replace
from typing import Any

from langchain_core.messages import HumanMessage

from experiments.trials.trial import Record
from tasks.tools import Tool
from tasks.world import SqliteWorld
from tests.scripted_model import SCRIPTS, Say, model, play, submit
from tests.toy_task_set import JARS
from topologies.models.model import ModelSettings

CUSTOMER = "customer"
SCRIPTS[CUSTOMER] = {"What would you say": [Say("two beans, please", seconds=7)]}


async def ask_customer(_world: SqliteWorld, question: str) -> str:
    """Ask the customer, who is played by a model.

    Args:
        question: What the customer is asked.
    """
    told = HumanMessage(f"What would you say to this: {question}")
    return str((await model(CUSTOMER, ModelSettings()).ainvoke([told])).text)


ASKING = replace(
    JARS,
    name="asking",
    tools=lambda settings: (*JARS.tools(settings), Tool(ask_customer, readOnlyHint=True)),
)
"""The jars, with a customer who can be asked."""

SCRIPT = {
    "Fill the jars": [
        Say(calls=[("ask_customer", {"question": "how many?"})]),
        Say(calls=[("fill", {"jar": "J1", "beans": 2})]),
        Say(calls=[submit("filled")]),
    ]
}


def asked() -> Record:
    return play("single_thread", SCRIPT, task_set=f"{__name__}:ASKING")


def models(record: Record, agent: str) -> list[dict[str, Any]]:
    return [s for s in record["steps"] if s["kind"] == "model" and s["agent"] == agent]


def test_a_model_that_the_world_asks_is_no_agent_and_counted_beside_them() -> None:
    record = asked()
    row = record["trials"][0]
    assert (row["ended"], row["crash"], row["answer"]) == ("completed", None, "filled")
    (customer,) = models(record, "world")
    assert (customer["role"], customer["parent"]) == ("user_simulator", None)
    assert "two beans, please" in customer["reply"]
    assert (customer["prompt_tokens"], customer["completion_tokens"]) == (10, 5)
    assert (row["agents"], row["model_calls"], row["tool_calls"]) == (1, 3, 3)
    own = models(record, "agent")
    assert row["prompt_tokens"] == sum(step["prompt_tokens"] for step in own)
    assert row["completion_tokens"] == 3 * 5
    assert (row["beside_calls"], row["beside_tokens"]) == (1, 15)


def test_what_the_world_asks_leaves_the_agent_its_calls_and_its_hold() -> None:
    record = asked()
    done = [
        (s["agent"], s["message"], s["hold"], s["tool"])
        for s in record["steps"]
        if s["kind"] == "tool"
    ]
    assert done == [
        ("agent", 1, 1, "ask_customer"),
        ("agent", 2, 1, "fill"),
        ("agent", 3, 1, "submit"),
    ]
    assert record["trials"][0]["ambiguous_calls"] == 0
