"""What there is to look up: the standard library of the running Python, read from its source.

Nothing is imported or run, so reading has no side effects and gives the same rows on every machine
with the same Python: one row each for modules and their public functions, classes and methods.
"""

import ast
import json
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from tasks.database import Row

_MODULES = """
argparse ast asyncio.base_events asyncio.events asyncio.futures asyncio.locks asyncio.protocols
asyncio.queues asyncio.runners asyncio.streams asyncio.subprocess asyncio.tasks asyncio.transports
base64 bdb bisect calendar cmd code codecs codeop collections colorsys compileall
concurrent.futures.process concurrent.futures.thread configparser contextlib copy csv ctypes.util
curses.ascii dataclasses difflib dis doctest email.charset email.generator email.header
email.headerregistry email.message email.mime.text email.parser email.policy email.utils ensurepip
enum filecmp fileinput fnmatch fractions ftplib functools getopt getpass gettext glob graphlib
gzip hashlib heapq hmac html html.parser http.client http.cookiejar http.cookies http.server
imaplib importlib.abc importlib.metadata importlib.util inspect ipaddress json json.decoder
json.encoder linecache locale logging logging.config logging.handlers lzma mailbox mimetypes
modulefinder multiprocessing.connection multiprocessing.context multiprocessing.managers
multiprocessing.pool multiprocessing.shared_memory netrc ntpath numbers operator optparse os
pathlib pdb pickle pickletools pkgutil platform plistlib poplib posixpath pprint profile pstats
py_compile pyclbr pydoc queue quopri random reprlib rlcompleter runpy sched secrets selectors
shelve shlex shutil smtplib socket socketserver ssl statistics string subprocess symtable
sysconfig tabnanny tarfile tempfile textwrap threading timeit tokenize trace traceback tracemalloc
types typing unittest.case unittest.loader unittest.mock unittest.result unittest.runner
unittest.suite urllib.parse urllib.request urllib.robotparser uuid wave weakref webbrowser
wsgiref.handlers wsgiref.headers wsgiref.simple_server wsgiref.util xml.dom.minidom
xml.dom.pulldom xml.etree.ElementTree xml.sax.handler xml.sax.saxutils xml.sax.xmlreader
xmlrpc.client xmlrpc.server zipapp zipfile zoneinfo
"""
MODULES = tuple(_MODULES.split())

Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources() -> dict[str, Path]:
    """The source file of each module that this Python has."""
    root = Path(sysconfig.get_path("stdlib"))
    found: dict[str, Path] = {}
    for module in MODULES:
        stem = root.joinpath(*module.split("."))
        for path in (stem.with_suffix(".py"), stem / "__init__.py"):
            if path.is_file():
                found[module] = path
                break
    return found


def entries(module: str, text: str) -> Iterator[Row]:
    """The rows of one module's source `text`. A name that is defined twice counts as its last."""
    tree, lines = ast.parse(text), text.splitlines()
    yield _row(module, "module", module, "", tree, "")
    for node in _public(tree.body).values():
        name, source = f"{module}.{node.name}", _source(lines, node)
        if not isinstance(node, ast.ClassDef):
            yield _function(name, "function", module, module, node, source)
            continue
        bases = json.dumps([ast.unparse(base) for base in node.bases])
        yield _row(name, "class", module, module, node, source) | {"bases": bases}
        for method in _public(node.body).values():
            if not isinstance(method, ast.ClassDef):
                source = _source(lines, method)
                kind = "property" if _is_property(method) else "method"
                yield _function(f"{name}.{method.name}", kind, module, name, method, source)


def _public(body: list[ast.stmt]) -> dict[str, Function | ast.ClassDef]:
    return {
        node.name: node
        for node in body
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        and not node.name.startswith("_")
    }


def _row(
    name: str,
    kind: str,
    module: str,
    parent: str,
    node: Function | ast.ClassDef | ast.Module,
    source: str,
) -> Row:
    doc = ast.get_docstring(node) or ""
    return {
        "name": name,
        "kind": kind,
        "module": module,
        "parent": parent,
        "summary": _summary(doc),
        "doc": doc,
        "source": source,
        "signature": "",
        "parameters": "[]",
        "bases": "[]",
    }


def _function(name: str, kind: str, module: str, parent: str, node: Function, source: str) -> Row:
    bound = kind != "function" and not _decorated(node, "staticmethod")
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return _row(name, kind, module, parent, node, source) | {
        "signature": f"({ast.unparse(node.args)}){returns}",
        "parameters": json.dumps(_parameters(node.args)[int(bound) :]),
    }


def _parameters(args: ast.arguments) -> list[dict[str, str | None]]:
    """Name, kind and default (null if there is none) of each parameter, in order."""
    first = [("positional only", a) for a in args.posonlyargs]
    first += [("positional or keyword", a) for a in args.args]
    gap: list[ast.expr | None] = [None] * (len(first) - len(args.defaults))
    found = list(zip(first, [*gap, *args.defaults], strict=True))
    if args.vararg:
        found.append((("any number of positional", args.vararg), None))
    found += [
        (("keyword only", a), default)
        for a, default in zip(args.kwonlyargs, args.kw_defaults, strict=True)
    ]
    if args.kwarg:
        found.append((("any number of keyword", args.kwarg), None))
    return [
        {"name": a.arg, "kind": kind, "default": None if default is None else ast.unparse(default)}
        for (kind, a), default in found
    ]


def _summary(doc: str) -> str:
    """The first paragraph of a docstring on one line, cut after its first sentence."""
    paragraph = " ".join(doc.split("\n\n")[0].split())
    sentence, dot, _ = paragraph.partition(". ")
    return sentence + dot.strip()


def _source(lines: list[str], node: Function | ast.ClassDef) -> str:
    first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
    return "\n".join(lines[first - 1 : node.end_lineno])


def _decorated(node: Function, name: str) -> bool:
    return any(isinstance(d, ast.Name) and d.id == name for d in node.decorator_list)


def _is_property(node: Function) -> bool:
    names = [
        d.attr if isinstance(d, ast.Attribute) else getattr(d, "id", "")
        for d in node.decorator_list
    ]
    return bool(
        {"property", "cached_property", "setter", "deleter", "abstractproperty"} & set(names)
    )
