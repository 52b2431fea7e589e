"""How `vocabulary.bin` was made: byte-pair merges learnt from the standard library's own text.

Run `python -m tests.bench.train_vocabulary` to train again (half a minute) and write the
file anew. The file is what counts, not the training: another Python has another standard
library and gives other merges, so a new file needs a new name for the encoding in `tokens.py`.

The merges are byte-pair encoding as in Sennrich et al. 2016 (arXiv 1508.07909) on bytes: the
pair of neighbouring tokens that occurs most often becomes the next token, ties by the bytes
themselves, and no merge crosses a border of the splitting pattern.
"""

from __future__ import annotations

import ast
import json
import struct
import sys
import sysconfig
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import regex

from topologies.simulated.tokens import PATTERN, VOCABULARY_FILE

MERGES = 4_000
_SKIPPED = {"test", "tests", "idlelib", "lib2to3", "site-packages", "turtledemo", "__pycache__"}

Pair = tuple[int, int]


def corpus(library: Path) -> Iterator[str]:
    """Every module of the library: its source, and its docstrings as JSON, one object each.

    The JSON is there because prompts to agents are full of it.
    """
    for path in sorted(library.rglob("*.py")):
        if _SKIPPED & set(path.relative_to(library).parts):
            continue
        source = path.read_text(encoding="utf-8", errors="replace")
        yield source
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                entry = {
                    "type": "function" if not isinstance(node, ast.ClassDef) else "object",
                    "module": path.stem,
                    "name": node.name,
                    "line": node.lineno,
                    "description": ast.get_docstring(node),
                }
                yield json.dumps(entry)


def train(counts: Counter[str], merges: int) -> list[Pair]:
    """The first `merges` merges over words with their counts, as pairs of token numbers."""
    words = [list(word.encode()) for word in counts]
    weights = list(counts.values())
    token_bytes = [bytes([byte]) for byte in range(256)]
    known = set(token_bytes)
    pairs: Counter[Pair] = Counter()
    where: defaultdict[Pair, set[int]] = defaultdict(set)
    for number, word in enumerate(words):
        for pair in pairwise(word):
            pairs[pair] += weights[number]
            where[pair].add(number)
    learnt: list[Pair] = []
    while len(learnt) < merges:
        best = max(pairs, key=lambda p: (pairs[p], token_bytes[p[0]], token_bytes[p[1]]))
        merged = token_bytes[best[0]] + token_bytes[best[1]]
        if merged in known:  # two ways to the same bytes would make the ranks ambiguous
            del pairs[best]
            continue
        known.add(merged)
        token_bytes.append(merged)
        learnt.append(best)
        for number in where.pop(best):
            word, weight = words[number], weights[number]
            for pair in pairwise(word):
                pairs[pair] -= weight
                if pairs[pair] <= 0:
                    del pairs[pair]
            words[number] = word = _merge(word, best, 255 + len(learnt))
            for pair in pairwise(word):
                pairs[pair] += weight
                where[pair].add(number)
    return learnt


def pack(learnt: list[Pair]) -> bytes:
    """All left halves, then all right halves, as little-endian 16-bit numbers, compressed."""
    numbers = [left for left, _ in learnt] + [right for _, right in learnt]
    return zlib.compress(struct.pack(f"<{len(numbers)}H", *numbers), 9)


def _merge(word: list[int], pair: Pair, token: int) -> list[int]:
    merged: list[int] = []
    place = 0
    while place < len(word):
        if place + 1 < len(word) and (word[place], word[place + 1]) == pair:
            merged.append(token)
            place += 2
        else:
            merged.append(word[place])
            place += 1
    return merged


def main() -> None:
    counts: Counter[str] = Counter()
    for text in corpus(Path(sysconfig.get_path("stdlib"))):
        counts.update(regex.findall(PATTERN, text))
    packed = pack(train(counts, MERGES))
    VOCABULARY_FILE.write_bytes(packed)
    sys.stdout.write(f"{VOCABULARY_FILE.name}: {MERGES} merges, {len(packed)} bytes\n")


if __name__ == "__main__":
    main()
