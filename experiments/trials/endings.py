"""Whose failure it was: from what ended a trial to its ending, and to whoever has to mend it.

What a model or its wiring brings about is graded (`completed`, `limit`). What the infrastructure,
the task set or a graph that breaks brings about is not (`crashed`); `blame` says which it was. Nor
is what waits for a person (`paused`).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from langchain_core.exceptions import ContextOverflowError
from langgraph.errors import GraphRecursionError

from experiments.refused import REFUSALS
from experiments.trials.stops import LimitReachedError, MisuseError, SubmittedError
from tasks.tools import BrokenToolError
from topologies.kit import OutOfBudgetError
from topologies.simulated.transport import SimulatedModelError


@dataclass(frozen=True)
class Ending:
    """How a trial ended: `ended`, `limit`, `crash` and `blame` of its record."""

    ended: str
    limit: str | None = None
    crash: str | None = None
    blame: str | None = None


COMPLETED = Ending("completed")
PAUSED = Ending("paused")


def limit(name: str | None) -> Ending:
    """The trial came to a limit of its own, or of its model or graph."""
    return Ending("limit", limit=name, blame="agent")


def crashed(error: BaseException, blame: str) -> Ending:
    """The trial could not be brought to its end; `error` is told in one line."""
    return Ending("crashed", crash=in_one_line(error), blame=blame)


def ending(error: BaseException, answered: bool) -> Ending:
    """The ending that an exception out of the graph comes to, by the first rule that fits.

    `answered` says whether any model call of the trial was answered: what an endpoint refuses from
    the start was set up wrongly, and will be refused in every trial.
    """
    links = list(chain(error))
    for fits, made in RULES:
        for link in links:
            if fits(link, answered):
                return made(error)
    return crashed(error, "graph")


def chain(error: BaseException) -> Iterator[BaseException]:
    """The error, what it was raised from or while handling, and what a group holds."""
    left: list[BaseException | None] = [error]
    seen: set[int] = set()
    while left:
        link = left.pop(0)
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        left += [link.__cause__, link.__context__]
        if isinstance(link, BaseExceptionGroup):
            left += link.exceptions


def in_one_line(error: BaseException) -> str:
    """The type and text of an error, and what was at the root of one that says nothing itself."""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    root = error
    while root.__cause__ is not None:
        root = root.__cause__
    if root is error or not text.endswith(("Connection error.", "Request timed out.")):
        return text
    return f"{text} ({in_one_line(root)})"


Fits = Callable[[BaseException, bool], bool]


def _is(*kinds: type[BaseException]) -> Fits:
    return lambda error, _answered: isinstance(error, kinds)


def _overflows(error: BaseException, answered: bool) -> bool:
    """The prompt was longer than the model reads; the endpoints say so in many ways."""
    if isinstance(error, ContextOverflowError):
        return answered or not ASKS_TOO_MUCH.search(str(error))
    if not _from_endpoint(error, answered) or _status(error) in NEVER_OVERFLOW:
        return False
    text = _text(error)
    return bool(TOO_LONG.search(text)) and (answered or not ASKS_TOO_MUCH.search(text))


def _from_endpoint(error: BaseException, _answered: bool) -> bool:
    return isinstance(error, TimeoutError | ConnectionError) or any(
        kind.__name__ in OF_CLIENTS for kind in type(error).__mro__
    )


def _refused(error: BaseException, answered: bool) -> bool:
    """The endpoint will refuse the same in every trial: key, credit, model or parameter."""
    if not _from_endpoint(error, answered):
        return False
    if _status(error) in NO_ACCESS or "insufficient_quota" in _text(error):
        return True
    return not answered and _status(error) in REFUSING


def _ill_asked(error: BaseException, answered: bool) -> bool:
    """What the graph sent was no request, though others before it were."""
    return _from_endpoint(error, answered) and _status(error) in BAD_REQUESTS


def _text(error: BaseException) -> str:
    """What an error says, its code included."""
    return f"{getattr(error, 'code', '')} {getattr(error, 'type', '')} {error}"


def _status(error: BaseException) -> int | None:
    code = getattr(error, "status_code", None)
    if code is None:
        code = getattr(getattr(error, "response", None), "status_code", None)
    return code if isinstance(code, int) else None


NO_ACCESS = (401, 402)
BAD_REQUESTS = (400, 422)
REFUSING = (*NO_ACCESS, *BAD_REQUESTS, 403, 404, 405)
NEVER_OVERFLOW = (*NO_ACCESS, 403, 404, 429)
OF_CLIENTS = frozenset(
    {
        "APIError",  # openai, anthropic
        "OpenAIError",
        "AnthropicError",
        "ModelError",  # langchain-core
        "UnreadableReplyError",
        "HTTPError",  # httpx, requests, urllib
        "ClientError",  # aiohttp, botocore
        "BotoCoreError",
        "GoogleAPIError",
        "gaierror",
        "SSLError",
    }
)
"""Names of the base errors of the clients by which models are asked, none of which we import."""

TOO_LONG = re.compile(
    r"context[ _-]?(length|window|size)|context the overflows|token limit|prompt is too long"
    r"|input is too long|maximum (prompt|model|input) length|input tokens? exceed"
    r"|input token count|(inputs?|prompt)\S* (must have less than|tokens \+)|reduce the length of"
    r"|tokens in the prompt exceeds",
    re.IGNORECASE,
)
ASKS_TOO_MUCH = re.compile(r"max_(completion_|new_|output_)?tokens|in the completion")
"""The endpoint names what was asked of the reply, not only the prompt."""

RULES: tuple[tuple[Fits, Callable[[BaseException], Ending]], ...] = (
    (_is(BrokenToolError, SimulatedModelError), lambda error: crashed(error, "task set")),
    (_is(MisuseError), lambda error: crashed(error, "graph")),
    (_is(SubmittedError), lambda _: COMPLETED),
    (_is(LimitReachedError), lambda error: limit(str(error))),
    (_is(OutOfBudgetError), lambda _: limit("budget")),
    (_is(GraphRecursionError), lambda _: limit("recursion")),
    (_overflows, lambda _: limit("context")),
    (_is(*REFUSALS), lambda error: crashed(error, "set-up")),
    (_refused, lambda error: crashed(error, "set-up")),
    (_ill_asked, lambda error: crashed(error, "graph")),
    (_from_endpoint, lambda error: crashed(error, "infrastructure")),
)
