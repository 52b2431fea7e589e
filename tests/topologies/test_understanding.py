"""What the simulated model makes of conversations that no topology of the kit has."""

import json
from itertools import permutations
from typing import Any

import pytest

from experiments.loading import load_task_set
from tasks.distractors import READS, WRITES
from tasks.task import settings_of
from tasks.tools import schema
from tasks.workers.conversation import Conversation
from tasks.workers.hands import delegates, handoffs
from tests.trials import Message
from topologies.simulated.model import respond
from topologies.simulated.wire import Reply, Request, completion, lost_in

SUBMIT = {"answer": {"type": "string"}, "status": {"enum": ["done", "blocked"]}}
SURE = {"confidence": {"type": "number", "description": "How sure you are, from 0 to 1."}}


def task_text(width: int = 4, index: int = 1) -> str:
    """A task of the reading set."""
    task_set = load_task_set("stdlib")
    return task_set.make(settings_of(task_set, {"width": width}), "dev", index).instruction


TASK = task_text()
LABELS = ("L1", "L2", "L3", "L4")


def function(name: str, about: str = "", required: Any = None, **takes: Any) -> dict[str, Any]:
    """A tool as it is sent."""
    needed = list(takes) if required is None else required
    parameters = {"type": "object", "properties": takes, "required": needed}
    told = {"name": name, "description": about, "parameters": parameters}
    return {"type": "function", "function": told}


def work_tools() -> list[dict[str, Any]]:
    """The tools of the reading set."""
    task_set = load_task_set("stdlib")
    tools = task_set.tools(settings_of(task_set, {}))
    return [
        {"type": "function", "function": {"name": tool.name, "parameters": schema(tool.run)}}
        for tool in tools
    ]


SUBMITS = function("submit", **SUBMIT, **SURE)
TEXT = {"type": "string"}


def ask(*messages: str | Message, tools: Any = None, **more: Any) -> Reply:
    """The reply of the perfect profile; a bare text is a user's."""
    told = [{"role": "user", "content": m} if isinstance(m, str) else m for m in messages]
    request: Request = {"model": "perfect", "messages": told, "seed": 1, **more}
    if tools:
        request["tools"] = tools
    return respond(request)


def arguments(reply: Reply, place: int = 0) -> dict[str, Any]:
    return json.loads(reply.tool_calls[place][2])


OTHER = "You are debater A. Argue carefully."
QUOTED = "\n".join(f"> {line}" for line in TASK.splitlines())
OPENING, *ITEMS = TASK.split("\nL")
CLOSING = ITEMS[-1].partition("\n")[2]
PARTS = [OPENING, *(f"L{item}" for item in ITEMS)]
WHEREVER = {
    "first": (TASK, OTHER),
    "last": (OTHER, TASK),
    "in parts": tuple(PARTS),
    "quoted": (f"The customer writes:\n{QUOTED}\nDo it.",),
    "in JSON": (json.dumps({"goal": "help", "task": TASK}),),
    "in a list": ("Please do:\n" + "\n".join(f"- {line}" for line in TASK.splitlines()),),
    "in the system prompt": ({"role": "system", "content": f"Your job:\n{TASK}"}, "Go."),
    "said by another agent": (
        "Please help.",
        {"role": "assistant", "content": f"I pass this on.\n{TASK}", "name": "chief"},
    ),
}


@pytest.mark.parametrize("where", WHEREVER)
def test_the_work_is_found_wherever_it_stands(where: str) -> None:
    reply = ask(*WHEREVER[where], tools=[*work_tools(), SUBMITS])
    first = ask(TASK, tools=[*work_tools(), SUBMITS])
    assert reply.lost is None
    assert [call[1:] for call in reply.tool_calls] == [call[1:] for call in first.tool_calls]


def _whole(answer: str) -> str:
    return "\n".join(f"{label}: {answer} {n}" for n, label in enumerate(LABELS, 1))


@pytest.mark.parametrize("order", [*permutations(range(3))])
def test_a_decider_finds_task_and_answers_in_any_order(order: tuple[int, ...]) -> None:
    texts = (TASK, f"A says:\n{_whole('dumps')}\nB says:\n{_whole('dumps')}", "Decide now.")
    reply = ask(*(texts[place] for place in order), tools=[SUBMITS])
    assert reply.lost is None
    said = arguments(reply)
    assert set(_whole("dumps").splitlines()) < set(said["answer"].splitlines())
    assert said["status"] == "done"
    assert 0 <= said["confidence"] <= 1


def test_who_can_look_for_itself_decides_only_when_asked_to() -> None:
    both = f"{TASK}\n\nA says:\n{_whole('dumps')}\nB says:\n{_whole('dumps')}\n"
    tools = [*work_tools(), SUBMITS]
    assert ask(f"{both}Which answer is best? Decide.", tools=tools).tool_calls[0][1] == "submit"
    assert ask(f"{both}Do it anew.", tools=tools).tool_calls[0][1] == "search_library"


KINDS = {"enum": ["general-purpose", "reader"], "type": "string"}
HANDS = {
    "brief": [function("delegate", "Hand a part to one of your 2 subagents.", brief=TEXT)],
    "deepagents": [
        function(
            "task",
            "Launch a subagent.\n- general-purpose: anything\n- reader: looks up libraries\n1. Do.",
            description=TEXT,
            subagent_type=TEXT,
        )
    ],
    "an enumeration": [function("spawn_worker", "", work=TEXT, kind=KINDS)],
    "experts": [
        function("ask_anna", "Ask the expert Anna.", question=TEXT),
        function("ask_ben", "Ask the expert Ben.", question=TEXT),
    ],
    "an agent as a tool": [function("research_agent", "Looks things up.", query=TEXT)],
}


@pytest.mark.parametrize("kind", HANDS)
@pytest.mark.parametrize("helps", [True, False])
def test_delegating_is_known_by_what_a_tool_is(kind: str, helps: bool) -> None:
    tools = [*HANDS[kind], SUBMITS, *(work_tools() if helps else [])]
    reply = ask(TASK, tools=tools)
    names = {tool["function"]["name"] for tool in HANDS[kind]}
    assert {name for _, name, _ in reply.tool_calls} == names
    sent = "\n".join(call[2] for call in reply.tool_calls)
    assert all(sent.count(f"{label}: ") == 1 for label in LABELS)
    for call in reply.tool_calls:
        known = next(t["function"] for t in HANDS[kind] if t["function"]["name"] == call[1])
        assert set(known["parameters"]["required"]) == set(json.loads(call[2]))
    if kind == "deepagents":
        assert {arguments(reply, n)["subagent_type"] for n in range(len(reply.tool_calls))} == {
            "reader"
        }


PASSING = {
    "supervisor": function("transfer_to_anna", "Ask agent 'anna' for help"),
    "own words": function("to_anna", "Hand over the conversation to Anna."),
    "with words": function("handoff_to_anna", "", task_description=TEXT),
}


@pytest.mark.parametrize("kind", PASSING)
def test_a_hand_off_passes_the_conversation_on_once(kind: str) -> None:
    tools = [PASSING[kind], SUBMITS]
    name = PASSING[kind]["function"]["name"]
    reply = ask(TASK, tools=tools)
    assert [call[1] for call in reply.tool_calls] == [name]
    call = {"id": "c", "type": "function", "function": {"name": name, "arguments": "{}"}}
    passed: list[Message] = [
        {"role": "assistant", "content": reply.content, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "Transferred."},
    ]
    anna = ask(TASK, *passed, tools=work_tools())
    assert anna.tool_calls[0][1] == "search_library"
    back = {"role": "assistant", "content": _whole("dumps"), "name": "anna"}
    done = ask(TASK, *passed, back, tools=tools)
    assert done.tool_calls[0][1] == "submit"
    assert "L4: dumps 4" in arguments(done)["answer"]


def test_no_distractor_is_taken_for_another_agent() -> None:
    offered = {run.__name__: schema(run) for run in (*READS, *WRITES)}
    tools = {
        name: {"description": about.get("description", ""), **about}
        for name, about in offered.items()
    }
    bare = Conversation("", "", TASK, tools=tools)
    assert not delegates(bare, ())
    assert not handoffs(bare, ())


def _formed(name: str, properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    form = {"type": "object", "properties": properties, "required": list(properties), **more}
    return {"type": "json_schema", "json_schema": {"name": name, "schema": form}}


def test_a_plan_is_written_as_its_schema_says() -> None:
    part = {
        "type": "object",
        "properties": {"title": TEXT, "description": TEXT, "id": {"type": "integer"}},
    }
    shape = {
        "parts": {"type": "array", "items": part, "maxItems": 2},
        "parallel": {"type": "boolean"},
    }
    reply = ask("Plan this.", TASK, response_format=_formed("Plan", shape))
    plan = json.loads(reply.content or "")
    assert reply.lost is None
    assert [one["id"] for one in plan["parts"]] == [1, 2]
    assert plan["parallel"] is True
    told = "\n".join(one["description"] for one in plan["parts"])
    assert all(f"{label}: " in told for label in LABELS)


def test_a_route_is_one_of_the_enumeration_and_ends_when_all_is_done() -> None:
    shape = _formed("Route", {"next": {"enum": ["library", "shop", "FINISH"]}})
    first = json.loads(ask(TASK, response_format=shape).content or "")
    assert first == {"next": "library"}
    report = {"role": "user", "content": _whole("dumps"), "name": "library"}
    last = ask(TASK, report, response_format=shape)
    assert json.loads(last.content or "") == {"next": "FINISH"}
    assert last.lost is None


@pytest.mark.parametrize(
    ("limits", "low", "high"),
    [({"description": "from 0 to 1"}, 0, 1), ({"minimum": 1, "maximum": 10}, 1, 10), ({}, 0, 1)],
)
def test_a_confidence_keeps_to_its_range(limits: dict[str, Any], low: float, high: float) -> None:
    told = {"confidence": {"type": "number", **limits}}
    reply = ask(TASK, _whole("dumps"), tools=[function("finish", "", answer=TEXT, **told)])
    assert low <= arguments(reply)["confidence"] <= high


def test_tool_choice_and_parallel_calls_are_honoured() -> None:
    tools = [*work_tools(), SUBMITS, function("delegate", "", brief=TEXT)]
    assert not ask(TASK, tools=tools, tool_choice="none").tool_calls
    named = {"type": "function", "function": {"name": "submit"}}
    assert [c[1] for c in ask(TASK, tools=tools, tool_choice=named).tool_calls] == ["submit"]
    assert ask("Hello.", tools=tools, tool_choice="required").tool_calls
    assert len(ask(TASK, tools=tools).tool_calls) == 4
    assert len(ask(TASK, tools=tools, parallel_tool_calls=False).tool_calls) == 1


def test_json_without_a_schema_follows_the_example_in_the_text() -> None:
    told = 'Split the work. Answer as {"subtasks": ["..."], "why": "..."}.'
    reply = ask(told, TASK, response_format={"type": "json_object"})
    said = json.loads(reply.content or "")
    assert set(said) == {"subtasks", "why"}
    assert all(f"{label}: " in "\n".join(said["subtasks"]) for label in LABELS)


LOST = {
    "no work": (("Write a poem.",), [SUBMITS]),
    "no tool": ((TASK,), []),
    "unknown tools": ((TASK,), [function("look_up", "Finds things.", what=TEXT), SUBMITS]),
    "a form about nothing": (("Write a poem.",), [function("finish", "", answer=TEXT)]),
}


@pytest.mark.parametrize("kind", LOST)
def test_who_reads_nothing_or_knows_no_tool_says_so(kind: str) -> None:
    messages, tools = LOST[kind]
    reply = ask(*messages, tools=tools)
    assert reply.lost
    request: Request = {"model": "perfect", "messages": []}
    sent = json.loads(completion(b"{}", request, reply))
    assert lost_in(sent["system_fingerprint"]) == reply.lost
    assert lost_in("fp_44709d6fcb") is None


def test_tools_that_nobody_needs_are_not_held_against_a_worker() -> None:
    aside = [function("write_todos", "", todos={"type": "array"}), function("calc", "", x=TEXT)]
    assert ask(TASK, tools=[*work_tools(), *aside, SUBMITS]).lost is None
