"""A clock for simulated trials: hours of waiting pass in milliseconds, in one exact order.

`run_virtual(main)` runs a coroutine in a fresh event loop of its own. The loop's clock counts
whole ticks of 2**-10 seconds, which binary floating point holds exactly, and jumps to the next
timer as soon as nothing is ready to run. Order never depends on the machine:

- a timer that falls between two ticks waits for the later one;
- timers due at the same tick run in the order in which they were set;
- tasks hash by the order of their creation, so that `asyncio.wait`, which returns sets, hands
  them out alike in every process.

No thread may take part. Work meant for an executor runs at once, in the calling thread. A
callback that still arrives from another thread is counted, and the trial fails for it.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
import threading
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, NoReturn, TypeVar, TypeVarTuple, Unpack

TICKS_PER_SECOND = 1024
TICK = 1 / TICKS_PER_SECOND

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")


class DeadlockError(RuntimeError):
    """Every task waits, and no timer is set that could wake one."""


class ThreadUsedError(RuntimeError):
    """Another thread took part, so that the order of events is not reproducible."""


def whole_ticks(seconds: float) -> float:
    """The least multiple of `TICK` that is not below `seconds` (never below 0)."""
    if seconds == math.inf:
        return seconds
    return max(0, math.ceil(seconds * TICKS_PER_SECOND)) / TICKS_PER_SECOND


def run_virtual(main: Coroutine[Any, Any, _T]) -> _T:
    """Run `main` to its end in a fresh virtual loop, and return its result.

    Tasks that `main` leaves behind are cancelled in the order of their creation. Raises what
    `main` raises; `DeadlockError` when nothing can happen any more; `ThreadUsedError` when
    another thread called back (its `__context__` is then what `main` raised, if it did).
    Must not be called where an event loop is already running.
    """
    if asyncio._get_running_loop() is not None:  # pyright: ignore[reportPrivateUsage]
        main.close()
        raise RuntimeError(
            "run_virtual needs a thread without a running event loop: call it from a plain "
            "function, or in a process of its own."
        )
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(main)
    finally:
        try:
            loop.finish()
        finally:
            loop.close()


class _Timer(asyncio.TimerHandle):
    """A timer that sorts by time and then by the order of setting."""

    order: int

    def __lt__(self, other: object) -> bool:
        assert isinstance(other, _Timer)
        mine, theirs = self.when(), other.when()
        return mine < theirs or (mine == theirs and self.order < other.order)


class _Task(asyncio.Task[Any]):
    """A task whose hash is its place in the order of creation within its loop."""

    def __init__(self, coro: Any, order: int, **settings: Any) -> None:
        self.order = order
        super().__init__(coro, **settings)

    def __hash__(self) -> int:
        return self.order

    def __eq__(self, other: object) -> bool:
        return self is other


class _JumpingSelector:
    """Stands where a loop asks the operating system to wait, and moves the clock instead."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None or timeout > 0:
            self._loop.jump()
        return []

    def close(self) -> None:
        pass


class VirtualLoop(asyncio.BaseEventLoop):
    """The event loop behind `run_virtual`; it knows no sockets, signals or subprocesses."""

    # `BaseEventLoop._run_once` reads these; they have been there, under these names, from
    # Python 3.11 to 3.14, and test_virtual_time.py fails if that ends.
    _selector: Any
    _scheduled: list[_Timer]
    _clock_resolution: float

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._selector = _JumpingSelector(self)
        # Timers lie on whole ticks: half a tick takes those due now and none that is later.
        self._clock_resolution = TICK / 2
        self._timer_order = itertools.count()
        self._task_order = itertools.count()
        self._home = threading.get_ident()
        self._threads_at_start = set(threading.enumerate())
        self._stray_calls: list[str] = []
        self.set_task_factory(self._ordered_task)  # pyright: ignore[reportArgumentType]

    def time(self) -> float:
        """Seconds since the loop was made, a whole multiple of `TICK`."""
        return self._now

    def jump(self) -> None:
        """Move the clock to the next timer; `DeadlockError` if there is none."""
        when = self._scheduled[0].when() if self._scheduled else math.inf
        if when == math.inf:
            self._report_deadlock()
        self._now = when

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[_Ts]], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        if self.is_closed():
            raise RuntimeError("Event loop is closed")
        timer = _Timer(max(whole_ticks(when), self._now), callback, args, self, context)
        timer.order = next(self._timer_order)
        heapq.heappush(self._scheduled, timer)
        timer._scheduled = True  # pyright: ignore[reportAttributeAccessIssue, reportPrivateUsage]
        return timer

    def call_soon_threadsafe(
        self,
        callback: Callable[[Unpack[_Ts]], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        if threading.get_ident() != self._home:
            self._stray_calls.append(threading.current_thread().name)
        return self.call_soon(callback, *args, context=context)

    def run_in_executor(
        self, executor: Any, func: Callable[[Unpack[_Ts]], _T], *args: *_Ts
    ) -> asyncio.Future[_T]:
        """Run `func` here and now; the future that is returned is already done."""
        del executor
        done: asyncio.Future[_T] = self.create_future()
        try:
            done.set_result(func(*args))
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            done.set_exception(error)
        return done

    def _report_deadlock(self) -> NoReturn:
        """Say what waits, and blame the threads that came up meanwhile, if any did."""
        threads = sorted(t.name for t in set(threading.enumerate()) - self._threads_at_start)
        if threads:
            raise ThreadUsedError(_thread_message(f"the trial waits, with threads {threads}"))
        names = [getattr(task.get_coro(), "__qualname__", "?") for task in self._unfinished()]
        raise DeadlockError(
            f"At {self._now} s every task waits and no timer is set: {', '.join(names) or 'none'}."
        )

    def finish(self) -> None:
        """Cancel what is left, close async generators, and fail for calls from threads."""
        left = self._unfinished()
        for task in left:
            task.cancel()
        if left:
            self.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self.run_until_complete(self.shutdown_asyncgens())
        if self._stray_calls:
            count, names = len(self._stray_calls), sorted(set(self._stray_calls))
            raise ThreadUsedError(_thread_message(f"{count} callbacks came from threads {names}"))

    def _unfinished(self) -> list[_Task]:
        tasks = [task for task in asyncio.all_tasks(self) if isinstance(task, _Task)]
        return sorted(tasks, key=lambda task: task.order)

    def _ordered_task(
        self, loop: asyncio.AbstractEventLoop, coro: Any, **settings: Any
    ) -> asyncio.Task[Any]:
        return _Task(coro, next(self._task_order), loop=loop, **settings)

    def _process_events(self, event_list: list[Any]) -> None:
        """There are none: the selector never reports one."""

    def _write_to_self(self) -> None:
        """There is no self-pipe to wake: the loop never sleeps."""


def _thread_message(what: str) -> str:
    return (
        f"No thread may take part in a simulated trial, but {what}: make tools, nodes and "
        "conditional edges async, and callbacks run inline."
    )
