"""How far a sweep is: counted as trials end, shown as a live line or as plain ones."""

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

from results.journal import Entry, Spent

if TYPE_CHECKING:
    from rich.progress import Progress

PLAIN_FIRST_SECONDS = 5.0
PLAIN_MOST_SECONDS = 60.0
QUIET_SECONDS = 15.0
"""After so long without a trial that ended it is said what goes on meanwhile."""
FEW = 5


@dataclass
class Tally:
    """Counts of a sweep: `done` of `total` trials, `resumed` of which were there at the start.

    `tokens` and `dollars` are those that are known, over every attempt; `uncounted` and `unpriced`
    count the attempts without. `elapsed` is in seconds of this session, in which `started` trials
    were started; `calls` gives the model calls that were made in it, where they can be counted.
    """

    total: int
    done: int = 0
    resumed: int = 0
    graded: int = 0
    passed: int = 0
    crashed: int = 0
    paused: int = 0
    tokens: int = 0
    dollars: float = 0.0
    uncounted: int = 0
    unpriced: int = 0
    elapsed: float = 0.0
    so_far: dict[str, tuple[int, float]] = field(default_factory=dict[str, tuple[int, float]])
    began: float = field(default_factory=time.monotonic)
    started: int = 0
    calls: Callable[[], int] | None = None

    def call(self, trial_id: str, tokens: int | None, dollars: float | None) -> None:
        """Count an answered call of a trial under way."""
        used, paid = self.so_far.get(trial_id, (0, 0.0))
        self.so_far[trial_id] = used + (tokens or 0), paid + (dollars or 0.0)
        self.tokens += tokens or 0
        self.dollars += dollars or 0.0

    def spend(self, ended: Entry | Spent) -> None:
        """Count what a trial used, its calls so far among it."""
        used, paid = self.so_far.pop(ended.trial_id, (0, 0.0))
        self.tokens += 0 if ended.tokens is None else ended.tokens - used
        self.dollars += 0.0 if ended.dollars is None else ended.dollars - paid
        self.uncounted += ended.tokens is None
        self.unpriced += ended.dollars is None

    def finish(self, ended: Entry) -> None:
        """Count how a trial ended."""
        self.done += 1
        self.graded += ended.passed is not None
        self.passed += bool(ended.passed)
        self.crashed += ended.ended == "crashed"
        self.paused += ended.ended == "paused"
        self.elapsed = time.monotonic() - self.began

    @property
    def left(self) -> float | None:
        """Seconds to go at the pace of this session; None while too few have ended to tell."""
        new = self.done - self.resumed
        return None if new < FEW else self.elapsed / new * (self.total - self.done)

    @property
    def under_way(self) -> int:
        """Trials that were started and have not ended."""
        return self.started - (self.done - self.resumed)

    def meanwhile(self, quiet: float) -> str:
        """What goes on while no trial ends: "8 under way, the last ended 45 s ago"."""
        since = _clock(quiet)
        began = self.done == self.resumed
        parts = [f"{self.under_way} under way"]
        parts.append(f"none has ended in {since}" if began else f"the last ended {since} ago")
        if self.calls is not None:
            parts.append(f"{self.calls():,} calls made")
        return ", ".join(parts)

    def line(self) -> str:
        """The tally in words: "120/384 trials, 64% passing, 1.2M tokens, $0.31, 12 s left"."""
        parts = [f"{self.done}/{self.total} trials"]
        if self.graded:
            parts.append(f"{100 * self.passed / self.graded:.0f}% passing")
        if self.crashed:
            parts.append(f"{self.crashed} crashed")
        if self.paused:
            parts.append(f"{self.paused} paused")
        known = "at least " if self.uncounted else ""
        silent = self.uncounted and not self.tokens
        told = "tokens not reported" if silent else f"{known}{_short(self.tokens)} tokens"
        parts.append(told)
        if self.done and not self.unpriced:
            parts.append(f"${self.dollars:.{2 if self.dollars >= 0.1 else 4}f}")
        if self.left is not None and self.done < self.total:
            parts.append(f"{_clock(self.left)} left")
        return ", ".join(parts)


Watch = Callable[[Tally], None]
"""What is told of every trial that ends; it gets the tally as it stands."""


def unwatched(tally: Tally) -> None:
    """Show nothing."""
    del tally


class Display:
    """Shows a tally in a terminal as it changes; elsewhere plain lines, ever further apart.

    A context manager; what it is called with is shown. `simulation` is said beside the counts.
    Plain lines begin 5 seconds apart, and the wait doubles up to a minute. `clock` gives seconds.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        simulation: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream or sys.stderr
        self._clock = clock
        self._wait = PLAIN_FIRST_SECONDS
        self._suffix = f" ({simulation})" if simulation else ""
        self._live: Progress | None = None
        self._last: tuple[float, str] = (clock(), "")
        self._tally: Tally | None = None
        self._ended_at = clock()
        self._beat_wait = QUIET_SECONDS
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._heart = threading.Thread(target=self._beats, daemon=True)

    def __enter__(self) -> "Display":
        if self._stream.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn

            columns = (BarColumn(bar_width=24), TextColumn("{task.description}"))
            # It moves the cursor, so it needs the terminal itself; it shows counts alone.
            console = Console(file=getattr(self._stream, "stream", self._stream))
            self._live = Progress(*columns, console=console, refresh_per_second=8)
            self._task = self._live.add_task("starting", total=None)
            self._live.start()
        self._heart.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._heart.join()
        if self._live is not None:
            self._live.stop()

    def __call__(self, tally: Tally) -> None:
        with self._lock:
            self._tally, self._ended_at = tally, self._clock()
            self._beat_wait = QUIET_SECONDS
            text = tally.line() + self._suffix
            if self._live is not None:
                self._update(tally, text)
            elif text != self._last[1] and (
                self._ended_at - self._last[0] >= self._wait or tally.done >= tally.total
            ):
                self._print(text)
                self._wait = min(2 * self._wait, PLAIN_MOST_SECONDS)

    def beat(self) -> None:
        """Say what goes on, if no trial has ended for long; plain lines ever further apart."""
        with self._lock:
            quiet = self._clock() - self._ended_at
            tally = self._tally
            if tally is None or tally.under_way < 1 or quiet < self._beat_wait:
                return
            text = f"{tally.line()}; {tally.meanwhile(quiet)}{self._suffix}"
            if self._live is not None:
                self._update(tally, text)
                return
            self._print(text)
            self._beat_wait = quiet + min(quiet, PLAIN_MOST_SECONDS)

    def _beats(self) -> None:
        while not self._over.wait(1.0):
            self.beat()

    def _update(self, tally: Tally, text: str) -> None:
        assert self._live is not None
        self._live.update(self._task, total=tally.total, completed=tally.done, description=text)

    def _print(self, text: str) -> None:
        print(text, file=self._stream, flush=True)
        self._last = (self._clock(), text)


def _short(count: int) -> str:
    if count < 10_000:
        return f"{count:,}"
    return f"{count / 1e3:.0f}k" if count < 1e6 else f"{count / 1e6:.1f}M"


def _clock(seconds: float) -> str:
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 6000 else f"{whole // 3600} h {whole // 60 % 60} min"
