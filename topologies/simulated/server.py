"""The simulated model over real HTTP on this machine, for any OpenAI client.

    serve("127.0.0.1", 8321, respond, profiles)

then point a client at http://127.0.0.1:8321/v1 with any key. What goes over the wire is what
the in-process transport would have answered, byte for byte. Replies come at once unless
`real_time` asks for the latencies of the model.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator, Callable, Collection, Iterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tasks.refused import Refused
from topologies.simulated import wire
from topologies.virtual_time import whole_ticks


def make_app(
    respond: wire.Respond, profiles: Collection[str], *, real_time: bool = False
) -> Starlette:
    """The endpoint as an ASGI application: POST /v1/chat/completions and GET /v1/models."""

    async def models(_: Request) -> Response:
        return _json(wire.model_list(profiles))

    async def completions(request: Request) -> Response:
        body = await request.body()
        try:
            fields = wire.read_request(body, profiles)
            reply = respond(fields)
        except wire.RequestError as error:
            return _json(wire.error_body(error), error.status)
        except Exception as error:
            failure = wire.RequestError(f"{type(error).__name__}: {error}", status=500)
            return _json(wire.error_body(failure), 500)
        if real_time:
            await asyncio.sleep(whole_ticks(reply.seconds))
        if fields.get("stream"):
            events = wire.event_stream(body, fields, reply)
            return StreamingResponse(_each(events), media_type="text/event-stream")
        return _json(wire.completion(body, fields, reply))

    async def missing(request: Request, _: Exception) -> Response:
        message = f"There is no {request.method} {request.url.path} here."
        return _json(wire.error_body(wire.RequestError(message, status=404)), 404)

    return Starlette(
        routes=[
            Route("/v1/models", models, methods=["GET"]),
            Route("/v1/chat/completions", completions, methods=["POST"]),
        ],
        exception_handlers={404: missing, 405: missing},
    )


def serve(
    host: str,
    port: int,
    respond: wire.Respond,
    profiles: Collection[str],
    *,
    real_time: bool = False,
    ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve until interrupted; `ready` is told the base URL as soon as clients can connect.

    Port 0 takes a free one. Raises `Refused` for a host that other machines can reach, and
    for a port that is taken.
    """
    listening = _listen(host, port)
    name, number = listening.getsockname()[:2]
    where = f"[{name}]" if ":" in name else name
    app = make_app(respond, profiles, real_time=real_time)
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off", ws="none")
    )
    with listening:
        ready(f"http://{where}:{number}/v1")
        server.run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    address = "127.0.0.1" if host == "localhost" else host
    try:
        loopback = ipaddress.ip_address(address).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise Refused(
            f"The simulated model is served on this machine only: use --host 127.0.0.1, not {host}."
        )
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
        listening.listen(128)
    except (OSError, OverflowError) as error:
        listening.close()
        why = getattr(error, "strerror", None) or error
        raise Refused(
            f"Port {port} on {host} cannot be used ({why}): choose another with --port, "
            "or 0 for any free one."
        ) from error
    return listening


async def _each(events: Iterator[bytes]) -> AsyncIterator[bytes]:
    for event in events:
        yield event


def _json(body: bytes, status: int = 200) -> Response:
    return Response(body, status, media_type="application/json")
