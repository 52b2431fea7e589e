"""Whose failure it was: what an exception out of a graph, a tool or a judge comes to."""

from dataclasses import replace
from typing import Annotated, Any, TypedDict

import httpx2
import openai
import pytest
from langchain_core.exceptions import ContextOverflowError
from langgraph.errors import GraphRecursionError
from langgraph.graph import START, StateGraph

from experiments.trials.endings import ending
from experiments.trials.trial import run_trial
from tasks.tools import Tool
from tests.toy_task_set import JARS
from tests.trials import spec

HERE = "tests.experiments.test_endings"
REQUEST = httpx2.Request("POST", "http://endpoint.invalid/v1/chat/completions")
LONG = "This model's maximum context length is 8192 tokens"


def status(code: int, text: str = "no", error_code: str | None = None) -> openai.APIStatusError:
    """The error that the client raises for a status."""
    response = httpx2.Response(code, request=REQUEST)
    kind = {400: openai.BadRequestError, 401: openai.AuthenticationError}
    chosen = kind.get(code, openai.APIStatusError)
    return chosen(text, response=response, body={"code": error_code, "message": text})


def nested(inner: Exception, outer: Exception) -> Exception:
    """An error raised while another was handled."""
    try:
        try:
            raise inner
        except Exception:
            raise outer  # noqa: B904
    except Exception as error:
        return error


@pytest.mark.parametrize(
    ("error", "answered", "expected"),
    [
        (GraphRecursionError("25"), True, "limit: recursion"),
        (nested(GraphRecursionError("25"), ValueError("x")), True, "limit: recursion"),
        (ContextOverflowError("too long"), False, "limit: context"),
        (
            ExceptionGroup("two", [ValueError("x"), ContextOverflowError("too long")]),
            True,
            "limit: context",
        ),
        (status(400, f"{LONG}."), True, "limit: context"),
        (status(413, "Prompt is too long: 210000 tokens"), True, "limit: context"),
        (status(400, f"{LONG} and 9000 in the completion"), True, "limit: context"),
        (status(400, f"{LONG} and 9000 in the completion"), False, "crashed: set-up"),
        (status(400, "max_tokens is too large"), False, "crashed: set-up"),
        (status(401, "Incorrect API key"), True, "crashed: set-up"),
        (status(404, "no such model"), False, "crashed: set-up"),
        (status(404, "gone"), True, "crashed: infrastructure"),
        (status(400, "a tool message without a call"), True, "crashed: graph"),
        (status(429, "context window of this minute"), True, "crashed: infrastructure"),
        (status(429, "insufficient_quota"), True, "crashed: set-up"),
        (status(500), False, "crashed: infrastructure"),
        (openai.APITimeoutError(REQUEST), True, "crashed: infrastructure"),
        (httpx2.ReadError("reset"), True, "crashed: infrastructure"),
        (nested(httpx2.ReadError("reset"), ValueError("x")), True, "crashed: infrastructure"),
        (ValueError("context length"), True, "crashed: graph"),
        (KeyError("x"), True, "crashed: graph"),
    ],
)
def test_an_exception_comes_to_an_ending_by_whose_doing_it_was(
    error: Exception, answered: bool, expected: str
) -> None:
    found = ending(error, answered)
    assert f"{found.ended}: {found.limit or found.blame}" == expected
    assert (found.crash is None) == (found.ended == "limit")


OVERFLOWS = [
    "This model's maximum context length is 128000 tokens. However, your messages resulted in "
    "130012 tokens. Please reduce the length of the messages.",
    "Input tokens exceed the configured limit of 272000 tokens.",
    "the request exceeds the available context size, try increasing it",
    "prompt is too long: 208310 tokens > 200000 maximum",
    "Input is too long for requested model.",
    "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
    "The decoder prompt (length 5000) is longer than the maximum model length of 4096.",
    "The input (5000 tokens) is longer than the model's context length (4096 tokens).",
    "Your request exceeded model token limit: 8192",
    "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
    "the input length exceeds the context length",
    "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum "
    "context length",
    "`inputs` must have less than 1024 tokens. Given: 1500",
    "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4097",
    "too many tokens: total number of tokens in the prompt exceeds the limit of 4081",
    "Trying to keep the first 5000 tokens when context the overflows.",
    "Your input exceeds the context window of this model.",
]


@pytest.mark.parametrize("said", OVERFLOWS)
def test_endpoints_say_in_many_ways_that_a_prompt_outgrew_the_model(said: str) -> None:
    assert ending(status(400, said), answered=True).limit == "context"


class State(TypedDict):
    """Messages that are replaced."""

    messages: Annotated[list[Any], lambda _old, new: new]


def loops_within(_kit: Any) -> Any:
    """A graph in a node that runs in circles until its own limit."""
    inner = StateGraph(State)
    inner.add_node("round", lambda state: state)
    inner.add_edge(START, "round")
    inner.add_conditional_edges("round", lambda _: "round")
    circles = inner.compile()

    async def work(state: State) -> State:
        try:
            await circles.ainvoke(state, {"recursion_limit": 3})
        except GraphRecursionError as error:
            raise RuntimeError("the inner graph gave up") from error
        return state

    graph = StateGraph(State)
    graph.add_node("work", work)
    graph.add_edge(START, "work")
    return graph.compile()


def errs(_kit: Any) -> Any:
    """A graph that raises an error of its own."""

    async def work(_state: State) -> State:
        raise ValueError("no plan")

    graph = StateGraph(State)
    graph.add_node("work", work)
    graph.add_edge(START, "work")
    return graph.compile()


async def look(_world: Any, jar: str) -> Any:
    """How many beans a jar holds.

    Args:
        jar: The jar's id, such as J7.
    """
    raise KeyError(jar)


async def unsayable(_world: Any, jar: str) -> Any:
    """How many beans a jar holds.

    Args:
        jar: The jar's id, such as J7.
    """
    return {jar: object()}


unsayable.__name__ = "look"


def broken_judge(*_: Any) -> Any:
    """An invariant with a bug."""
    return [1 / 0]


BROKEN_TOOL = replace(JARS, tools=lambda _: (Tool(look, readOnlyHint=True), JARS.tools({})[1]))
UNSAYABLE = replace(JARS, tools=lambda _: (Tool(unsayable, readOnlyHint=True), JARS.tools({})[1]))
BROKEN_JUDGE = replace(JARS, invariants=broken_judge)


def test_a_graph_within_that_runs_in_circles_is_a_limit_and_graded() -> None:
    (trial,) = run_trial(spec(f"{HERE}:loops_within", "ledger"))["trials"]
    assert (trial["ended"], trial["limit"], trial["blame"]) == ("limit", "recursion", "agent")
    assert trial["passed"] is False


def test_a_graph_that_raises_an_error_of_its_own_is_to_blame() -> None:
    (trial,) = run_trial(spec(f"{HERE}:errs", "ledger"))["trials"]
    assert (trial["ended"], trial["blame"]) == ("crashed", "graph")
    assert trial["crash"] == "ValueError: no plan"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("BROKEN_TOOL", "the tool look of the task set has a bug: KeyError"),
        ("UNSAYABLE", "the tool look of the task set has a bug: TypeError"),
        ("BROKEN_JUDGE", "a judge or invariant of the task set has a bug: ZeroDivisionError"),
    ],
)
def test_a_bug_of_a_task_set_crashes_the_trial_and_is_named(name: str, said: str) -> None:
    (trial,) = run_trial(spec("single_thread", f"{HERE}:{name}"))["trials"]
    assert (trial["ended"], trial["blame"], trial["passed"]) == ("crashed", "task set", None)
    assert said in trial["crash"]
