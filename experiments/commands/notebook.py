"""`fanout notebook`: open one of the notebooks in marimo, on this machine unless a token is set.

A notebook runs code for whoever opens it. So other machines, pages of other sites and names that
only lead here are kept out, and what a page may name is what is offered there.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.commands.words import add_runs, runs_in
from experiments.refused import Refused

if TYPE_CHECKING:
    from topologies.listening import App, Message, Receive, Send

HELP = "open a notebook"
EXAMPLE = "fanout notebook compare"

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
TOKEN = "FANOUT_NOTEBOOK_TOKEN"


def add_arguments(parser: ArgumentParser) -> None:
    """Which notebook, what it opens with, and where it is served."""
    add = parser.add_argument
    add("name", nargs="?", default="compare", metavar="NAME")
    add("--run", metavar="RUN", help="the recorded run it opens with")
    add_runs(parser)
    add("--edit", action="store_true", help="edit it instead of running it")
    add("--host", default="127.0.0.1", help="another than loopback takes a token")
    add("--token", metavar="TEXT", help="what a visitor must give to enter")
    add("--port", type=int, default=None)
    add("--no-browser", action="store_true", help="do not open a browser")


def run(arguments: Namespace) -> int:
    """Serve the notebook until it is interrupted or terminated."""
    from results.store import find_run
    from tasks.finder import near
    from topologies.listening import is_loopback
    from topologies.secrets import keep

    file = NOTEBOOKS / f"{arguments.name.removesuffix('.py')}.py"
    if file.parent != NOTEBOOKS or not file.exists():
        known = sorted(path.stem for path in NOTEBOOKS.glob("*.py") if path.stem != "__init__")
        raise Refused(f"there is no notebook {arguments.name!r}; {near(arguments.name, known)}")
    token = arguments.token or os.environ.get(TOKEN, "")
    if not is_loopback(arguments.host) and not token:
        raise Refused(
            f"--host {arguments.host} lets other machines run code here: set a token that they "
            f"must give (--token, or {TOKEN} in the environment), or leave out --host"
        )
    if arguments.port is not None and not 0 <= arguments.port < 65536:
        raise Refused(f"--port is {arguments.port}; it must be from 0 to 65535")
    keep(token)
    given: dict[str, str] = {}
    if arguments.run is not None:
        given["run"] = str(find_run(arguments.run, runs_in(arguments)).resolve())
    if arguments.runs is not None:
        given["runs"] = str(arguments.runs.resolve())
    if arguments.edit:
        _edit(file, arguments, token, given)
    return _serve(file, arguments, token, given)


def _serve(file: Path, arguments: Namespace, token: str, given: Mapping[str, str]) -> int:
    import webbrowser
    from urllib.parse import quote

    import marimo
    import uvicorn

    from topologies.listening import address_of, guarded, listen

    served = marimo.create_asgi_app(quiet=True, token=token or None)
    app = served.with_app(path="/", root=str(file)).build()
    listening = listen(arguments.host, arguments.port or 0)
    address = address_of(listening)
    server = uvicorn.Server(
        uvicorn.Config(
            guarded(_told(app, given), arguments.host),
            log_level="error",
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
    )
    print(f"The notebook {file.stem} is at {address} (stop it with Ctrl-C).", flush=True)
    if not arguments.no_browser:
        webbrowser.open(address + (f"?access_token={quote(token)}" if token else ""))
    with listening:
        server.run(sockets=[listening])
    return 0


def _told(app: App, given: Mapping[str, str]) -> App:
    """The notebook finds what the command line gave it in its request, out of a page's reach."""

    async def told(scope: Message, receive: Receive, send: Send) -> None:
        await app({**scope, "meta": dict(given)}, receive, send)

    return told


def _edit(file: Path, arguments: Namespace, token: str, given: Mapping[str, str]) -> None:
    """Become marimo's editor, which always asks for a token; a signal then ends it and no other."""
    words: list[Any] = [sys.executable, "-m", "marimo", "edit", str(file), "--host", arguments.host]
    if arguments.port is not None:
        words += ["--port", str(arguments.port)]
    if arguments.no_browser:
        words.append("--headless")
    if token:
        words += ["--token-password", token]
    words.append("--")
    for name, value in given.items():
        words += [f"--{name}", value]
    sys.stdout.flush()
    os.execv(sys.executable, words)
