"""When a sweep ends before its last trial: a limit of its own, or an endpoint that is of no use.

Nothing is lost by it. Trials that were hit are recorded as crashed, with what they used, and
`--retry-crashed` runs them again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from experiments.running.progress import Tally
from experiments.sweeps.sweep import SweepLimits
from experiments.trials.spec import TrialSpec
from results.journal import Entry, unpacked

DEAD = 3
"""So many trials may crash in a row on the way to an endpoint that has not answered one call."""
IN_A_ROW = 5
"""Later so many times the trials that are under way at once."""
ENDPOINT = "stopped: the endpoint"
"""How such a reason begins."""
AGAIN = "when that is mended, the same command with --retry-crashed goes on"


@dataclass
class Stop:
    """Watches trials end. `reason` is why no more are to be started; `dead` says to wait for none.

    An endpoint that refuses a key, a model or a parameter stops the sweep at once, unless another
    trial of the topology got through it in this session.
    """

    limits: SweepLimits
    tally: Tally
    workers: int
    endpoint: str | None = None
    dead: bool = False
    _row: int = 0
    _answered: bool = False
    _well: set[str] = field(default_factory=set[str])

    @property
    def reason(self) -> str | None:
        """In words; None to go on."""
        return self.endpoint or reached(self.limits, self.tally)

    def until(self, missing: Iterable[TrialSpec]) -> Iterator[TrialSpec]:
        """The trials to start, as long as there is no reason to stop."""
        for spec in missing:
            if self.reason:
                return
            self.tally.started += 1
            yield spec

    def see(self, entry: Entry) -> None:
        """Take note of how a trial ended; the first reason to stop is the one that is told."""
        if self.endpoint is not None:
            return
        if entry.ended != "crashed":
            self._gets_through(entry.topology)
            return
        record = unpacked(entry.packed)
        blame, crash = (record["trials"][0].get(name) for name in ("blame", "crash"))
        if blame not in ("infrastructure", "set-up"):
            self._gets_through(entry.topology)
            return
        self._answered |= any(
            step.get("kind") == "model" and step.get("reply") is not None
            for step in record["steps"]
        )
        self._row += 1
        if blame == "set-up" and entry.topology not in self._well:
            self.endpoint = f"{ENDPOINT} refuses what is asked of it: {crash}; {AGAIN}"
        elif self._row >= (IN_A_ROW * self.workers if self._answered else DEAD):
            said = "has answered no call" if not self._answered else "fails"
            self.endpoint = (
                f"{ENDPOINT} {said}: {self._row} trials in a row crashed, the last of "
                f"{crash}; {AGAIN}"
            )
        self.dead = self.endpoint is not None and not self._answered

    def _gets_through(self, topology: str) -> None:
        self._row, self._answered = 0, True
        self._well.add(topology)


def reached(limits: SweepLimits, tally: Tally) -> str | None:
    """Which limit of the sweep is reached, in words; one that cannot be measured is."""
    if limits.tokens is not None and tally.uncounted:
        return "stopped: the model does not report its tokens, so limits.sweep.tokens cannot hold"
    if limits.dollars is not None and tally.unpriced:
        return "stopped: the model's price is not known, so limits.sweep.dollars cannot hold"
    if limits.tokens is not None and tally.tokens >= limits.tokens:
        return f"stopped: {tally.tokens:,} of {limits.tokens:,} tokens (limits.sweep.tokens)"
    if limits.dollars is not None and tally.dollars >= limits.dollars:
        return f"stopped: ${tally.dollars:.2f} of ${limits.dollars:.2f} (limits.sweep.dollars)"
    return None
