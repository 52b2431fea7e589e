"""A model that says what a test wrote down, behind the real client; and one trial with it.

What it says depends on the request alone: the script whose marker stands in the prompt, and how
many replies the prompt holds. Each call has 10 prompt tokens a message and 5 completion tokens.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from langchain_core.language_models import BaseChatModel

from experiments.trials.trial import Record, play_trial
from tests.trials import spec
from topologies.models.model import ModelSettings, in_process_model
from topologies.simulated.wire import Reply, Request
from topologies.virtual_time import run_virtual

JARS = "tests.toy_task_set:JARS"


@dataclass(frozen=True)
class Say:
    """One reply: text, and calls as (tool, arguments). It comes after `seconds`."""

    text: str = ""
    calls: Sequence[tuple[str, Mapping[str, Any]]] = ()
    seconds: float = 1.0


Script = Mapping[str, Sequence[Say]]
"""Marker in a prompt to the replies to it; the last marker that is found counts."""


def submit(answer: str) -> tuple[str, dict[str, Any]]:
    """A call of `submit`."""
    return "submit", {"answer": answer, "status": "done", "confidence": 1.0}


SCRIPTS: dict[str, Script] = {}
"""Name of a model to what it says, filled by the tests that use it."""


def respond(request: Request) -> Reply:
    """The model as an endpoint: call ids are alike in all conversations, as some servers' are."""
    script, messages = SCRIPTS[request["model"]], request["messages"]
    told = "\n".join(str(m.get("content")) for m in messages if m["role"] in ("system", "user"))
    marker = [marker for marker in script if marker in told][-1]
    turn = sum(message["role"] == "assistant" for message in messages)
    say = script[marker][min(turn, len(script[marker]) - 1)]
    return Reply(
        content=say.text,
        tool_calls=[
            (f"call_{turn}_{number}", tool, json.dumps(arguments))
            for number, (tool, arguments) in enumerate(say.calls)
        ],
        prompt_tokens=10 * len(messages),
        completion_tokens=5,
        seconds=say.seconds,
    )


def model(name: str, settings: ModelSettings) -> BaseChatModel:
    """The builder of `tests.scripted_model:model:NAME`."""
    return in_process_model(name, respond, [name], settings)


def play(build: str, script: Script, **changes: Any) -> Record:
    """The record of one trial of someone's graph on beans and jars, in simulated time."""
    name = build.partition(":")[2]
    SCRIPTS[name] = script
    made = spec(build, JARS, width=2)
    models = {"default": f"tests.scripted_model:model:{name}"}
    return run_virtual(play_trial(replace(made, models=models, **changes)))
