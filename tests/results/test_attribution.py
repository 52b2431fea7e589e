"""Every prompt token is attributed to a role and a part, and sums are the usage exactly."""

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from results.records import frame
from results.tokens.attribution import CHARACTERS, Counter, apportioned, attribution, by_part
from results.tokens.prompt_parts import delegations, prompts

Row = dict[str, Any]
SCHEMAS = json.dumps([{"function": {"name": "look"}}])


def said(text: str, *calls: tuple[str, str, Row]) -> str:
    made = [{"id": i, "name": name, "args": args} for i, name, args in calls]
    return json.dumps({"content": text, "tool_calls": made})


def message(role: str, content: str, **more: str) -> Row:
    return {"role": role, "content": content, **more}


def model(step: int, agent: str, prompt: list[Row] | None, reply: str, **fields: Any) -> Row:
    return {
        "trial_id": "t",
        "step": step,
        "kind": "model",
        "agent": agent,
        "role": "lead" if agent == "lead" else "subagent",
        "parent": None if agent == "lead" else "lead",
        "prompt": None if prompt is None else json.dumps(prompt),
        "reply": reply,
        "prompt_tokens": 100,
        "cached_tokens": 0,
        "encoding": "e",
        **fields,
    }


def tool(step: int, agent: str, name: str, call_id: str, **arguments: str) -> Row:
    return {
        "trial_id": "t",
        "step": step,
        "kind": "tool",
        "agent": agent,
        "tool": name,
        "call_id": call_id,
        "arguments": json.dumps(arguments),
    }


def team(**last: Any) -> pl.DataFrame:
    """A lead that delegates one brief, and sums up."""
    return frame(
        "steps",
        [
            model(
                0,
                "lead",
                [message("system", "Lead."), message("human", "Do both.")],
                said("On it.", ("c1", "delegate", {"brief": "Do R1."})),
                tools=SCHEMAS,
            ),
            tool(1, "lead", "delegate", "c1", brief="Do R1."),
            model(
                2,
                "sub",
                [message("system", "Work."), message("human", "Do R1.")],
                said("", ("c2", "look", {"at": "R1"})),
                tools="0",
            ),
            tool(3, "sub", "look", "c2", at="R1"),
            model(4, "sub", [message("tool", "It is 7.", tool_call_id="c2")], said("R1 is 7.")),
            model(
                5,
                "lead",
                [message("tool", "R1 is 7.", tool_call_id="c1")],
                said("Done."),
                tools="0",
                **last,
            ),
        ],
    )


def parts(steps: pl.DataFrame, step: int, counter: Counter = CHARACTERS) -> dict[str, int]:
    rows = attribution(steps, counter).filter(pl.col("step") == step)
    return dict(rows.select("part", "counted").iter_rows())


def test_each_message_of_a_team_is_told_by_what_it_is() -> None:
    calls = "\ndelegate " + json.dumps({"brief": "Do R1."})
    assert parts(team(), 0) == {"tools": len(SCHEMAS), "instructions": 5, "task": 8}
    assert parts(team(), 2) == {"tools": len(SCHEMAS), "instructions": 5, "brief": 6}
    assert parts(team(), 4)["replies"] == len("It is 7.")
    assert parts(team(), 5) == {
        "tools": len(SCHEMAS),
        "instructions": 5,
        "task": 8,
        "own": len("On it." + calls),
        "report": len("R1 is 7."),
    }
    assert delegations(team().to_dicts()) == {("lead", "delegate")}


def test_an_agent_alone_hears_the_user_and_its_tools_only() -> None:
    turns = [
        model(0, "lead", [message("system", "S"), message("human", "Hello.")], said("Yes?")),
        model(1, "lead", [message("human", "Refund it.")], said("Done.")),
    ]
    assert parts(frame("steps", turns), 1) == {"instructions": 1, "task": 16, "own": 4}


def test_a_prompt_that_was_recorded_whole_replaces_the_one_before() -> None:
    first = model(0, "lead", [message("system", "S"), message("human", "A long question.")], "yes")
    again = [message("system", "S"), message("human", "Sum."), message("ai", "yes")]
    steps = frame("steps", [first, model(1, "lead", again, said("end"))])
    assert parts(steps, 1) == {"instructions": 1, "task": 4, "own": 3}


def test_what_another_agent_said_is_no_turn_of_ones_own() -> None:
    first = model(0, "lead", [message("human", "Talk.")], said("I begin."))
    heard = [message("human", "Talk."), message("ai", "I begin.")]
    second = model(1, "peer", heard, said("I go on."), parent=None)
    assert parts(frame("steps", [first, second]), 1) == {"task": 5, "report": 8}


def test_an_unrecorded_prompt_and_unreported_usage_are_said_to_be_so() -> None:
    steps = team(prompt_tokens=None, cached_tokens=None)
    rows = attribution(steps).filter(pl.col("step") == 5).to_dicts()
    assert [(row["part"], row["tokens"]) for row in rows] == [("unrecorded", None)]
    steps = frame("steps", [model(0, "lead", None, said("x"))])
    (row,) = attribution(steps).to_dicts()
    assert (row["part"], row["tokens"], row["scale"]) == ("unrecorded", 100, None)


def test_the_cache_serves_the_beginning_of_a_prompt() -> None:
    found = attribution(team(prompt_tokens=None, cached_tokens=None))
    whole = found.filter(pl.col("step") == 0).get_column("counted").sum()
    steps = team().with_columns(
        pl.lit(whole).alias("prompt_tokens"), pl.lit(len(SCHEMAS) + 2).alias("cached_tokens")
    )
    rows = attribution(steps).filter(pl.col("step") == 0).select("part", "cached").iter_rows()
    assert dict(rows) == {"tools": len(SCHEMAS), "instructions": 2, "task": 0}


@given(
    sizes=st.lists(st.integers(0, 500), min_size=1, max_size=12).filter(any),
    total=st.integers(0, 10_000),
)
@settings(deadline=None, max_examples=200)
def test_shares_are_whole_add_up_and_stay_within_one_of_proportion(
    sizes: list[int], total: int
) -> None:
    shares = apportioned(sizes, total)
    assert sum(shares) == total
    exact = [size * total / sum(sizes) for size in sizes]
    assert all(abs(share - one) < 1 for share, one in zip(shares, exact, strict=True))


@given(tokens=st.integers(1, 3000), cached=st.integers(0, 3000), a_token=st.integers(1, 9))
@settings(deadline=None, max_examples=60)
def test_parts_add_up_to_what_was_reported_whatever_the_counter(
    tokens: int, cached: int, a_token: int
) -> None:
    steps = team().with_columns(
        pl.when(pl.col("kind") == "model").then(pl.lit(tokens)).alias("prompt_tokens"),
        pl.when(pl.col("kind") == "model").then(pl.lit(min(cached, tokens))).alias("cached_tokens"),
    )
    counter = Counter("made", lambda role, text: len(role) + len(text) // a_token, 3)
    sums = attribution(steps, counter).group_by("step").agg(pl.col("tokens", "cached").sum())
    assert set(sums.select("tokens", "cached").iter_rows()) == {(tokens, min(cached, tokens))}


def test_parts_per_trial_are_null_where_a_call_reported_nothing() -> None:
    trials = frame(
        "trials",
        [
            {
                "trial_id": "t",
                "topology": "team",
                "task_set": "x",
                "passed": True,
                "encoding": "e",
            }
        ],
    )
    table = by_part(trials, attribution(team()))
    assert table.get_column("tokens").sum() == pytest.approx(400)
    assert table.get_column("share").sum() == pytest.approx(1)
    nothing = by_part(trials, attribution(team(prompt_tokens=None)))
    assert nothing.get_column("tokens").null_count() == nothing.height


def test_schemas_are_looked_up_where_they_were_first_offered() -> None:
    pieces = [prompt.pieces[0].text for row, prompt in prompts(team().to_dicts()) if row["tools"]]
    assert pieces == [SCHEMAS] * 3
