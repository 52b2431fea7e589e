"""Simulated trials in processes of their own, each started once and fed one trial at a time.

A pool from the standard library would do, but for two things: its workers outlive a parent that
was killed, and it draws all work in advance. Here each worker hangs on a pipe of its own: when the
parent is gone, the pipe ends and so does the worker.
"""

import multiprocessing
import signal
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import cast

from experiments.engines.engine import EngineError
from experiments.trials.spec import TrialSpec
from results.journal import Entry

AHEAD = 2
"""Trials handed to a worker at once, so that it never waits for the parent."""


@dataclass
class Worker:
    """One process, the end of its pipe, and the trials it has in hand, the oldest first."""

    process: BaseProcess
    pipe: "Connection[object, object]"
    in_hand: list[TrialSpec] = field(default_factory=list[TrialSpec])
    ready: bool = False


def run(specs: Iterator[TrialSpec], workers: int) -> Generator[Entry]:
    """Run simulated trials in up to `workers` processes.

    A trial that takes its process with it has crashed, and a new process takes the place of that
    one. `EngineError` if a process cannot even begin.
    """
    first = list(islice(specs, workers))
    pool: list[Worker] = []
    try:
        with _interrupts_ignored():
            pool.extend(_started() for _ in first)
        for worker, spec in zip(pool, first, strict=True):
            _hand(worker, spec)
            _fill(worker, specs)
        while True:
            busy = {worker.pipe: worker for worker in pool if worker.in_hand}
            if not busy:
                return
            for pipe in wait(list(busy)):
                worker = busy[cast("Connection[object, object]", pipe)]
                found = _result(worker)
                if found is None:
                    continue
                if not worker.process.is_alive():
                    pool[pool.index(worker)] = worker = _replaced(worker)
                _fill(worker, specs)
                yield found
    finally:
        for worker in pool:
            worker.pipe.close()
            worker.process.terminate()
        for worker in pool:
            worker.process.join()


def serve(pipe: "Connection[object, object]") -> None:
    """A worker's life: say that it is ready, and run what comes through the pipe until it ends."""
    from experiments.trials.entries import run_entry

    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        pipe.send(None)
        while True:
            pipe.send(run_entry(cast("TrialSpec", pipe.recv())))


def _started() -> Worker:
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    return Worker(process, cast("Connection[object, object]", mine))


def _fill(worker: Worker, specs: Iterator[TrialSpec]) -> None:
    while len(worker.in_hand) < AHEAD:
        spec = next(specs, None)
        if spec is None:
            return
        _hand(worker, spec)


def _hand(worker: Worker, spec: TrialSpec) -> None:
    worker.in_hand.append(spec)
    with suppress(BrokenPipeError):
        worker.pipe.send(spec)


def _result(worker: Worker) -> Entry | None:
    """The entry of the trial that the worker had longest; None if it says that it is ready."""
    try:
        reply = worker.pipe.recv()
    except (EOFError, ConnectionResetError):
        return _died(worker)
    if reply is None:
        worker.ready = True
        return None
    worker.in_hand.pop(0)
    return cast("Entry", reply)


def _died(worker: Worker) -> Entry:
    from experiments.trials.entries import lost

    worker.process.join()
    why = f"its process died (exit code {worker.process.exitcode})"
    if not worker.ready:
        raise EngineError(f"no trial can begin: {why}")
    return lost(worker.in_hand.pop(0), why)


def _replaced(dead: Worker) -> Worker:
    """A new worker with what the dead one had left to do."""
    dead.pipe.close()
    with _interrupts_ignored():
        fresh = _started()
    for spec in dead.in_hand:
        _hand(fresh, spec)
    return fresh


@contextmanager
def _interrupts_ignored() -> Generator[None]:
    """Ctrl-C reaches every process of a terminal; workers born in here leave it to the parent."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
