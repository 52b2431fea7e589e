"""What an agent can do in the library: search it, list it, and read one entry at a time."""

import json
from typing import Annotated, Any, Literal

from pydantic import Field

from tasks.database import Row
from tasks.stdlib.library import ENTRIES, LibraryWorld
from tasks.tools import ToolError, readers

MEMBERS_A_PAGE = 20
DOC_LINES_A_PAGE = 30
SOURCE_LINES_A_PAGE = 40

Kind = Literal["function", "class", "method", "property"]
Page = Annotated[int, Field(ge=1)]


async def search_library(
    world: LibraryWorld, query: str, limit: Annotated[int, Field(ge=1, le=20)] = 5
) -> dict[str, Any]:
    """Search the standard library's names and documentation for words.

    Entries that have all the words come first; `best` is the name of the closest one.

    Args:
        query: Words to look for, for example the beginning of a description.
        limit: The most results to return.
    """
    names = world.search(query, limit)
    if not names:
        raise ToolError(f"nothing in the library matches {query!r}; try other words")
    results = [_entry(world, name) for name in names]
    return {"best": names[0], "results": [_shown(row) for row in results]}


async def list_members(
    world: LibraryWorld, name: str, kind: Kind, page: Page = 1
) -> dict[str, Any]:
    """List what a module or class itself defines, public names only, with how many there are.

    Inherited members are not counted. Properties are not methods.

    Args:
        name: Qualified name of a module or class, as in `json` or `json.JSONEncoder`.
        kind: Which members: functions and classes of a module, methods and properties of a class.
        page: Which page of 20 members.
    """
    _entry(world, name)
    names = world.members(name, kind)
    start = (page - 1) * MEMBERS_A_PAGE
    shown = [_entry(world, member) for member in names[start : start + MEMBERS_A_PAGE]]
    return {
        "name": name,
        "kind": kind,
        "total": len(names),
        "pages": _pages(len(names), MEMBERS_A_PAGE),
        "members": [_shown(row) for row in shown],
    }


async def read_doc(world: LibraryWorld, name: str, page: Page = 1) -> dict[str, Any]:
    """Read the docstring of an entry, and how many lines it has.

    Args:
        name: Qualified name, as in `json.dumps`.
        page: Which page of 30 lines.
    """
    row = _entry(world, name)
    lines = str(row["doc"]).splitlines()
    return {
        "name": name,
        "kind": row["kind"],
        "doc_lines": len(lines),
        "pages": _pages(len(lines), DOC_LINES_A_PAGE),
        "doc": _page(lines, page, DOC_LINES_A_PAGE),
    }


async def inspect_signature(world: LibraryWorld, name: str) -> dict[str, Any]:
    """Show the parameters of a function or method, and how many there are; self is not counted.

    Args:
        name: Qualified name, as in `json.dumps`.
    """
    row = _entry(world, name)
    if not row["signature"]:
        raise ToolError(f"{name} is a {row['kind']} and has no signature; name a function")
    parameters: list[dict[str, str | None]] = json.loads(str(row["parameters"]))
    return {
        "name": name,
        "signature": row["signature"],
        "parameter_count": len(parameters),
        "default_count": sum(p["default"] is not None for p in parameters),
        "parameters": parameters,
        "summary": row["summary"],
    }


async def read_source(world: LibraryWorld, name: str, page: Page = 1) -> dict[str, Any]:
    """Read the source of a function, class or method, and how many lines it has.

    Decorators count as lines of the source.

    Args:
        name: Qualified name, as in `json.dumps`.
        page: Which page of 40 lines.
    """
    row = _entry(world, name)
    lines = str(row["source"]).splitlines()
    if not lines:
        raise ToolError(f"{name} is a module; list its members and read one of them")
    return {
        "name": name,
        "module": row["module"],
        "bases": json.loads(str(row["bases"])),
        "source_lines": len(lines),
        "pages": _pages(len(lines), SOURCE_LINES_A_PAGE),
        "source": _page(lines, page, SOURCE_LINES_A_PAGE),
    }


TOOLS = readers(ENTRIES, search_library, list_members, read_doc, inspect_signature, read_source)


def _entry(world: LibraryWorld, name: str) -> Row:
    row = world.read(ENTRIES, name)
    if row is None:
        nearest = world.search(name, 3)
        hint = f"; nearest: {', '.join(nearest)}" if nearest else ""
        raise ToolError(f"the library has no entry {name!r}{hint}")
    return row


def _shown(row: Row) -> Row:
    return {"name": row["name"], "kind": row["kind"], "summary": str(row["summary"])[:160]}


def _pages(lines: int, size: int) -> int:
    return max(1, -(-lines // size))


def _page(lines: list[str], page: int, size: int) -> str:
    return "\n".join(line[:120] for line in lines[(page - 1) * size : page * size])
