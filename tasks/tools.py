"""What an agent can do to a world: typed async functions, described once, run one at a time.

A tool's schema comes from its signature and docstring; what kind of thing it is is said in the
words of the Model Context Protocol (readOnlyHint, destructiveHint, idempotentHint, openWorldHint).
"""

import inspect
import json
import math
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from docstring_parser import parse
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from tasks.refused import Refused

ToolFunction = Callable[..., Awaitable[Any]]


class ToolError(Exception):
    """A refusal the agent gets to read; the call leaves no change."""


class BrokenToolError(Exception):
    """A tool raised what is no `ToolError`, or replied what JSON cannot carry: it has a bug."""


@dataclass(frozen=True)
class Tool:
    """One thing an agent can do. `run(world, **arguments)` returns what JSON can carry.

    The four hints mean what MCP means by them; `touches` names the tables it may read or write.
    `target` names the arguments that say what a call is about, all of them where it is None.
    """

    run: ToolFunction
    readOnlyHint: bool = False  # noqa: N815
    destructiveHint: bool = False  # noqa: N815
    idempotentHint: bool = False  # noqa: N815
    openWorldHint: bool = False  # noqa: N815
    touches: tuple[str, ...] = ()
    target: tuple[str, ...] | None = None

    @property
    def name(self) -> str:
        """The function's own name."""
        return self.run.__name__

    @property
    def description(self) -> str:
        """The docstring without its arguments."""
        return _description(self.run)

    @property
    def arguments(self) -> type[BaseModel]:
        """The arguments as a pydantic model; the first parameter, the world, is not among them."""
        return _arguments(self.run)


def readers(table: str, *runs: ToolFunction) -> tuple[Tool, ...]:
    """Tools that only read, and only from one table."""
    return tuple(
        Tool(run, readOnlyHint=True, idempotentHint=True, touches=(table,)) for run in runs
    )


@cache
def _description(run: ToolFunction) -> str:
    doc = parse(inspect.getdoc(run) or "")
    return "\n".join(part for part in (doc.short_description, doc.long_description) if part)


@cache
def _arguments(run: ToolFunction) -> type[BaseModel]:
    docs = {p.arg_name: p.description for p in parse(inspect.getdoc(run) or "").params}
    parameters = list(inspect.signature(run, eval_str=True).parameters.values())[1:]
    fields: dict[str, Any] = {}
    for parameter in parameters:
        if parameter.annotation is inspect.Parameter.empty:
            raise Refused(f"tool {run.__name__}: {parameter.name} has no type")
        if parameter.name not in docs:
            raise Refused(f"tool {run.__name__}: {parameter.name} is not in its docstring")
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        fields[parameter.name] = (
            parameter.annotation,
            Field(default, description=docs[parameter.name]),
        )
    config = ConfigDict(extra="forbid")
    return create_model(run.__name__, __config__=config, **fields)


@cache
def schema(run: ToolFunction) -> dict[str, Any]:
    """The JSON schema of a tool function's arguments, without titles."""
    return _untitled(_arguments(run).model_json_schema())


def _untitled(node: Any) -> Any:
    if isinstance(node, dict):
        kept: dict[str, Any] = {}
        for key, value in node.items():  # pyright: ignore[reportUnknownVariableType]
            if key == "properties":
                kept[key] = {name: _untitled(sub) for name, sub in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
            elif key != "title":
                kept[str(key)] = _untitled(value)  # pyright: ignore[reportUnknownArgumentType]
        return kept
    return node


DEEPEST = 20


def _usable(where: str, value: Any, depth: int = 0) -> None:
    """`ToolError` for a value that no database, no JSON or no further text could carry."""
    if isinstance(value, str) and ("\0" in value or HALF.search(value)):
        raise ToolError(f"{where} has a character in it that is none; leave it out")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ToolError(f"{where} is a number too large")
    if isinstance(value, float) and not math.isfinite(value):
        raise ToolError(f"{where} is {value}, which is no number")
    parts: list[Any] = []
    if isinstance(value, Mapping):
        parts = [part for pair in cast("Mapping[Any, Any]", value).items() for part in pair]
    elif isinstance(value, list | tuple):
        parts = list(cast("Sequence[Any]", value))
    if parts and depth == DEEPEST:
        raise ToolError(f"{where} is nested too deeply")
    for part in parts:
        _usable(where, part, depth + 1)


HALF = re.compile(r"[\ud800-\udfff]")
"""Half of a character: JSON can say it, UTF-8 cannot."""


async def use(tool: Tool, world: Any, arguments: Mapping[str, Any]) -> str:
    """Run the tool inside the world's current call; its reply as JSON text.

    `ToolError` for arguments that do not fit the schema and for what the tool itself refuses;
    `BrokenToolError` for anything else that comes out of it.
    """
    for name, value in arguments.items():
        _usable(name, value)
    try:
        fitting = tool.arguments.model_validate(dict(arguments))
    except ValidationError as error:
        said = "; ".join(
            f"{'.'.join(str(part) for part in e['loc']) or 'arguments'}: {e['msg']}"
            for e in error.errors()
        )
        raise ToolError(f"{tool.name} was called wrongly: {said}") from error
    values = {name: getattr(fitting, name) for name in type(fitting).model_fields}
    try:
        return json.dumps(await tool.run(world, **values), ensure_ascii=False)
    except ToolError:
        raise
    except Exception as error:
        raise BrokenToolError(
            f"the tool {tool.name} of the task set has a bug: {type(error).__name__}: {error}"
        ) from error
