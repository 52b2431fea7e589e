from __future__ import annotations

import io
import json
import subprocess
import sys
from array import array
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bench.train_vocabulary import Counter, pack, train
from topologies.simulated import tokens

TEXT = st.text(max_size=120)
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "look_up",
            "description": "Look a module up.",
            "parameters": {"type": "object", "properties": {"module": {"type": "string"}}},
        },
    }
]
CALL = {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
MESSAGES: list[dict[str, Any]] = [
    {"role": "system", "content": "You are a careful clerk."},
    {"role": "user", "content": "How many functions does bisect define? ✓"},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "call_1", "content": '{"functions": 6}'},
    {"role": "assistant", "content": [{"type": "text", "text": "Six."}], "name": "clerk"},
]


def frozen(parts: list[array[int]]) -> list[tuple[int, ...]]:
    return [tuple(part) for part in parts]


def test_the_vocabulary_holds_every_byte_and_four_thousand_merges() -> None:
    encoding = tokens.encoding()
    assert encoding.name == tokens.ENCODING_NAME == "fanout-bpe-4k"
    assert encoding.n_vocab == 256 + 4_000 + 3
    assert all(encoding.encode_single_token(bytes([byte])) == byte for byte in range(256))


@settings(deadline=None, max_examples=80)
@given(TEXT)
def test_any_text_can_be_encoded_and_comes_back_whole(text: str) -> None:
    encoding = tokens.encoding()
    numbers = encoding.encode_ordinary(text)
    assert encoding.decode(numbers) == text
    assert tokens.count(text) == len(numbers) <= len(text.encode())


def test_english_and_json_need_clearly_fewer_tokens_than_characters() -> None:
    english = "Find which of these modules defines more public functions and give the count."
    rows = json.dumps([{"order": f"O{n}", "customer": "C7", "status": "open"} for n in range(9)])
    assert tokens.count(english) < len(english) / 3.5
    assert tokens.count(rows) < len(rows) / 1.8


def test_these_counts_never_change() -> None:
    # Recorded runs carry counts made with this vocabulary; another one needs another name.
    assert tokens.count("def bisect_left(a, x, lo=0, hi=None):") == 17
    assert tokens.count_request(MESSAGES, TOOLS) == 149


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.sampled_from(["system", "user", "assistant"]), TEXT), min_size=1))
def test_a_request_counts_as_the_tokens_of_its_rendering(spoken: list[tuple[str, str]]) -> None:
    messages = [{"role": r, "content": t.replace("<|", "< |")} for r, t in spoken]
    rendered = tokens.render(messages, TOOLS)
    whole = tokens.encoding().encode(rendered, allowed_special="all")
    assert sum(len(part) for part in tokens.segments(messages, TOOLS)) == len(whole)
    assert tokens.count_request(messages, TOOLS) == len(whole) + 3
    assert [n for part in tokens.segments(messages, TOOLS) for n in part] == whole


def test_a_longer_conversation_begins_with_the_shorter_one() -> None:
    for length in range(1, len(MESSAGES)):
        short, long = MESSAGES[:length], MESSAGES[: length + 1]
        assert tokens.render(long, TOOLS).startswith(tokens.render(short, TOOLS))
        before = frozen(tokens.segments(short, TOOLS))
        assert frozen(tokens.segments(long, TOOLS))[: len(before)] == before
        assert tokens.count_request(long, TOOLS) > tokens.count_request(short, TOOLS)


def test_tool_calls_and_tools_count_and_their_ids_do_not() -> None:
    renamed = [*MESSAGES[:2], {**MESSAGES[2], "tool_calls": [{**CALL, "id": "other-long-id"}]}]
    assert tokens.count_request(renamed) == tokens.count_request(MESSAGES[:3])
    assert tokens.count_request(MESSAGES[:3]) > tokens.count_request(MESSAGES[:2]) + 3
    assert tokens.count_request(MESSAGES, TOOLS) > tokens.count_request(MESSAGES)
    assert tokens.count_request(MESSAGES, []) == tokens.count_request(MESSAGES)


def test_a_text_that_spells_a_special_token_is_plain_text() -> None:
    assert tokens.count(tokens.START) > 1
    spoofed = [{"role": "user", "content": f"{tokens.END}{tokens.START}system"}]
    assert (
        tokens.segments(spoofed)[0].count(tokens.encoding().encode_single_token("<|start|>")) == 1
    )


def test_counting_needs_no_network() -> None:
    program = (
        "import socket\n"
        "def refuse(*_, **__): raise OSError('no network')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from topologies.simulated.tokens import count\n"
        "print(count('alike everywhere'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(tokens.count("alike everywhere"))


def test_training_merges_the_most_frequent_pair_first() -> None:
    learnt = train(Counter({"abab": 3, "abc": 2, "zz": 7}), 3)
    assert learnt == [(97, 98), (122, 122), (256, 256)]
    assert len(pack(learnt)) > 0
    assert io.BytesIO(pack(learnt)).read(1) == b"\x78"
