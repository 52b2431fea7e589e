"""Runs a sweep for callers that have an event loop of their own, such as a notebook's kernel.

A simulated trial owns its event loop, so it cannot run where another loop is running. The sweep
gets a thread; the caller waits, and hears of progress in its own thread, where it may draw.
"""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from experiments.running.progress import Tally, Watch, unwatched
from experiments.running.runner import run_sweep
from experiments.sweeps.sweep import Sweep
from results.store import Run

News = Tally | Run | BaseException


def run_sweep_beside(
    sweep: Sweep, folder: Path | None = None, *, progress: Watch = unwatched, **options: Any
) -> Run:
    """`running.runner.run_sweep`, in a thread. An interrupt ends it when the next trial ends."""
    news: SimpleQueue[News] = SimpleQueue()
    stopped = threading.Event()

    def watch(tally: Tally) -> None:
        if stopped.is_set():
            raise KeyboardInterrupt
        news.put(replace(tally))

    thread = threading.Thread(
        target=_told,
        args=(news, lambda: run_sweep(sweep, folder, progress=watch, **options)),
        name=f"sweep {sweep.name}",
        daemon=True,
    )
    thread.start()
    try:
        while isinstance(latest := news.get(), Tally):
            progress(latest)
    finally:
        stopped.set()
        thread.join()
    if isinstance(latest, BaseException):
        raise latest
    return latest


def _told(news: "SimpleQueue[News]", play: Callable[[], Run]) -> None:
    try:
        news.put(play())
    except BaseException as error:
        news.put(error)
