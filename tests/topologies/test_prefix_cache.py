from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from topologies.simulated.prefix_cache import SHORTEST, STEP, PrefixCache
from topologies.simulated.tokens import segments

Messages = list[dict[str, Any]]


def talk(*texts: str) -> Messages:
    return [{"role": "user", "content": text} for text in texts]


def length(messages: Messages) -> int:
    return sum(len(part) for part in segments(messages))


def common(a: Messages, b: Messages) -> int:
    """The plain definition: leading tokens that are equal."""
    one = [n for part in segments(a) for n in part]
    two = [n for part in segments(b) for n in part]
    same = 0
    while same < min(len(one), len(two)) and one[same] == two[same]:
        same += 1
    return same


def charged(shared: int) -> int:
    return shared // STEP * STEP if shared >= SHORTEST else 0


def words(count: int, word: str = "stock") -> str:
    return " ".join(f"{word} {n}" for n in range(count))


def test_a_first_prompt_is_not_cached_and_its_repetition_is() -> None:
    cache, prompt = PrefixCache(), talk(words(900))
    assert cache.cached_tokens("t1", prompt) == 0
    assert cache.cached_tokens("t1", prompt) == charged(length(prompt)) >= SHORTEST


def test_a_growing_conversation_finds_all_that_was_sent_before() -> None:
    cache, messages = PrefixCache(), talk(words(600))
    for turn in range(5):
        before = length(messages)
        cache.cached_tokens("t1", messages)
        messages = [*messages, *talk(words(80, f"turn {turn}"))]
        assert cache.cached_tokens("t1", messages) == charged(before)


@pytest.mark.parametrize("count", [1023, 1024, 1025, 1151, 1152, 1153])
def test_caching_begins_at_1024_tokens_and_goes_in_steps_of_128(count: int) -> None:
    prompt = talk(" a" * (count - length(talk(""))))
    assert length(prompt) == count
    cache = PrefixCache()
    cache.cached_tokens("t", prompt)
    expected = 0 if count < 1024 else 1024 if count < 1152 else 1152
    assert cache.cached_tokens("t", [*prompt, *talk("more")]) == expected


def test_a_prefix_may_end_in_the_middle_of_a_message() -> None:
    trace = words(800)
    cache, first = PrefixCache(), talk("same start", f"{trace} Your part: A")
    second = talk("same start", f"{trace} Your part: B and C")
    cache.cached_tokens("t", first)
    assert cache.cached_tokens("t", second) == charged(common(first, second)) > 1024


def test_the_tools_come_first_so_another_tool_set_shares_nothing() -> None:
    prompt = talk(words(900))
    tools = [{"type": "function", "function": {"name": "refund"}}]
    cache = PrefixCache()
    cache.cached_tokens("t", prompt, tools)
    assert cache.cached_tokens("t", prompt) == 0
    assert cache.cached_tokens("t", prompt, tools) > 0


@settings(deadline=None, max_examples=40)
@given(st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=6), min_size=1, max_size=8))
def test_the_cache_agrees_with_the_plain_definition(conversations: list[list[int]]) -> None:
    blocks = [words(330, word) for word in ("stock", "order", "stock 0 stock")]
    cache, sent = PrefixCache(), list[Messages]()
    for conversation in conversations:
        prompt = talk(*(blocks[n] for n in conversation))
        shared = max((common(prompt, earlier) for earlier in sent), default=0)
        assert cache.cached_tokens("t", prompt) == charged(shared)
        sent.append(prompt)


def test_trials_do_not_see_each_other_and_a_prompt_without_a_key_is_never_cached() -> None:
    cache, prompt = PrefixCache(), talk(words(900))
    cache.cached_tokens("one", prompt)
    assert cache.cached_tokens("two", prompt) == 0
    assert cache.cached_tokens(None, prompt) == cache.cached_tokens(None, prompt) == 0


def test_a_forgotten_trial_starts_afresh_and_leaves_nothing_behind() -> None:
    cache, prompt = PrefixCache(), talk(words(900))
    cache.cached_tokens("one", prompt)
    cache.forget("one")
    cache.forget("never seen")
    assert len(cache) == 0
    assert cache.cached_tokens("one", prompt) == 0


def test_the_cache_holds_a_bounded_number_of_keys_and_drops_the_oldest() -> None:
    cache, prompt = PrefixCache(max_keys=2), talk(words(900))
    for key in ("a", "b", "a", "c"):
        cache.cached_tokens(key, prompt)
    assert len(cache) == 2
    assert cache.cached_tokens("a", prompt) > 0
    assert cache.cached_tokens("b", prompt) == 0
