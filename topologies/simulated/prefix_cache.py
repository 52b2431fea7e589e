"""Prompt caching as providers do it, so that dollars can be computed with and without it.

A request is charged less for the part of its prompt that an earlier request of the same trial
began with. As with OpenAI's prompt caching (guide "Prompt caching": prompts of 1,024 tokens or
more, in increments of 128), a shared prefix counts from `SHORTEST` tokens on, in whole `STEP`s.
It may end in the middle of a message: two subagents whose briefs begin with the same long trace
share that trace.

What is cached for one key depends only on what was sent under that key before. Declared
simplifications: a prefix can be used from the moment its request is sent, and it lasts until
`forget`; requests without a key are never cached.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from topologies.simulated.tokens import Message, Tool, segments

SHORTEST = 1024
STEP = 128


@dataclass
class _Node:
    """A segment that was sent after its parent's; the root stands for the empty prompt."""

    children: dict[bytes, _Node] = field(default_factory=dict[bytes, "_Node"])
    tokens: array[int] = field(default_factory=lambda: array("H"))


class PrefixCache:
    """Remembers the prompts of each key.

    It holds at most `max_keys` keys and drops the one that was used least recently; with fewer
    trials than that at a time, no trial can notice another. Call `forget` when a trial ends.
    """

    def __init__(self, max_keys: int = 4096) -> None:
        self._max_keys = max_keys
        self._roots: OrderedDict[str, _Node] = OrderedDict()

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._roots)

    def cached_tokens(
        self, key: str | None, messages: Sequence[Message], tools: Sequence[Tool] | None = None
    ) -> int:
        """How many leading tokens of this prompt were cached; the prompt is cached from now on."""
        if key is None:
            return 0
        shared = self._extend(self._root(key), segments(messages, tools))
        return shared // STEP * STEP if shared >= SHORTEST else 0

    def forget(self, key: str) -> None:
        """Drop everything that was sent under `key`; an unknown key is no error."""
        self._roots.pop(key, None)

    def _root(self, key: str) -> _Node:
        root = self._roots.setdefault(key, _Node())
        self._roots.move_to_end(key)
        while len(self._roots) > self._max_keys:
            self._roots.popitem(last=False)
        return root

    @staticmethod
    def _extend(node: _Node, prompt: list[array[int]]) -> int:
        """Add a prompt to the tree; the tokens it shares with the longest earlier match."""
        shared, matching = 0, True
        for tokens in prompt:
            name = tokens.tobytes()
            child = node.children.get(name)
            if child is not None:
                shared += len(tokens)
            else:
                if matching:
                    siblings = node.children.values()
                    shared += max((_common(tokens, s.tokens) for s in siblings), default=0)
                    matching = False
                child = node.children[name] = _Node(tokens=tokens)
            node = child
        return shared


def _common(a: array[int], b: array[int]) -> int:
    """Length of the longest common prefix."""
    low, high = 0, min(len(a), len(b))
    while low < high:  # slices compare in C, so halving beats a loop over tokens
        middle = (low + high + 1) // 2
        if a[:middle] == b[:middle]:
            low = middle
        else:
            high = middle - 1
    return low
