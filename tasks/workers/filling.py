"""What a competent worker writes into a form: the arguments of a tool, a reply that has a schema.

A form is known by its fields: a list of texts is a plan, an enumeration a route, a field called
answer the answer, a number its confidence or the number of an attempt. `Form.lost` says which
fields had no meaning for it.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from tasks.workers.conversation import Values

Schema = Mapping[str, Any]

_ANSWER = re.compile(
    r"answer|response|result|output|final|solution|report|summary|content|conclusion|reply"
)
_REASON = re.compile(
    r"reason|rationale|thought|think|explan|justif|comment|feedback|note|why|title"
)
_NAME = re.compile(r"^(?:name|title|label|heading|id|key)$")
_PLANNED = re.compile(r"task|brief|description|step|instruct|question|query|prompt|request|content")
_SURE = re.compile(r"confiden|certain|probab|score|likel|rating|sure")
_PLACE = re.compile(r"attempt|choice|index|best|winner|pick|chosen|number|candidate|option|select")
_COUNT = re.compile(r"count|how_many|^n_|_n$|workers|agents|parts|size")
_DONE = re.compile(
    r"done|complete|finish|correct|approve|accept|valid|pass|success|ready|stop|enough"
)
_MORE = re.compile(r"more|continu|again|retry|revis|replan|incomplete|error|fail|remain")
_SPLIT = re.compile(r"complex|parallel|delegat|fan|split|divide|multi|team|decompos")
_END = re.compile(
    r"^(?:__end__|end|finish(?:ed)?|done|none|stop|complete|exit|respond|final.*)$", re.I
)
_RANGE = re.compile(
    r"(-?\d+(?:\.\d+)?)\s*(?:to|and|-|\u2013|\.\.)\s*(-?\d+(?:\.\d+)?)|\b(percent|percentage)\b"
)


@dataclass(frozen=True)
class Known:
    """What the one who fills a form knows.

    `briefs(n)` are its open items in at most n briefs. `complete` is whether every item is done,
    `best` the place of the answer to go by among `choices` of them. `asked` is all that it was
    told, `names` who has had a say, `lost` why the work as such could not be done.
    """

    answer: str = ""
    status: str = "done"
    confidence: float = 1.0
    complete: bool = True
    items: int = 0
    briefs: Callable[[int], Sequence[str]] = lambda _most: ()
    best: int | None = None
    choices: int = 0
    asked: str = ""
    names: frozenset[str] = frozenset()
    team: int = 4
    lost: str | None = None


@dataclass
class Form:
    """One form, filled by one who knows what is `known`. `lost` are fields without a meaning."""

    schema: Schema
    known: Known
    lost: list[str] = field(default_factory=list[str])

    def filled(self) -> Values:
        """Values for the fields: all that are asked for, and those that have a meaning."""
        return self._object(self.schema)

    def _value(self, name: str, schema: Schema) -> Any:
        schema = self._meant(schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._route(name, list(schema["enum"]))
        kind = schema.get("type") or ("object" if "properties" in schema else None)
        if isinstance(kind, list):
            kind = next(one for one in cast("list[str]", kind) if one != "null")
        if kind == "object":
            return self._object(schema)
        if kind == "array":
            return self._list(name, schema)
        if kind == "boolean":
            return self._yes(name)
        if kind in ("integer", "number") or (kind is None and _SURE.search(name.lower())):
            return self._number(name, schema)
        return self._text(name, schema)

    def _meant(self, schema: Schema) -> Schema:
        """The schema behind a reference; of alternatives the one that fits how far the work is."""
        while True:
            if "$ref" in schema:
                found: Any = self.schema
                for part in str(schema["$ref"]).lstrip("#/").split("/"):
                    found = found[part]
                schema = {**found, **{k: v for k, v in schema.items() if k != "$ref"}}
                continue
            choices: list[Schema] = schema.get("anyOf") or schema.get("oneOf") or []
            choices = [choice for choice in choices if choice.get("type") != "null"]
            if not choices:
                return schema
            parts = [self._meant(choice) for choice in choices]
            plans = [part for part in parts if _has_list(part)]
            ends = [part for part in parts if not _has_list(part)]
            schema = ((ends or parts) if self.known.complete else (plans or parts))[0]

    def _object(self, schema: Schema) -> Values:
        fields: Mapping[str, Schema] = schema.get("properties") or {}
        required = schema.get("required") or list(fields)
        return {
            name: self._value(name, about)
            for name, about in fields.items()
            if name in required or _ANSWER.search(name.lower()) or _SURE.search(name.lower())
        }

    def _list(self, name: str, schema: Schema) -> list[Any]:
        of = self._meant(schema.get("items") or {})
        if "enum" in of:
            return [self._route(name, list(of["enum"]))]
        least, most = int(schema.get("minItems") or 0), schema.get("maxItems")
        texts = list(self.known.briefs(int(most or self.known.team)))
        if not texts and self.known.complete:
            texts = [self.known.answer] if least else []
        if not texts and least:
            self.lost.append(name)
            texts = [self.known.answer]
        texts += texts[-1:] * (least - len(texts))
        return [self._planned(place, text, of) for place, text in enumerate(texts, 1)]

    def _planned(self, place: int, text: str, of: Schema) -> Any:
        """One entry of a plan: its text, or an object of which one field is that text."""
        fields: Mapping[str, Schema] = of.get("properties") or {}
        if not fields:
            return text
        texts = [n for n, about in fields.items() if about.get("type", "string") == "string"]
        texts = [n for n in texts if "enum" not in fields[n]]
        named = [n for n in texts if _PLANNED.search(n.lower()) and not _NAME.search(n)]
        holder = (named or texts[-1:] or [""])[0]
        entry: Values = {}
        for name, about in fields.items():
            kind = self._meant(about).get("type", "string")
            if name == holder:
                entry[name] = text
            elif kind == "integer":
                entry[name] = place
            elif kind == "array":
                entry[name] = []
            elif name in texts:
                entry[name] = f"Part {place}"
            else:
                entry[name] = self._value(name, about)
        return entry

    def _route(self, name: str, options: list[Any]) -> Any:
        """The option that is called for: the end of complete work, the best answer, a way on."""
        known = self.known
        if known.best is not None and known.choices == len(options):
            return options[known.best]
        if known.status in options:
            return known.status
        ends = [one for one in options if _END.search(str(one))]
        if known.complete and ends:
            return ends[0]
        ways = [one for one in options if one not in ends] or options
        settled = [one for one in ways if _DONE.search(str(one).lower())]
        if known.complete and settled:
            return settled[0]
        fresh = [one for one in ways if str(one) not in known.names] or ends or ways
        asked = set(re.findall(r"[a-z]{4,}", known.asked.lower()))
        if not asked:
            self.lost.append(name)
        return max(fresh, key=lambda one: len(asked & set(re.findall(r"[a-z]{4,}", str(one)))))

    def _yes(self, name: str) -> bool:
        low = name.lower()
        if _SPLIT.search(low):
            return self.known.items > 1
        if _MORE.search(low):
            return not self.known.complete
        if not _DONE.search(low):
            self.lost.append(name)
        return self.known.complete

    def _number(self, name: str, schema: Schema) -> int | float:
        low, high = _range(schema)
        whole = schema.get("type") == "integer"
        if _SURE.search(name.lower()):
            first = 0.0 if low is None else low
            last = high if high is not None else (100.0 if whole else 1.0)
            value = first + (last - first) * self.known.confidence
        elif self.known.best is not None and _PLACE.search(name.lower()):
            value = self.known.best + (0 if low == 0 else 1)
        elif _COUNT.search(name.lower()):
            value = min(self.known.items or 1, self.known.team)
        else:
            self.lost.append(name)
            value = 1 if low is None else low
        if low is not None:
            value = max(value, low)
        if high is not None:
            value = min(value, high)
        return round(value) if whole else value

    def _text(self, name: str, schema: Schema) -> str:
        low = name.lower()
        if low == "status":
            return self.known.status
        if _REASON.search(low):
            return "It follows from what was read."
        if _ANSWER.search(low):
            if not self.known.complete and self.known.status == "done":
                self.lost.append(name)
            return self.known.answer
        planned = "\n\n".join(self.known.briefs(1))
        if _PLANNED.search(low) and planned:
            return planned
        if schema.get("default") is not None:
            return str(schema["default"])
        self.lost.append(name)
        return self.known.answer


def _has_list(schema: Schema) -> bool:
    fields: Mapping[str, Schema] = schema.get("properties") or {}
    return any("items" in about for about in fields.values())


def limits(schema: Schema) -> tuple[float, float]:
    """The least and the greatest value that a number may have, as far as the schema says."""
    low, high = _range(schema)
    return (-math.inf if low is None else low), (math.inf if high is None else high)


def _range(schema: Schema) -> tuple[float | None, float | None]:
    """The least and the greatest value, by the schema or by the words of its description."""
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    told = _RANGE.search(str(schema.get("description") or ""))
    if told and low is None and high is None:
        return (0.0, 100.0) if told.group(3) else (float(told.group(1)), float(told.group(2)))
    return low, high
