"""Counting tokens for the simulated model, alike on every machine and without a network.

One byte-pair encoding, `ENCODING_NAME`, is used for everything: its vocabulary lies beside this
file. It yields more tokens than the large vocabularies of real models, so counts made with it
are compared with each other only, and the name of the encoding is recorded beside them.

A request is rendered in one line of tokens, tools first and then the messages in order, each
framed by the special tokens START, BODY and END. No merge crosses a special token, so the count
of a request is the sum of the counts of its segments; and the rendering of a conversation is a
prefix of the rendering of any longer one, which is what a prompt cache lives on.
"""

from __future__ import annotations

import json
import marshal
import struct
import zlib
from array import array
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import tiktoken

ENCODING_NAME = "fanout-bpe-4k"
VOCABULARY_FILE = Path(__file__).with_name("vocabulary.bin")
START, BODY, END = "<|start|>", "<|body|>", "<|end|>"
PATTERN = "|".join(
    [
        r"'(?i:[sdmt]|ll|ve|re)",
        r"[^\r\n\p{L}\p{N}]?\p{L}+",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    ]
)
"""Where words are split before merging; no token crosses these borders."""

_FRAME = 3  # START, BODY and END of one segment
PRIMING = 3  # START, "assistant", BODY: what asks the model to speak

Message = Mapping[str, Any]
Tool = Mapping[str, Any]


@cache
def encoding() -> tiktoken.Encoding:
    """The encoding, read from `vocabulary.bin` when first asked for."""
    numbers = zlib.decompress(VOCABULARY_FILE.read_bytes())
    halves: tuple[int, ...] = struct.unpack(f"<{len(numbers) // 2}H", numbers)
    count = len(halves) // 2
    tokens = [bytes([byte]) for byte in range(256)]
    for left, right in zip(halves[:count], halves[count:], strict=True):
        tokens.append(tokens[left] + tokens[right])
    specials = {name: len(tokens) + place for place, name in enumerate((START, BODY, END))}
    ranks = {token: rank for rank, token in enumerate(tokens)}
    return tiktoken.Encoding(
        ENCODING_NAME, pat_str=PATTERN, mergeable_ranks=ranks, special_tokens=specials
    )


@lru_cache(maxsize=8_192)
def count(text: str) -> int:
    """Tokens of a text; what looks like a special token counts as plain text."""
    return len(encoding().encode_ordinary(text))


def count_piece(role: str, text: str) -> int:
    """Tokens of one segment of a request: a message without a name, or the tools (role "tools")."""
    return count(role) + count(text) + _FRAME


def beginning(text: str, tokens: int) -> str:
    """The text of the first `tokens` tokens, as when a reply is cut off."""
    return encoding().decode(encoding().encode_ordinary(text)[:tokens], errors="ignore")


def count_request(messages: Sequence[Message], tools: Sequence[Tool] | None = None) -> int:
    """Prompt tokens of a Chat Completions request: its rendering and the call to speak.

    `messages` and `tools` are as decoded from JSON. Segments are cached, so that a conversation
    that grows costs its new messages only.
    """
    return sum(len(segment) for segment in segments(messages, tools)) + PRIMING


def segments(messages: Sequence[Message], tools: Sequence[Tool] | None = None) -> list[array[int]]:
    """The token numbers of a request: one array for the tools (if any), one for each message."""
    return [_encode(*part) for part in _parts(messages, tools)]


def render(messages: Sequence[Message], tools: Sequence[Tool] | None = None) -> str:
    """The text that `segments` encodes, special tokens spelled out."""
    parts = _parts(messages, tools)
    return "".join(f"{START}{head}{BODY}{body}{END}" for head, body in parts)


def _parts(messages: Sequence[Message], tools: Sequence[Tool] | None) -> list[tuple[str, str]]:
    plain: Any = tools
    parts = [("tools", _tools_body(marshal.dumps(plain, 2)))] if tools else []
    parts.extend(_message_part(message) for message in messages)
    return parts


def _message_part(message: Message) -> tuple[str, str]:
    """The head (role, and name if there is one) and the body of a message.

    The ids of tool calls are left out: they are handles of the wire, random with most providers,
    and no model reads them as text.
    """
    name = message.get("name")
    head = message["role"] if name is None else f"{message['role']} {name}"
    content: Any = message.get("content")
    body = content if isinstance(content, str) else "" if content is None else _compact(content)
    calls: Sequence[Mapping[str, Any]] = message.get("tool_calls") or ()
    for call in calls:
        function = call["function"]
        body += f"\n{function['name']} {function['arguments']}"
    return head, body


@lru_cache(maxsize=8_192)
def _encode(head: str, body: str) -> array[int]:
    plain = encoding().encode_ordinary
    single = encoding().encode_single_token
    tokens = [single(START), *plain(head), single(BODY), *plain(body), single(END)]
    return array("H", tokens)


@lru_cache(maxsize=256)
def _tools_body(marshalled: bytes) -> str:
    """The JSON of a tool set, made once: marshalling the schemas takes a fifth of that time."""
    return _compact(marshal.loads(marshalled))


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
