"""A sweep runs where an event loop is running already, and the caller hears of it."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from experiments.notebook_parts.background_run import run_sweep_beside
from experiments.running.progress import Tally
from experiments.running.runner import run_sweep
from results.store import Run, open_run
from tests.experiments.conftest import MakeSweep


@pytest.mark.parametrize("engine", ["here", "pool"])
def test_records_are_those_of_a_sweep_run_plainly(
    make_sweep: MakeSweep, assert_same: Callable[[Run, Run], None], tmp_path: Path, engine: str
) -> None:
    heard: list[tuple[int, threading.Thread]] = []

    def hear(tally: Tally) -> None:
        heard.append((tally.done, threading.current_thread()))

    async def kernel() -> Run:
        return run_sweep_beside(
            make_sweep(), tmp_path / "beside", engine=engine, workers=1, progress=hear
        )

    assert_same(asyncio.run(kernel()), run_sweep(make_sweep(), tmp_path / "plain", engine="here"))
    assert [done for done, _ in heard] == list(range(13))
    assert {thread for _, thread in heard} == {threading.current_thread()}


def test_an_interrupt_ends_the_sweep_and_keeps_what_ended(
    make_sweep: MakeSweep, tmp_path: Path
) -> None:
    def interrupt(tally: Tally) -> None:
        if tally.done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_sweep_beside(make_sweep(trials=40), tmp_path / "run", engine="here", progress=interrupt)
    stopped = open_run(tmp_path / "run")
    assert stopped.outcome == "interrupted"
    assert 3 <= stopped.manifest["recorded"] < 240


def test_what_goes_wrong_in_the_thread_is_raised_to_the_caller(
    make_sweep: MakeSweep, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="no engine"):
        run_sweep_beside(make_sweep(), tmp_path / "run", engine="none")
