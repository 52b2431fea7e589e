"""The error process of the simulated model: what happens to a competent worker's steps.

Every step, be it a tool call, a note, or a line of a brief, report or answer, goes through the same
hazard, which grows with the tokens in the conversation (distraction) and with the difficulty of
task and item. The three other ways in which a long context rots have chances of their own, that
neither length nor difficulty moves: wrong notes that are not read again (poisoning), tools and
texts of no use (confusion), an earlier value kept against a later one (clash).
"""

import math
import re
from collections.abc import Sequence
from typing import Any

from tasks.workers.clerk import Call, Values
from topologies.simulated.luck import Seed, normal, uniform
from topologies.simulated.profile import Profile

_LABEL = re.compile(r"[A-Z]+\d+$")
_VALUE = re.compile(r"\b[A-Za-z]+-?\d+\b|\b\d+(?:\.\d+)?\b|\b[a-z_]\w*(?:\.\w+)+\b")
_HIGHEST_CHANCE = 0.9


class FallibleMind:
    """A worker's `Mind` with a profile's errors; a function of profile, seed and conversation.

    `tokens` is the length of the conversation; `text` is all of it, where wrong values are found.
    `of_no_use` are the offered tools that the work does not need, each as a call one could make by
    mistake; `idle_texts` counts the texts that have no part of the work.
    """

    def __init__(
        self,
        profile: Profile,
        seed: Seed,
        tokens: int,
        text: str,
        of_no_use: Sequence[Call] = (),
        idle_texts: int = 0,
    ) -> None:
        self.calls_per_message = profile.calls_per_message
        self.partition: str = profile.partition
        self.lead_keeps: str = profile.lead_keeps
        self.tries_again = profile.tries_again
        self._profile = profile
        self._seed = seed
        self._text = text
        self._load = 1.0 + profile.distraction * tokens / 1000
        self._of_no_use = of_no_use
        self._confusion = profile.confusion * (len(of_no_use) + idle_texts) / 10

    def call(self, at: str, attempt: int, call: Call) -> Call | None:
        if call.writes and self._happens(self._profile.omission, "omission", at, attempt):
            return None
        if call.writes and self._drawn_below(self._profile.fabrication, "fabrication", at, attempt):
            return self._decoy(call, at)
        confused = self._drawn_below(self._confusion, "confusion", at, attempt)
        if confused and self._of_no_use and self._draw("wrong tool", at, attempt) < 0.5:
            place = int(self._draw("which tool", at, attempt) * len(self._of_no_use))
            return self._of_no_use[place]
        if not confused and not self._happens(self._profile.slip, "slip", at, attempt):
            return call
        return Call(call.tool, self._changed(call.arguments, at, attempt), call.keep, call.writes)

    def note(self, at: str, values: Values) -> Values:
        if not self._happens(self._profile.hallucination, "hallucination", at):
            return values
        return self._changed(values, at, "note")

    def cites(self, at: str) -> bool:
        return self._drawn_below(self._profile.poisoning, "cites", at)

    def holds_to_first(self, at: str) -> bool:
        return self._drawn_below(self._profile.clash, "clash", at)

    def line(self, at: str, text: str) -> str | None:
        if self._happens(self._profile.omission, "omission", at):
            return None
        if not self._happens(self._profile.slip, "slip", at):
            return text
        head, colon, rest = text.partition(": ")
        if not colon:
            head, rest = "", text
        found = list(_VALUE.finditer(rest))
        if not found:
            return None
        at_value = found[int(self._draw("which", at) * len(found))]
        wrong = self._other(at_value.group(), at)
        return head + colon + rest[: at_value.start()] + wrong + rest[at_value.end() :]

    def passes_on(self, at: str) -> bool:
        return self._draw("passes_on", at) < self._profile.brief_completeness

    def looks_first(self, at: str, attempt: int) -> bool:
        return self._drawn_below(self._profile.looks_first, "looks first", at, attempt)

    def sees_contradiction(self, at: str) -> bool:
        return self._drawn_below(self._profile.sees_contradiction, "sees contradiction", at)

    def tells(self, what: str) -> bool:
        return self._drawn_below(self._profile.tells, "tells", what)

    def notices(self, at: str) -> bool:
        return self._draw("notices", at) >= self._profile.miss_bad_reply

    def habit(self, what: str, options: Sequence[str]) -> str:
        task, trial, ordinal = self._seed
        keys: dict[str, tuple[int, ...]] = {
            "agent": (task, trial, ordinal),
            "trial": (task, trial),
            "task": (task,),
        }
        share = uniform("habit", what, *keys[self._profile.habit_scope])
        return options[int(share * min(self._profile.habits, len(options)))]

    def claims_done(self) -> bool:
        return self._draw("claims_done") < self._profile.false_claim

    def confidence(self, errors_seen: int) -> float:
        skill = self._profile.confidence_skill
        noise = (1 - skill) * 0.4 * self._draw("confidence")
        return round(max(0.05, 0.98 - skill * 0.4 * min(errors_seen, 2) - noise), 2)

    def shuffled(self, labels: Sequence[str]) -> list[str]:
        return sorted(labels, key=lambda label: self._draw("shuffle", label))

    def _happens(self, rate: float, kind: str, at: str, attempt: object = 1) -> bool:
        if rate == 0.0:
            return False
        chance = min(_HIGHEST_CHANCE, rate * self._load * self._difficulty(at))
        return self._draw(kind, at, attempt) < chance

    def _drawn_below(self, chance: float, *key: object) -> bool:
        return chance > 0.0 and (chance >= 1.0 or self._draw(*key) < chance)

    def _difficulty(self, at: str) -> float:
        label = next((part for part in at.split(".") if _LABEL.fullmatch(part)), "")
        task = self._profile.task_spread * normal("task", self._seed.task)
        item = self._profile.item_spread * normal("item", self._seed.task, label)
        return math.exp(task + item)

    def _draw(self, *key: object) -> float:
        """A uniform draw: common to the trial's agents with chance `shared_error`, else own."""
        task, trial, ordinal = self._seed
        if uniform("shared", task, trial, *key) < self._profile.shared_error:
            return uniform("all", task, trial, *key)
        return uniform("own", task, trial, ordinal, *key)

    def _decoy(self, call: Call, at: str) -> Call:
        """The same tool on another row: every name in its arguments is another."""
        names = {k: self._other(v, at) for k, v in call.arguments.items() if isinstance(v, str)}
        return Call(call.tool, {**call.arguments, **names}, call.keep, call.writes)

    def _changed(self, values: Values, at: str, attempt: object) -> Values:
        names = [name for name, value in values.items() if _can_change(value)]
        if not names:
            return values
        name = names[int(self._draw("which", at, attempt) * len(names))]
        return {**values, name: self._wrong(values[name], at)}

    def _wrong(self, value: Any, at: str) -> Any:
        if isinstance(value, bool):
            return not value
        if isinstance(value, int | float):
            return value + (1 if self._draw("up", at) < 0.5 or value <= 1 else -1)
        if isinstance(value, list):
            place = int(self._draw("place", at) * len(value))  # pyright: ignore[reportUnknownArgumentType]
            return [v for i, v in enumerate(value) if i != place]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        if isinstance(value, dict):
            return self._changed(value, at, "inner")  # pyright: ignore[reportUnknownArgumentType]
        return self._other(str(value), at)

    def _other(self, value: str, at: str) -> str:
        """Another value of the same shape: one that the conversation has, else a near one."""
        shape = _shape(value)
        seen = {found for found in _VALUE.findall(self._text) if _shape(found) == shape}
        others = sorted(seen - {value})
        if others:
            return others[int(self._draw("other", at) * len(others))]
        digits = re.search(r"\d+(?!.*\d)", value)
        if digits:
            near = str(int(digits.group()) + 1).zfill(len(digits.group()))
            return value[: digits.start()] + near + value[digits.end() :]
        return value[:-1] if len(value) > 1 else value + "s"


def _can_change(value: Any) -> bool:
    return value is not None and value not in ("", [], {})


def _shape(value: str) -> str:
    """Letters for letters: ids of one kind, numbers and dotted names each have a shape."""
    if re.fullmatch(r"[\d.]+", value):
        return "0"
    if "." in value:
        return "a.a"
    return re.sub(r"\d+", "0", value)
