"""The rules of a verdict: data that a sweep states before it runs, and that is kept with it.

In the sweep file they stand under [thresholds]; whatever is not stated there is a default of the
kit and is called so. `contrasts` names which topology is judged against which.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, cast

from results.refused import Refused

FAN_OUT = "fan out"
STAY_SINGLE = "stay single"
NO_DIFFERENCE = "no difference worth its cost"
NOT_ENOUGH = "not enough evidence"
"""The four verdicts."""

NO_COMPARISON = "no comparison"
"""In place of a verdict: the simulated model did not understand one of the two."""

FIXED = "fixed before the run"
DEFAULT = "default rules"
EXPLORATORY = "exploratory"


@dataclass(frozen=True)
class Rules:
    """What a topology must show to be worth its cost.

    `k` of pass^k; `margin`, the smallest difference in pass^k that matters; `cost_ceiling` on the
    cost ratio per passed trial; `deadline_seconds` within which a pass counts (None: no deadline);
    the tolerated share of trials with `broken_invariants` and of `silent_failures` (None: no
    bound); `alpha` for the whole primary family.
    """

    k: int = 4
    margin: float = 0.05
    cost_ceiling: float = 2.0
    deadline_seconds: float | None = None
    broken_invariants: float | None = 0.1
    silent_failures: float | None = None
    alpha: float = 0.05

    def __post_init__(self) -> None:
        for name, least, most in (
            ("k", 1, None),
            ("margin", 0, 1),
            ("cost_ceiling", 0, None),
            ("deadline_seconds", 0, None),
            ("broken_invariants", 0, 1),
            ("silent_failures", 0, 1),
            ("alpha", 0, 1),
        ):
            value = getattr(self, name)
            if value is None:
                continue
            if value < least or (most is not None and value > most):
                upto = f" to {most}" if most is not None else " or more"
                raise Refused(f"thresholds.{name} is {value!r}; it must be {least}{upto}")
        if not 0 < self.alpha < 1:
            raise Refused(f"thresholds.alpha is {self.alpha!r}; it must lie between 0 and 1")


RULES = tuple(field.name for field in fields(Rules))
"""The keys of [thresholds] that are rules."""


@dataclass(frozen=True)
class Stated:
    """Rules with where they come from: `given` keys, their `status`, contrasts and a hash."""

    rules: Rules
    given: tuple[str, ...]
    contrasts: tuple[tuple[str, str], ...]
    contrasts_named: bool
    status: str

    def level(self, topology: str, reference: str, family: int) -> float:
        """The level of the intervals of a contrast: simultaneous within the primary `family`.

        A contrast that was not named has an interval of its own.
        """
        pair = (topology, reference)
        primary = pair in self.contrasts or pair[::-1] in self.contrasts
        return 1 - self.rules.alpha / (max(family, 1) if primary else 1)

    def levels(self, topologies: Iterable[str], reference: str, family: int) -> dict[str, float]:
        """The level at which each topology is compared to the reference, wherever it is."""
        return {name: self.level(name, reference, family) for name in topologies}

    @property
    def hash(self) -> str:
        """Names the rules and contrasts: equal rules give equal hashes."""
        values = {name: getattr(self.rules, name) for name in RULES}
        text = json.dumps([values, sorted(self.contrasts)], sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()

    @property
    def sentence(self) -> str:
        """Which rules hold, and where they come from."""
        defaults = [name for name in RULES if name not in self.given]
        if self.status != FIXED:
            origin = self.status
        elif defaults:
            origin = f"{FIXED}, but for the kit's defaults of {', '.join(defaults)}"
        else:
            origin = FIXED
        return f"{rules_in_words(self.rules)} Rules {self.hash}: {origin}."


def rules_in_words(rules: Rules) -> str:
    """The rules as a sentence."""
    parts = [
        f"a difference of {100 * rules.margin:g} points of pass^{rules.k} matters",
        f"a passed trial may cost up to {rules.cost_ceiling:g}x",
    ]
    if rules.deadline_seconds is not None:
        parts.append(f"only passes within {rules.deadline_seconds:g} s count")
    for name, value in (
        ("invariants broken", rules.broken_invariants),
        ("silent failures", rules.silent_failures),
    ):
        bound = "no bound on" if value is None else f"at most {100 * value:g}% of trials with"
        parts.append(f"{bound} {name}")
    return f"{', '.join(parts)}; alpha {rules.alpha:g} over the primary family.".capitalize()


def stated(
    manifest: Mapping[str, Any],
    topologies: Sequence[str],
    reference: str,
    most_trials: int,
    rules: Rules | None = None,
) -> Stated:
    """The rules of a run.

    `manifest` may have `thresholds` and `contrasts` (a list of "A vs B", or of pairs), at the top
    or in its `sweep`. Without contrasts every topology is judged against `reference`. `rules`
    given afterwards make everything exploratory. Keys of thresholds that are no rules are ignored.
    """
    sweep: dict[str, Any] = manifest.get("sweep") or {}
    thresholds: dict[str, Any] = manifest.get("thresholds") or sweep.get("thresholds") or {}
    named = manifest.get("contrasts") or sweep.get("contrasts") or ()
    contrasts = tuple(_contrast(one, topologies) for one in named)
    if not contrasts:
        # An arm that was run again measures noise: it is no contrast of its own.
        once = [name for name in topologies if name not in replicates(manifest)]
        contrasts = tuple((name, reference) for name in once if name != reference)
    given = {name: thresholds[name] for name in RULES if thresholds.get(name) is not None}
    if rules is not None:
        return Stated(rules, RULES, contrasts, bool(named), EXPLORATORY)
    if "k" in given:
        given["k"] = int(given["k"])
    values = {"k": max(1, min(Rules.k, most_trials))} | given
    return Stated(
        Rules(**values), tuple(given), contrasts, bool(named), FIXED if given else DEFAULT
    )


def replicates(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Each arm that repeats another one, and which: same build and settings, another salt.

    An imported run names them outright. The arm named first is the one repeated. In
    simulation an arm of the same salt is no other run.
    """
    imported: Mapping[str, Any] = manifest.get("imported") or {}
    named: Mapping[str, str] = imported.get("replicates") or {}
    sweep: Mapping[str, Any] = manifest.get("sweep") or {}
    arms = sweep.get("topologies")
    found = {str(again): str(arm) for again, arm in named.items()}
    first: dict[str, tuple[str, str]] = {}
    for arm in cast("list[Mapping[str, Any]]", arms) if isinstance(arms, list) else ():
        name, salt = str(arm["name"]), str(arm.get("replicate") or "")
        same = repr((arm.get("build"), arm.get("settings")))
        one, before = first.setdefault(same, (name, salt))
        if one != name and (salt != before or not manifest.get("simulated")):
            found[name] = one
    return found


def _contrast(one: Any, topologies: Sequence[str]) -> tuple[str, str]:
    pair = one.split(" vs ") if isinstance(one, str) else list(one)
    if len(pair) != 2:
        raise Refused(f"contrasts has {one!r}; write it as lead_subagents vs single_thread")
    first, second = (str(name).strip() for name in pair)
    for name in (first, second):
        if name not in topologies:
            raise Refused(f"contrasts names {name!r}; the run has {', '.join(sorted(topologies))}")
    return first, second
