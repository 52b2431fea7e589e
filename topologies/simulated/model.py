"""The simulated model: a pure function of the request (and of the trial's own prompt cache).

It sees what a real model would see, the messages, the tools and the seed, finds the clerk that
knows these tools, and lets the profile's error process lie over what that clerk does. It shows that
the instrument works; it is no evidence about any real model.
"""

import importlib
import math
from functools import cache, partial

from tasks import TASK_SETS
from tasks.refused import Refused
from tasks.workers.clerk import Clerk
from tasks.workers.conversation import Conversation
from topologies.simulated.errors import FallibleMind
from topologies.simulated.luck import Seed, normal, unpack
from topologies.simulated.playing import of_no_use, turn_for
from topologies.simulated.prefix_cache import PrefixCache
from topologies.simulated.profile import Profile, profile, profiles
from topologies.simulated.reading import conversation_in, text_of, written
from topologies.simulated.refusals import check_answers, check_choice
from topologies.simulated.tokens import beginning, count, count_request
from topologies.simulated.wire import Reply, Request, RequestError

PROFILES = tuple(profiles())
"""The profiles that a request's `model` may name, alone or as `typical?distraction=0.2`."""

_cache = PrefixCache()
_more_clerks: list[Clerk] = []


def respond(request: Request) -> Reply:
    """Answer one Chat Completions request. `RequestError` for a profile that does not exist."""
    try:
        chosen = profile(request["model"])
    except Refused as error:
        raise RequestError(str(error), "model", "model_not_found", 404) from error
    check_answers(request["messages"])
    check_choice(request.get("tool_choice"), request.get("tools") or [])
    conversation = conversation_in(request)
    messages, tools = request["messages"], request.get("tools")
    seed = unpack(int(request.get("seed") or 0))
    key = request.get("prompt_cache_key")
    if key is not None and seed.ordinal == 0 and not conversation.said:
        _cache.forget(key)
    prompt_tokens = count_request(messages, tools)
    mind_for = partial(_mind, request, chosen, seed, prompt_tokens)
    turn = turn_for(request, conversation, (*_clerks(), *_more_clerks), mind_for)
    text, calls = written(turn, len(conversation.calls))
    said = count(text) + sum(count(name) + count(arguments) for _, name, arguments in calls)
    completion_tokens = said + chosen.reasoning_tokens
    most = int(request.get("max_completion_tokens") or request.get("max_tokens") or 0)
    cut = 0 < most < completion_tokens
    if cut:
        text, calls, completion_tokens = beginning(text, most), [], most
    return Reply(
        content=text or None,
        tool_calls=calls,
        prompt_tokens=prompt_tokens,
        cached_tokens=_cache.cached_tokens(key, messages, tools),
        completion_tokens=completion_tokens,
        reasoning_tokens=min(chosen.reasoning_tokens, completion_tokens),
        finish_reason="length" if cut else None,
        lost=turn.lost,
        seconds=_seconds(chosen, seed, len(conversation.said), completion_tokens),
    )


def forget(cache_key: str) -> None:
    """Drop what a finished trial left in the prompt cache."""
    _cache.forget(cache_key)


def learn(clerk: Clerk) -> None:
    """Let the model use the clerk of a task set from outside; the newest known is tried first."""
    if clerk not in _more_clerks:
        _more_clerks.insert(0, clerk)


def _mind(
    request: Request,
    chosen: Profile,
    seed: Seed,
    tokens: int,
    conversation: Conversation,
    clerk: Clerk | None,
) -> FallibleMind:
    """The mind that a profile gives to whoever is in this conversation."""
    text = "\n".join(text_of(message) for message in request["messages"])
    known: frozenset[str] = frozenset() if clerk is None else clerk.tools
    idle, texts = ([], 0) if chosen.confusion == 0 else of_no_use(conversation, known)
    return FallibleMind(chosen, seed, tokens, text, idle, texts)


@cache
def _clerks() -> tuple[Clerk, ...]:
    found: list[Clerk] = []
    for path in TASK_SETS.values():
        module, _, name = path.partition(":")
        found.append(getattr(importlib.import_module(module), name).clerk)
    return tuple(found)


def _seconds(chosen: Profile, seed: Seed, turn: int, completion_tokens: int) -> float:
    spread = chosen.seconds_spread * normal("seconds", *seed, turn)
    mean = chosen.seconds_per_call + chosen.seconds_per_token * completion_tokens
    return mean * math.exp(spread)
