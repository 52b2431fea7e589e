"""A model's endpoint on loopback that answers as a test says, down to the single byte.

A small HTTP server in a thread with an event loop of its own. `script` gets the decoded body of a
request and how many requests came before it with the same prompt cache key (a trial's own), and
gives an `Answer`.
"""

import asyncio
import json
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

Fields = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What is sent back: a status, headers and pieces of a body, each after some seconds.

    `length` is what the head promises (None for what there is, -1 for chunks, -2 for nothing at
    all); `reset` breaks the connection off after the pieces.
    """

    pieces: tuple[tuple[float, bytes], ...] = ()
    status: int = 200
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/json"),)
    length: int | None = None
    reset: bool = False

    def head(self) -> bytes:
        """The status line and headers."""
        there = sum(len(piece) for _, piece in self.pieces)
        lines = [f"HTTP/1.1 {self.status} Odd", *(f"{k}: {v}" for k, v in self.headers)]
        if self.length == -1:
            lines.append("transfer-encoding: chunked")
        elif self.length != -2:
            lines.append(f"content-length: {there if self.length is None else self.length}")
        return ("\r\n".join([*lines, "connection: close"]) + "\r\n\r\n").encode()


Script = Callable[[Fields, int], Answer]


def raw(body: bytes | str, status: int = 200, **changes: Any) -> Answer:
    """An answer of these bytes."""
    data = body.encode() if isinstance(body, str) else body
    return replace(Answer(((0.0, data),), status), **changes)


def answer(body: object, status: int = 200, **headers: str) -> Answer:
    """An answer of this JSON."""
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    made = raw(json.dumps(body), status)
    return replace(made, headers=(*made.headers, *named))


def completion(message: object, finish_reason: object = "stop", **changes: Any) -> Fields:
    """A chat completion with one choice."""
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 0,
        "model": "odd",
        "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
        **changes,
    }


def calling(*calls: object, **message: Any) -> Fields:
    """A chat completion that calls tools."""
    said = {"role": "assistant", "content": None, "tool_calls": list(calls), **message}
    return completion(said, "tool_calls")


def call(name: object, arguments: object, call_id: object = "call_1") -> Fields:
    """A tool call as it is on the wire."""
    return {
        "id": call_id,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }


SUBMITTED = {"answer": "done", "status": "done", "confidence": 0.5}


def submitting() -> Answer:
    """The reply that ends a trial."""
    return answer(calling(call("submit", json.dumps(SUBMITTED), "call_submit")))


def errors(text: str, status: int, code: str | None = None, param: str | None = None) -> Answer:
    """An error as OpenAI words it."""
    said = {"message": text, "type": "odd", "code": code, "param": param}
    return answer({"error": said}, status)


@dataclass
class ScriptedEndpoint:
    """The server; a context manager. `asked` are the bodies of all requests, in order."""

    script: Script
    asked: list[Fields] = field(default_factory=list[Fields])
    port: int = 0
    _seen: Counter[str] = field(default_factory=Counter[str])

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> "ScriptedEndpoint":
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", 0)
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._closed(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _closed(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            size = int(head.split("content-length:")[1].split("\r\n")[0])
            body: Fields = json.loads(await reader.readexactly(size))
            key = str(body.get("prompt_cache_key"))
            self.asked.append(body)
            made = self.script(body, self._seen[key])
            self._seen[key] += 1
            await _send(made, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away
        finally:
            writer.close()


async def _send(made: Answer, writer: asyncio.StreamWriter) -> None:
    if made.status:
        writer.write(made.head())
    for seconds, piece in made.pieces:
        await writer.drain()
        await asyncio.sleep(seconds)
        framed = b"%x\r\n%s\r\n" % (len(piece), piece) if made.length == -1 else piece
        writer.write(framed)
    if made.reset:
        await writer.drain()
        opened: socket.socket = writer.get_extra_info("socket")
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif made.length == -1:
        writer.write(b"0\r\n\r\n")
    await writer.drain()
