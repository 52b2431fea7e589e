"""How anything of ours listens: on this machine alone, and only to pages of its own.

A page of another site can send requests to a server on this machine: by a name of its own that
leads here (so the Host is checked), or from where it is (so the Origin is). Neither needs a login.
"""

import ipaddress
import socket
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any

from tasks.refused import Refused

LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
"""An ASGI application."""


def is_loopback(host: str) -> bool:
    """Whether no other machine can reach what listens at this address."""
    return host == "localhost" or _address(host, lambda found: found.is_loopback)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. `Refused` for an address that cannot be used."""
    address = "127.0.0.1" if host == "localhost" else host
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
        listening.listen(128)
    except (OSError, OverflowError, UnicodeError) as error:
        listening.close()
        why = getattr(error, "strerror", None) or error
        raise Refused(
            f"Port {port} on {host} cannot be used ({why}): choose another with --port, "
            "or 0 for any free one."
        ) from error
    return listening


def address_of(listening: socket.socket) -> str:
    """What a client on this machine calls it: http://127.0.0.1:8321."""
    name, number = str(listening.getsockname()[0]), listening.getsockname()[1]
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(name, name)
    return f"http://{f'[{name}]' if ':' in name else name}:{number}"


def guarded(app: App, host: str) -> App:
    """The application for those alone who ask it by an address or name of its own.

    Bound to this machine, that is a name of loopback. Bound to others, which takes a login, any
    number is an address, since only names can be led elsewhere, and `host` and the machine's own
    name are names.
    """
    names = LOOPBACK if is_loopback(host) else LOOPBACK | {host, socket.gethostname()}

    async def checked(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or _welcome(scope, names, host):
            await app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            head = [(b"content-type", b"text/plain; charset=utf-8")]
            await send({"type": "http.response.start", "status": 403, "headers": head})
            await send({"type": "http.response.body", "body": b"Not from there."})

    return checked


def _welcome(scope: Message, names: Collection[str], host: str) -> bool:
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    asked = [value.decode("latin-1") for name, value in headers if name == b"host"]
    origins = [value.decode("latin-1") for name, value in headers if name == b"origin"]
    if len(asked) != 1 or len(origins) > 1:
        return False
    name = asked[0].rpartition(":")[0] if _has_port(asked[0]) else asked[0]
    name = name.strip("[]").lower()
    number = not is_loopback(host) and _address(name, lambda _: True)
    if name not in names and not number and not (is_loopback(host) and is_loopback(name)):
        return False
    return not origins or origins[0].lower() in (
        f"http://{asked[0]}".lower(),
        f"https://{asked[0]}".lower(),
    )


def _has_port(host: str) -> bool:
    return host.rpartition(":")[2].isdigit() and not host.endswith("]")


def _address(text: str, holds: Callable[[Any], bool]) -> bool:
    try:
        return holds(ipaddress.ip_address(text))
    except ValueError:
        return False
