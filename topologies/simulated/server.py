"""The simulated model over real HTTP on this machine, for any OpenAI client.

    serve("127.0.0.1", 8321, respond, profiles)

then point a client at http://127.0.0.1:8321/v1 with any key. What goes over the wire is what
the in-process transport would have answered, byte for byte. Replies come at once unless
`real_time` asks for the latencies of the model.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from typing import Any, cast

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tasks.refused import Refused
from topologies.listening import App, address_of, guarded, is_loopback, listen
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
    if not is_loopback(host):
        raise Refused(
            f"The simulated model is served on this machine only: use --host 127.0.0.1, not {host}."
        )
    listening = listen(host, port)
    app: Any = guarded(cast("App", make_app(respond, profiles, real_time=real_time)), host)
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off", ws="none")
    )
    with listening:
        ready(f"{address_of(listening)}/v1")
        server.run(sockets=[listening])


async def _each(events: Iterator[bytes]) -> AsyncIterator[bytes]:
    for event in events:
        yield event


def _json(body: bytes, status: int = 200) -> Response:
    return Response(body, status, media_type="application/json")
